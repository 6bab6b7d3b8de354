// Other processes, and what of ours was left open or said to this one.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "probe.h"

extern char **environ;

void try_processes(void)
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

void try_leaks(void)
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
