// The program's own process. It gives away what it has, in the order in which each step is still
// allowed, and execs. Nothing here can be undone by what runs next.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// --- capabilities -----------------------------------------------------------------------------

// No file capability can be gained by exec: forty calls that the program's process inherits.
void capabilities_bound(void)
{
    // The kernel says EINVAL after its last capability.
    for (int capability = 0;; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
            continue;
        if (errno == EINVAL && capability > CAP_AUDIT_READ)
            break;
        refuse("bounding_set", NULL, errno);
    }
}

void capabilities_drop(void)
{
    // Root is nobody special, and no uid change brings capabilities back. Locked.
    int bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
               SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
               SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) != 0)
        refuse("securebits", NULL, errno);

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        refuse("ambient_set", NULL, errno);

    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0)
        refuse("capset", NULL, errno);
}

// --- limits -----------------------------------------------------------------------------------

// Both the soft and the hard limit, never above what we inherited: raising needs a privilege that
// is void here, and a stricter administrator wins.
static void limit(int resource, rlim_t value, const char *name)
{
    struct rlimit current;
    if (getrlimit((__rlimit_resource_t)resource, &current) != 0)
        refuse("rlimit", name, errno);
    if (value > current.rlim_max)
        value = current.rlim_max;
    struct rlimit wanted = {value, value};
    if (setrlimit((__rlimit_resource_t)resource, &wanted) != 0)
        refuse("rlimit", name, errno);
}

static void limits_apply(const struct policy_header *header)
{
    // Never higher than what we inherited, as with the limits below.
    int nice = (int)header->niceness;
    if (getpriority(PRIO_PROCESS, 0) < nice && setpriority(PRIO_PROCESS, 0, nice) != 0)
        refuse("rlimit", "nice", errno);
    // A core file could be piped to a handler of the host.
    limit(RLIMIT_CORE, 0, "core");
    if (header->limit_nofile != 0)
        limit(RLIMIT_NOFILE, header->limit_nofile, "nofile");
    if (header->limit_fsize_bytes != 0)
        limit(RLIMIT_FSIZE, header->limit_fsize_bytes, "fsize");
    // Counted per user namespace, so the daemon's own processes do not eat it.
    if (header->limit_nproc != 0)
        limit(RLIMIT_NPROC, header->limit_nproc, "nproc");
    if (header->limit_memlock_bytes != 0)
        limit(RLIMIT_MEMLOCK, header->limit_memlock_bytes, "memlock");
    if (header->limit_cpu_s != 0)
        limit(RLIMIT_CPU, header->limit_cpu_s, "cpu");
    // Not RLIMIT_AS: it breaks every runtime that reserves address space.
}

// --- Landlock ---------------------------------------------------------------------------------

// linux/landlock.h of the build host may be older than the kernel that runs us, so the interface
// spelled out here (include/uapi/linux/landlock.h). By ABI: 1 the first 13 rights, 2 REFER,
// 3 TRUNCATE, 4 TCP, 5 IOCTL_DEV, 6 scopes. 7 (log flags) and 8 (threads) add nothing for us.
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_BLOCK = 1 << 11,
    FS_REFER = 1 << 13,
    FS_TRUNCATE = 1 << 14,
    FS_IOCTL_DEV = 1 << 15,
    FS_RESOLVE_UNIX = 1 << 16, // ABI 9
    FS_ABI_1 = (1 << 13) - 1,
    NET_BIND_TCP = 1 << 0,
    NET_CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT_UNIX = 1 << 0,
    SCOPE_SIGNAL = 1 << 1,
    RULE_PATH_BENEATH = 1,
    CREATE_RULESET_VERSION = 1,
};

struct ruleset {
    uint64_t fs, net, scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

// What a program needs to use a directory as its own; never device nodes.
static const uint64_t fs_own = (FS_ABI_1 | FS_REFER | FS_TRUNCATE | FS_RESOLVE_UNIX) &
                               ~(uint64_t)(FS_EXECUTE | FS_MAKE_CHAR | FS_MAKE_BLOCK);
static const uint64_t fs_read = FS_READ_FILE | FS_READ_DIR;
// Rights that make sense for a file; the kernel refuses others on one.
static const uint64_t fs_of_file =
    FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV;

static void allow(int ruleset, const char *path, uint64_t rights, uint64_t handled)
{
    int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        refuse("landlock_path", path, errno);
    struct stat info;
    if (fstat(fd, &info) != 0)
        refuse("landlock_path", path, errno);
    if (!S_ISDIR(info.st_mode))
        rights &= fs_of_file;

    struct path_beneath rule = {.allowed = rights & handled, .parent_fd = fd};
    if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) != 0)
        refuse("landlock_rule", path, errno);
    close(fd);
}

// Everything that this kernel can handle. TCP for the worker only: a command may talk to itself
// over its own loopback, and its network namespace has nothing else.
static int ruleset_create(const struct policy_header *header, struct ruleset *attributes)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    if (abi < 0)
        refuse("landlock_absent", NULL, errno);
    if ((uint32_t)abi < header->landlock_abi_min)
        refuse("landlock_abi_low", NULL, EOPNOTSUPP);

    *attributes = (struct ruleset){.fs = FS_ABI_1};
    size_t size = sizeof attributes->fs;
    if (abi >= 2)
        attributes->fs |= FS_REFER;
    if (abi >= 3)
        attributes->fs |= FS_TRUNCATE;
    if (abi >= 4) {
        if (header->flags & FLAG_WORKER)
            attributes->net = NET_BIND_TCP | NET_CONNECT_TCP;
        size = offsetof(struct ruleset, scoped);
    }
    if (abi >= 5)
        attributes->fs |= FS_IOCTL_DEV;
    if (abi >= 6) {
        attributes->scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
        size = sizeof *attributes;
    }
    if (abi >= 9)
        attributes->fs |= FS_RESOLVE_UNIX;

    int ruleset = (int)syscall(SYS_landlock_create_ruleset, attributes, size, 0);
    if (ruleset < 0)
        refuse("landlock_absent", NULL, errno);
    return ruleset;
}

static void landlock_apply(const struct policy *policy)
{
    const struct policy_header *header = &policy->header;
    int worker = (header->flags & FLAG_WORKER) != 0;
    struct ruleset attributes;
    int ruleset = ruleset_create(header, &attributes);

    // A worker executes its own file and nothing that it finds or writes.
    uint64_t execute = worker ? 0 : FS_EXECUTE;

    allow(ruleset, "/", FS_READ_DIR, attributes.fs);
    allow(ruleset, "/etc", fs_read, attributes.fs);
    allow(ruleset, "/proc", fs_read, attributes.fs);
    allow(ruleset, "/dev", fs_read | FS_WRITE_FILE | FS_IOCTL_DEV, attributes.fs);
    if (header->flags & FLAG_SYSTEM)
        allow(ruleset, "/usr", fs_read | FS_EXECUTE, attributes.fs);
    if (header->tmp_bytes != 0)
        allow(ruleset, "/tmp", fs_own | execute, attributes.fs);
    if (header->home_bytes != 0)
        allow(ruleset, "/home/worker", fs_own | execute, attributes.fs);
    if (header->shm_bytes != 0)
        allow(ruleset, "/dev/shm", fs_own, attributes.fs);
    for (uint32_t index = 0; index < header->bind_count; index++) {
        const struct bind *bind = &policy->binds[index];
        uint64_t rights = (bind->writable ? fs_own : fs_read) | execute;
        allow(ruleset, bind->target, rights, attributes.fs);
    }
    if (worker)
        allow(ruleset, policy->arguments[0], FS_READ_FILE | FS_EXECUTE, attributes.fs);

    if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
        refuse("landlock_absent", NULL, errno);
    close(ruleset);
}

// --- exec -------------------------------------------------------------------------------------

// execvpe would do, but it searches our own environment, which is empty on purpose.
static void exec_program(const struct policy *policy)
{
    const char *name = policy->arguments[0];
    if (strchr(name, '/') != NULL) {
        execve(name, policy->arguments, policy->environment);
        return;
    }

    const char *path = NULL;
    for (char *const *entry = policy->environment; *entry != NULL; entry++)
        if (strncmp(*entry, "PATH=", 5) == 0)
            path = *entry + 5;

    int error = ENOENT;
    while (path != NULL && *path != 0) {
        size_t length = strcspn(path, ":");
        char file[PATH_BYTES_MAX + 1];
        int count = snprintf(file, sizeof file, "%.*s/%s", (int)length, path, name);
        if (length > 0 && count > 0 && (size_t)count < sizeof file) {
            execve(file, policy->arguments, policy->environment);
            if (errno != ENOENT && errno != ENOTDIR)
                error = errno;
        }
        path += length + (path[length] == ':');
    }
    errno = error;
}

// One packet of the daemon, who alone has the other end; nothing untrusted has run here yet. When
// that end is closed instead, the cage is not wanted any more.
static size_t command_hear(char *packet, size_t size)
{
    ssize_t count;
    do
        count = read(FD_COMMAND, packet, size);
    while (count < 0 && errno == EINTR);
    if (count <= 0)
        refuse("command_absent", NULL, count < 0 ? errno : EPIPE);
    return (size_t)count;
}

// A held cage begins when it is told. What its policy left open comes first: the result, which lives
// until exec, of `size` bytes with the NUL at their end; NULL when nothing was left open.
static char *begin_wait(size_t *size)
{
    static char packet[COMMAND_BYTES_MAX + 2];
    size_t count = command_hear(packet, sizeof packet);
    if (packet[0] == COMMAND_BEGIN)
        return NULL;
    char word = 0;
    if (packet[0] == COMMAND_ARGUMENT && count > 1 && packet[count - 1] == 0)
        command_hear(&word, 1);
    if (word != COMMAND_BEGIN)
        refuse("command_malformed", NULL, EBADMSG);
    *size = count - 1;
    return packet + 1;
}

// A command: its last argument, unless it has all of them.
static void command_take(struct policy *policy)
{
    size_t size;
    char *last = begin_wait(&size);
    if (last == NULL)
        return;
    uint32_t place = policy->header.argument_count;
    if (place == ARGUMENTS_MAX || strlen(last) + 1 != size)
        refuse("command_malformed", NULL, EBADMSG);
    policy->arguments[place] = last;
}

// A worker: the variable that names its run, and, unless it has none, its workspace behind one letter
// that says whether it may write there. NULL without one.
static const struct bind *workspace_take(struct policy *policy)
{
    size_t size;
    char *variable = begin_wait(&size);
    if (variable == NULL)
        refuse("command_malformed", "variable", EBADMSG);
    size_t length = strlen(variable) + 1;
    size_t name = strcspn(variable, "=") + 1;
    char **entry = policy->environment;
    while (*entry != NULL && strncmp(*entry, variable, name) != 0)
        entry++;
    if (*entry == NULL || name >= length)
        refuse("command_malformed", "variable", EBADMSG);
    *entry = variable;
    if (length == size)
        return NULL;

    const char *tree = variable + length;
    if (length + strlen(tree) + 1 != size || (tree[0] != 'r' && tree[0] != 'w') ||
        strlen(tree + 1) > PATH_BYTES_MAX || !path_is_plain(tree + 1))
        refuse("command_malformed", "workspace", EBADMSG);
    struct bind *bind = &policy->binds[policy->header.bind_count++];
    *bind = (struct bind){.writable = tree[0] == 'w', .source = tree + 1, .target = "/ws"};
    policy->directory = bind->target;
    return bind;
}

void program_run(struct policy *policy, int ready_fd)
{
    // First, so that the parent tells our pid while we go on.
    char byte = 0;
    if (write(ready_fd, &byte, 1) != 1)
        refuse("credentials_message", NULL, EPIPE);

    // A session of its own: no controlling terminal, so nothing to push keystrokes into.
    if (setsid() < 0)
        refuse("setsid", NULL, errno);

    limits_apply(&policy->header);

    // Before Landlock and seccomp, which both demand it of an unprivileged process.
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        refuse("no_new_privs", NULL, errno);

    // A worker that is held waits here. What is missing in the root is placed by pid 1's own means,
    // which are still ours too.
    if (is_held_worker(policy))
        root_close(workspace_take(policy));
    umask(077);

    if (chdir(policy->directory) != 0)
        refuse("directory", policy->directory, errno);

    capabilities_drop();
    landlock_apply(policy);

    // Pid 1 blocked SIGCHLD for itself.
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
        refuse("signal_mask", NULL, errno);

    // Exactly 0, 1, 2, and for a worker 3 and 4, survive the exec. Marked rather than closed: the
    // status descriptor must outlive a failing exec. The policy has been read.
    unsigned first = FD_BROKER;
    if (policy->header.flags & FLAG_WORKER) {
        if (dup2(FD_DOOR, FD_PROGRAM_DOOR) < 0)
            refuse("descriptors", "door", errno);
        first = FD_PROGRAM_DOOR + 1;
    }
    if (close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        refuse("close_range", NULL, errno);

    // Wait for the answer: the daemon knows our pid before the program's first instruction.
    if (read(ready_fd, &byte, 1) != 1)
        refuse("credentials_message", NULL, EPIPE);

    // Last: after this only what the program itself may do is possible.
    for (uint32_t index = 0; index < policy->header.program_count; index++) {
        struct sock_fprog program = {
            .len = (unsigned short)policy->programs[index].count,
            .filter = (struct sock_filter *)policy->programs[index].instructions,
        };
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
            refuse("seccomp_absent", NULL, errno);
    }

    // As confined as it will be: a command that is held waits here.
    if ((policy->header.flags & FLAG_HELD) && !is_held_worker(policy))
        command_take(policy);

    exec_program(policy);
    refuse("exec", policy->arguments[0], errno);
}
