// The kernel's own calls, and privileges.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "probe.h"

void try_kernel(void)
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
int survives(int x32)
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

void try_privileges(void)
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
