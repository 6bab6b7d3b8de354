// Runs inside a cage and tries to get out. One line per attempt: "refused NAME ERRNO" or
// "ALLOWED NAME"; "works NAME" or "BROKEN NAME" for what must go on working; then the sums.
//
//   probe command|worker|reader|bare SECRET STATE PID PORT UNIX_PATH ABSTRACT
//
// A reader is a worker whose tree is read-only. Bare is a command in a sandbox that is not ours: only
// what got out is counted.
//
// SECRET and STATE are files outside, PID a process of the same host user, PORT a TCP listener on
// 127.0.0.1, UNIX_PATH and ABSTRACT listening sockets. The worker's variant makes no process.
// Exit status: 0 when nothing was allowed and nothing is broken.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int refused, allowed, broken, worker;
static const char *secret, *state, *unix_path, *abstract_name;
static int victim, port;

extern char **environ;

static void judge(const char *name, int success)
{
    int error = errno;
    if (success) {
        allowed++;
        printf("ALLOWED %s\n", name);
    } else {
        refused++;
        printf("refused %s %s\n", name, strerrorname_np(error));
    }
}

// `success` is the escape's own success.
#define ATTEMPT(name, success) (errno = 0, judge(name, (success)))

static void works(const char *name, int success)
{
    if (!success)
        broken++;
    printf("%s %s%s%s\n", success ? "works" : "BROKEN", name, success ? "" : " ",
           success ? "" : strerrorname_np(errno));
}

static int can_open(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    close(fd);
    return 1;
}

// An empty file or directory is what a mask looks like: nothing was read.
static int can_read(const char *path)
{
    char buffer[16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return 0;
    ssize_t count = read(fd, buffer, sizeof buffer);
    close(fd);
    return count > 0;
}

static int can_list(const char *path, const char *except)
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

static void try_files(void)
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

static void try_mounts(void)
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

static void try_processes(void)
{
    char path[64];
    struct iovec here = {path, sizeof path}, there = {(void *)0x400000, 8};
    ATTEMPT("signal-victim", kill(victim, 0) == 0);
    ATTEMPT("signal-init", kill(1, SIGKILL) == 0);
    ATTEMPT("signal-init-queue", sigqueue(1, SIGTERM, (union sigval){0}) == 0);
    ATTEMPT("signal-everybody", kill(-1, 0) == 0);
    ATTEMPT("ptrace-init", ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0);
    ATTEMPT("ptrace-victim", ptrace(PTRACE_ATTACH, victim, NULL, NULL) == 0);
    ATTEMPT("ptrace-me", ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
    ATTEMPT("read-memory", process_vm_readv(1, &here, 1, &there, 1, 0) > 0);
    ATTEMPT("init-memory", can_open("/proc/1/mem", O_RDONLY));
    ATTEMPT("init-environment", can_open("/proc/1/environ", O_RDONLY));
    ATTEMPT("init-descriptors", can_list("/proc/1/fd", NULL));
    ATTEMPT("init-maps", can_open("/proc/1/maps", O_RDONLY));
    snprintf(path, sizeof path, "/proc/%d/environ", victim);
    ATTEMPT("victim-environment", can_open(path, O_RDONLY));
    snprintf(path, sizeof path, "/proc/%d", victim);
    ATTEMPT("victim-visible", access(path, F_OK) == 0);
    int pidfd = (int)syscall(SYS_pidfd_open, 1, 0);
    ATTEMPT("steal-descriptor", syscall(SYS_pidfd_getfd, pidfd, 5, 0) >= 0);
    ATTEMPT("signal-pidfd", pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, 9, NULL, 0) == 0);
    ATTEMPT("kcmp", syscall(SYS_kcmp, 1, 1, 0, 0, 0) == 0);
    ATTEMPT("terminal-stdin", ioctl(0, TIOCSTI, "x") == 0);
}

static void try_leaks(void)
{
    int last = worker ? 4 : 2, leaks = 0; // 3: its broker, 4: its door
    for (int fd = last + 1; fd < 4096; fd++)
        leaks += fcntl(fd, F_GETFD) >= 0;
    ATTEMPT("descriptor-leak", leaks > 0);
    // Nothing can be laid into the door, for the daemon or for whoever keeps its other end.
    ATTEMPT("door-send", worker && send(4, "x", 1, MSG_NOSIGNAL) == 1);
    char byte;
    ATTEMPT("stdin-content", read(0, &byte, 1) > 0);

    int variables = 0, keys = 0;
    for (char **entry = environ; *entry != NULL; entry++, variables++)
        keys += strstr(*entry, "KEY") != NULL || strstr(*entry, "SECRET") != NULL;
    ATTEMPT("environment-extra", variables != 6);
    ATTEMPT("environment-key", keys != 0);

    // Every environment and command line that /proc shows, for the canary the test put outside.
    int found = 0;
    for (int pid = 1; pid < 32768; pid++) {
        const char *files[] = {"environ", "cmdline"};
        for (int index = 0; index < 2; index++) {
            char path[64], text[8192];
            snprintf(path, sizeof path, "/proc/%d/%s", pid, files[index]);
            int fd = open(path, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                continue;
            ssize_t count = read(fd, text, sizeof text);
            close(fd);
            if (count > 0 && memmem(text, (size_t)count, "AURA_CANARY", 11) != NULL)
                found++;
        }
    }
    ATTEMPT("canary-in-proc", found != 0);
}

static int can_connect(int family, const void *address, socklen_t length, int type)
{
    int fd = socket(family, type | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    int result = connect(fd, address, length);
    if (result == 0 && type == SOCK_DGRAM)
        result = send(fd, "x", 1, 0) == 1 ? 0 : -1;
    int error = errno;
    close(fd);
    errno = error;
    return result == 0;
}

static int can_connect_inet(const char *host, int to, int type)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to)};
    inet_pton(AF_INET, host, &address.sin_addr);
    return can_connect(AF_INET, &address, sizeof address, type);
}

static int can_connect_unix(const char *name, int is_abstract, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(name);
    memcpy(address.sun_path + is_abstract, name, length);
    return can_connect(AF_UNIX, &address,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1),
                       type);
}

static int can_socket(long family, long type, long protocol)
{
    return syscall(SYS_socket, family, type, protocol) >= 0;
}

static void try_network(void)
{
    ATTEMPT("connect-listener", can_connect_inet("127.0.0.1", port, SOCK_STREAM));
    ATTEMPT("connect-documentation-net", can_connect_inet("192.0.2.1", 80, SOCK_STREAM));
    ATTEMPT("connect-metadata", can_connect_inet("169.254.169.254", 80, SOCK_STREAM));
    ATTEMPT("send-dns", can_connect_inet("192.0.2.53", 53, SOCK_DGRAM));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(80)};
    inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
    ATTEMPT("connect-six", can_connect(AF_INET6, &six, sizeof six, SOCK_STREAM));
    ATTEMPT("unix-path", can_connect_unix(unix_path, 0, SOCK_STREAM));
    ATTEMPT("unix-abstract", can_connect_unix(abstract_name, 1, SOCK_STREAM));
    ATTEMPT("docker-socket", can_connect_unix("/run/docker.sock", 0, SOCK_STREAM));
    ATTEMPT("journal-socket", can_connect_unix("/run/systemd/journal/socket", 0, SOCK_DGRAM));
    ATTEMPT("notify-socket", can_connect_unix("/run/systemd/notify", 0, SOCK_DGRAM));
    ATTEMPT("raw-socket", can_socket(AF_INET, SOCK_RAW, 1));
    ATTEMPT("packet-socket", can_socket(17, SOCK_RAW, 0));
    ATTEMPT("netlink-socket", can_socket(16, SOCK_RAW, 0));
    ATTEMPT("vsock-socket", can_socket(40, SOCK_STREAM, 0));
    ATTEMPT("vsock-high-bits", can_socket(0x100000028, SOCK_STREAM, 0));
    ATTEMPT("netlink-high-bits", can_socket(0x100000010, SOCK_RAW, 0));
    ATTEMPT("alg-socket", can_socket(38, SOCK_SEQPACKET, 0));
    int odd = 0;
    for (int family = 0; family < 256; family++)
        if (family != 1 && family != 2 && family != 10)
            odd += can_socket(family, SOCK_STREAM, 0) || can_socket(family, SOCK_DGRAM, 0);
    ATTEMPT("odd-families", odd != 0);

    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = 0};
    ATTEMPT("interface-down", fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0);
    close(fd);
}

static void try_kernel(void)
{
    static const struct {
        const char *name;
        long flag;
    } namespaces[] = {
        {"user", CLONE_NEWUSER}, {"mount", CLONE_NEWNS},   {"pid", CLONE_NEWPID},
        {"net", CLONE_NEWNET},   {"ipc", CLONE_NEWIPC},    {"uts", CLONE_NEWUTS},
        {"cgroup", CLONE_NEWCGROUP}, {"time", 0x80},
    };
    char name[64], zero[256] = {0};
    for (size_t index = 0; index < sizeof namespaces / sizeof namespaces[0]; index++) {
        snprintf(name, sizeof name, "unshare-%s", namespaces[index].name);
        ATTEMPT(name, unshare((int)namespaces[index].flag) == 0);
    }
    errno = 0;
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    judge("clone-user", pid > 0);
    errno = 0;
    pid = syscall(SYS_clone, 0x100000000 | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        _exit(0);
    judge("clone-user-high-bits", pid > 0);
    uint64_t arguments[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    errno = 0;
    pid = syscall(SYS_clone3, arguments, sizeof arguments);
    if (pid == 0)
        _exit(0);
    judge("clone3-user", pid > 0);

    int fd = open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC);
    ATTEMPT("setns-init", setns(fd, 0) == 0);
    fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    ATTEMPT("setns-own-user", setns(fd, 0) == 0);

    ATTEMPT("bpf-map", syscall(SYS_bpf, 0, zero, 64) >= 0);
    ATTEMPT("bpf-program", syscall(SYS_bpf, 5, zero, 64) >= 0);
    *(uint32_t *)(zero + 4) = 112;
    ATTEMPT("perf", syscall(SYS_perf_event_open, zero, 0, -1, -1, 0) >= 0);
    memset(zero, 0, sizeof zero);
    ATTEMPT("io-uring", syscall(SYS_io_uring_setup, 4, zero) >= 0);
    ATTEMPT("io-uring-enter", syscall(SYS_io_uring_enter, 3, 1, 0, 0, NULL, 0) >= 0);
    ATTEMPT("userfaultfd", syscall(SYS_userfaultfd, 0) >= 0);
    ATTEMPT("userfaultfd-user", syscall(SYS_userfaultfd, 1) >= 0);
    ATTEMPT("keyctl-search", syscall(SYS_keyctl, 10, -4, "user", "aura", 0) >= 0);
    ATTEMPT("keyctl-session", syscall(SYS_keyctl, 0, -3, 1) >= 0);
    ATTEMPT("add-key", syscall(SYS_add_key, "user", "aura", "x", 1, -4) >= 0);
    ATTEMPT("request-key", syscall(SYS_request_key, "user", "aura", NULL, -4) >= 0);
    ATTEMPT("fanotify", syscall(SYS_fanotify_init, 0, 0) >= 0);
    ATTEMPT("personality", syscall(SYS_personality, 0x0040000) >= 0);
    ATTEMPT("personality-high-bits", syscall(SYS_personality, 0x100400000) >= 0);
    ATTEMPT("memfd-secret", syscall(447, 0) >= 0);
    ATTEMPT("mbind", syscall(SYS_mbind, 0, 0, 0, NULL, 0, 0) == 0);
    ATTEMPT("module", syscall(SYS_init_module, zero, 64, "") == 0);
    ATTEMPT("kexec", syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0);
    ATTEMPT("reboot", reboot(RB_DISABLE_CAD) == 0);
    ATTEMPT("swap", swapon("/tmp/suid", 0) == 0);
    ATTEMPT("accounting", acct(NULL) == 0);
    ATTEMPT("kernel-log", syscall(SYS_syslog, 3, zero, sizeof zero) >= 0);
    ATTEMPT("set-clock", settimeofday(&(struct timeval){1, 0}, NULL) == 0);
    ATTEMPT("host-name", sethostname("x", 1) == 0);
#ifdef __x86_64__
    ATTEMPT("io-ports", syscall(SYS_iopl, 3) == 0);
    ATTEMPT("local-descriptors", syscall(SYS_modify_ldt, 0, zero, 64) >= 0);
#endif
    int reached = 0;
    for (long number = 470; number < 600; number++)
        reached += syscall(number, 0, 0, 0, 0, 0, 0) >= 0 || errno != ENOSYS;
    errno = ENOSYS;
    judge("unknown-calls", reached != 0);
}

#ifdef __x86_64__
// Through the i386 entry and with the x32 bit. Both must end the process, so a child tries.
static int survives(int x32)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (x32) {
            syscall(0x40000000 | 39);
        } else {
            long result;
            __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
        }
        _exit(0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
#endif

static void try_privileges(void)
{
    ATTEMPT("setuid", setuid(0) == 0);
    ATTEMPT("seteuid", seteuid(0) == 0);
    ATTEMPT("setresuid", setresuid(0, 0, 0) == 0);
    ATTEMPT("setuid-overflow", setuid(65534) == 0);
    ATTEMPT("setgid", setgid(0) == 0);
    gid_t none[1] = {0};
    ATTEMPT("setgroups", syscall(SYS_setgroups, 1, none) == 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct all[2] = {{~0U, ~0U, ~0U}, {0x1ff, 0x1ff, 0x1ff}};
    ATTEMPT("capset", syscall(SYS_capset, &header, all) == 0);
    ATTEMPT("ambient", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0) == 0);
    ATTEMPT("securebits", prctl(PR_SET_SECUREBITS, 0) == 0);
    ATTEMPT("no-new-privs-off", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    int left = 0;
    for (int capability = 0; capability < 41; capability++)
        left += prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
    ATTEMPT("bounding-set", left != 0);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max = limit.rlim_max + 1;
    ATTEMPT("raise-limit", setrlimit(RLIMIT_NOFILE, &limit) == 0);
    ATTEMPT("core-limit", (getrlimit(RLIMIT_CORE, &limit), limit.rlim_max != 0));
    struct sched_param realtime = {1};
    ATTEMPT("realtime", sched_setscheduler(0, SCHED_FIFO, &realtime) == 0);
    ATTEMPT("nice", setpriority(PRIO_PROCESS, 0, -5) == 0);
    ATTEMPT("not-1000", getuid() != 1000 || geteuid() != 1000 || getgid() != 1000);

    char text[8192] = {0};
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t count = read(fd, text, sizeof text - 1);
    close(fd);
    (void)count;
    ATTEMPT("status-nnp", strstr(text, "NoNewPrivs:\t1\n") == NULL);
    ATTEMPT("status-seccomp", strstr(text, "Seccomp:\t2\n") == NULL);
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    for (int index = 0; index < 5; index++) {
        char line[64];
        snprintf(line, sizeof line, "%s:\t0000000000000000\n", sets[index]);
        ATTEMPT(sets[index], strstr(text, line) == NULL);
    }
}

static int loopback_works(void)
{
    int server = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    return bind(server, (void *)&address, sizeof address) == 0 && listen(server, 1) == 0 &&
           getsockname(server, (void *)&address, &length) == 0 &&
           can_connect(AF_INET, &address, sizeof address, SOCK_STREAM);
}

static void must_work_in_command(void)
{
    works("loopback", loopback_works());
    works("fifo", mkfifo("/tmp/fifo", 0600) == 0);
    works("workspace", can_open("/ws/from-inside", O_WRONLY | O_CREAT));
    works("source", can_read("/src/readme"));
    works("home", can_open("/home/worker/x", O_WRONLY | O_CREAT));
    works("shared-memory", can_open("/dev/shm/x", O_RDWR | O_CREAT));
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    works("terminal", terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    works("cpuinfo", can_read("/proc/cpuinfo"));
    works("rename-across", mkdir("/ws/a", 0700) == 0 && mkdir("/ws/b", 0700) == 0 &&
                               can_open("/ws/a/f", O_WRONLY | O_CREAT) &&
                               rename("/ws/a/f", "/ws/b/f") == 0);
    pid_t pid = fork();
    if (pid == 0)
        execl("/bin/sh", "sh", "-c", "test \"$(id -un)\" = worker && test -d \"$HOME\"", NULL);
    int status = -1;
    waitpid(pid, &status, 0);
    works("shell", status == 0);
}

int main(int count, char **arguments)
{
    if (count != 8)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    int reader = strcmp(arguments[1], "reader") == 0;
    int bare = strcmp(arguments[1], "bare") == 0;
    worker = reader || strcmp(arguments[1], "worker") == 0;
    secret = arguments[2];
    state = arguments[3];
    victim = atoi(arguments[4]);
    port = atoi(arguments[5]);
    unix_path = arguments[6];
    abstract_name = arguments[7];

    try_leaks();
    try_files();
    try_mounts();
    try_processes();
    try_network();
    try_kernel();
    try_privileges();
    if (worker) {
        ATTEMPT("worker-fork", fork() >= 0);
        ATTEMPT("worker-socket", socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
        int pair[2];
        ATTEMPT("worker-socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
        // execve may be called, but Landlock lets nothing be executed: copy ourselves and try.
        if (reader) {
            works("read-workspace", can_list("/ws", NULL));
            ATTEMPT("write-workspace", can_open("/ws/from-worker", O_WRONLY | O_CREAT));
            ATTEMPT("chmod-workspace", chmod("/ws", 0777) == 0);
            ATTEMPT("unlink-workspace", unlink("/ws/given") == 0);
            ATTEMPT("rename-workspace", rename("/ws/given", "/ws/taken") == 0);
        } else {
            works("workspace", can_open("/ws/from-worker", O_WRONLY | O_CREAT));
        }
        const char *copy = reader ? "/tmp/copy" : "/ws/copy";
        int from = open("/proc/self/exe", O_RDONLY);
        int to = open(copy, O_WRONLY | O_CREAT, 0700);
        char block[65536];
        for (ssize_t size; (size = read(from, block, sizeof block)) > 0;)
            works("copy", write(to, block, (size_t)size) == size);
        close(to);
        char *const none[] = {NULL};
        ATTEMPT("worker-exec-copy", execve(copy, none, none) == 0);
        ATTEMPT("worker-exec-shell", execve("/bin/sh", none, none) == 0);
        works("broker", write(3, "hello", 5) == 5);
    } else {
#ifdef __x86_64__
        ATTEMPT("i386-entry", survives(0));
        ATTEMPT("x32-entry", survives(1));
#endif
        if (!bare) must_work_in_command();
    }
    printf("sum refused=%d allowed=%d broken=%d\n", refused, allowed, broken);
    return allowed == 0 && broken == 0 ? 0 : 1;
}
