/* Preloaded into aurad: while the file $FAULTY_SWITCH holds the number of an error, every write and
 * every sync of the file $FAULTY_FILE fails with it. Its wall clock is $FAULTY_DAYS days ahead. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int fault(int file) {
    struct stat own, wanted;
    const char *path = getenv("FAULTY_FILE"), *name = getenv("FAULTY_SWITCH");
    if (path == NULL || name == NULL || fstat(file, &own) != 0 || stat(path, &wanted) != 0
        || own.st_dev != wanted.st_dev || own.st_ino != wanted.st_ino)
        return 0;
    FILE *stream = fopen(name, "re");
    if (stream == NULL)
        return 0;
    int error = 0;
    if (fscanf(stream, "%d", &error) != 1)
        error = 0;
    fclose(stream);
    errno = error;
    return error;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return fault(file) ? -1 : syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    return fault(file) ? -1 : syscall(SYS_writev, file, parts, count);
}

int fdatasync(int file) {
    return fault(file) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int code = (int)syscall(SYS_clock_gettime, clock, now);
    const char *days = getenv("FAULTY_DAYS");
    if (code == 0 && clock == CLOCK_REALTIME && days != NULL)
        now->tv_sec += atol(days) * 86400;
    return code;
}
