/* RocksDB doing the same puts: one synchronous WriteBatch a commit with the same grouping, or one of each
   thread's own. Built where librocksdb-dev is, and loaded only when it is asked for. */
#define _GNU_SOURCE
#include "CBenchBaseline.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
static void put_entry(
    const struct bench_rocksdb *rocksdb, rocksdb_writebatch_t *batch, char *value, uint64_t next,
    uint32_t writer) {
    const struct bench_shape *shape = &rocksdb->shape;
    char key[64] = {0};
    for (int byte = 7; byte >= 0; byte--)
        key[8 - byte] = (char)(next >> 8 * byte);
    key[0] = 'e';
    memcpy(value, key, 9);
    call_rocksdb_writebatch_put(batch, key, 9, value, shape->entry_bytes);
    key[0] = 'r';
    memcpy(key + 9, &writer, sizeof writer);
    call_rocksdb_writebatch_put(batch, key, 24, value, 8);
    key[0] = 'w';
    memset(key + 1, 0, 8);
    call_rocksdb_writebatch_put(batch, key, 16, value, shape->row_bytes);
}

static int write_batch(struct bench_rocksdb *rocksdb, rocksdb_writebatch_t *batch) {
    char *error = NULL;
    call_rocksdb_write(rocksdb->database, rocksdb->durable, batch, &error);
    if (error == NULL)
        return 0;
    call_rocksdb_free(error);
    return EIO;
}

int bench_rocksdb_commit(void *context, const uint32_t *writers, size_t count) {
    struct bench_rocksdb *rocksdb = context;
    call_rocksdb_writebatch_clear(rocksdb->batch);
    for (size_t index = 0; index < count; index++)
        put_entry(rocksdb, rocksdb->batch, rocksdb->value, rocksdb->next++, writers[index]);
    return write_batch(rocksdb, rocksdb->batch);
}

struct writer {
    struct bench_rocksdb *rocksdb;
    pthread_t thread;
    uint32_t number;
    uint64_t end, entries;
    int code;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *write_entries(void *argument) {
    struct writer *self = argument;
    const struct bench_shape *shape = &self->rocksdb->shape;
    size_t most = shape->entry_bytes > shape->row_bytes ? shape->entry_bytes : shape->row_bytes;
    char *value = malloc(most);
    if (value == NULL) {
        self->code = ENOMEM;
        return NULL;
    }
    memset(value, 'x', most);
    rocksdb_writebatch_t *batch = call_rocksdb_writebatch_create();
    while (self->code == 0 && now() < self->end) {
        uint64_t next = __atomic_fetch_add(&self->rocksdb->next, 1, __ATOMIC_RELAXED);
        call_rocksdb_writebatch_clear(batch);
        put_entry(self->rocksdb, batch, value, next, self->number);
        self->code = write_batch(self->rocksdb, batch);
        self->entries += self->code == 0;
    }
    call_rocksdb_writebatch_destroy(batch);
    free(value);
    return NULL;
}

int bench_rocksdb_threads(
    struct bench_rocksdb *rocksdb, uint32_t writers, uint32_t milliseconds,
    struct bench_result *result) {
    struct writer *all = calloc(writers, sizeof *all);
    if (all == NULL)
        return ENOMEM;
    uint64_t start = now();
    uint32_t started = 0;
    int code = 0;
    while (code == 0 && started < writers) {
        all[started] = (struct writer){
            .rocksdb = rocksdb, .number = started,
            .end = start + (uint64_t)milliseconds * 1000000u};
        code = pthread_create(&all[started].thread, NULL, write_entries, &all[started]);
        started += code == 0;
    }
    *result = (struct bench_result){0};
    for (uint32_t index = 0; index < started; index++) {
        pthread_join(all[index].thread, NULL);
        code = code != 0 ? code : all[index].code;
        result->entries += all[index].entries;
    }
    result->nanoseconds = now() - start;
    free(all);
    return code;
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

int bench_rocksdb_threads(
    struct bench_rocksdb *rocksdb, uint32_t writers, uint32_t milliseconds,
    struct bench_result *result) {
    (void)rocksdb, (void)writers, (void)milliseconds, (void)result;
    return ENOSYS;
}

#endif
