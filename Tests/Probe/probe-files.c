// Files, devices, mounts: what is outside of the tree, and what the tree itself must not give.
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "probe.h"

int can_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

// An empty file or directory is what a mask looks like: nothing was read.
int can_read(const char *path)
{
    char buffer[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0;
    ssize_t count = read(fd, buffer, sizeof buffer);
    close(fd);
    return count > 0;
}

int can_list(const char *path, const char *except)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return 0;
    int found = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.' && (except == NULL || strcmp(entry->d_name, except) != 0))
            found = 1;
    closedir(directory);
    return found;
}

static int below(const char *root, const char *path)
{
    char joined[4096];
    snprintf(joined, sizeof joined, "%s%s", root, path);
    return can_open(joined, O_RDONLY);
}

void try_files(void)
{
    ATTEMPT("read-secret", can_open(secret, O_RDONLY));
    ATTEMPT("read-state", can_open(state, O_RDONLY));
    ATTEMPT("stat-state", access(state, F_OK) == 0);
    ATTEMPT("write-state", can_open(state, O_WRONLY | O_CREAT));
    ATTEMPT("truncate-state", truncate(state, 0) == 0);
    ATTEMPT("chmod-state", chmod(state, 0777) == 0);
    ATTEMPT("unlink-state", unlink(state) == 0);
    ATTEMPT("link-state", link(state, "/tmp/hard") == 0);
    ATTEMPT("proc-self-root", below("/proc/self/root", secret));
    ATTEMPT("proc-1-root", below("/proc/1/root", secret));
    ATTEMPT("proc-1-cwd", below("/proc/1/cwd", secret));
    ATTEMPT("dot-dot", chdir("/") == 0 && chdir("../../../..") == 0 && below("..", secret));
    ATTEMPT("symlink-out", symlink(secret, "/tmp/soft") == 0 && can_open("/tmp/soft", O_RDONLY));
    ATTEMPT("list-home", can_list("/home", "worker"));
    ATTEMPT("list-root-home", can_list("/root", NULL));
    ATTEMPT("list-sys", can_list("/sys", NULL));
    ATTEMPT("list-run", can_list("/run", NULL));
    ATTEMPT("list-var", can_list("/var", NULL));
    ATTEMPT("list-cgroup", can_list("/sys/fs/cgroup", NULL));
    ATTEMPT("write-root", can_open("/x", O_WRONLY | O_CREAT));
    ATTEMPT("mkdir-root", mkdir("/x", 0755) == 0);
    ATTEMPT("write-usr", can_open("/usr/x", O_WRONLY | O_CREAT));
    ATTEMPT("write-bin-sh", can_open("/bin/sh", O_WRONLY));
    ATTEMPT("write-passwd", can_open("/etc/passwd", O_WRONLY));
    ATTEMPT("write-cron", can_open("/etc/cron.d/x", O_WRONLY | O_CREAT));
    ATTEMPT("write-own-file", can_open("/proc/self/exe", O_WRONLY));
    ATTEMPT("write-init-file", can_open("/proc/1/exe", O_WRONLY));
    ATTEMPT("write-source", can_open("/src/new", O_WRONLY | O_CREAT));
    ATTEMPT("core-pattern", can_open("/proc/sys/kernel/core_pattern", O_WRONLY));
    ATTEMPT("modprobe-path", can_open("/proc/sys/kernel/modprobe", O_WRONLY));
    ATTEMPT("sysrq", can_open("/proc/sysrq-trigger", O_WRONLY) &&
                         !can_open("/proc/sysrq-trigger", O_RDONLY));
    ATTEMPT("namespaces-again", can_open("/proc/sys/user/max_user_namespaces", O_WRONLY));
    ATTEMPT("oom-score", can_open("/proc/self/oom_score_adj", O_WRONLY));
    ATTEMPT("uid-map", can_open("/proc/self/uid_map", O_WRONLY));
    ATTEMPT("uid-map-1", can_open("/proc/1/uid_map", O_WRONLY));
    ATTEMPT("kallsyms", can_read("/proc/kallsyms"));
    ATTEMPT("kcore", can_read("/proc/kcore"));
    ATTEMPT("kmsg", can_read("/proc/kmsg"));
    ATTEMPT("keys", can_read("/proc/keys"));
    ATTEMPT("host-command-line", can_read("/proc/cmdline"));
    ATTEMPT("device-char", mknod("/tmp/c", S_IFCHR | 0600, 0x101) == 0);
    ATTEMPT("device-block", mknod("/tmp/b", S_IFBLK | 0600, 0xfe00) == 0);
    ATTEMPT("device-mem", can_open("/dev/mem", O_RDONLY));
    ATTEMPT("device-kmsg", can_open("/dev/kmsg", O_RDONLY));
    ATTEMPT("device-disk", can_open("/dev/vda", O_RDONLY));
    ATTEMPT("device-vsock", can_open("/dev/vsock", O_RDONLY));
    ATTEMPT("device-tty", can_open("/dev/tty", O_RDWR));
    int fd = open("/tmp/suid", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    works("write-tmp", fd >= 0);
    ATTEMPT("set-uid-bit", fchmod(fd, 04755) == 0);
    ATTEMPT("set-gid-bit", chmod("/tmp/suid", 02755) == 0);
    ATTEMPT("set-uid-create", can_open("/tmp/suid2", O_WRONLY | O_CREAT) &&
                                  open("/tmp/suid3", O_WRONLY | O_CREAT, 04755) >= 0);
    close(fd);
}

void try_mounts(void)
{
    char handle[256] = {0};
    int mount_id;
    *(unsigned *)handle = 128;
    ATTEMPT("mount-tmpfs", mount("x", "/tmp", "tmpfs", 0, NULL) == 0);
    ATTEMPT("mount-proc", mount("x", "/tmp", "proc", 0, NULL) == 0);
    ATTEMPT("mount-bind", mount("/usr", "/tmp", NULL, MS_BIND, NULL) == 0);
    ATTEMPT("remount-root", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
    ATTEMPT("remount-usr", mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
    ATTEMPT("umount-proc", umount2("/proc", MNT_DETACH) == 0);
    ATTEMPT("umount-mask", umount2("/proc/kallsyms", MNT_DETACH) == 0);
    ATTEMPT("fsopen", fsopen("tmpfs", 0) >= 0);
    ATTEMPT("open-tree", open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE) >= 0);
    ATTEMPT("move-mount", move_mount(AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0) == 0);
    struct mount_attr clear = {.attr_clr = MOUNT_ATTR_RDONLY};
    ATTEMPT("mount-setattr", mount_setattr(AT_FDCWD, "/", 0, &clear, sizeof clear) == 0);
    ATTEMPT("pivot-root", syscall(SYS_pivot_root, "/tmp", "/tmp") == 0);
    ATTEMPT("chroot", chroot("/tmp") == 0);
    ATTEMPT("file-handle",
            syscall(SYS_name_to_handle_at, AT_FDCWD, "/", handle, &mount_id, 0) == 0);
    ATTEMPT("open-handle", syscall(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY) >= 0);
}
