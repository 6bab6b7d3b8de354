/* The C side of aura-bench: the harness that both sides of a comparison run under, and plain LMDB. */
#ifndef AURA_BENCH_BASELINE_H
#define AURA_BENCH_BASELINE_H

#include <stddef.h>
#include <stdint.h>

/* Commits one entry of each writer listed, durably. Called on one thread only; 0 is success. */
typedef int (*bench_commit)(void *context, const uint32_t *writers, size_t count);

struct bench_result {
    uint64_t entries;
    uint64_t commits;
    uint64_t nanoseconds;
};

/* For about `milliseconds`, `writers` threads each hand over one entry at a time and wait until it is
   committed; the calling thread commits whatever waits, as one group, again and again: the shape of a
   turn loop. Answers 0, an errno value, or what `commit` answered. */
int bench_group_commit(
    uint32_t writers, uint32_t milliseconds, bench_commit commit, void *context,
    struct bench_result *result);

/* The sizes of what one entry puts, in bytes. */
struct bench_shape {
    size_t entry_bytes;         /* value in the log; its key has 8 bytes and is appended */
    size_t automaton_key_bytes; /* key of the automaton's index; its value has 8 bytes */
    size_t run_key_bytes;       /* key of the run's index; its value is empty */
    size_t row_bytes;           /* value of the writer's row; its key has 16 bytes */
    size_t head_bytes;          /* value of the head row: one a commit */
};

struct bench_lmdb;

/* A new LMDB environment in the existing, empty `directory`, with LMDB's default flags and a map of
   `map_bytes`. Answers 0, an errno value or one of LMDB's; bench_lmdb_close takes it back. */
int bench_lmdb_open(
    const char *directory, size_t map_bytes, const struct bench_shape *shape,
    struct bench_lmdb **opened);
void bench_lmdb_close(struct bench_lmdb *lmdb);

/* A bench_commit whose context is a struct bench_lmdb. */
int bench_lmdb_commit(void *context, const uint32_t *writers, size_t count);

/* Makes every flush of LMDB in this process take so much longer; 0: as it is. */
void bench_slow_flush(uint32_t microseconds);

struct bench_rocksdb;

/* The same in RocksDB, in the existing, empty `directory`: each entry with its index and row as one
   synchronous WriteBatch a commit. ENOENT where it was not there to build with or is not there to load. */
int bench_rocksdb_open(
    const char *directory, const struct bench_shape *shape, struct bench_rocksdb **opened);
void bench_rocksdb_close(struct bench_rocksdb *rocksdb);
int bench_rocksdb_commit(void *context, const uint32_t *writers, size_t count);

/* For about `milliseconds`, `writers` threads each write one entry with its index and row as a synchronous
   WriteBatch of its own, again and again; how they are grouped is RocksDB's affair. Answers 0 or an errno
   value. */
int bench_rocksdb_threads(
    struct bench_rocksdb *rocksdb, uint32_t writers, uint32_t milliseconds,
    struct bench_result *result);

/* Walks over the hashes of the record in `directory`, which nobody writes and of which nothing was pruned:
   how many entries it has, and how long this thread ran for it. Answers 0, EBADMSG for one whose tree is
   not what its entries make it, an errno value or one of LMDB's. */
int bench_hash_walk(const char *directory, uint64_t *entries, uint64_t *nanoseconds);

/* Starts a process that posts `turns` bodies to `url`, one after the other, the first of `body_bytes`
   and each with one more assistant's message than the one before, and reads the events of the answers.
   Answers 0 or an errno value. bench_curl_finish waits for it: 0 when all went well. Only for a process
   with one thread. */
int bench_curl_start(const char *url, uint32_t turns, size_t body_bytes, int *process);
int bench_curl_finish(int process);

/* Where `text` first stands in `bytes`, or -1; how many times it does. See memmem(3), which Swift is not shown. */
ptrdiff_t bench_find(const void *bytes, size_t count, const char *text);
size_t bench_count(const void *bytes, size_t count, const char *text);

/* How long a bare loop takes from the death of a process to a byte written by the one that takes its
   place, in nanoseconds. Answers 0 or an errno value. */
int bench_respawn(uint64_t *nanoseconds);

/* Sends `piece` on `provider` `count` times, one each `pace` nanoseconds, and notes when each `mark` in it is
   seen on `watcher`: `latencies` in nanoseconds. Answers 0 or an errno value. */
int bench_relay(
    int provider, int watcher, const void *piece, size_t size, const char *mark, uint32_t count,
    uint64_t pace, uint64_t *latencies);

/* Two bare threads between two sockets, as many as aurad has on the way of a word, which do nothing but
   hand it on; NULL and errno when there are none. */
struct bench_chain;
struct bench_chain *bench_chain_open(int *provider, int *watcher);
void bench_chain_close(struct bench_chain *chain);

/* Keeps this process and what it starts on the first `count` of the cores that it may use. */
int bench_keep_cores(uint32_t count);

#endif
