/* Pieces sent at a pace on one socket, and when each is seen on another. */
#define _GNU_SOURCE
#include "CBenchBaseline.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

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
