import AuraModel
import AuraSystem
import Glibc

/// A real aurad with its own record and its own configuration, whose reasoner is the bench itself.
final class AgentLab {
    private let scratch: ScratchDirectory
    private let programs: String
    private let process: ProcessDescriptor
    private let null: OwnedDescriptor

    /// Where aurad answers.
    var socketPath: String { scratch.path + "/run/aurad.sock" }

    /// A minute: a thousand times what a start takes.
    private static let patience = 60
    /// Whom aurad becomes when the bench is root.
    private static let user = "nobody"

    /// Starts aurad of `programs` with `agents` automatons, agent-0 and so on, and serves until it
    /// answers.
    init(
        programs: String, server: ModelServer, agents: Int, turns: Int, in directory: String
    ) throws {
        scratch = try ScratchDirectory(in: directory)
        self.programs = programs
        chmod(scratch.path, 0o755)
        let etc = try scratch.make("etc")
        let automata = try scratch.make("automata")
        let run = try scratch.make("run")
        // aurad reads them as somebody else.
        for path in [etc, automata] { chmod(path, 0o755) }
        let isRoot = geteuid() == 0
        let settings = """
            state: \(scratch.path)/state
            socket: \(run)/aurad.sock
            operator-group: null
            definitions: \(automata)
            libexec: \(programs)
            runs-max: \(agents)
            \(isRoot ? "user: \(Self.user)" : "")
            reasoners:
              bench:
                provider: anthropic
                model: bench
                credential: key
                base-url: \(server.url)
                prices: {input: 0, output: 0}
            """
        try Self.write(settings, to: etc + "/aurad.yaml")
        try FileSystem.writeAtomically(
            Array("key".utf8), to: try scratch.make("etc/credentials") + "/key")
        for number in 0..<agents {
            let text = """
                automaton: agent-\(number)
                kind: task-run
                reasoner: bench
                prompt: Read the file.
                budget: {run: {tokens: 1_000_000_000}}
                limits: {turns: \(turns), answer-tokens: 500}
                """
            try Self.write(text, to: "\(automata)/agent-\(number).yaml")
        }
        if isRoot, let account = getpwnam(Self.user) {
            for path in [run, etc + "/credentials", etc + "/credentials/key"] {
                chown(path, account.pointee.pw_uid, account.pointee.pw_gid)
            }
        }
        let number = Glibc.open("/dev/null", O_RDWR | O_CLOEXEC)
        guard number >= 0 else { throw BenchFailure("/dev/null cannot be opened") }
        null = OwnedDescriptor(adopting: number)
        let log = Glibc.open(
            scratch.path + "/aurad.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard log >= 0 else { throw BenchFailure("no log in \(scratch.path)") }
        let output = OwnedDescriptor(adopting: log)
        process = try Spawn(
            executable: programs + "/aurad",
            arguments: ["aurad", "--config", etc + "/aurad.yaml", "--foreground"],
            environment: ["PATH": "/usr/bin:/bin"],
            descriptors: [
                .init(child: 0, parent: null.raw), .init(child: 1, parent: output.raw),
                .init(child: 2, parent: output.raw),
            ]
        ).start()
        try waitForAnswer()
    }

    private func waitForAnswer() throws {
        for _ in 0..<(Self.patience * 20) {
            if try control(["status"]).reap(waitingMilliseconds: 10_000) == .exited(0) { return }
            if let end = try process.reap() { throw BenchFailure("aurad ended: \(end)\n\(said)") }
            usleep(50_000)
        }
        throw BenchFailure("aurad does not answer:\n\(said)")
    }

    /// The end of what aurad wrote.
    private var said: String {
        let bytes = try? FileSystem.readFile(scratch.path + "/aurad.log", bytesMax: 64 << 20)
        return String(decoding: (bytes ?? []).suffix(2000), as: UTF8.self)
    }

    /// Orders a run of agent `number`, by the client that an operator uses, and serves until `isOver`.
    func order(_ number: Int, on server: ModelServer, until isOver: () -> Bool) throws {
        let order = try control(["run", "agent-\(number)"])
        var end: ExitStatus?
        let isDone = try server.serve(seconds: Self.patience) {
            if end == nil { end = try order.reap() }
            if let end, end != .exited(0) { throw BenchFailure("no run: \(end)\n\(said)") }
            return end != nil && isOver()
        }
        guard isDone else {
            throw BenchFailure("a run stopped after \(server.requests) requests:\n\(said)")
        }
    }

    private func control(_ arguments: [String]) throws -> ProcessDescriptor {
        try Spawn(
            executable: programs + "/aura-ctl", arguments: ["aura-ctl"] + arguments,
            environment: ["AURA_SOCKET": socketPath, "PATH": "/usr/bin"],
            descriptors: (0...2).map { .init(child: $0, parent: null.raw) }
        ).start()
    }

    /// What aurad itself holds resident, and what all of its descendants do, in bytes.
    func residentBytes() -> (daemon: Int, cages: Int) {
        var parents: [Int: Int] = [:]
        guard let directory = opendir("/proc") else { return (0, 0) }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = Int(name), let fields = Self.fields("/proc/\(pid)/stat"),
                fields.count > 1
            else { continue }
            parents[pid] = Int(fields[1])
        }
        let root = Int(process.processID.raw)
        let cages = parents.keys.filter { pid in
            var ancestor = parents[pid]
            while let next = ancestor, next > 1, next != root { ancestor = parents[next] }
            return ancestor == root
        }
        return (Self.resident(root), cages.reduce(0) { $0 + Self.resident($1) })
    }

    /// The fields behind the command's name in /proc/PID/stat, see proc(5).
    private static func fields(_ path: String) -> [Substring]? {
        guard let bytes = try? FileSystem.readFile(path, bytesMax: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: end)...].split(separator: " ")
    }

    private static func resident(_ pid: Int) -> Int {
        guard let bytes = try? FileSystem.readFile("/proc/\(pid)/statm", bytesMax: 4096)
        else { return 0 }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// Ends aurad and removes what it wrote.
    func close() throws {
        try process.signal(SIGTERM)
        if try process.reap(waitingMilliseconds: 15_000) == nil {
            try process.signal(SIGKILL)
            _ = try process.reap(waitingMilliseconds: nil)
        }
        scratch.remove()
    }

    private static func write(_ text: String, to path: String) throws {
        try FileSystem.writeAtomically(Array((text + "\n").utf8), to: path, mode: 0o644)
    }
}
