import Glibc

/// What one cage is: the program, what it sees, what it may use.
///
/// Everything absent is denied.
///
/// Paths of the host are absolute, normalised and free of symbolic links (`canonicalPath` makes
/// them so); `aura-cage` refuses a link in any component. Names the program sees are fixed: it is
/// user `worker`, 1000, with `/home/worker`, `/tmp`, and the workspace at `/ws`.
package struct CagePlan: Hashable, Sendable {
    /// What runs in the cage.
    package enum Program: Hashable, Sendable {
        /// The static worker of the launcher, with a broker socket on descriptor 3 and arguments
        /// after its name. It can execute nothing else and make no socket.
        case worker(arguments: [String])
        /// A command line, its first word searched in `searchPath` unless it has a slash; its
        /// working directory inside; and variables besides the six.
        case command([String], directory: String, environment: [String: String])
    }

    /// A tree or a file of the host, seen inside.
    package struct Bind: Hashable, Sendable {
        /// Where it is on the host.
        package let source: String
        /// Where the program sees it.
        ///
        /// Not below another bind, nor a name that the cage makes.
        package let target: String
        /// Whether the program may change it.
        package let writable: Bool

        /// Read-only unless said otherwise.
        ///
        /// Never set-user-id, never devices.
        package init(_ source: String, at target: String, writable: Bool = false) {
            self.source = source
            self.target = target
            self.writable = writable
        }
    }

    /// Resource limits of each process; see setrlimit(2).
    ///
    /// Never above what the daemon has itself.
    package struct Limits: Hashable, Sendable, Codable {
        /// 4096: builds open many files; far below what exhausts the host.
        package var openFilesMax: UInt64 = 4096
        /// 4 GiB: no build product is larger; a runaway file ends by SIGXFSZ.
        package var fileBytesMax: UInt64 = 4 << 30
        /// 256: processes and threads of the cage, counted by its own user namespace.
        package var processesMax: UInt64 = 256
        /// 8 MiB, the usual default.
        package var lockedBytesMax: UInt64 = 8 << 20
        /// Processor seconds of each process, 0 for no limit.
        ///
        /// Wall time is the caller's to enforce.
        package var processorSeconds: UInt64 = 0
        /// 4 GiB: all processes together, with the memory-backed directories.
        ///
        /// Enforced by the kernel where the cage has a control group, else the caller's to enforce.
        package var memoryBytesMax: UInt64 = 4 << 30
        /// Hundredths of a processor, nil for no bound; needs a control group.
        package var processorShare: Int?

        /// The defaults above.
        package init() {}

        /// 512 MiB and 64 processes for a worker: one static program that holds a conversation.
        static let worker = {
            var limits = Limits()
            limits.memoryBytesMax = 512 << 20
            limits.processesMax = 64
            return limits
        }()
    }

    /// Memory-backed directories; 0 bytes leaves the directory out.
    package struct Scratch: Hashable, Sendable {
        /// `/tmp`.
        package var tmpBytes: UInt64
        /// `/home/worker`.
        package var homeBytes: UInt64
        /// `/dev/shm`.
        package var sharedBytes: UInt64
        /// 65536 names in each: a build's temporary files, not an inode bomb.
        package var inodesMax: UInt64 = 65_536

        /// Sizes in bytes.
        package init(tmpBytes: UInt64, homeBytes: UInt64, sharedBytes: UInt64) {
            self.tmpBytes = tmpBytes
            self.homeBytes = homeBytes
            self.sharedBytes = sharedBytes
        }

        /// 16 MiB of `/tmp`: the worker edits in place.
        package static let worker = Scratch(tmpBytes: 16 << 20, homeBytes: 0, sharedBytes: 0)
        /// 512 MiB each of `/tmp` and home (a Swift module cache needs them), 64 MiB shared.
        package static let command = Scratch(
            tmpBytes: 512 << 20, homeBytes: 512 << 20, sharedBytes: 64 << 20)
    }

    /// Where the workspace is seen.
    package static let workspaceTarget = "/ws"
    /// Where the worker's own file is seen.
    package static let workerTarget = "/aura-worker"
    /// The user inside, in uid and gid.
    package static let insideUser: UInt32 = 1000

    /// Printed id of the run, the sixth variable `AURA_RUN`.
    package var run: String
    /// What runs.
    package var program: Program
    /// Trees besides the workspace: a repository at `/src`, a toolchain, a cache.
    package var binds: [Bind] = []
    /// Whether a command sees the host's network instead of a loopback of its own.
    ///
    /// The weaker cage of a step that talks to another machine; nothing else in it differs.
    /// `withNetwork` sets it, with what names and certificates need.
    package private(set) var sharesNetwork = false
    /// Whether there is a listener on the cage's own loopback, accepted on by the daemon.
    ///
    /// `withProxy` sets it, with what programs need to find it.
    package private(set) var hasProxy = false
    /// Where commands are searched; the value of `PATH`.
    package var searchPath = "/usr/local/bin:/usr/bin:/bin"
    /// Limits of each process.
    package var limits = Limits()
    /// Sizes of the private directories.
    package var scratch: Scratch

    /// A cage for one worker of a run, over a workspace at `/ws`.
    package static func worker(
        run: String, workspace: String?, writable: Bool = true, arguments: [String] = []
    ) -> CagePlan {
        var plan = CagePlan(
            run: run, program: .worker(arguments: arguments), limits: .worker, scratch: .worker)
        plan.bindWorkspace(workspace, writable: writable)
        return plan
    }

    /// A sibling cage for one command.
    ///
    /// `directory` is `/ws` when there is a workspace, else `/`.
    package static func command(
        run: String, _ arguments: [String], workspace: String?, writable: Bool = true,
        directory: String? = nil, environment: [String: String] = [:]
    ) -> CagePlan {
        let start = directory ?? (workspace == nil ? "/" : workspaceTarget)
        var plan = CagePlan(
            run: run,
            program: .command(arguments, directory: start, environment: environment),
            scratch: .command)
        plan.bindWorkspace(workspace, writable: writable)
        return plan
    }

    /// The same command with the host's network, its resolver and its hosts file.
    package func withNetwork() -> CagePlan {
        var plan = self
        plan.sharesNetwork = true
        // `aura-cage` links to them from /etc.
        for name in ["resolv.conf", "hosts"] {
            guard let path = CagePlan.canonicalPath("/etc/" + name) else { continue }
            plan.binds.append(Bind(path, at: "/net/" + name))
        }
        return plan
    }

    /// The same command with a proxy: its listener comes through `Cage.proxySocket`.
    ///
    /// `authorities`: who vouches for servers, a file of the host; nil: there is none.
    package func withProxy(authorities: String?) -> CagePlan {
        guard case .command(let arguments, let directory, var environment) = program else {
            return self
        }
        var plan = self
        plan.hasProxy = true
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            environment[name] = "http://127.0.0.1:\(CagePlan.proxyPort)"
        }
        for name in ["no_proxy", "NO_PROXY"] { environment[name] = "localhost,127.0.0.1,::1" }
        if let authorities {
            plan.binds.append(Bind(authorities, at: CagePlan.authoritiesTarget))
            for name in CagePlan.authorityVariables {
                environment[name] = CagePlan.authoritiesTarget
            }
        }
        plan.program = .command(arguments, directory: directory, environment: environment)
        return plan
    }

    /// Where a cage's proxy listens on its own 127.0.0.1; PROXY_PORT in cage.h.
    package static let proxyPort = 3128
    private static let authoritiesTarget = "/net/authorities"
    /// Where OpenSSL, curl, git, python's requests, pip and node look.
    private static let authorityVariables = [
        "SSL_CERT_FILE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "REQUESTS_CA_BUNDLE", "PIP_CERT",
        "NODE_EXTRA_CA_CERTS",
    ]

    /// Who the cage is for.
    package var profile: ConfinementProfile {
        switch program {
        case .worker: .worker
        case .command: .command
        }
    }

    /// The path with every symbolic link resolved; nil when it does not exist.
    ///
    /// See realpath(3).
    ///
    /// For paths that an operator wrote. Never for one that a worker can influence.
    package static func canonicalPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private mutating func bindWorkspace(_ source: String?, writable: Bool) {
        guard let source else { return }
        binds.append(Bind(source, at: CagePlan.workspaceTarget, writable: writable))
    }
}
