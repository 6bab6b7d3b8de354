/* Debian's liblmdb as it is: nothing in it is variadic, so nothing needs wrapping. */
#ifndef AURA_CLMDB_SHIM_H
#define AURA_CLMDB_SHIM_H

#include <lmdb.h>

/* A key and its value, where they are mapped. */
struct record_item {
    MDB_val key;
    MDB_val value;
};

/* Steps over at most `count` items and answers how many there were; `code` says what came after them.
   Nothing is done between two steps: the processor then waits for the memory of several at a time. */
static inline size_t record_step(
    MDB_cursor *cursor, struct record_item *items, size_t count, int *code) {
    size_t filled = 0;
    for (*code = 0; filled < count; filled++) {
        *code = mdb_cursor_get(cursor, &items[filled].key, &items[filled].value, MDB_NEXT);
        if (*code != 0)
            break;
    }
    return filled;
}

/* Begins to bring what a value holds into the processor's caches: it stands somewhere in the file, where
   the processor does not expect it. A hint, which reads nothing. */
static inline void record_prefetch(MDB_val value) {
    for (size_t at = 0; at < value.mv_size; at += 64)
        __builtin_prefetch((const char *)value.mv_data + at);
}

#endif
