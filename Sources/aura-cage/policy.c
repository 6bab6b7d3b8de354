// The policy parser. The bytes come from the daemon, in a memfd sealed against change; they are
// checked all the same, because a parser that trusts its writer fails open on the writer's bugs.
//
// Layout: the header, then in order: working directory; per bind a u32 (1 = writable), source,
// target; arguments; environment; per filter a u32 count and its instructions. A string is a u32
// length, that many bytes, a NUL, and zeros up to a multiple of four. Nothing may follow.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Alignas(8) unsigned char bytes[POLICY_BYTES_MAX];
static size_t size, position;

__attribute__((noreturn)) static void malformed(const char *where)
{
    refuse("policy_malformed", where, EBADMSG);
}

static const void *take(size_t count, const char *where)
{
    if (count > size - position)
        malformed(where);
    const void *start = bytes + position;
    position += count;
    return start;
}

static uint32_t take_u32(const char *where)
{
    uint32_t value;
    memcpy(&value, take(sizeof value, where), sizeof value);
    return value;
}

// The characters stay in the static buffer, so the result lives until exec.
static char *take_string(size_t length_max, const char *where)
{
    uint32_t length = take_u32(where);
    if (length > length_max)
        malformed(where);
    char *text = (char *)take(((size_t)length + 4) & ~(size_t)3, where);
    // One terminator, exactly at the end: a NUL inside would make two readers see two strings.
    if (memchr(text, 0, (size_t)length + 1) != text + length)
        malformed(where);
    return text;
}

int path_is_plain(const char *path)
{
    if (path[0] != '/')
        return 0;
    for (const char *part = path; *part == '/';) {
        const char *name = part + 1;
        size_t length = strcspn(name, "/");
        if ((length == 0 && path[1] != 0) || (length == 1 && name[0] == '.') ||
            (length == 2 && name[0] == '.' && name[1] == '.'))
            return 0;
        part = name + length;
    }
    return 1;
}

static const char *take_path(const char *where)
{
    const char *path = take_string(PATH_BYTES_MAX, where);
    if (!path_is_plain(path))
        malformed(where);
    return path;
}

static void read_all(int fd)
{
    // A policy that can still change after it was checked was not checked.
    int wanted = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & wanted) != wanted)
        refuse("policy_unsealed", NULL, seals < 0 ? errno : EPERM);

    struct stat info;
    if (fstat(fd, &info) != 0)
        refuse("policy_unreadable", NULL, errno);
    if (info.st_size < (off_t)sizeof(struct policy_header) || info.st_size > POLICY_BYTES_MAX)
        malformed("size");
    size = (size_t)info.st_size;

    ssize_t count = pread(fd, bytes, size, 0);
    if (count < 0 || (size_t)count != size)
        refuse("policy_unreadable", NULL, count < 0 ? errno : EIO);
}

void policy_read(int fd, struct policy *policy)
{
    read_all(fd);

    struct policy_header *header = &policy->header;
    memcpy(header, take(sizeof *header, "header"), sizeof *header);
    if (header->magic != POLICY_MAGIC || header->total_bytes != size || header->niceness > 19)
        malformed("header");
    if (header->version != POLICY_VERSION)
        refuse("policy_version", NULL, EPROTONOSUPPORT);
    if ((header->flags & ~(uint32_t)FLAGS_KNOWN) != 0 || header->bind_count > BINDS_MAX ||
        header->argument_count == 0 || header->argument_count > ARGUMENTS_MAX ||
        header->environment_count > ENVIRONMENT_MAX || header->program_count == 0 ||
        header->program_count > PROGRAMS_MAX)
        malformed("counts");

    // The host's own loopback is not ours to bring up, and a worker has no network.
    if ((header->flags & FLAG_NETWORK) && (header->flags & (FLAG_WORKER | FLAG_LOOPBACK)))
        malformed("network");
    // The listener is of the cage's own loopback, and a worker reaches nothing over it.
    if ((header->flags & FLAG_PROXY) &&
        ((header->flags & FLAG_WORKER) || !(header->flags & FLAG_LOOPBACK)))
        malformed("proxy");
    // What a held worker is still to get has room; a command's is looked at when it comes.
    if ((header->flags & FLAG_HELD) && (header->flags & FLAG_WORKER) &&
        header->bind_count == BINDS_MAX)
        malformed("held");

    policy->directory = take_path("directory");

    for (uint32_t index = 0; index < header->bind_count; index++) {
        uint32_t writable = take_u32("bind");
        if (writable > 1)
            malformed("bind");
        policy->binds[index].writable = (int)writable;
        policy->binds[index].source = take_path("bind source");
        policy->binds[index].target = take_path("bind target");
        if (policy->binds[index].target[1] == 0)
            malformed("bind target");
    }

    for (uint32_t index = 0; index < header->argument_count; index++)
        policy->arguments[index] = take_string(STRING_MAX, "argument");
    if (policy->arguments[0][0] == 0)
        malformed("argument");

    for (uint32_t index = 0; index < header->environment_count; index++) {
        policy->environment[index] = take_string(STRING_MAX, "environment");
        const char *equals = strchr(policy->environment[index], '=');
        if (equals == NULL || equals == policy->environment[index])
            malformed("environment");
    }

    for (uint32_t index = 0; index < header->program_count; index++) {
        uint32_t count = take_u32("filter");
        if (count == 0 || count > INSTRUCTIONS_MAX)
            malformed("filter");
        policy->programs[index].count = count;
        policy->programs[index].instructions = take((size_t)count * 8, "filter");
    }

    if (position != size)
        malformed("end");
}
