// What CLinux.h offers for files.
#define _GNU_SOURCE
#include "CLinux.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int mount_of(int descriptor, uint64_t *mount) {
    struct statx info;
    if (statx(descriptor, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) != 0) return -1;
    *mount = info.stx_mnt_id;
    return 0;
}

// Opens one name in `directory`, a directory itself and of `mount`.
static int open_name(int directory, const char *name, size_t length, int how, uint64_t mount) {
    char copy[NAME_MAX + 1];
    if (length > NAME_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(copy, name, length);
    copy[length] = 0;
    int fd = openat(directory, copy, how | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return -1;
    uint64_t found;
    int error = mount_of(fd, &found) != 0 ? errno
              : found != mount || strcmp(copy, "..") == 0 ? EXDEV
                                                          : 0;
    if (error == 0) return fd;
    close(fd);
    errno = error;
    return -1;
}

int clinux_open_directory(int directory, const char *path, int path_only) {
    // Name by name, and not by openat2(2), which is gone where a service manager refuses set-user-id
    // bits (RestrictSUIDSGID= in systemd.exec(5)).
    uint64_t mount;
    if (mount_of(directory, &mount) != 0) return -1;
    for (int from = directory;;) {
        size_t length = strcspn(path, "/");
        int is_last = path[length] == 0;
        int how = is_last && !path_only ? O_RDONLY : O_PATH;
        int fd = open_name(from, path, length, how, mount);
        int error = errno;
        if (from != directory) close(from);
        errno = error;
        if (fd < 0 || is_last) return fd;
        from = fd;
        path += length + 1;
    }
}

int clinux_path_chmod(int descriptor, mode_t mode) {
    // The link leads to the very object that is open, whatever its name is by now.
    char link[sizeof "/proc/self/fd/" + 12];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    return chmod(link, mode);
}

int clinux_directory_next(void *stream, const char **name) {
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(stream);
        if (entry == NULL) return errno == 0 ? 0 : -1;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        *name = entry->d_name;
        return 1;
    }
}
