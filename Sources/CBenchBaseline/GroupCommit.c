/* Writers hand entries to one committer, which commits what waits. See pthreads(7). */
#include "CBenchBaseline.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct group {
    pthread_mutex_t lock;
    pthread_cond_t waiting;   /* somebody handed an entry over */
    pthread_cond_t committed; /* `done` rose, or the end came */
    uint32_t *queue;          /* writers whose entry waits */
    size_t queued;
    uint64_t batch; /* number of the batch that the queue will be */
    uint64_t done;  /* number of the newest batch that is durable */
    int stop;
};

struct writer {
    struct group *group;
    uint32_t number;
    pthread_t thread;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *write_entries(void *argument) {
    struct writer *self = argument;
    struct group *group = self->group;
    pthread_mutex_lock(&group->lock);
    while (!group->stop) {
        group->queue[group->queued++] = self->number;
        uint64_t mine = group->batch;
        pthread_cond_signal(&group->waiting);
        while (group->done < mine && !group->stop)
            pthread_cond_wait(&group->committed, &group->lock);
    }
    pthread_mutex_unlock(&group->lock);
    return NULL;
}

/* The committer: the lock is held on entry and on return, but not while a batch is committed. */
static int commit_batches(
    struct group *group, uint32_t *batch, uint64_t end, bench_commit commit, void *context,
    struct bench_result *result) {
    while (now() < end) {
        while (group->queued == 0)
            pthread_cond_wait(&group->waiting, &group->lock);
        size_t count = group->queued;
        for (size_t index = 0; index < count; index++)
            batch[index] = group->queue[index];
        group->queued = 0;
        uint64_t number = group->batch++;
        pthread_mutex_unlock(&group->lock);

        int code = commit(context, batch, count);

        pthread_mutex_lock(&group->lock);
        if (code != 0)
            return code;
        group->done = number;
        result->entries += count;
        result->commits += 1;
        pthread_cond_broadcast(&group->committed);
    }
    return 0;
}

int bench_group_commit(
    uint32_t writers, uint32_t milliseconds, bench_commit commit, void *context,
    struct bench_result *result) {
    struct group group = {.batch = 1};
    pthread_mutex_init(&group.lock, NULL);
    pthread_cond_init(&group.waiting, NULL);
    pthread_cond_init(&group.committed, NULL);
    group.queue = calloc(writers, sizeof *group.queue);
    uint32_t *batch = calloc(writers, sizeof *batch);
    struct writer *all = calloc(writers, sizeof *all);
    int code = group.queue && batch && all ? 0 : ENOMEM;

    *result = (struct bench_result){0};
    uint32_t started = 0;
    while (code == 0 && started < writers) {
        all[started].group = &group;
        all[started].number = started;
        code = pthread_create(&all[started].thread, NULL, write_entries, &all[started]);
        started += code == 0;
    }

    pthread_mutex_lock(&group.lock);
    uint64_t start = now();
    if (code == 0)
        code = commit_batches(
            &group, batch, start + (uint64_t)milliseconds * 1000000u, commit, context, result);
    result->nanoseconds = now() - start;
    group.stop = 1;
    pthread_cond_broadcast(&group.committed);
    pthread_mutex_unlock(&group.lock);

    for (uint32_t index = 0; index < started; index++)
        pthread_join(all[index].thread, NULL);
    free(all);
    free(batch);
    free(group.queue);
    pthread_cond_destroy(&group.committed);
    pthread_cond_destroy(&group.waiting);
    pthread_mutex_destroy(&group.lock);
    return code;
}
