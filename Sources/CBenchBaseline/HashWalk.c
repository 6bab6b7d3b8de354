/* What SHA-256 allows: the walk over a record's hashes in C, on plain LMDB cursors, by OpenSSL's quickest
   calls (which are deprecated, for they know no providers). Every leaf and node is hashed where it is
   mapped and compared with the tree. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "CBenchBaseline.h"

#include <errno.h>
#include <lmdb.h>
#include <openssl/sha.h>
#include <string.h>
#include <time.h>

/* A row of the tree holds the nodes that 8 leaves complete; 64: more complete subtrees than there can be. */
enum { hash_bytes = SHA256_DIGEST_LENGTH, row_leaves = 8, peaks_max = 64, batch = 16, line_bytes = 64 };

struct walk {
    MDB_cursor *entries;
    MDB_cursor *tree;
    MDB_val row;
    size_t place; /* of the next node in the row */
    uint64_t size;
    unsigned peaks;
    unsigned char peak[peaks_max][hash_bytes]; /* the roots of the complete subtrees, greatest first */
};

/* Hashes `prefix` and `count` bytes into the newest peak and compares it with the next node of the row. */
static int hash(struct walk *walk, unsigned char prefix, const void *bytes, size_t count) {
    SHA256_CTX context;
    unsigned char *made = walk->peak[walk->peaks];
    SHA256_Init(&context);
    SHA256_Update(&context, &prefix, 1);
    SHA256_Update(&context, bytes, count);
    SHA256_Final(made, &context);
    if (walk->place + hash_bytes > walk->row.mv_size
        || memcmp(made, (const char *)walk->row.mv_data + walk->place, hash_bytes) != 0)
        return EBADMSG;
    walk->peaks += 1;
    walk->place += hash_bytes;
    return 0;
}

static int take(struct walk *walk, MDB_val entry) {
    MDB_val key;
    int code = 0;
    if (walk->size % row_leaves == 0) {
        walk->place = 0;
        code = mdb_cursor_get(walk->tree, &key, &walk->row, MDB_NEXT);
    }
    if (code == 0)
        code = hash(walk, 0, entry.mv_data, entry.mv_size);
    walk->size += 1;
    for (uint64_t rest = walk->size; code == 0 && rest % 2 == 0; rest /= 2) {
        walk->peaks -= 2;
        code = hash(walk, 1, walk->peak[walk->peaks], 2 * hash_bytes);
    }
    return code;
}

/* Steps in batches, so that the memory of several entries comes at a time. */
static int take_all(struct walk *walk) {
    MDB_val key, entry[batch];
    int code = 0;
    while (code == 0) {
        size_t known = 0;
        while (known < batch
               && (code = mdb_cursor_get(walk->entries, &key, &entry[known], MDB_NEXT)) == 0)
            known += 1;
        for (size_t index = 0; index < known; index++) {
            for (size_t at = 0; index + 1 < known && at < entry[index + 1].mv_size; at += line_bytes)
                __builtin_prefetch((const char *)entry[index + 1].mv_data + at);
            int wrong = take(walk, entry[index]);
            if (wrong != 0)
                return wrong;
        }
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

static int walk_tables(MDB_txn *transaction, struct walk *walk) {
    MDB_dbi entries, tree;
    int code = mdb_dbi_open(transaction, "entries", 0, &entries);
    if (code == 0)
        code = mdb_dbi_open(transaction, "tree", 0, &tree);
    if (code == 0)
        code = mdb_cursor_open(transaction, entries, &walk->entries);
    if (code == 0)
        code = mdb_cursor_open(transaction, tree, &walk->tree);
    if (code == 0)
        code = take_all(walk);
    if (walk->tree)
        mdb_cursor_close(walk->tree);
    if (walk->entries)
        mdb_cursor_close(walk->entries);
    return code;
}

static uint64_t own_nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int bench_hash_walk(const char *directory, uint64_t *entries, uint64_t *nanoseconds) {
    struct walk walk = {0};
    MDB_env *environment;
    MDB_txn *transaction;
    uint64_t begin = own_nanoseconds();
    int code = mdb_env_create(&environment);
    if (code != 0)
        return code;
    code = mdb_env_set_maxdbs(environment, 2);
    if (code == 0)
        code = mdb_env_open(environment, directory, MDB_RDONLY | MDB_NOLOCK, 0);
    if (code == 0)
        code = mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction);
    if (code == 0) {
        code = walk_tables(transaction, &walk);
        mdb_txn_abort(transaction);
    }
    mdb_env_close(environment);
    *entries = walk.size;
    *nanoseconds = own_nanoseconds() - begin;
    return code;
}
