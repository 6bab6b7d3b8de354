/* The least that a supervisor can do: notice a death by its pidfd, and start the program anew. */
#define _GNU_SOURCE
#include "CBenchBaseline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

struct echo {
    pid_t process;
    int pidfd, in, out;
};

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* A cat with a byte in its input: what it echoes was written by it. */
static int start(struct echo *echo) {
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
        return errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    char *arguments[] = {"cat", NULL};
    char *none[] = {NULL};
    int code = posix_spawn(&echo->process, "/bin/cat", &actions, NULL, arguments, none);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    echo->in = in[1];
    echo->out = out[0];
    echo->pidfd = code == 0 ? (int)syscall(SYS_pidfd_open, echo->process, 0u) : -1;
    if (code == 0 && (echo->pidfd < 0 || write(echo->in, "x", 1) != 1))
        code = errno;
    return code;
}

static int hear(struct echo *echo) {
    char byte;
    return read(echo->out, &byte, 1) == 1 ? 0 : EPIPE;
}

/* Waits for its end. */
static int bury(struct echo *echo) {
    struct pollfd watched = {.fd = echo->pidfd, .events = POLLIN};
    while (poll(&watched, 1, 10000) != 1)
        if (errno != EINTR)
            return ETIMEDOUT;
    waitpid(echo->process, NULL, 0);
    close(echo->pidfd);
    close(echo->in);
    close(echo->out);
    return 0;
}

int bench_respawn(uint64_t *nanoseconds) {
    struct echo first, second;
    int code = start(&first);
    if (code == 0)
        code = hear(&first);
    if (code != 0)
        return code;
    uint64_t began = now();
    kill(first.process, SIGKILL);
    if ((code = bury(&first)) != 0 || (code = start(&second)) != 0 || (code = hear(&second)) != 0)
        return code;
    *nanoseconds = now() - began;
    kill(second.process, SIGKILL);
    return bury(&second);
}

int bench_keep_cores(uint32_t count) {
    cpu_set_t allowed, kept;
    CPU_ZERO(&kept);
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return errno;
    for (int core = 0; core < CPU_SETSIZE && count > 0; core++)
        if (CPU_ISSET(core, &allowed)) {
            CPU_SET(core, &kept);
            count--;
        }
    return sched_setaffinity(0, sizeof kept, &kept) == 0 ? 0 : errno;
}
