/* Debian's liblmdb as it is: nothing in it is variadic, so nothing needs wrapping. */
#ifndef AURA_CLMDB_SHIM_H
#define AURA_CLMDB_SHIM_H

#include <lmdb.h>

/* Begins to bring what a value holds into the processor's caches: it stands somewhere in the file, where
   the processor does not expect it. A hint, which reads nothing. */
static inline void record_prefetch(MDB_val value) {
    for (size_t at = 0; at < value.mv_size; at += 64)
        __builtin_prefetch((const char *)value.mv_data + at);
}

#endif
