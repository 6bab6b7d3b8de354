// The keeper: holds duplicates of what the daemon holds of its cages, so that these outlive it.
//
// A cage lives as long as somebody has the other end of its lifeline. The daemon hands everything
// that a successor needs, by name, to this process; one that starts on the same record asks for it.
// When the daemon stops in order, or none has come back in time, the keeper ends, and with it every
// lifeline that nobody else has.
//
// It decides nothing else: a table, five words, a filter of a dozen calls. One client at a time: who
// connects anew waits until the one before is gone, and all that it said has been done.
#define _GNU_SOURCE
#include "cage.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Twin of Keeper.swift.
enum {
    KEEP_LISTENER = 3,        // a listening AF_UNIX socket of packets
    KEEP_ENTRIES_MAX = 1024,  // cages: four times as many as there can be runs
    KEEP_DESCRIPTORS_MAX = 8, // of one entry
    KEEP_NAME_MAX = 64,       // with its NUL
    // Until a first client has said how long it may be away: it connects right after the start.
    KEEP_FIRST_WAIT_MS = 60000,
};

enum keep_word {
    KEEP_HOLD = 1, // name and descriptors: hold them. As an answer: these are held
    KEEP_DROP = 2, // name: close them
    KEEP_GIVE = 3, // value: the number of an entry; the answer is HOLD, or NONE behind the last one
    KEEP_WAIT = 4, // value: milliseconds that a daemon may be away
    KEEP_STOP = 5, // end at once
    KEEP_NONE = 6,
};

struct keep_message {
    uint32_t word, value;
    char name[KEEP_NAME_MAX];
    char kinds[KEEP_DESCRIPTORS_MAX]; // what each descriptor is, for the clients
};

struct keep_entry {
    char name[KEEP_NAME_MAX];
    char kinds[KEEP_DESCRIPTORS_MAX];
    int count;
    int descriptors[KEEP_DESCRIPTORS_MAX];
};

static struct keep_entry entries[KEEP_ENTRIES_MAX];
static int entry_count;

union keep_control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(KEEP_DESCRIPTORS_MAX * sizeof(int))];
};

static void close_all(const int *descriptors, int count)
{
    for (int index = 0; index < count; index++)
        close(descriptors[index]);
}

static void drop(const char *name)
{
    for (int index = 0; index < entry_count; index++) {
        if (strcmp(entries[index].name, name) != 0)
            continue;
        close_all(entries[index].descriptors, entries[index].count);
        entries[index] = entries[--entry_count];
        return;
    }
}

// What does not fit is let go: its cage then ends with the daemon, as it would without a keeper.
static void hold(const struct keep_message *message, const int *descriptors, int count)
{
    drop(message->name);
    if (entry_count == KEEP_ENTRIES_MAX) {
        close_all(descriptors, count);
        return;
    }
    struct keep_entry *entry = &entries[entry_count++];
    memcpy(entry->name, message->name, sizeof entry->name);
    memcpy(entry->kinds, message->kinds, sizeof entry->kinds);
    entry->count = count;
    memcpy(entry->descriptors, descriptors, (size_t)count * sizeof(int));
}

// Zero when the client is gone.
static int give(int client, uint32_t number)
{
    struct keep_message message = {.word = KEEP_NONE};
    struct iovec vector = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    union keep_control control;

    if (number < (uint32_t)entry_count) {
        const struct keep_entry *entry = &entries[number];
        size_t size = (size_t)entry->count * sizeof(int);
        message.word = KEEP_HOLD;
        memcpy(message.name, entry->name, sizeof message.name);
        memcpy(message.kinds, entry->kinds, sizeof message.kinds);
        memset(&control, 0, sizeof control);
        header.msg_control = control.bytes;
        header.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(first), entry->descriptors, size);
    }
    ssize_t count;
    do
        count = sendmsg(client, &header, MSG_NOSIGNAL);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof message;
}

// Takes one message. Zero when the client is gone, or is none of ours.
static int converse(int client, int *wait_ms)
{
    struct keep_message message;
    struct iovec vector = {&message, sizeof message};
    union keep_control control;
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t size = recvmsg(client, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0)
        return errno == EINTR || errno == EAGAIN;

    int descriptors[KEEP_DESCRIPTORS_MAX];
    int count = 0;
    struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    if (first != NULL && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
        count = (int)((first->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(first), (size_t)count * sizeof(int));
    }
    int is_whole = size == (ssize_t)sizeof message && !(header.msg_flags & MSG_CTRUNC) &&
                   message.name[KEEP_NAME_MAX - 1] == 0;
    if (is_whole && message.word == KEEP_HOLD && count > 0) {
        hold(&message, descriptors, count);
        return 1;
    }
    close_all(descriptors, count);
    if (!is_whole)
        return 0;
    switch (message.word) {
    case KEEP_DROP:
        drop(message.name);
        return 1;
    case KEEP_GIVE:
        return give(client, message.value);
    case KEEP_WAIT:
        *wait_ms = message.value > INT32_MAX ? INT32_MAX : (int)message.value;
        return 1;
    case KEEP_STOP:
        _exit(0);
    default:
        return 0;
    }
}

static int64_t now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        _exit(EXIT_REFUSED);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The next client; -1 when who came is somebody else's.
static int welcome(uid_t uid)
{
    int client = accept4(KEEP_LISTENER, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return -1;
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.uid != uid) {
        close(client);
        return -1;
    }
    return client;
}

void keep_run(void)
{
    uid_t uid = geteuid();
    if (uid == 0 || close_range(0, KEEP_LISTENER - 1, 0) != 0 ||
        close_range(KEEP_LISTENER + 1, ~0U, 0) != 0)
        _exit(EXIT_REFUSED);
    // Each entry is a handful of descriptors: as many as the administrator allows.
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    // Same uid as the cages' parents: what is held here is nobody's to take.
    if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        _exit(EXIT_REFUSED);
    filter_keeper();

    int client = -1;
    int wait_ms = KEEP_FIRST_WAIT_MS;
    int64_t deadline = now_ms() + wait_ms;
    for (;;) {
        int64_t left = deadline - now_ms();
        if (client < 0 && left <= 0)
            _exit(0);
        struct timespec timeout = {left / 1000, left % 1000 * 1000000};
        struct pollfd watched = {.fd = client < 0 ? KEEP_LISTENER : client, .events = POLLIN};
        if (syscall(SYS_ppoll, &watched, 1, client < 0 ? &timeout : NULL, NULL, 8) < 0) {
            if (errno != EINTR)
                _exit(EXIT_REFUSED);
            continue;
        }
        if (watched.revents == 0)
            continue;
        if (client < 0) {
            client = welcome(uid);
        } else if (!converse(client, &wait_ms)) {
            close(client);
            client = -1;
            deadline = now_ms() + wait_ms;
        }
    }
}
