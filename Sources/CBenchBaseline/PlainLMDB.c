/* What the record does with LMDB, without the record: the same puts into as many subdatabases, values
   of the same sizes made beforehand, no JSON and no hash. */
#include "CBenchBaseline.h"

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

enum { entries, by_automaton, by_run, rows, meta, tables };

static const char *const names[tables] = {"entries", "by-automaton", "by-run", "rows", "meta"};

struct bench_lmdb {
    MDB_env *environment;
    MDB_dbi table[tables];
    struct bench_shape shape;
    char *value;    /* as long as the longest value */
    char *key;      /* as long as the longest key */
    uint64_t next;  /* sequence number of the next entry */
};

static void put_number(char *place, uint64_t number) {
    for (int index = 7; index >= 0; index--, number >>= 8)
        place[index] = (char)(number & 0xff);
}

static size_t most(size_t left, size_t right) { return left > right ? left : right; }

static int open_tables(struct bench_lmdb *lmdb) {
    MDB_txn *transaction;
    int code = mdb_txn_begin(lmdb->environment, NULL, 0, &transaction);
    if (code != 0)
        return code;
    for (int index = 0; code == 0 && index < tables; index++)
        code = mdb_dbi_open(transaction, names[index], MDB_CREATE, &lmdb->table[index]);
    if (code == 0)
        return mdb_txn_commit(transaction);
    mdb_txn_abort(transaction);
    return code;
}

int bench_lmdb_open(
    const char *directory, size_t map_bytes, const struct bench_shape *shape,
    struct bench_lmdb **opened) {
    struct bench_lmdb *lmdb = calloc(1, sizeof *lmdb);
    if (lmdb == NULL)
        return ENOMEM;
    lmdb->shape = *shape;
    lmdb->next = 1;
    lmdb->value = malloc(
        most(most(shape->entry_bytes, shape->row_bytes), most(shape->head_bytes, 8)));
    lmdb->key = calloc(1, most(most(shape->automaton_key_bytes, shape->run_key_bytes), 16));
    int code = lmdb->value && lmdb->key ? 0 : ENOMEM;
    if (code == 0) {
        memset(lmdb->value, 'x',
               most(most(shape->entry_bytes, shape->row_bytes), most(shape->head_bytes, 8)));
        code = mdb_env_create(&lmdb->environment);
    }
    if (code == 0)
        code = mdb_env_set_mapsize(lmdb->environment, map_bytes);
    if (code == 0)
        code = mdb_env_set_maxdbs(lmdb->environment, tables);
    if (code == 0)
        code = mdb_env_open(lmdb->environment, directory, 0, 0600);
    if (code == 0)
        code = open_tables(lmdb);
    if (code == 0)
        *opened = lmdb;
    else
        bench_lmdb_close(lmdb);
    return code;
}

void bench_lmdb_close(struct bench_lmdb *lmdb) {
    if (lmdb->environment)
        mdb_env_close(lmdb->environment);
    free(lmdb->value);
    free(lmdb->key);
    free(lmdb);
}

/* Keys begin with the writer's number, as its automaton's name and its run's id would tell it apart, and
   end with a sequence number if `sequence` is not 0. */
static int put(
    struct bench_lmdb *lmdb, MDB_txn *transaction, int table, uint32_t writer, uint64_t sequence,
    size_t key_bytes, size_t value_bytes) {
    MDB_val key = {.mv_size = key_bytes, .mv_data = lmdb->key};
    MDB_val value = {.mv_size = value_bytes, .mv_data = lmdb->value};
    memset(lmdb->key, 'k', key_bytes);
    put_number(lmdb->key, writer);
    if (sequence != 0)
        put_number(lmdb->key + key_bytes - 8, sequence);
    return mdb_put(transaction, lmdb->table[table], &key, &value, table == entries ? MDB_APPEND : 0);
}

static int put_entry(struct bench_lmdb *lmdb, MDB_txn *transaction, uint32_t writer) {
    const struct bench_shape *shape = &lmdb->shape;
    uint64_t sequence = lmdb->next;
    put_number(lmdb->value, sequence);
    int code = put(lmdb, transaction, entries, writer, sequence, 8, shape->entry_bytes);
    if (code == 0)
        code = put(
            lmdb, transaction, by_automaton, writer, sequence, shape->automaton_key_bytes, 8);
    if (code == 0)
        code = put(lmdb, transaction, by_run, writer, sequence, shape->run_key_bytes, 0);
    if (code == 0)
        code = put(lmdb, transaction, rows, writer, 0, 16, shape->row_bytes);
    lmdb->next += 1;
    return code;
}

int bench_lmdb_commit(void *context, const uint32_t *writers, size_t count) {
    struct bench_lmdb *lmdb = context;
    MDB_txn *transaction;
    int code = mdb_txn_begin(lmdb->environment, NULL, 0, &transaction);
    if (code != 0)
        return code;
    for (size_t index = 0; code == 0 && index < count; index++)
        code = put_entry(lmdb, transaction, writers[index]);
    if (code == 0)
        code = put(lmdb, transaction, meta, 0, 0, 8, lmdb->shape.head_bytes);
    if (code == 0)
        return mdb_txn_commit(transaction);
    mdb_txn_abort(transaction);
    return code;
}
