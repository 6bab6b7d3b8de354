// libsystemd for a daemon that is slow to hand over its descriptors: preloaded, it sleeps behind each for
// SLOW_STORE microseconds. A kill at random then hits between two of them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

typedef int notify(pid_t, int, const char *, const int *, unsigned);

int sd_pid_notify_with_fds(pid_t pid, int unset, const char *state, const int *fds, unsigned count)
{
    notify *next = (notify *)dlsym(RTLD_NEXT, "sd_pid_notify_with_fds");
    int result = next(pid, unset, state, fds, count);
    const char *slow = getenv("SLOW_STORE");
    usleep(slow != NULL ? (useconds_t)atoi(slow) : 0);
    return result;
}
