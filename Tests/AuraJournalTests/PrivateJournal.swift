import AuraModel
import Glibc

/// A systemd-journald of the test's own, on a /run that only one thread and its children see.
///
/// libsystemd's socket path is fixed, so the path stays and what is mounted there changes: the
/// thread enters a mount namespace of its own. All is gone when the thread and journald have ended.
enum PrivateJournal {
    static let program = "/lib/systemd/systemd-journald"

    /// Mounting asks for root, and the journal for its programs.
    static var isPossible: Bool {
        geteuid() == 0 && access(program, X_OK) == 0 && access("/usr/bin/journalctl", X_OK) == 0
    }

    struct Failure: Error { var what: String }

    /// The running journald, inside `with`.
    struct Daemon {
        let process: pid_t

        func signal(_ number: CInt) { kill(process, number) }

        /// What the journal holds of aurad, oldest first; waits until it holds `count` entries, or
        /// ten seconds.
        func entries(count: Int) throws -> [JSONValue] {
            var found: [JSONValue] = []
            for _ in 0..<100 {
                let text = try PrivateJournal.output([
                    "/usr/bin/journalctl", "--directory=/run/log/journal", "--no-pager", "--all",
                    "--output=json", "--identifier=aurad",
                ])
                found = try text.split(separator: "\n").map {
                    try JSON.decode(JSONValue.self, from: $0.utf8)
                }
                if found.count >= count { return found }
                usleep(100_000)
            }
            return found
        }
    }

    /// Runs `body` on a thread that sees the private journald.
    static func with<T>(_ body: @escaping (Daemon) throws -> T) throws -> T {
        try onThread {
            try enterMounts()
            let daemon = Daemon(process: try spawn([program], output: nil))
            defer {
                daemon.signal(SIGCONT)
                daemon.signal(SIGTERM)
                waitpid(daemon.process, nil, 0)
            }
            for _ in 0..<100 where access("/run/systemd/journal/socket", W_OK) != 0 {
                usleep(100_000)
            }
            return try body(daemon)
        }
    }

    // MARK: The thread

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    private static func onThread<T>(_ body: @escaping () throws -> T) throws -> T {
        var result: Result<T, any Error>?
        try withoutActuallyEscaping({ result = Result { try body() } }) { run in
            var thread = pthread_t()
            let work = Unmanaged.passRetained(Work(run))
            let status = pthread_create(
                &thread, nil,
                { pointer in
                    if let pointer {
                        Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                    }
                    return nil
                }, work.toOpaque())
            guard status == 0 else { throw Failure(what: "pthread_create: \(status)") }
            pthread_join(thread, nil)
        }
        guard let result else { throw Failure(what: "the thread did not run") }
        return try result.get()
    }

    private static func enterMounts() throws {
        // Swift's Glibc module has no unshare(2).
        typealias Unshare = @convention(c) (CInt) -> CInt
        guard let symbol = dlsym(nil, "unshare") else { throw Failure(what: "no unshare") }
        let newMounts: CInt = 0x20000  // CLONE_NEWNS
        guard unsafeBitCast(symbol, to: Unshare.self)(newMounts) == 0 else {
            throw Failure(what: "unshare: \(errno)")
        }
        let propagation = UInt(MS_REC | MS_PRIVATE)
        guard mount("none", "/", nil, propagation, nil) == 0,
            mount("tmpfs", "/run", "tmpfs", 0, nil) == 0
        else { throw Failure(what: "mount: \(errno)") }
        mkdir("/run/log", 0o755)
        mkdir("/run/systemd", 0o755)
    }

    // MARK: Children

    private static func spawn(_ argv: [String], output: CInt?) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, 1)
        } else {
            posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var arguments = argv.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        var process = pid_t()
        let status = posix_spawn(&process, argv[0], &actions, nil, &arguments, &environment)
        guard status == 0 else { throw Failure(what: "posix_spawn \(argv[0]): \(status)") }
        return process
    }

    private static func output(_ argv: [String]) throws -> String {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(what: "pipe") }
        let process = try spawn(argv, output: ends[1])
        close(ends[1])
        defer {
            close(ends[0])
            waitpid(process, nil, 0)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(ends[0], &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
