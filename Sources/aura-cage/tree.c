// Trees and files of the host: found without a symbolic link, taken as detached copies, placed in the
// root that is being built.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

// The host's root, by which its trees are found after ours has taken its place.
static int host_fd;

void host_open(void)
{
    host_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (host_fd < 0)
        refuse("old_root", NULL, errno);
}

void host_close(void) { close(host_fd); }

// Opens a plain path below `root`, one name after the other: each is what is opened, never what it
// points to. `within`: nothing that is mounted below `root` either. Not openat2(2), whose flags a
// filter cannot read: where a service manager refuses set-user-id bits (RestrictSUIDSGID= in
// systemd.exec(5)) that call is gone. Who gets -1 refuses and ends: what is open then does not matter.
static int open_plain(int root, const char *path, int within)
{
    struct statx info;
    int fd = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) != 0)
        return -1;
    uint64_t mount = info.stx_mnt_id;
    while (*path != 0) {
        char name[NAME_MAX + 1];
        size_t length = strcspn(path, "/");
        if (length > NAME_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        memcpy(name, path, length);
        name[length] = 0;
        path += length + (path[length] == '/');

        int next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0 || statx(next, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &info) != 0)
            return -1;
        if (S_ISLNK(info.stx_mode) || (within && info.stx_mnt_id != mount)) {
            errno = S_ISLNK(info.stx_mode) ? ELOOP : EXDEV;
            return -1;
        }
        close(fd);
        fd = next;
    }
    return fd;
}

// A detached copy of a host tree, resolved without a single symlink: a component that somebody
// swaps for one makes the launch fail instead of pointing it elsewhere.
void tree_take(struct tree *taken, const char *source, int writable)
{
    int fd = open_plain(host_fd, source + 1, 0);
    if (fd < 0)
        refuse("source_refused", source, errno);
    struct stat *info = &taken->kind;
    if (fstat(fd, info) != 0)
        refuse("source_refused", source, errno);
    // A socket, fifo or device would be a door to whoever listens behind it.
    if (!S_ISDIR(info->st_mode) && !S_ISREG(info->st_mode))
        refuse("source_kind", source, EINVAL);

    // Recursive: the kernel refuses to show what a mount of a more privileged owner covers.
    int tree = open_tree(fd, "",
                         OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
    if (tree < 0)
        refuse("bind", source, errno);
    close(fd);

    // Private, or later mounts of the host would appear inside.
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (writable ? 0 : MOUNT_ATTR_RDONLY),
        .propagation = MS_PRIVATE,
    };
    if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes) != 0)
        refuse("bind", source, errno);
    taken->fd = tree;
}

// Makes the directories above `target` and its last component in our own, still private root;
// the parent is then opened without leaving that root's file system, so that no target lies inside
// another bind, where somebody else decides what a name means.
void tree_place(const struct tree *tree, const char *target)
{
    if (tree->fd < 0)
        return;
    char path[PATH_BYTES_MAX + 1];
    snprintf(path, sizeof path, "%s", target + 1);
    for (char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        make_directory(path);
        *slash = '/';
    }

    char *last = strrchr(path, '/');
    int parent = AT_FDCWD;
    if (last != NULL) {
        *last = 0;
        parent = open_plain(AT_FDCWD, path, 1);
        if (parent < 0)
            refuse("target_refused", target, errno);
    }
    const char *name = last == NULL ? path : last + 1;

    if (S_ISDIR(tree->kind.st_mode)) {
        if (mkdirat(parent, name, 0755) != 0)
            refuse("target_refused", target, errno);
    } else {
        int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
        if (fd < 0)
            refuse("target_refused", target, errno);
        close(fd);
    }
    if (move_mount(tree->fd, "", parent, name, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        refuse("bind", target, errno);
    close(tree->fd);
    if (parent != AT_FDCWD)
        close(parent);
}
