/* Writers hand entries to one committer, which commits what waits. See pthreads(7), sem_overview(7).
   Each writer waits at a semaphore of its own, as a worker does at its own socket: all of them woken
   at one condition would queue for its lock, and that would be most of what is measured. */
#include "CBenchBaseline.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>

struct group {
    pthread_mutex_t lock;
    sem_t waiting;   /* posted by the first who waits */
    uint32_t *queue; /* writers whose entry waits */
    size_t queued;
    int stop;
};

struct writer {
    struct group *group;
    uint32_t number;
    pthread_t thread;
    sem_t committed;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

static void *write_entries(void *argument) {
    struct writer *self = argument;
    struct group *group = self->group;
    while (!__atomic_load_n(&group->stop, __ATOMIC_ACQUIRE)) {
        pthread_mutex_lock(&group->lock);
        group->queue[group->queued++] = self->number;
        int first = group->queued == 1;
        pthread_mutex_unlock(&group->lock);
        if (first)
            sem_post(&group->waiting);
        wait_for(&self->committed);
    }
    return NULL;
}

static size_t take_waiting(struct group *group, uint32_t *batch) {
    wait_for(&group->waiting);
    pthread_mutex_lock(&group->lock);
    size_t count = group->queued;
    for (size_t index = 0; index < count; index++)
        batch[index] = group->queue[index];
    group->queued = 0;
    pthread_mutex_unlock(&group->lock);
    return count;
}

static int commit_batches(
    struct group *group, struct writer *all, uint32_t *batch, uint64_t end, bench_commit commit,
    void *context, struct bench_result *result) {
    while (now() < end) {
        size_t count = take_waiting(group, batch);
        int code = commit(context, batch, count);
        if (code != 0)
            return code;
        result->entries += count;
        result->commits += 1;
        for (size_t index = 0; index < count; index++)
            sem_post(&all[batch[index]].committed);
    }
    return 0;
}

int bench_group_commit(
    uint32_t writers, uint32_t milliseconds, bench_commit commit, void *context,
    struct bench_result *result) {
    struct group group = {0};
    pthread_mutex_init(&group.lock, NULL);
    sem_init(&group.waiting, 0, 0);
    group.queue = calloc(writers, sizeof *group.queue);
    uint32_t *batch = calloc(writers, sizeof *batch);
    struct writer *all = calloc(writers, sizeof *all);
    int code = group.queue && batch && all ? 0 : ENOMEM;

    *result = (struct bench_result){0};
    uint32_t started = 0;
    while (code == 0 && started < writers) {
        all[started].group = &group;
        all[started].number = started;
        sem_init(&all[started].committed, 0, 0);
        code = pthread_create(&all[started].thread, NULL, write_entries, &all[started]);
        started += code == 0;
    }

    uint64_t start = now();
    if (code == 0)
        code = commit_batches(
            &group, all, batch, start + (uint64_t)milliseconds * 1000000u, commit, context, result);
    result->nanoseconds = now() - start;

    __atomic_store_n(&group.stop, 1, __ATOMIC_RELEASE);
    for (uint32_t index = 0; index < started; index++)
        sem_post(&all[index].committed);
    for (uint32_t index = 0; index < started; index++) {
        pthread_join(all[index].thread, NULL);
        sem_destroy(&all[index].committed);
    }
    free(all);
    free(batch);
    free(group.queue);
    sem_destroy(&group.waiting);
    pthread_mutex_destroy(&group.lock);
    return code;
}
