// A worker that was taken over: in place of aura-worker it attests itself honestly, reads its
// assignment, and then breaks the protocol in the way that the task names as "Case NAME:".
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BROKER = 3, TEXT_MAX = 1 << 20 };

static void put(const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        ssize_t done = write(BROKER, at, count);
        // aurad has hung up: there is nothing left to break.
        if (done <= 0) exit(0);
        at += done;
        count -= (size_t)done;
    }
}

static void head(uint32_t length)
{
    unsigned char bytes[4] = {length >> 24, length >> 16, length >> 8, length};
    put(bytes, sizeof bytes);
}

static void frame(const char *text)
{
    head((uint32_t)strlen(text));
    put(text, strlen(text));
}

static void propose(const char *parts)
{
    char text[4096];
    snprintf(text, sizeof text, "{\"propose\":{\"proposal\":{%s,\"further\":[],\"keptMessages\":0}}}", parts);
    frame(text);
}

static unsigned long field(const char *status, const char *name, int base)
{
    const char *at = strstr(status, name);
    return at ? strtoul(at + strlen(name), NULL, base) : 0;
}

// What /proc says of this process, as aurad will read it.
static void attest(int seccomp_mode)
{
    static const char *names[] = {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts"};
    char status[8192] = "", spaces[1024] = "", path[64], text[2048];
    FILE *file = fopen("/proc/self/status", "r");
    if (!file) exit(2);
    status[fread(status, 1, sizeof status - 1, file)] = 0;
    fclose(file);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct stat about;
        snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
        if (stat(path, &about)) exit(2);
        snprintf(spaces + strlen(spaces), sizeof spaces - strlen(spaces), "%s\"%s\":%lu",
                 i ? "," : "", names[i], (unsigned long)about.st_ino);
    }
    snprintf(text, sizeof text,
             "{\"attest\":{\"attestation\":{\"capabilities\":0,\"namespaces\":{%s},"
             "\"noNewPrivileges\":true,\"seccompFilters\":%lu,\"seccompMode\":%d}}}",
             spaces, field(status, "Seccomp_filters:", 10), seccomp_mode);
    frame(text);
}

static void read_whole(void *into, size_t count)
{
    char *at = into;
    while (count > 0) {
        ssize_t done = read(BROKER, at, count);
        if (done <= 0) exit(2);
        at += done;
        count -= (size_t)done;
    }
}

// The task's NAME in the assignment.
static const char *lie(void)
{
    static char text[TEXT_MAX + 1];
    unsigned char length[4];
    read_whole(length, sizeof length);
    size_t count = (size_t)length[0] << 24 | length[1] << 16 | length[2] << 8 | length[3];
    if (count > TEXT_MAX) exit(2);
    read_whole(text, count);
    char *name = strstr(text, "Case ");
    if (!name) exit(2);
    name += strlen("Case ");
    name[strcspn(name, ":")] = 0;
    return name;
}

static void random_bytes(void)
{
    uint64_t state = 42;
    for (int round = 0; round < 1 << 16; round++) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        put(&state, sizeof state);
    }
}

static const char request[] =
    "\"basis\":1,\"outcomes\":[],\"commands\":[{\"id\":1,\"act\":{\"reason\":{\"request\":{"
    "\"answerTokensMax\":%s,\"messages\":[],\"system\":\"\",\"tools\":[]}}}}]";

static void ask(const char *tokens)
{
    char text[1024];
    snprintf(text, sizeof text, request, tokens);
    propose(text);
}

static void act(const char *name)
{
    int is = 0;
#define CASE(word) if (!strcmp(name, word) && (is = 1))
    CASE("early") propose("\"basis\":0,\"outcomes\":[],\"commands\":[]");
    CASE("pretends") attest(0);
    if (is) return;
    attest(2);
    CASE("random") random_bytes();
    CASE("oversize") head(UINT32_MAX);
    CASE("half") head(1000), put("{", 1), exit(0);
    CASE("twice") attest(2);
    CASE("replays") frame("{\"folded\":{\"transaction\":1,\"commands\":[],\"state\":\"\"}}");
    CASE("future") propose("\"basis\":9,\"outcomes\":[],\"commands\":[]");
    CASE("idle") propose("\"basis\":1,\"outcomes\":[],\"commands\":[]");
    CASE("forges") propose(
        "\"basis\":1,\"commands\":[],\"outcomes\":[{\"toolFinished\":{\"command\":7,\"result\":{"
        "\"isDenied\":false,\"isError\":false,\"output\":\"\",\"place\":\"worker\"}}}]");
    CASE("skips") propose(
        "\"basis\":1,\"outcomes\":[],\"commands\":[{\"id\":7,\"act\":{\"ask\":{\"question\":\"\","
        "\"deadline\":1000}}}]");
    CASE("numbers") ask("9223372036854775807");
    CASE("negative") ask("-9223372036854775808");
    CASE("keeps") {
        ask("1000");
        frame("{\"propose\":{\"proposal\":{\"basis\":1,\"outcomes\":[],\"commands\":[{\"id\":2,"
              "\"act\":{\"reason\":{\"request\":{\"answerTokensMax\":1000,\"messages\":[],"
              "\"system\":\"\",\"tools\":[]}}}}],\"further\":[],\"keptMessages\":1}}}");
    }
    CASE("lands") propose(
        "\"basis\":1,\"outcomes\":[],\"commands\":[{\"id\":1,\"act\":{\"step\":{\"request\":{"
        "\"land\":{\"branch\":\"main\",\"commit\":\"c0ffee\",\"base\":\"main\"}}}}}]");
    CASE("flood") for (int round = 0; round < 1 << 20; round++) head(0);
    CASE("nests") {
        head(TEXT_MAX);
        for (int round = 0; round < TEXT_MAX; round++) put("[", 1);
    }
}

int main(int count, char **arguments)
{
    if (count > 1 && !strcmp(arguments[1], "--self-check")) return 0;
    act(lie());
    // It stays, as one that hopes to be forgotten.
    for (;;) pause();
}
