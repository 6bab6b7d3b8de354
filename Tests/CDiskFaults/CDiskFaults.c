/* Takes the place of the C library's functions by the rules of dynamic linking: what the program
 * defines itself comes before any library. See ld.so(8). */
#define _GNU_SOURCE
#include "CDiskFaults.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* 64: more than tests run at the same time. */
enum { WATCHES_MAX = 64 };

struct watch {
    int in_use, is_recording;
    dev_t device;
    ino_t inode;
    unsigned count[DISK_CALLS], nth[DISK_CALLS], failed;
    int error[DISK_CALLS], always[DISK_CALLS], is_late[DISK_CALLS];
    struct disk_act *acts;
    size_t acts_count, acts_room;
};

static struct watch watches[WATCHES_MAX];
static int watched; /* so that nobody else pays */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int disk_watch(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0)
        return -1;
    pthread_mutex_lock(&lock);
    int found = -1;
    for (int index = 0; index < WATCHES_MAX && found < 0; index++)
        if (!watches[index].in_use)
            found = index;
    if (found >= 0) {
        watches[found] = (struct watch){
            .in_use = 1, .device = status.st_dev, .inode = status.st_ino};
        __atomic_add_fetch(&watched, 1, __ATOMIC_SEQ_CST);
    }
    pthread_mutex_unlock(&lock);
    return found;
}

static void drop_acts(struct watch *watch) {
    for (size_t index = 0; index < watch->acts_count; index++)
        free((void *)watch->acts[index].bytes);
    free(watch->acts);
    watch->acts = NULL;
    watch->acts_count = watch->acts_room = 0;
}

void disk_forget(int watch) {
    pthread_mutex_lock(&lock);
    drop_acts(&watches[watch]);
    watches[watch].in_use = 0;
    __atomic_sub_fetch(&watched, 1, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&lock);
}

static void arm(int watch, enum disk_call call, unsigned nth, int error, int is_late) {
    pthread_mutex_lock(&lock);
    watches[watch].count[call] = 0;
    watches[watch].nth[call] = nth;
    watches[watch].error[call] = error;
    watches[watch].is_late[call] = is_late;
    pthread_mutex_unlock(&lock);
}

void disk_fail(int watch, enum disk_call call, unsigned nth, int error) {
    arm(watch, call, nth, error, 0);
}

void disk_fail_late(int watch, enum disk_call call, unsigned nth, int error) {
    arm(watch, call, nth, error, 1);
}

void disk_fail_all(int watch, enum disk_call call, int error) {
    pthread_mutex_lock(&lock);
    watches[watch].always[call] = error;
    pthread_mutex_unlock(&lock);
}

unsigned disk_count(int watch, enum disk_call call) {
    pthread_mutex_lock(&lock);
    unsigned count = watches[watch].count[call];
    pthread_mutex_unlock(&lock);
    return count;
}

unsigned disk_failed(int watch) {
    pthread_mutex_lock(&lock);
    unsigned failed = watches[watch].failed;
    pthread_mutex_unlock(&lock);
    return failed;
}

void disk_record(int watch) {
    pthread_mutex_lock(&lock);
    drop_acts(&watches[watch]);
    watches[watch].is_recording = 1;
    pthread_mutex_unlock(&lock);
}

size_t disk_acts(int watch) { return watches[watch].acts_count; }

struct disk_act disk_act(int watch, size_t index) { return watches[watch].acts[index]; }

/* Whose file it is, with the lock held; NULL, without it, for a file that nobody watches. */
static struct watch *find(int file) {
    struct stat status;
    if (__atomic_load_n(&watched, __ATOMIC_SEQ_CST) == 0 || file < 0 || fstat(file, &status) != 0)
        return NULL;
    pthread_mutex_lock(&lock);
    for (int index = 0; index < WATCHES_MAX; index++) {
        struct watch *watch = &watches[index];
        if (watch->in_use && watch->device == status.st_dev && watch->inode == status.st_ino)
            return watch;
    }
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* Whether the call is to fail, with its errno set; `late`, if there may be one, gets the error of
 * a call that is to be performed first. */
static int is_faulty(int file, enum disk_call call, int *late) {
    struct watch *watch = find(file);
    if (watch == NULL)
        return 0;
    int error = watch->always[call];
    if (++watch->count[call] == watch->nth[call]) {
        error = watch->error[call];
        if (late != NULL && watch->is_late[call]) {
            watch->always[call] = error;
            *late = error;
            error = 0;
        }
    }
    watch->failed += error != 0 || (late != NULL && *late != 0);
    pthread_mutex_unlock(&lock);
    errno = error ? error : errno;
    return error != 0;
}

static void note(struct watch *watch, struct disk_act act) {
    if (watch->acts_count == watch->acts_room) {
        watch->acts_room = watch->acts_room ? 2 * watch->acts_room : 256;
        watch->acts = realloc(watch->acts, watch->acts_room * sizeof *watch->acts);
        if (watch->acts == NULL)
            abort();
    }
    watch->acts[watch->acts_count++] = act;
}

static void note_write(int file, uint64_t offset, const struct iovec *parts, int count, long done) {
    struct watch *watch = done > 0 ? find(file) : NULL;
    if (watch == NULL)
        return;
    if (watch->is_recording) {
        uint8_t *bytes = malloc((size_t)done);
        if (bytes == NULL)
            abort();
        size_t filled = 0;
        for (int index = 0; index < count && filled < (size_t)done; index++) {
            size_t part = parts[index].iov_len;
            if (part > (size_t)done - filled)
                part = (size_t)done - filled;
            memcpy(bytes + filled, parts[index].iov_base, part);
            filled += part;
        }
        note(watch, (struct disk_act){.offset = offset, .length = filled, .bytes = bytes});
        if (fcntl(file, F_GETFL) & O_DSYNC)
            note(watch, (struct disk_act){.is_sync = 1});
    }
    pthread_mutex_unlock(&lock);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    int late = 0;
    if (is_faulty(file, DISK_PWRITE, &late))
        return -1;
    long done = syscall(SYS_pwrite64, file, bytes, count, offset);
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    note_write(file, (uint64_t)offset, &part, 1, done);
    errno = late ? late : errno;
    return late ? -1 : done;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (is_faulty(file, DISK_WRITEV, NULL))
        return -1;
    off_t offset = syscall(SYS_lseek, file, 0, SEEK_CUR);
    long done = syscall(SYS_writev, file, parts, count);
    if (offset >= 0)
        note_write(file, (uint64_t)offset, parts, count, done);
    return done;
}

off_t lseek(int file, off_t offset, int whence) {
    return is_faulty(file, DISK_LSEEK, NULL) ? -1 : syscall(SYS_lseek, file, offset, whence);
}

int fdatasync(int file) {
    if (is_faulty(file, DISK_FDATASYNC, NULL))
        return -1;
    int result = (int)syscall(SYS_fdatasync, file);
    struct watch *watch = result == 0 ? find(file) : NULL;
    if (watch != NULL) {
        if (watch->is_recording)
            note(watch, (struct disk_act){.is_sync = 1});
        pthread_mutex_unlock(&lock);
    }
    return result;
}

void *mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
    if (file >= 0 && is_faulty(file, DISK_MMAP, NULL))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, address, length, protection, flags, file, offset);
}

static const char *cut_directory;
static unsigned cut_left;

void disk_cut_renames(const char *directory, unsigned nth) {
    pthread_mutex_lock(&lock);
    cut_directory = directory;
    cut_left = nth;
    pthread_mutex_unlock(&lock);
}

int renameat2(
    int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    pthread_mutex_lock(&lock);
    int is_meant = cut_directory != NULL && strncmp(from, cut_directory, strlen(cut_directory)) == 0;
    int is_cut = is_meant && (cut_left <= 1 || --cut_left == 0);
    pthread_mutex_unlock(&lock);
    if (is_cut) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
