// The Linux interfaces that Swift's Glibc module lacks.
//
// Five headers are passed on as they are; everything that needs _GNU_SOURCE, a raw system call, a
// variadic function or an awkward C layout is a function declared here and defined in CLinux.c.
// Unless its comment says otherwise a function returns -1 with errno set, as the call it wraps.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

// MARK: Memory

// madvise(2) MADV_DONTNEED for the pages of programs and libraries that are never written: those
// that are needed again come back from the page cache.
void clinux_release_image(void);

// MARK: Descriptors

// pipe2(2) with O_CLOEXEC: ends[0] reads, ends[1] writes.
int clinux_pipe(int ends[2]);

// socketpair(2) of AF_UNIX sockets, close-on-exec. `packets` chooses SOCK_SEQPACKET.
int clinux_socket_pair(int packets, int ends[2]);

// fcntl(2) F_SETFL with O_NONBLOCK added.
int clinux_set_nonblocking(int descriptor);

// close_range(2): closes every descriptor from `first` to `last`, both included.
int clinux_close_range(unsigned int first, unsigned int last);

// memfd_create(2), close-on-exec and open to seals.
int clinux_memory_file(const char *name);

// fcntl(2) F_ADD_SEALS: no write, no growth, no shrinking, and no further seals.
int clinux_memory_file_seal(int descriptor);

// getrandom(2) without flags: waits for the kernel's pool to be seeded, then never again.
ssize_t clinux_random(void *buffer, size_t length);

// accept4(2): the connection is close-on-exec and does not block.
int clinux_accept(int listener);

// recvmsg(2) of one descriptor (SCM_RIGHTS) beside a byte, close-on-exec; the message stays (MSG_PEEK).
// -1 with ENODATA: a message without one, or the end.
int clinux_peek_descriptor(int channel);

// MARK: Processes

// pidfd_open(2). The descriptor is close-on-exec.
int clinux_pidfd_open(pid_t process);

// pidfd_send_signal(2).
int clinux_pidfd_send_signal(int pidfd, int signal_number);

enum clinux_reaped {
    CLINUX_REAPED_ALIVE = 0,
    CLINUX_REAPED_EXITED = 1,
    CLINUX_REAPED_SIGNALLED = 2,
};

// waitid(2) on a pidfd with WEXITED | WNOHANG. Returns an enum clinux_reaped; `status` receives the
// exit code or the signal's number.
int clinux_pidfd_reap(int pidfd, int *status);

struct clinux_descriptor_mapping {
    int child;
    int parent;
};

// 64: far above what any child here is given (standard streams, one channel, one memory file), and
// small enough that the duplicates live on the stack.
enum { CLINUX_SPAWN_MAPPINGS_MAX = 64 };

// posix_spawn(3) of `path` with exactly `argv`, `envp` and the mapped descriptors. Every signal has
// its default action and none is blocked. With `new_session` the child leads a session of its own.
// Returns 0, or an error number (errno is not the channel here).
int clinux_spawn(
    pid_t *process, const char *path, char *const argv[], char *const envp[],
    const struct clinux_descriptor_mapping *mappings, size_t mapping_count, int new_session);

// MARK: Sockets

// SO_PEERCRED of a connected AF_UNIX socket.
int clinux_peer_credentials(int descriptor, pid_t *process, uid_t *user, gid_t *group);

// A listening AF_UNIX socket of packets at `name` in the open directory, close-on-exec. What has the
// name is removed.
int clinux_listen_packets(int directory, const char *name);

// Connects to the socket of packets at `name` in the open directory.
int clinux_connect_packets(int directory, const char *name);

// 8: descriptors of one message.
enum { CLINUX_MESSAGE_DESCRIPTORS_MAX = 8 };

// sendmsg(2) with SCM_RIGHTS, without blocking and without SIGPIPE.
ssize_t clinux_send_message(
    int socket, const void *bytes, size_t length, const int *descriptors, size_t count);

// recvmsg(2), without blocking: `count` descriptors have come along, close-on-exec. EMSGSIZE for a
// message that was cut, with nothing kept of it.
ssize_t clinux_receive_message(
    int socket, void *bytes, size_t length,
    int descriptors[CLINUX_MESSAGE_DESCRIPTORS_MAX], size_t *count);

// splice(2) from a pipe to a file at `offset`, without blocking.
ssize_t clinux_splice(int pipe, int file, off_t offset, size_t length);

// fallocate(2) with FALLOC_FL_PUNCH_HOLE: the range takes no memory any more and reads as zeros.
int clinux_punch_hole(int file, off_t offset, off_t length);

// MARK: Files

// Opens a path below `directory` as a directory for reading. Refuses symbolic links (ENOTDIR), mount
// points and ".." (EXDEV). `path_only` opens with O_PATH, which asks no permission of the object.
int clinux_open_directory(int directory, const char *path, int path_only);

// fchmod(2) for a descriptor opened with O_PATH, by way of /proc/self/fd.
int clinux_path_chmod(int descriptor, mode_t mode);

// The next name of a directory stream (a DIR *), without "." and "..". Returns 1 with `name` valid
// until the next call, 0 at the end.
int clinux_directory_next(void *stream, const char **name);

// renameat2(2) with RENAME_EXCHANGE: each of the two names gets what the other one had, in one step.
int clinux_exchange(const char *first, const char *second);

// MARK: Privileges

// setresuid(2) and setresgid(2) of all three ids at once.
int clinux_set_user(uid_t user);
int clinux_set_group(gid_t group);

// Whether real, effective and saved ids are all exactly these. Returns 1 or 0.
int clinux_is_exactly(uid_t user, gid_t group);

// prctl(2) PR_SET_DUMPABLE 0: no core file, and no ptrace or /proc/PID/mem by other processes.
int clinux_clear_dumpable(void);

// prctl(2) PR_GET_DUMPABLE.
int clinux_dumpable(void);
