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
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "probe.h"

const char *secret, *state, *unix_path, *abstract_name;
int victim, port, worker;

static int refused, allowed, broken;

void judge(const char *name, int success)
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

void works(const char *name, int success)
{
    if (!success)
        broken++;
    printf("%s %s%s%s\n", success ? "works" : "BROKEN", name, success ? "" : " ",
           success ? "" : strerrorname_np(errno));
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
        if (reader) {
            works("read-workspace", can_list("/ws", NULL));
            ATTEMPT("write-workspace", can_open("/ws/from-worker", O_WRONLY | O_CREAT));
            ATTEMPT("chmod-workspace", chmod("/ws", 0777) == 0);
            ATTEMPT("unlink-workspace", unlink("/ws/given") == 0);
            ATTEMPT("rename-workspace", rename("/ws/given", "/ws/taken") == 0);
        } else {
            works("workspace", can_open("/ws/from-worker", O_WRONLY | O_CREAT));
        }
        // execve may be called, but Landlock lets nothing be executed: copy ourselves and try.
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
