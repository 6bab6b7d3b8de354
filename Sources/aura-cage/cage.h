// aura-cage: everything between clone and exec. One process per file below plays one role:
//   main.c    the parent, outside: reads the policy, clones, waits, passes the exit status on
//   policy.c  the parser of the sealed policy; nothing it has not checked is ever used
//   root.c    pid 1 while it builds: identity, network, mounts, the new root
//   tree.c    what of the host is seen in it
//   network.c its loopback and the listener of its proxy
//   etc.c     what its /etc says
//   init.c    pid 1 afterwards: reaper, keeper of the lifeline, almost without system calls
//   drop.c    the program's own process: gives everything away, then execs
//   keep.c    the keeper, no cage at all: holds descriptors while there is no daemon
//   memory.c  lets go of what only the building needed
//   report.c  the one way to fail: name the feature, say the errno, stop
#ifndef AURA_CAGE_H
#define AURA_CAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

// Descriptors on which the daemon places things; everything above LAST is closed at once.
// 0 is /dev/null, 1 and 2 the output pipe; of a tool server each is a pipe of its own.
enum {
    FD_BROKER = 3,   // worker: its one way to the daemon; FLAG_PROXY: where the listener goes
    FD_POLICY = 4,   // sealed memfd
    FD_STATUS = 5,   // a memory file at its end: fixed records, see struct status_record
    FD_LIFELINE = 6, // a socket: when its other end is gone, or says so, so is the cage
    FD_GROUP = 7,    // directory of the cage's cgroup; absent where there is none
    FD_DOOR = 8,     // worker only: over it a later daemon hands in a new broker
    FD_COMMAND = 9,  // held cage only: packet socket of enum command_word
    FD_LAST = 9,
    FD_PROGRAM_DOOR = 4, // where the worker itself finds its door
};

// What the lifeline can say without ending the cage: SIGTERM to the program.
enum { LIFELINE_TERMINATE = 1 };

// Where the proxy of a cage listens, on 127.0.0.1; twin of CagePlan.proxyPort.
enum { PROXY_PORT = 3128, PROXY_BACKLOG = 16 };

// What the daemon says to a held cage, the first byte of a packet.
enum command_word {
    COMMAND_ARGUMENT = 'a', // then the last argument, ended by its only NUL; at most once
    COMMAND_BEGIN = 'b',    // the cage is where a later daemon finds it: the program may run
};

// Exit status of aura-cage when the program never ran. Only a hint: the status record decides.
enum { EXIT_REFUSED = 125 };

// The user inside. Not 0: a file mapped to 0 would be root's inside, and tools behave
// differently as root. 1000 is what Debian gives to the first person.
enum { CAGE_UID = 1000 };

// --- policy, version 1 (little-endian; twin of PolicyLayout.swift) ---------------------------

enum {
    POLICY_MAGIC = 0x31474341, // "ACG1"
    POLICY_VERSION = 1,
    POLICY_BYTES_MAX = 512 * 1024, // arguments (128 KiB each at most), environment, two filters
    BINDS_MAX = 32,                // each costs some 20 us of launch
    ARGUMENTS_MAX = 256,
    ENVIRONMENT_MAX = 64,
    PROGRAMS_MAX = 2,        // the list and the argument checks
    INSTRUCTIONS_MAX = 4096, // BPF_MAXINSNS
    STRING_MAX = 131071,     // MAX_ARG_STRLEN - 1
    PATH_BYTES_MAX = 4095,   // PATH_MAX - 1
    COMMAND_BYTES_MAX = 32 * 1024, // what comes to a held cage; more has a cage of its own
};

enum policy_flags {
    FLAG_WORKER = 1 << 0,    // broker on descriptor 3; no TCP, no exec but the program's own file
    FLAG_SYSTEM = 1 << 1,    // /usr read-only with its symlinks, loader cache, alternatives
    FLAG_FULL_PROC = 1 << 2, // cpuinfo and friends, masked; otherwise only /proc/<pid>
    FLAG_LOOPBACK = 1 << 3,  // lo up
    FLAG_TERMINALS = 1 << 4, // private devpts
    FLAG_GROUP = 1 << 5,     // cgroup on descriptor 7: everything inside is born in it
    FLAG_NETWORK = 1 << 6,   // the host's network: only for a command, and without a loopback of its own
    FLAG_PROXY = 1 << 7,     // a listener on the own loopback, handed out on descriptor 3
    FLAG_HELD = 1 << 8,      // waits on descriptor 9 to begin: a command before the exec, a worker
                             // before it has its run and its workspace
    FLAGS_KNOWN = (1 << 9) - 1,
};

struct policy_header {
    uint32_t magic, version, total_bytes, flags;
    uint32_t landlock_abi_min, bind_count, argument_count, environment_count;
    uint32_t program_count, niceness; // 0 to 19
    uint64_t tmp_bytes, home_bytes, shm_bytes, inodes_max; // 0 bytes: no such tmpfs
    // Resource limits; 0 leaves the inherited one.
    uint64_t limit_nofile, limit_fsize_bytes, limit_nproc, limit_memlock_bytes, limit_cpu_s;
};

struct bind {
    int writable;
    const char *source, *target;
};

struct program {
    uint32_t count;
    const void *instructions; // struct sock_filter[count]
};

struct policy {
    struct policy_header header;
    const char *directory; // working directory inside
    struct bind binds[BINDS_MAX];
    char *arguments[ARGUMENTS_MAX + 1];
    char *environment[ENVIRONMENT_MAX + 1];
    struct program programs[PROGRAMS_MAX];
};

static inline int is_held_worker(const struct policy *policy)
{
    const uint32_t both = FLAG_WORKER | FLAG_HELD;
    return (policy->header.flags & both) == both;
}

// --- status -----------------------------------------------------------------------------------

enum status_kind {
    STATUS_STARTED = 1,   // value: host pid of the program, as the kernel translated it
    STATUS_REFUSED = 2,   // value: errno; name: the feature; detail: the path, if any
    STATUS_EXITED = 3,    // value: exit code of the program
    STATUS_SIGNALLED = 4, // value: signal that ended the program
};

enum { STATUS_MAGIC = 0x53474341 }; // "ACGS"

// One write(2) each, at the end of what is there: the processes of a cage share the position. A file,
// not a pipe: who reads it later reads all of it again.
struct status_record {
    uint32_t magic, kind;
    int32_t value;
    uint32_t reserved;
    char name[32];
    char detail[80];
};

// --- roles ------------------------------------------------------------------------------------

void report(enum status_kind kind, int value, const char *name, const char *detail);
__attribute__((noreturn)) void refuse(const char *feature, const char *detail, int error);

struct etc_file {
    const char *path, *text;
};

// The last one has no path. With the host's network its hosts and resolver are the host's.
const struct etc_file *etc_files(int network);
void policy_read(int fd, struct policy *policy);
// Absolute, without empty, "." or ".." components: a path that means one thing to everybody.
int path_is_plain(const char *path);
void memory_release(void);
void network_build(uint32_t flags);
struct tree {
    int fd; // detached; -1: not there
    struct stat kind;
};

// Keeps the host's root, for tree_take, until it is closed.
void host_open(void);
void host_close(void);
void tree_take(struct tree *taken, const char *source, int writable);
void tree_place(const struct tree *tree, const char *target);
void make_directory(const char *path);
void root_build(const struct policy *policy, uid_t uid, gid_t gid);
// The end of root_build, but that of a held worker: places `last`, if any, and lets go of the host.
void root_close(const struct bind *last);
// Closes what root_close needs, in a process that does not call it.
void root_forget(void);
__attribute__((noreturn)) void init_run(int program_pid, int child_signals);
__attribute__((noreturn)) void program_run(struct policy *policy, int ready_fd);
void capabilities_bound(void);
void capabilities_drop(void);
void filter_keeper(void);
__attribute__((noreturn)) void keep_run(void);

#endif
