// Pid 1 before there is a program: identity, network, and the root that the program will see.
// Deny by absence: the root starts empty and gets what the policy names; nothing is hidden by a
// rule that a rename or another path could get round.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// Any directory that every host has; the new root covers it, in our mount namespace only.
#define STAGE "/tmp"

// --- small steps ------------------------------------------------------------------------------

static void write_file(const char *path, int flags, const char *text, size_t length,
                       const char *feature)
{
    int fd = open(path, flags | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        refuse(feature, path, errno);
    ssize_t count = write(fd, text, length);
    if (count < 0 || (size_t)count != length)
        refuse(feature, path, count < 0 ? errno : EIO);
    close(fd);
}

void make_directory(const char *path)
{
    if (mkdir(path, 0755) != 0 && errno != EEXIST)
        refuse("root_directory", path, errno);
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (fd < 0)
        refuse("root_file", path, errno);
    close(fd);
}

static void make_link(const char *to, const char *path)
{
    if (symlink(to, path) != 0)
        refuse("root_link", path, errno);
}

static void mount_new(const char *type, const char *path, unsigned long flags, const char *options,
                      const char *feature)
{
    if (mount(type, path, type, flags, options) != 0)
        refuse(feature, path, errno);
}

static void mount_tmpfs(const char *path, uint64_t bytes, uint64_t inodes, const char *mode,
                        unsigned long flags)
{
    char options[96];
    snprintf(options, sizeof options, "size=%llu,nr_inodes=%llu,mode=%s", (unsigned long long)bytes,
             (unsigned long long)inodes, mode);
    mount_new("tmpfs", path, flags | MS_NOSUID | MS_NODEV, options, "tmpfs");
}

// --- identity ---------------------------------------------------------------------------------

static void map_identity(uid_t uid, gid_t gid)
{
    // The kernel wants setgroups given up before an unprivileged gid map.
    write_file("/proc/self/setgroups", 0, "deny", 4, "userns_denied");

    char line[48];
    int length = snprintf(line, sizeof line, "%d %u 1\n", CAGE_UID, uid);
    write_file("/proc/self/uid_map", 0, line, (size_t)length, "userns_denied");
    length = snprintf(line, sizeof line, "%d %u 1\n", CAGE_UID, gid);
    write_file("/proc/self/gid_map", 0, line, (size_t)length, "userns_denied");
}

// --- the parts of the root --------------------------------------------------------------------

static void build_system(void)
{
    // Debian's merged /usr.
    make_link("usr/bin", "bin");
    make_link("usr/sbin", "sbin");
    make_link("usr/lib", "lib");
    make_link("usr/lib64", "lib64");
}

static void build_etc(int network)
{
    for (const struct etc_file *file = etc_files(network); file->path != NULL; file++)
        write_file(file->path, O_CREAT, file->text, strlen(file->text), "root_file");
    if (network) {
        // Where the policy binds the host's.
        make_link("/net/hosts", "etc/hosts");
        make_link("/net/resolv.conf", "etc/resolv.conf");
    }
}

static void build_dev(const struct policy_header *header)
{
    static const char *const nodes[][2] = {
        {"/dev/null", "dev/null"},       {"/dev/zero", "dev/zero"},
        {"/dev/full", "dev/full"},       {"/dev/random", "dev/random"},
        {"/dev/urandom", "dev/urandom"},
    };
    for (size_t index = 0; index < sizeof nodes / sizeof nodes[0]; index++) {
        make_file(nodes[index][1]);
        if (mount(nodes[index][0], nodes[index][1], NULL, MS_BIND, NULL) != 0)
            refuse("device", nodes[index][0], errno);
    }

    // The masks below are copies of this node: it had better be the real one.
    struct stat info;
    if (stat("dev/null", &info) != 0 || !S_ISCHR(info.st_mode) || info.st_rdev != makedev(1, 3))
        refuse("device", "/dev/null", ENODEV);

    make_link("/proc/self/fd", "dev/fd");
    make_link("/proc/self/fd/0", "dev/stdin");
    make_link("/proc/self/fd/1", "dev/stdout");
    make_link("/proc/self/fd/2", "dev/stderr");

    if (header->flags & FLAG_TERMINALS) {
        make_directory("dev/pts");
        // 16: terminals are a host-wide quota that the daemon's user shares.
        mount_new("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
                  "newinstance,ptmxmode=0666,mode=0620,max=16", "devpts");
        make_link("pts/ptmx", "dev/ptmx");
    }
    if (header->shm_bytes != 0) {
        make_directory("dev/shm");
        mount_tmpfs("dev/shm", header->shm_bytes, header->inodes_max, "1777", MS_NOEXEC);
    }
}

static void build_proc(const struct policy_header *header)
{
    // Read-only as a whole: uid_map, oom_score_adj, sys, sysrq-trigger, irq, bus, fs alike.
    int full = (header->flags & FLAG_FULL_PROC) != 0;
    mount_new("proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY,
              full ? NULL : "subset=pid", "proc_mount_refused");
    if (!full)
        return;

    // What tells about the kernel or about other people's keys. Most of it is root's already; a
    // kernel that does not have one of them has nothing to hide.
    static const char *const masked[] = {
        "proc/kcore",      "proc/kallsyms",   "proc/keys",        "proc/key-users",
        "proc/kmsg",       "proc/kpagecount", "proc/kpageflags",  "proc/kpagecgroup",
        "proc/timer_list", "proc/cmdline",    "proc/sysrq-trigger",
    };
    for (size_t index = 0; index < sizeof masked / sizeof masked[0]; index++)
        if (mount("dev/null", masked[index], NULL, MS_BIND, NULL) != 0 && errno != ENOENT)
            refuse("proc_mask", masked[index], errno);
}

// --- namespace limits -------------------------------------------------------------------------

// Of our own user namespace, not of the host.
static const char *const counters[] = {
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/user/max_mnt_namespaces",
    "/proc/sys/user/max_net_namespaces",
};
enum { COUNTERS = sizeof counters / sizeof counters[0] };
static int counter_fds[COUNTERS];

// While the host's /proc is in sight.
static void counters_open(void)
{
    for (int index = 0; index < COUNTERS; index++) {
        counter_fds[index] = open(counters[index], O_WRONLY | O_CLOEXEC);
        if (counter_fds[index] < 0)
            refuse("namespace_limits", counters[index], errno);
    }
}

// No namespace within the namespace: most kernel escapes of the last years begin with one. After
// the mounts, because a cloned tree takes a slot.
static void counters_close(void)
{
    for (int index = 0; index < COUNTERS; index++)
        if (write(counter_fds[index], "0", 1) != 1)
            refuse("namespace_limits", counters[index], errno);
}

// --- all of it, in order ----------------------------------------------------------------------

static void build_tree(const struct policy *policy)
{
    const struct policy_header *header = &policy->header;

    // Every host tree is taken before the stage covers /tmp, where one of them may be.
    struct tree binds[BINDS_MAX], usr = {.fd = -1}, cache = {.fd = -1}, alternatives = {.fd = -1};
    for (uint32_t index = 0; index < header->bind_count; index++)
        tree_take(&binds[index], policy->binds[index].source, policy->binds[index].writable);
    if (header->flags & FLAG_SYSTEM) {
        tree_take(&usr, "/usr", 0);
        // Both are conveniences of the host's package manager: taken if there.
        if (access("/etc/ld.so.cache", R_OK) == 0)
            tree_take(&cache, "/etc/ld.so.cache", 0);
        if (access("/etc/alternatives", X_OK) == 0)
            tree_take(&alternatives, "/etc/alternatives", 0);
    }

    // The new root holds names only: 1 MiB and 512 inodes are ample, and bound it until it is made
    // read-only.
    mount_tmpfs(STAGE, 1 << 20, 512, "0755", MS_NOEXEC);
    if (chdir(STAGE) != 0)
        refuse("root_directory", STAGE, errno);

    static const char *const directories[] = {"etc", "dev", "proc", "tmp", "home", "home/worker"};
    for (size_t index = 0; index < sizeof directories / sizeof directories[0]; index++)
        make_directory(directories[index]);

    build_etc(header->flags & FLAG_NETWORK);
    tree_place(&usr, "/usr");
    tree_place(&cache, "/etc/ld.so.cache");
    tree_place(&alternatives, "/etc/alternatives");
    if (header->flags & FLAG_SYSTEM)
        build_system();
    for (uint32_t index = 0; index < header->bind_count; index++)
        tree_place(&binds[index], policy->binds[index].target);
    build_dev(header);
    if (header->tmp_bytes != 0)
        mount_tmpfs("tmp", header->tmp_bytes, header->inodes_max, "1777", 0);
    if (header->home_bytes != 0)
        mount_tmpfs("home/worker", header->home_bytes, header->inodes_max, "0700", 0);
    build_proc(header);
}

void root_build(const struct policy *policy, uid_t uid, gid_t gid)
{
    umask(0);
    map_identity(uid, gid);
    if (sethostname("aura", 4) != 0)
        refuse("hostname", NULL, errno);
    network_build(policy->header.flags);
    counters_open();

    // Nothing we mount may travel back to the host, nothing of the host in.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        refuse("private_mounts", NULL, errno);

    host_open();
    build_tree(policy);

    // The old root ends up stacked upon the new one and is let go from there: no put_old directory
    // is needed, and afterwards no name leads to it. See pivot_root(2).
    if (syscall(SYS_pivot_root, ".", ".") != 0)
        refuse("pivot_root", NULL, errno);
    if (!is_held_worker(policy))
        root_close(NULL);
}

void root_close(const struct bind *last)
{
    if (last != NULL) {
        struct tree tree;
        tree_take(&tree, last->source, last->writable);
        tree_place(&tree, last->target);
    }

    // The root itself: nobody adds a name any more.
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};
    if (mount_setattr(AT_FDCWD, ".", 0, &read_only, sizeof read_only) != 0)
        refuse("root_read_only", NULL, errno);
    if (umount2(".", MNT_DETACH) != 0)
        refuse("old_root", NULL, errno);
    if (chdir("/") != 0)
        refuse("old_root", NULL, errno);

    counters_close();
    root_forget();
}

void root_forget(void)
{
    host_close();
    for (int index = 0; index < COUNTERS; index++)
        close(counter_fds[index]);
}
