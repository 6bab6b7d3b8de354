// The parent: outside the cage, the one process the daemon holds a pidfd of. It builds nothing.
// It reads the policy, clones pid 1 into new namespaces, tells the daemon under which pid the
// program runs, waits, and ends as the program ended (128 + signal for a signal).
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct policy policy;

// When the host runs out of memory the kernel ends what is in here before the daemon or anybody's
// service: 500 of 1000. Raising needs no privilege; who started the daemon still higher (EACCES)
// has settled it already.
static void offer_memory(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        refuse("oom_score", NULL, errno);
    if (write(fd, "500", 3) != 3 && errno != EACCES)
        refuse("oom_score", NULL, errno);
    close(fd);
}

// Pid 1: builds the root, forks the program into it, stays as its reaper.
__attribute__((noreturn)) static void run_inside(int ready_fd, uid_t uid, gid_t gid)
{
    // If the parent is killed, so are we. It has one thread, so the signal means the process.
    // The lifeline covers the instant before this call.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        refuse("parent_death_signal", NULL, errno);

    offer_memory();
    root_build(&policy, uid, gid);
    capabilities_bound();

    // SIGCHLD is blocked before the fork, so that no child can end unnoticed.
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_SETMASK, &child, NULL) != 0)
        refuse("signal_mask", NULL, errno);

    int child_signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child_signals < 0)
        refuse("signalfd", NULL, errno);

    pid_t pid = fork();
    if (pid < 0)
        refuse("fork", NULL, errno);
    if (pid == 0)
        program_run(&policy, ready_fd);

    // The parent outside waits for the end of this socket; ours must not keep it open.
    close(ready_fd);
    if (policy.header.flags & FLAG_HELD)
        close(FD_COMMAND);
    if (is_held_worker(&policy))
        root_forget();
    if (policy.header.flags & FLAG_WORKER)
        memory_release();
    init_run(pid, child_signals);
}

// The program sends one byte before it execs; the kernel attaches the sender's pid as *we* see it.
// This needs no /proc and cannot be forged: the sender may only name itself.
static void announce_program(int ready_fd)
{
    char byte;
    struct iovec vector = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct ucred))];
    } control;
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };

    ssize_t count;
    do
        count = recvmsg(ready_fd, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count != 1)
        return; // pid 1 or the program has already reported why

    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    if (first == NULL || first->cmsg_type != SCM_CREDENTIALS)
        refuse("credentials_message", NULL, EPROTO);
    struct ucred sender;
    memcpy(&sender, CMSG_DATA(first), sizeof sender);
    report(STATUS_STARTED, sender.pid, NULL, NULL);
    // The status is a file, which nobody can wait for.
    (void)!send(FD_LIFELINE, "", 1, MSG_NOSIGNAL);

    // Only now may the program go on. If it cannot hear us it has ended, which the wait will tell.
    count = send(ready_fd, &byte, 1, MSG_NOSIGNAL);
}

static int wait_for(pid_t pid)
{
    siginfo_t info = {0};
    int result;
    do
        result = waitid(P_PID, (id_t)pid, &info, WEXITED);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        refuse("wait", NULL, errno);
    if (info.si_code == CLD_EXITED)
        return info.si_status;
    // Pid 1 had no say. A daemon that came after the one that started us cannot wait for us: what it
    // knows is what is written.
    report(STATUS_SIGNALLED, info.si_status, NULL, NULL);
    return 128 + info.si_status;
}

// clone(2), ERRORS: what of all that is asked for at once was not to be had.
static const char *clone_refusal(int error)
{
    switch (error) {
    case EBUSY: case EACCES: case EOPNOTSUPP: case ENODEV: case ENOENT:
        return "cgroup_refused"; // ENODEV: it was removed meanwhile.
    case EAGAIN: case ENOMEM:
        return "process_refused";
    default:
        return "userns_denied";
    }
}

int main(int word_count, char **words)
{
    if (word_count == 2 && strcmp(words[1], "keep") == 0)
        keep_run();

    // The daemon maps exactly the descriptors that cage.h names; whatever else is open leaked.
    if (close_range(FD_LAST + 1, ~0U, 0) != 0)
        refuse("close_range", NULL, errno);

    // Host uid 0, even inside every namespace, still owns the host's /proc/sys. A set-uid start
    // would mean that somebody else chose our policy.
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (uid == 0 || gid == 0 || uid != getuid() || gid != getgid())
        refuse("running_as_root", NULL, EPERM);

    for (int fd = 0; fd <= FD_LAST; fd++)
        if (fd != FD_BROKER && fd != FD_GROUP && fd != FD_DOOR && fd != FD_COMMAND &&
            fcntl(fd, F_GETFD) < 0)
            refuse("descriptors", NULL, errno);

    policy_read(FD_POLICY, &policy);

    // A worker has a broker and a door, and the listener of a proxy has to be handed to somebody. Else
    // the numbers are taken by /dev/null until the exec, so that nothing of ours can land on them.
    int is_worker = (policy.header.flags & FLAG_WORKER) != 0;
    int has_broker = (policy.header.flags & (FLAG_WORKER | FLAG_PROXY)) != 0;
    if (has_broker ? fcntl(FD_BROKER, F_GETFD) < 0 : dup2(STDIN_FILENO, FD_BROKER) < 0)
        refuse("descriptors", "broker", errno);
    if (is_worker ? fcntl(FD_DOOR, F_GETFD) < 0 : dup2(STDIN_FILENO, FD_DOOR) < 0)
        refuse("descriptors", "door", errno);

    if ((policy.header.flags & FLAG_GROUP) && fcntl(FD_GROUP, F_GETFD) < 0)
        refuse("descriptors", "group", errno);

    if ((policy.header.flags & FLAG_HELD) && fcntl(FD_COMMAND, F_GETFD) < 0)
        refuse("descriptors", "command", errno);

    int ready[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ready) != 0)
        refuse("socketpair", NULL, errno);
    int on = 1;
    if (setsockopt(ready[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
        refuse("credentials_message", NULL, errno);

    // Everything at once: a user namespace first (in kernel order), which owns all the others.
    // Signal handlers are reset by the kernel, so none of the parent's can run inside.
    struct clone_args arguments = {
        .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                 CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_CLEAR_SIGHAND,
        .exit_signal = SIGCHLD,
    };
    if (policy.header.flags & FLAG_NETWORK)
        arguments.flags &= ~(uint64_t)CLONE_NEWNET;
    // Born in its cgroup: there is no instant in which anything inside is outside of it.
    if (policy.header.flags & FLAG_GROUP) {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = FD_GROUP;
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid < 0)
        refuse(clone_refusal(errno), NULL, errno);
    // The way into cgroupfs: nothing inside may have it.
    if (policy.header.flags & FLAG_GROUP)
        close(FD_GROUP);
    if (pid == 0) {
        close(ready[0]);
        run_inside(ready[1], uid, gid);
    }

    // Same uid as other cages' parents: keep our memory to ourselves. After the clone, because
    // pid 1 must still be able to write its own uid_map.
    prctl(PR_SET_DUMPABLE, 0);

    // What we keep is the status descriptor. Output and broker must end when the cage does, not
    // when we do; and only pid 1 watches the lifeline.
    close(ready[1]);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    close(FD_BROKER);
    close(FD_DOOR);
    if (policy.header.flags & FLAG_HELD)
        close(FD_COMMAND);

    announce_program(ready[0]);
    close(FD_LIFELINE);
    if (policy.header.flags & FLAG_WORKER)
        memory_release();
    _exit(wait_for(pid));
}
