/* Flushes that take longer than this machine's: what LMDB calls finds these first. A flush is an
   fdatasync(2), or a write to a file that was opened with O_DSYNC. */
#define _GNU_SOURCE
#include "CBenchBaseline.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_uint delay;

void bench_slow_flush(uint32_t microseconds) { atomic_store(&delay, microseconds); }

static void wait_as_told(void) {
    uint32_t microseconds = atomic_load(&delay);
    struct timespec span = {.tv_nsec = (long)microseconds * 1000};
    if (microseconds != 0)
        nanosleep(&span, NULL);
}

int fdatasync(int file) {
    int code = (int)syscall(SYS_fdatasync, file);
    wait_as_told();
    return code;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    ssize_t written = syscall(SYS_pwrite64, file, bytes, count, offset);
    if (atomic_load(&delay) != 0 && (fcntl(file, F_GETFL) & O_DSYNC) != 0)
        wait_as_told();
    return written;
}
