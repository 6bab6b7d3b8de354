/* RocksDB doing the same puts with the same grouping: one synchronous WriteBatch a commit. Built where
   librocksdb-dev is, and loaded only when it is asked for. */
#include "CBenchBaseline.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#if __has_include(<rocksdb/c.h>)
#include <rocksdb/c.h>

/* The functions used, as the library has them. */
#define EACH(use) \
    use(rocksdb_options_create) use(rocksdb_options_destroy) \
    use(rocksdb_options_set_create_if_missing) use(rocksdb_open) use(rocksdb_close) \
    use(rocksdb_writeoptions_create) use(rocksdb_writeoptions_destroy) \
    use(rocksdb_writeoptions_set_sync) use(rocksdb_writebatch_create) \
    use(rocksdb_writebatch_clear) use(rocksdb_writebatch_destroy) use(rocksdb_writebatch_put) \
    use(rocksdb_write) use(rocksdb_free)
#define DECLARE(name) static __typeof__(&name) call_##name;
#define LOAD(name) \
    call_##name = (__typeof__(&name))dlsym(library, #name); \
    complete = complete && call_##name != NULL;
EACH(DECLARE)

struct bench_rocksdb {
    rocksdb_t *database;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *durable;
    rocksdb_writebatch_t *batch;
    struct bench_shape shape;
    char *value;
    uint64_t next;
};

static int load(void) {
    int complete = 1;
    void *library = dlopen("librocksdb.so", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return ENOENT;
    EACH(LOAD)
    return complete ? 0 : ENOSYS;
}

int bench_rocksdb_open(
    const char *directory, const struct bench_shape *shape, struct bench_rocksdb **opened) {
    int code = load();
    if (code != 0)
        return code;
    struct bench_rocksdb *rocksdb = calloc(1, sizeof *rocksdb);
    if (rocksdb == NULL)
        return ENOMEM;
    rocksdb->shape = *shape;
    rocksdb->next = 1;
    size_t most = shape->entry_bytes > shape->row_bytes ? shape->entry_bytes : shape->row_bytes;
    rocksdb->value = malloc(most);
    rocksdb->options = call_rocksdb_options_create();
    call_rocksdb_options_set_create_if_missing(rocksdb->options, 1);
    rocksdb->durable = call_rocksdb_writeoptions_create();
    call_rocksdb_writeoptions_set_sync(rocksdb->durable, 1);
    rocksdb->batch = call_rocksdb_writebatch_create();
    char *error = NULL;
    rocksdb->database = call_rocksdb_open(rocksdb->options, directory, &error);
    if (rocksdb->database == NULL || rocksdb->value == NULL) {
        call_rocksdb_free(error);
        bench_rocksdb_close(rocksdb);
        return EIO;
    }
    memset(rocksdb->value, 'x', most);
    *opened = rocksdb;
    return 0;
}

void bench_rocksdb_close(struct bench_rocksdb *rocksdb) {
    if (rocksdb->database)
        call_rocksdb_close(rocksdb->database);
    call_rocksdb_writebatch_destroy(rocksdb->batch);
    call_rocksdb_writeoptions_destroy(rocksdb->durable);
    call_rocksdb_options_destroy(rocksdb->options);
    free(rocksdb->value);
    free(rocksdb);
}

/* The entry, what leads to it, and the writer's row. */
int bench_rocksdb_commit(void *context, const uint32_t *writers, size_t count) {
    struct bench_rocksdb *rocksdb = context;
    const struct bench_shape *shape = &rocksdb->shape;
    call_rocksdb_writebatch_clear(rocksdb->batch);
    for (size_t index = 0; index < count; index++) {
        char key[64] = {0};
        uint64_t next = rocksdb->next++;
        for (int byte = 7; byte >= 0; byte--)
            key[8 - byte] = (char)(next >> 8 * byte);
        key[0] = 'e';
        memcpy(rocksdb->value, key, 9);
        call_rocksdb_writebatch_put(
            rocksdb->batch, key, 9, rocksdb->value, shape->entry_bytes);
        key[0] = 'r';
        memcpy(key + 9, &writers[index], sizeof writers[index]);
        call_rocksdb_writebatch_put(rocksdb->batch, key, 24, rocksdb->value, 8);
        key[0] = 'w';
        memset(key + 1, 0, 8);
        call_rocksdb_writebatch_put(rocksdb->batch, key, 16, rocksdb->value, shape->row_bytes);
    }
    char *error = NULL;
    call_rocksdb_write(rocksdb->database, rocksdb->durable, rocksdb->batch, &error);
    if (error == NULL)
        return 0;
    call_rocksdb_free(error);
    return EIO;
}

#else

int bench_rocksdb_open(
    const char *directory, const struct bench_shape *shape, struct bench_rocksdb **opened) {
    (void)directory, (void)shape, (void)opened;
    return ENOENT;
}

void bench_rocksdb_close(struct bench_rocksdb *rocksdb) { (void)rocksdb; }

int bench_rocksdb_commit(void *context, const uint32_t *writers, size_t count) {
    (void)context, (void)writers, (void)count;
    return ENOSYS;
}

#endif
