/* Pieces sent at a pace on one socket, and when each is seen on another; and the least that can stand
   between the two. */
#define _GNU_SOURCE
#include "CBenchBaseline.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* 2 s: ten thousand times what a relay takes. */
static const uint64_t patience = 2000000000u;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Marks that end in `bytes` behind the first `before` of them, which were counted already. */
static uint32_t count_marks(const char *bytes, size_t size, size_t before, const char *mark) {
    size_t length = strlen(mark);
    uint32_t count = 0;
    for (size_t end = length; end <= size; end++)
        if (end > before && memcmp(bytes + end - length, mark, length) == 0)
            count++;
    return count;
}

int bench_relay(
    int provider, int watcher, const void *piece, size_t size, const char *mark, uint32_t count,
    uint64_t pace, uint64_t *latencies) {
    static char bytes[1 << 16];
    size_t kept = 0, tail = strlen(mark) - 1;
    uint32_t sent = 0, seen = 0;
    uint64_t began = now(), last = began;
    while (seen < count) {
        uint64_t at = now(), due = began + sent * pace;
        if (sent < count && at >= due) {
            latencies[sent++] = last = at;
            if (send(provider, piece, size, MSG_NOSIGNAL) != (ssize_t)size)
                return errno != 0 ? errno : EAGAIN;
            continue;
        }
        if (sent == count && at > last + patience)
            return ETIMEDOUT;
        uint64_t left = sent < count ? due - at : patience;
        struct timespec wait = {(time_t)(left / 1000000000u), (long)(left % 1000000000u)};
        struct pollfd watched = {.fd = watcher, .events = POLLIN};
        if (ppoll(&watched, 1, &wait, NULL) <= 0)
            continue;
        at = now();
        ssize_t got = recv(watcher, bytes + kept, sizeof bytes - kept, 0);
        if (got <= 0)
            return got == 0 ? EPIPE : errno;
        size_t whole = kept + (size_t)got;
        for (uint32_t marks = count_marks(bytes, whole, kept, mark); marks > 0; marks--) {
            if (seen == sent)
                return EPROTO;
            latencies[seen] = at - latencies[seen];
            seen++;
        }
        kept = whole < tail ? whole : tail;
        memmove(bytes, bytes + whole - kept, kept);
    }
    return 0;
}

/* Two threads, each of which sleeps until there is something to carry. */
enum { hops = 2 };

struct bench_chain {
    int links[hops + 1][2];
    pthread_t threads[hops];
    struct hop {
        int from, to;
    } ends[hops];
};

static void *carry(void *argument) {
    const struct hop *hop = argument;
    char bytes[1 << 12];
    ssize_t got;
    while ((got = recv(hop->from, bytes, sizeof bytes, 0)) > 0)
        if (send(hop->to, bytes, (size_t)got, MSG_NOSIGNAL) != got)
            break;
    shutdown(hop->to, SHUT_WR);
    return NULL;
}

struct bench_chain *bench_chain_open(int *provider, int *watcher) {
    struct bench_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL)
        return NULL;
    for (int link = 0; link <= hops; link++)
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, chain->links[link]) != 0)
            return NULL;
    for (int hop = 0; hop < hops; hop++) {
        chain->ends[hop] = (struct hop){chain->links[hop][1], chain->links[hop + 1][0]};
        if (pthread_create(&chain->threads[hop], NULL, carry, &chain->ends[hop]) != 0)
            return NULL;
    }
    *provider = chain->links[0][0];
    *watcher = chain->links[hops][1];
    return chain;
}

void bench_chain_close(struct bench_chain *chain) {
    shutdown(chain->links[0][0], SHUT_WR);
    for (int hop = 0; hop < hops; hop++)
        pthread_join(chain->threads[hop], NULL);
    for (int link = 0; link <= hops; link++) {
        close(chain->links[link][0]);
        close(chain->links[link][1]);
    }
    free(chain);
}
