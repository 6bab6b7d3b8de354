import AuraSystem
import CLinux
import CSeccomp
import Glibc

/// Two BPF programs, compiled once and loaded by every cage of a profile.
///
/// The first is the list: allowed, EPERM, or ENOSYS for everything else. The second looks at
/// arguments and refuses some of what the first lets through; the kernel obeys the stricter of the
/// two. Split in two because libseccomp cannot say "unless" about an allowed call. A call through
/// another architecture's entry (i386, x32) ends the process. See seccomp(2).
package struct SeccompFilter: Hashable, Sendable {
    /// Processors that a filter can be made for.
    package enum Architecture: CaseIterable, Sendable {
        /// AMD and Intel.
        case x86_64
        /// ARM, 64 bit.
        case arm64

        /// Of this build.
        package static var native: Architecture {
            #if arch(arm64)
                .arm64
            #else
                .x86_64
            #endif
        }

        fileprivate var token: UInt32 {
            switch self {
            case .x86_64: cseccomp_arch_x86_64()
            case .arm64: cseccomp_arch_aarch64()
            }
        }
    }

    /// 4096, BPF_MAXINSNS: the kernel takes no longer program.
    package static let instructionsMax = 4096
    /// 8: sizeof(struct sock_filter).
    package static let instructionBytes = 8

    /// The programs in the order of loading, each an array of `struct sock_filter`.
    package let programs: [[UInt8]]

    /// A filter that was compiled elsewhere.
    init(programs: [[UInt8]]) { self.programs = programs }

    /// Compiles the filter of a profile.
    ///
    /// Throws `.filter` when libseccomp refuses a rule.
    package init(
        _ profile: ConfinementProfile, architecture: Architecture = .native
    ) throws(ConfinementError) {
        let list = try Rules.make(otherwise: cseccomp_errno(UInt16(ENOSYS)), architecture)
        for name in profile.allowed { try list.add(cseccomp_allow(), name) }
        for name in profile.forbidden { try list.add(cseccomp_errno(UInt16(EPERM)), name) }

        let arguments = try Rules.make(otherwise: cseccomp_allow(), architecture)
        for check in ArgumentCheck.all {
            try arguments.add(cseccomp_errno(check.error), check.call, check.conditions)
        }
        programs = [try list.exported(), try arguments.exported()]
    }
}

/// A call that is refused for one of its arguments.
private struct ArgumentCheck {
    let call: String
    /// All of them must hold.
    let conditions: [scmp_arg_cmp]
    let error: UInt16

    static var all: [ArgumentCheck] { namespaces + families + modes + terminals }

    private static func refuse(
        _ call: String, argument: UInt32, mask: UInt32, value: UInt32, _ error: Int32 = EPERM
    ) -> ArgumentCheck {
        ArgumentCheck(
            call: call, conditions: [cseccomp_masked(argument, mask, value)],
            error: UInt16(error))
    }

    /// clone with any namespace flag: time, mount, cgroup, uts, ipc, user, pid, net (sched.h).
    private static var namespaces: [ArgumentCheck] {
        let flags: [UInt32] = [
            0x80, 0x2_0000, 0x200_0000, 0x400_0000, 0x800_0000, 0x1000_0000, 0x2000_0000,
            0x4000_0000,
        ]
        return flags.map { refuse("clone", argument: 0, mask: $0, value: $0) }
    }

    /// Only UNIX (1), INET (2) and INET6 (10).
    ///
    /// 63: the kernel knows 46 families today and answers EAFNOSUPPORT itself to what it does not
    /// know.
    private static var families: [ArgumentCheck] {
        (0...63).filter { ![1, 2, 10].contains($0) }.flatMap { family in
            ["socket", "socketpair"].map {
                refuse($0, argument: 0, mask: .max, value: UInt32(family), EAFNOSUPPORT)
            }
        }
    }

    /// No device nodes, and no set-user-id or set-group-id bits: a file in the workspace stays
    /// behind on the host.
    private static var modes: [ArgumentCheck] {
        let setID: [UInt32] = [0o4000, 0o2000]
        let places: [(String, UInt32)] = [
            ("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("creat", 1), ("mknod", 1),
            ("mknodat", 2),
        ]
        let bits = places.flatMap { call, argument in
            setID.map { refuse(call, argument: argument, mask: $0, value: $0) }
        }
        let kind: UInt32 = 0o170000
        let character: UInt32 = 0o020000
        let block: UInt32 = 0o060000
        let nodes = [("mknod", UInt32(1)), ("mknodat", 2)].flatMap { call, argument in
            [character, block].map { refuse(call, argument: argument, mask: kind, value: $0) }
        }
        return bits + opens(setID) + nodes
    }

    /// open's mode is an argument only with O_CREAT or __O_TMPFILE; otherwise its register holds
    /// whatever was left there.
    private static func opens(_ setID: [UInt32]) -> [ArgumentCheck] {
        let creating: [UInt32] = [0x40, 0x40_0000]
        return [("open", UInt32(1)), ("openat", 2)].flatMap { call, flags in
            creating.flatMap { flag in
                setID.map { bit in
                    ArgumentCheck(
                        call: call,
                        conditions: [
                            cseccomp_masked(flags, flag, flag),
                            cseccomp_masked(flags + 1, bit, bit),
                        ], error: UInt16(EPERM))
                }
            }
        }
    }

    /// TIOCSTI and TIOCLINUX put characters into a terminal's input (ioctl_tty(2)).
    private static var terminals: [ArgumentCheck] {
        [0x5412, 0x541C].map { refuse("ioctl", argument: 1, mask: .max, value: $0) }
    }
}

/// One filter under construction.
///
/// Owns the libseccomp context.
private struct Rules: ~Copyable {
    private let context: scmp_filter_ctx

    static func make(
        otherwise action: UInt32, _ architecture: SeccompFilter.Architecture
    ) throws(ConfinementError) -> Rules {
        guard let context = seccomp_init(action) else {
            throw .filter(call: "seccomp_init", subject: "", code: ENOMEM)
        }
        let rules = Rules(owning: context)
        try rules.configure(architecture)
        return rules
    }

    private init(owning context: scmp_filter_ctx) { self.context = context }

    private borrowing func configure(
        _ architecture: SeccompFilter.Architecture
    ) throws(ConfinementError) {
        if architecture.token != seccomp_arch_native() {
            try check("seccomp_arch_add", seccomp_arch_add(context, architecture.token))
            try check("seccomp_arch_remove", seccomp_arch_remove(context, seccomp_arch_native()))
        }
        try check(
            "seccomp_attr_set",
            seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, cseccomp_kill_process()))
        // 2: a binary tree over the numbers instead of one comparison for each.
        try check("seccomp_attr_set", seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2))
    }

    borrowing func add(_ action: UInt32, _ name: String) throws(ConfinementError) {
        let number = seccomp_syscall_resolve_name(name)
        guard number != unknownCall else { return }
        try check(
            "seccomp_rule_add", seccomp_rule_add_array(context, action, number, 0, nil),
            about: name)
    }

    borrowing func add(
        _ action: UInt32, _ name: String, _ conditions: [scmp_arg_cmp]
    ) throws(ConfinementError) {
        let number = seccomp_syscall_resolve_name(name)
        guard number != unknownCall else { return }
        try check(
            "seccomp_rule_add",
            seccomp_rule_add_array(
                context, action, number, UInt32(conditions.count), conditions),
            about: name)
    }

    /// The library writes to a descriptor only: a memory file lends one.
    borrowing func exported() throws(ConfinementError) -> [UInt8] {
        let number = clinux_memory_file("aura-filter")
        guard number >= 0 else { throw .system(SystemError("memfd_create", code: errno)) }
        let file = OwnedDescriptor(adopting: number)
        try check("seccomp_export_bpf", seccomp_export_bpf(context, file.raw))

        let bytesMax = SeccompFilter.instructionsMax * SeccompFilter.instructionBytes
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = pread(file.raw, &bytes, bytes.count, 0)
        guard count > 0, count <= bytesMax, count % SeccompFilter.instructionBytes == 0 else {
            throw .filter(call: "seccomp_export_bpf", subject: "size \(count)", code: EMSGSIZE)
        }
        return Array(bytes.prefix(count))
    }

    private borrowing func check(
        _ call: String, _ result: Int32, about subject: String = ""
    ) throws(ConfinementError) {
        // The library returns negative errnos.
        guard result == 0 else { throw .filter(call: call, subject: subject, code: -result) }
    }

    /// __NR_SCMP_ERROR: the library, older than this table, has never heard of the call, which so
    /// stays at the default answer.
    private var unknownCall: Int32 { -1 }

    deinit { seccomp_release(context) }
}
