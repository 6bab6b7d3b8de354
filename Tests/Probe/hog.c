// Runs inside a cage and takes what it can get, until it is stopped: one kind of greed by argument.
// What it does and does not get is for the limits of the cage to say.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *text)
{
    ssize_t count = write(STDOUT_FILENO, text, strlen(text));
    (void)count;
}

// Every process makes processes, for ever.
static void forks(void)
{
    say("forking\n");
    for (;;)
        if (fork() < 0)
            usleep(1000);
}

// All there is at once: nobody may wait for this to end by itself.
static void memory(void)
{
    say("taking memory\n");
    for (;;) {
        char *block = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED)
            pause();
        memset(block, 1, 16 << 20);
    }
}

// 8 MiB, so that no limit on one file stops it.
static void fill(int number)
{
    static char block[1 << 20];
    memset(block, 1, sizeof block);
    char name[32];
    snprintf(name, sizeof name, "fill-%d", number);
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    for (int part = 0; fd >= 0 && part < 8; part++)
        if (write(fd, block, sizeof block) < 0)
            pause();
    close(fd);
}

static void disk(void)
{
    say("filling the disk\n");
    for (int number = 0;; number++)
        fill(number);
}

// Descriptors, until the limit says no.
static int descriptors(void)
{
    int count = 0;
    while (open("/dev/null", O_RDONLY) >= 0)
        count++;
    printf("opened %d: %s\n", count, strerrorname_np(errno));
    return 0;
}

// One line of 100 MB.
static int line(void)
{
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    say("begin");
    for (int part = 0; part < 100; part++)
        for (size_t done = 0; done < sizeof block;) {
            ssize_t count = write(STDOUT_FILENO, block + done, sizeof block - done);
            if (count < 0)
                return 1;
            done += (size_t)count;
        }
    say("end\n");
    return 0;
}

// Deaf to every signal that can be ignored.
static void deaf(void)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    say("deaf\n");
    for (;;)
        pause();
}

// Two forks and a session away, with the output closed; the parent goes on.
static void daemons(void)
{
    for (int number = 0; number < 10; number++)
        if (fork() == 0) {
            setsid();
            if (fork() != 0)
                _exit(0);
            close(STDIN_FILENO);
            close(STDOUT_FILENO);
            close(STDERR_FILENO);
            for (;;)
                pause();
        }
    say("daemons\n");
    for (;;)
        pause();
}

// Children that are stopped, and then the parent too.
static void stopped(void)
{
    for (int number = 0; number < 10; number++)
        if (fork() == 0)
            for (;;)
                raise(SIGSTOP);
    say("stopped\n");
    raise(SIGSTOP);
    for (;;)
        pause();
}

// Each process the child of the one before.
static void deep(void)
{
    int depth = 1;
    while (depth < 200 && fork() == 0)
        depth++;
    if (depth == 200)
        say("deep\n");
    for (;;)
        pause();
}

// Two processes, so that no one of them uses all of the time.
static void spin(void)
{
    say("spinning\n");
    fork();
    for (volatile unsigned long number = 0;; number++) {
    }
}

// A directory inside a directory, 200 times, closed to everybody, with 32 MiB at the bottom.
static void hidden(void)
{
    say("hiding\n");
    for (int depth = 0; depth < 200; depth++)
        if (mkdir("d", 0700) != 0 || chdir("d") != 0)
            pause();
    for (int number = 0; number < 4; number++)
        fill(number);
    if (chdir("/ws") != 0 || chmod("d", 0) != 0)
        pause();
    for (;;)
        pause();
}

int main(int count, char **arguments)
{
    const char *kind = count > 1 ? arguments[1] : "";
    if (strcmp(kind, "forks") == 0)
        forks();
    else if (strcmp(kind, "memory") == 0)
        memory();
    else if (strcmp(kind, "disk") == 0)
        disk();
    else if (strcmp(kind, "descriptors") == 0)
        return descriptors();
    else if (strcmp(kind, "line") == 0)
        return line();
    else if (strcmp(kind, "deaf") == 0)
        deaf();
    else if (strcmp(kind, "daemons") == 0)
        daemons();
    else if (strcmp(kind, "stopped") == 0)
        stopped();
    else if (strcmp(kind, "deep") == 0)
        deep();
    else if (strcmp(kind, "spin") == 0)
        spin();
    else if (strcmp(kind, "hidden") == 0)
        hidden();
    fprintf(stderr, "hog: no such greed: %s\n", kind);
    return 64;
}
