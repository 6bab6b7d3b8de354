#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// glibc 2.36 has wrappers for the pidfd calls, but not every header set that builds this has their
// header; the numbers are the same on every architecture.
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

// MARK: Memory

static int release_object(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    // The vdso has a name without a path, and is no file's.
    if (object->dlpi_name[0] != '\0' && object->dlpi_name[0] != '/') return 0;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        // What is writable, relocated pages among it, is not what the file has.
        if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
        uintptr_t begin = (object->dlpi_addr + part->p_vaddr) & ~page;
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz) & ~page;
        if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

void clinux_release_image(void) {
    dl_iterate_phdr(release_object, NULL);
}

// MARK: Descriptors

int clinux_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

int clinux_socket_pair(int packets, int ends[2]) {
    int type = packets ? SOCK_SEQPACKET : SOCK_STREAM;
    return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends);
}

int clinux_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags == -1) return -1;
    if (flags & O_NONBLOCK) return 0;
    return fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}

int clinux_close_range(unsigned int first, unsigned int last) {
    return (int)syscall(SYS_close_range, first, last, 0u);
}

int clinux_memory_file(const char *name) {
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

int clinux_memory_file_seal(int descriptor) {
    return fcntl(
        descriptor, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}

ssize_t clinux_random(void *buffer, size_t length) {
    return getrandom(buffer, length, 0);
}

int clinux_accept(int listener) {
    return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int clinux_peek_descriptor(int channel) {
    char byte;
    struct iovec vector = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    ssize_t count = recvmsg(channel, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_PEEK);
    if (count < 0) return -1;
    struct cmsghdr *first = count == 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (first == NULL || first->cmsg_level != SOL_SOCKET || first->cmsg_type != SCM_RIGHTS ||
        first->cmsg_len != CMSG_LEN(sizeof(int))) {
        errno = ENODATA;
        return -1;
    }
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(first), sizeof descriptor);
    return descriptor;
}

// MARK: Processes

int clinux_pidfd_open(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0u);
}

int clinux_pidfd_send_signal(int pidfd, int signal_number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0u);
}

int clinux_pidfd_reap(int pidfd, int *status) {
    // With WNOHANG and nothing to report waitid succeeds and leaves si_pid as it found it.
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) == -1) return -1;
    if (info.si_pid == 0) return CLINUX_REAPED_ALIVE;
    *status = info.si_status;
    return info.si_code == CLD_EXITED ? CLINUX_REAPED_EXITED : CLINUX_REAPED_SIGNALLED;
}

// Fills `actions` so that the child has the mapped descriptors and no other. `high` receives
// duplicates of the sources, all numbered above every target: a dup2 can then neither overwrite a
// source still needed nor be a no-op that leaves close-on-exec set.
static int add_descriptors(
    posix_spawn_file_actions_t *actions, const struct clinux_descriptor_mapping *mappings,
    size_t mapping_count, int *high) {
    int above = 0;
    for (size_t i = 0; i < mapping_count; i++)
        if (mappings[i].child >= above) above = mappings[i].child + 1;

    for (size_t i = 0; i < mapping_count; i++) {
        high[i] = fcntl(mappings[i].parent, F_DUPFD_CLOEXEC, above);
        if (high[i] == -1) return errno;
    }
    for (int target = 0; target < above; target++) {
        int source = -1;
        for (size_t i = 0; i < mapping_count; i++)
            if (mappings[i].child == target) source = high[i];
        // Closing a number that is not open is not an error here (posix_spawn(3p)).
        int failure = source == -1 ? posix_spawn_file_actions_addclose(actions, target)
                                   : posix_spawn_file_actions_adddup2(actions, source, target);
        if (failure) return failure;
    }
    return posix_spawn_file_actions_addclosefrom_np(actions, above);
}

static int set_attributes(posix_spawnattr_t *attributes, int new_session) {
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (new_session) flags |= POSIX_SPAWN_SETSID;
    int failure = posix_spawnattr_setsigdefault(attributes, &all);
    if (!failure) failure = posix_spawnattr_setsigmask(attributes, &none);
    if (!failure) failure = posix_spawnattr_setflags(attributes, flags);
    return failure;
}

int clinux_spawn(
    pid_t *process, const char *path, char *const argv[], char *const envp[],
    const struct clinux_descriptor_mapping *mappings, size_t mapping_count, int new_session) {
    int high[CLINUX_SPAWN_MAPPINGS_MAX];
    if (mapping_count > CLINUX_SPAWN_MAPPINGS_MAX) return E2BIG;
    for (size_t i = 0; i < mapping_count; i++) high[i] = -1;

    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure) return failure;
    posix_spawnattr_t attributes;
    failure = posix_spawnattr_init(&attributes);
    if (failure) {
        posix_spawn_file_actions_destroy(&actions);
        return failure;
    }

    failure = add_descriptors(&actions, mappings, mapping_count, high);
    if (!failure) failure = set_attributes(&attributes, new_session);
    if (!failure) failure = posix_spawn(process, path, &actions, &attributes, argv, envp);

    for (size_t i = 0; i < mapping_count; i++)
        if (high[i] != -1) close(high[i]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failure;
}

// MARK: Sockets

int clinux_peer_credentials(int descriptor, pid_t *process, uid_t *user, gid_t *group) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) return -1;
    *process = peer.pid;
    *user = peer.uid;
    *group = peer.gid;
    return 0;
}

// By way of /proc/self/fd: a directory's own path may be longer than sun_path.
static void name_packets(struct sockaddr_un *address, int directory, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/%s", directory, name);
}

static int packets(int directory, const char *name,
                   int (*act)(int, const struct sockaddr *, socklen_t)) {
    int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (descriptor == -1) return -1;
    struct sockaddr_un address;
    name_packets(&address, directory, name);
    if (act(descriptor, (const struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int failure = errno;
    close(descriptor);
    errno = failure;
    return -1;
}

int clinux_listen_packets(int directory, const char *name) {
    if (unlinkat(directory, name, 0) == -1 && errno != ENOENT) return -1;
    int descriptor = packets(directory, name, bind);
    if (descriptor == -1) return -1;
    // One client, and the next one that waits for it to go.
    if (listen(descriptor, 2) == 0) return descriptor;
    int failure = errno;
    close(descriptor);
    errno = failure;
    return -1;
}

int clinux_connect_packets(int directory, const char *name) {
    return packets(directory, name, connect);
}

union message_control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(CLINUX_MESSAGE_DESCRIPTORS_MAX * sizeof(int))];
};

ssize_t clinux_send_message(
    int socket, const void *bytes, size_t length, const int *descriptors, size_t count) {
    if (count > CLINUX_MESSAGE_DESCRIPTORS_MAX) {
        errno = EINVAL;
        return -1;
    }
    struct iovec vector = {(void *)bytes, length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    union message_control control;
    if (count > 0) {
        size_t size = count * sizeof(int);
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *first = CMSG_FIRSTHDR(&message);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(first), descriptors, size);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

ssize_t clinux_receive_message(
    int socket, void *bytes, size_t length,
    int descriptors[CLINUX_MESSAGE_DESCRIPTORS_MAX], size_t *count) {
    struct iovec vector = {bytes, length};
    union message_control control;
    struct msghdr message = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    *count = 0;
    ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size == -1) return -1;
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    if (first != NULL && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_RIGHTS) {
        *count = (first->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(descriptors, CMSG_DATA(first), *count * sizeof(int));
    }
    if (!(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) return size;
    for (size_t i = 0; i < *count; i++) close(descriptors[i]);
    *count = 0;
    errno = EMSGSIZE;
    return -1;
}

ssize_t clinux_splice(int pipe, int file, off_t offset, size_t length) {
    return splice(pipe, NULL, file, &offset, length, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
}

int clinux_punch_hole(int file, off_t offset, off_t length) {
    return fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

// MARK: Privileges

int clinux_set_user(uid_t user) {
    return setresuid(user, user, user);
}

int clinux_set_group(gid_t group) {
    return setresgid(group, group, group);
}

int clinux_is_exactly(uid_t user, gid_t group) {
    uid_t user_ids[3];
    gid_t group_ids[3];
    if (getresuid(&user_ids[0], &user_ids[1], &user_ids[2]) == -1) return 0;
    if (getresgid(&group_ids[0], &group_ids[1], &group_ids[2]) == -1) return 0;
    for (int i = 0; i < 3; i++)
        if (user_ids[i] != user || group_ids[i] != group) return 0;
    return 1;
}

int clinux_exchange(const char *first, const char *second) {
    return renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE);
}

int clinux_clear_dumpable(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

int clinux_dumpable(void) {
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}
