// Pid 1 once the root stands. It reaps, watches the lifeline, reports how the program ended, asks it
// to end, and can do nothing else: no capabilities, not dumpable, a filter of a dozen calls.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no filter for this architecture"
#endif

// What every filter here begins and ends with: calls of this architecture only, the few that any
// program ends with, and death for all others.
#define FIRST                                                                                     \
    LOAD(arch), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),                          \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), LOAD(nr)
#define LAST                                                                                      \
    ALLOW(rt_sigreturn), ALLOW(restart_syscall), ALLOW(exit_group),                               \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ALLOW(name)                                                                               \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                                        \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void filter(const struct sock_filter *instructions, size_t size, const char *whose)
{
    struct sock_fprog program = {(unsigned short)(size / sizeof *instructions),
                                 (struct sock_filter *)instructions};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0)
        refuse("seccomp_absent", whose, errno);
}

// For the keeper, which is no pid 1 but as poor: it can get descriptors and give them back.
void filter_keeper(void)
{
    struct sock_filter instructions[] = {
        FIRST,
        ALLOW(ppoll),
        ALLOW(recvmsg),
        ALLOW(sendmsg),
        ALLOW(accept4),
        ALLOW(getsockopt),
        ALLOW(close),
        ALLOW(clock_gettime),
        LAST,
    };
    filter(instructions, sizeof instructions, "keeper");
}

static void filter_self(void)
{
    struct sock_filter instructions[] = {
        FIRST,
        ALLOW(ppoll),
        ALLOW(waitid),
        ALLOW(read),
        ALLOW(write),
        ALLOW(kill),
        LAST,
    };
    filter(instructions, sizeof instructions, "pid 1");
}

// Reaps everything that is ready. When the program itself is among it, tells how it ended and
// exits: the kernel then kills whatever is left in the namespace before our own end is seen.
static void reap(int program_pid)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0) {
            if (errno == EINTR)
                continue;
            refuse("wait", "pid 1", errno);
        }
        if (info.si_pid == 0)
            return;
        if (info.si_pid != program_pid)
            continue;
        if (info.si_code == CLD_EXITED) {
            report(STATUS_EXITED, info.si_status, NULL, NULL);
            _exit(info.si_status);
        }
        report(STATUS_SIGNALLED, info.si_status, NULL, NULL);
        _exit(128 + info.si_status);
    }
}

void init_run(int program_pid, int child_signals)
{
    // Output, stdin and broker belong to the program alone: whoever reads them must see their end.
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    close(FD_BROKER);
    close(FD_DOOR);

    // The program has the same uid: without this it could read /proc/1/mem and /proc/1/fd.
    if (prctl(PR_SET_DUMPABLE, 0) != 0)
        refuse("dumpable", "pid 1", errno);

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        refuse("no_new_privs", "pid 1", errno);
    capabilities_drop();
    filter_self();

    struct pollfd watched[] = {
        {.fd = FD_LIFELINE, .events = POLLIN},
        {.fd = child_signals, .events = POLLIN},
    };
    for (;;) {
        if (syscall(SYS_ppoll, watched, 2, NULL, NULL, 8) < 0 && errno != EINTR)
            refuse("poll", "pid 1", errno);

        if (watched[1].revents != 0) {
            struct signalfd_siginfo drained;
            ssize_t count = read(child_signals, &drained, sizeof drained);
            (void)count;
            reap(program_pid);
        }

        // The daemon let go of the lifeline, or, because others may hold it too, wrote to it. The
        // one word that does not end the cage asks the program to end by itself.
        if (watched[0].revents != 0) {
            char word = 0;
            if (read(FD_LIFELINE, &word, 1) == 1 && word == LIFELINE_TERMINATE) {
                kill(program_pid, SIGTERM);
                continue;
            }
            report(STATUS_SIGNALLED, SIGKILL, NULL, NULL);
            _exit(128 + SIGKILL);
        }
    }
}
