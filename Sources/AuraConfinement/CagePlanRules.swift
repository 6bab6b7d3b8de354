extension CagePlan {
    /// 32 binds: each costs some 20 us of launch.
    ///
    /// BINDS_MAX in cage.h.
    package static let bindsMax = 32
    /// 256 arguments.
    ///
    /// ARGUMENTS_MAX in cage.h.
    package static let argumentsMax = 256
    /// 64 variables.
    ///
    /// ENVIRONMENT_MAX in cage.h.
    package static let environmentMax = 64
    /// 131071 bytes: MAX_ARG_STRLEN of the kernel less its NUL.
    package static let stringBytesMax = 131_071
    /// 4095 bytes: PATH_MAX less its NUL.
    package static let pathBytesMax = 4_095

    /// Names at the root that the cage makes itself; a bind may not take them.
    private static let ownNames: Set<String> = [
        "bin", "sbin", "lib", "lib64", "usr", "etc", "dev", "proc", "sys", "run", "tmp", "home",
        "aura-worker",
    ]
    /// Variables that a plan may not set: the six of every cage.
    private static let ownVariables: Set<String> = [
        "PATH", "HOME", "TMPDIR", "LANG", "USER", "AURA_RUN",
    ]

    /// Checks the plan against every bound and rule; throws `.plan` naming the first one broken.
    package func validate() throws(ConfinementError) {
        try require(binds.count < CagePlan.bindsMax, "more than \(CagePlan.bindsMax - 1) binds")
        for bind in binds {
            try require(CagePlan.isPlain(bind.source), "bind source \(bind.source)")
            try require(CagePlan.isPlain(bind.target), "bind target \(bind.target)")
            let first = bind.target.split(separator: "/").first.map(String.init) ?? ""
            try require(!first.isEmpty, "bind target /")
            try require(!CagePlan.ownNames.contains(first), "bind target \(bind.target) is taken")
        }
        let targets = binds.map { $0.target + "/" }.sorted()
        for (one, next) in zip(targets, targets.dropFirst()) {
            try require(!next.hasPrefix(one), "bind target \(next) is within \(one)")
        }
        try require(arguments.count <= CagePlan.argumentsMax, "too many arguments")
        try require(arguments.first?.isEmpty == false, "no program")
        try require(variables.count <= CagePlan.environmentMax, "too many variables")
        for text in arguments + variables {
            try require(text.utf8.count <= CagePlan.stringBytesMax, "a string is too long")
            try require(!text.utf8.contains(0), "a string contains NUL")
        }
        try require(!sharesNetwork || profile == .command, "a worker with a network")
        try require(!hasProxy || !sharesNetwork, "a proxy beside a network")
        try require(CagePlan.isPlain(directory), "directory \(directory)")
        if case .command(_, _, let environment) = program {
            for name in environment.keys {
                try require(CagePlan.isVariable(name), "variable name \(name)")
                try require(!CagePlan.ownVariables.contains(name), "variable \(name) is fixed")
            }
        }
    }

    /// The whole argument list.
    var arguments: [String] {
        switch program {
        case .worker(let arguments): [CagePlan.workerTarget] + arguments
        case .command(let arguments, _, _): arguments
        }
    }

    /// Where the program starts.
    var directory: String {
        switch program {
        case .worker:
            binds.contains { $0.target == CagePlan.workspaceTarget }
                ? CagePlan.workspaceTarget : "/"
        case .command(_, let directory, _): directory
        }
    }

    /// `NAME=value`, the six first, then the plan's own in the order of their names.
    var variables: [String] {
        let six = [
            "PATH=\(searchPath)",
            "HOME=\(scratch.homeBytes > 0 ? "/home/worker" : "/tmp")",
            "TMPDIR=/tmp",
            "LANG=C.UTF-8",
            "USER=worker",
            "AURA_RUN=\(run)",
        ]
        guard case .command(_, _, let environment) = program else { return six }
        return six + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    /// Absolute, without empty, `.` or `..` components, within the bound.
    private static func isPlain(_ path: String) -> Bool {
        guard path.utf8.count <= pathBytesMax, !path.utf8.contains(0), path.hasPrefix("/") else {
            return false
        }
        if path == "/" { return true }
        return path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            .allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, first < 0x30 || first > 0x39 else { return false }
        return name.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                || (0x61...0x7A).contains($0) || $0 == 0x5F
        }
    }

    private func require(_ holds: Bool, _ otherwise: String) throws(ConfinementError) {
        guard holds else { throw .plan(otherwise) }
    }
}
