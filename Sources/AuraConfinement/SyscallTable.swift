/// The system calls of each profile, by name.
///
/// A name that an architecture does not have is skipped there, so one table serves x86-64 (`open`,
/// `fork`) and arm64 (`openat`, `clone` only).
///
/// What is in no list answers ENOSYS, as an older kernel would: programs then fall back (`clone3`
/// to `clone`, `openat2` to `openat`), and calls invented after this table was written stay closed.
enum SyscallTable {
    /// What any program needs to run at all: memory, time, signals, its own threads' futexes,
    /// descriptors it already has.
    static let essential = names(
        """
        arch_prctl brk mmap mprotect mremap munmap madvise membarrier mincore msync mseal
        mlock mlock2 mlockall munlock munlockall pkey_alloc pkey_free pkey_mprotect
        memfd_create get_mempolicy map_shadow_stack remap_file_pages
        exit exit_group restart_syscall rseq set_robust_list get_robust_list set_tid_address
        futex futex_waitv futex_wait futex_wake futex_requeue sched_yield getcpu
        getpid getppid gettid getuid geteuid getgid getegid getgroups getresuid getresgid
        getpgid getpgrp getsid getrlimit prlimit64 getrusage times umask uname sysinfo getrandom
        capget prctl seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self
        rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait
        sigaltstack pause signalfd signalfd4 tgkill
        clock_getres clock_gettime clock_nanosleep nanosleep gettimeofday time alarm
        getitimer setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_settime
        timerfd_create timerfd_gettime timerfd_settime
        sched_getaffinity sched_getattr sched_getparam sched_getscheduler
        sched_get_priority_max sched_get_priority_min sched_rr_get_interval
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close
        close_range dup dup2 dup3 fcntl ioctl pipe pipe2 eventfd eventfd2
        poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
        epoll_pwait2 sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg shutdown
        getsockopt setsockopt getsockname getpeername execve
        """)

    /// Files and directories.
    ///
    /// Which ones is for the mounts and Landlock to say.
    static let files = names(
        """
        open openat creat access faccessat faccessat2 stat fstat lstat newfstatat statx statfs
        fstatfs getdents getdents64 getcwd chdir fchdir readlink readlinkat
        mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
        truncate ftruncate fallocate fadvise64 readahead copy_file_range sendfile splice tee
        vmsplice sync_file_range fsync fdatasync sync syncfs cachestat flock
        chmod fchmod fchmodat utime utimes utimensat futimesat
        getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr
        """)

    /// What programs that start programs need, and builds, tests and servers on their own loopback.
    static let processes = names(
        """
        clone fork vfork execveat wait4 waitid kill tkill pidfd_open pidfd_send_signal
        rt_sigqueueinfo rt_tgsigqueueinfo process_mrelease setpgid setsid
        setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset
        setrlimit getpriority setpriority ioprio_get ioprio_set sched_setaffinity sched_setattr
        sched_setparam sched_setscheduler
        socket socketpair bind listen accept accept4 connect
        msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget
        mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink
        inotify_init inotify_init1 inotify_add_watch inotify_rm_watch
        io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit
        mknod mknodat chown fchown fchownat lchown
        setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
        get_thread_area set_thread_area
        """)

    /// Known and refused, with EPERM rather than ENOSYS, so that the reason is not mistaken for an
    /// old kernel.
    ///
    /// The list serves messages; safety comes from the allow-list.
    static let forbidden = names(
        """
        mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick
        mount_setattr setns unshare
        ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp
        bpf perf_event_open io_uring_setup io_uring_enter io_uring_register userfaultfd
        keyctl add_key request_key
        name_to_handle_at open_by_handle_at fanotify_init fanotify_mark
        personality memfd_secret mbind migrate_pages move_pages set_mempolicy
        set_mempolicy_home_node
        init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
        acct quotactl quotactl_fd syslog iopl ioperm modify_ldt lookup_dcookie nfsservctl vhangup
        settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname
        uselib ustat sysfs _sysctl
        """)

    /// What the worker's narrower list leaves out of the wider one, refused in the same way.
    static let forbiddenToWorker = processes

    private static func names(_ text: String) -> [String] {
        text.split { $0 == " " || $0 == "\n" }.map(String.init)
    }
}
