import AuraConfinement
import AuraModel
import AuraSystem
import Foundation
import Glibc
import Testing

/// A compiled program tries to leave real cages; things to be found are put outside first.
@Suite(.serialized)
struct EscapeTests {
    /// Each profile's cages: what its worker may do to its tree, and whether commands run.
    private static let profiles: [(name: CageProfile, writes: Bool, runs: Bool)] = [
        (.chat, false, false), (.spec, false, false), (.task, true, false), (.dev, true, true),
    ]

    @Test("no attempt succeeds from inside the cages of any profile, and what they need works")
    func attempts() throws {
        var counts: [String] = []
        for profile in Self.profiles {
            var worker = try attempt(asWorkerThatWrites: profile.writes)
            worker += try attempt(asWorkerThatWrites: profile.writes, held: true)
            let command = profile.runs ? try attemptAsCommand() : 0
            let held = profile.runs ? try attemptAsCommand(.held) : 0
            // Any run but a reviewer's and a spec-gen's may have them.
            let server = profile.name == .spec ? 0 : try attemptAsCommand(.server)
            counts.append("\(profile.name.rawValue) \(worker + command + held + server)")
        }
        print("attempts refused, none unexpected: \(counts.joined(separator: ", "))")
        print("baseline: " + (try Self.baseline()))
    }

    /// How a command's cage is launched.
    private enum Launch {
        case plain
        /// It was built before the command came.
        case held
        /// A tool server's, with pipes of its own.
        case server
    }

    private func attemptAsCommand(_ launch: Launch = .plain) throws -> Int {
        let lab = try CageLab.shared.get()
        let scene = try Scene()
        defer { scene.remove() }
        var plan = CagePlan.command(
            run: "r1", ["/probe", "command"] + scene.arguments, workspace: scene.workspace)
        plan.binds.append(CagePlan.Bind(scene.source, at: "/src"))
        plan.binds.append(CagePlan.Bind(lab.probePath, at: "/probe"))
        let count = try judge(
            start(plan, launch, by: lab.launcher()).collect(), attemptsMin: 150)
        #expect(FileManager.default.fileExists(atPath: scene.workspace + "/from-inside"))
        #expect(try String(contentsOfFile: scene.state, encoding: .utf8) == "state")
        return count
    }

    private func start(
        _ plan: CagePlan, _ launch: Launch, by launcher: Launcher
    ) throws -> Cage {
        switch launch {
        case .plain: return try launcher.launch(plan)
        case .held:
            let held = try HeldCage(plan, by: launcher)
            guard held.begin(plan) else { throw CageLab.Failure("the held cage is gone") }
            return held.cage
        case .server:
            var input = try DescriptorPair.pipe()
            var errors = try DescriptorPair.pipe()
            let (reader, writer) = (input.takeFirst().take(), errors.takeSecond().take())
            defer {
                close(reader)
                close(writer)
            }
            return try launcher.launch(plan, input: reader, errors: writer)
        }
    }

    private func attempt(asWorkerThatWrites writes: Bool, held: Bool = false) throws -> Int {
        let lab = try CageLab.shared.get()
        let scene = try Scene()
        defer { scene.remove() }
        try CageLab.write("given", to: scene.workspace + "/given")
        let plan = CagePlan.worker(
            run: "r1", workspace: scene.workspace, writable: writes,
            arguments: [writes ? "worker" : "reader"] + scene.arguments)
        let cage = try start(plan, held ? .held : .plain, by: lab.launcher())
        let broker = cage.takeBroker()
        let outcome = try cage.collect()
        let count = try judge(outcome, attemptsMin: 150)
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(broker.raw, &bytes, 16) == 5)
        #expect(read(broker.raw, &bytes, 16) == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: scene.workspace)
        #expect(writes || names == ["given"])
        return count
    }

    /// The same attempts in bubblewrap with everything unshared: what gets out of that.
    ///
    /// Its command line is what an agent's sandbox is commonly made of: the host's files read-only,
    /// a workspace, its own /proc and /dev.
    private static func baseline() throws -> String {
        let bwrap = "/usr/bin/bwrap"
        guard FileManager.default.isExecutableFile(atPath: bwrap) else {
            return "bubblewrap is not installed"
        }
        let lab = try CageLab.shared.get()
        let scene = try Scene()
        defer { scene.remove() }
        let command =
            lab.prefix + [
                bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/", "/",
                "--proc", "/proc", "--dev", "/dev", "--bind", scene.workspace, scene.workspace,
                "--chdir", scene.workspace, lab.probePath, "bare",
            ] + scene.arguments
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = said.split(separator: "\n")
        // What it is let do may be the end of it: then the attempts until there count.
        let made = lines.count { $0.hasPrefix("ALLOWED ") || $0.hasPrefix("refused ") }
        guard made > 0 else { return "bubblewrap does not start here: \(lines.last ?? "")" }
        let out = lines.filter { $0.hasPrefix("ALLOWED ") }.map { $0.dropFirst("ALLOWED ".count) }
        let names = out.joined(separator: " ")
        return "bubblewrap lets \(out.count) of \(made) succeed: \(names)"
    }

    private func judge(_ outcome: Outcome, attemptsMin: Int) throws -> Int {
        let lines = outcome.output.split(separator: "\n")
        let refused = lines.filter { $0.hasPrefix("refused ") }
        let wrong = lines.filter { $0.hasPrefix("ALLOWED ") || $0.hasPrefix("BROKEN ") }
        #expect(wrong.isEmpty, "\(wrong)")
        #expect(outcome.end == .exited(0), "\(outcome.output.suffix(2_000))")
        #expect(refused.count >= attemptsMin)
        return refused.count
    }
}

/// What stands outside a cage and must not be reached: files, a process, sockets.
private final class Scene {
    let workspace: String
    let source: String
    let state: String
    private let secret: String
    private let victim: ProcessDescriptor
    private let sockets: [Int32]
    private let port: UInt16
    private let unixPath: String
    private let abstractName: String

    init() throws {
        workspace = try CageLab.makeDirectory("ws")
        source = try CageLab.makeDirectory("src")
        try CageLab.write("read me", to: source + "/readme")
        let outside = try CageLab.makeDirectory("state")
        state = outside + "/record"
        secret = outside + "/id_ed25519"
        unixPath = outside + "/socket"
        try CageLab.write("state", to: state)
        try CageLab.write("AURA_CANARY", to: secret)

        // The victim runs as the same host user, with a key in its environment.
        let command = try CageLab.shared.get().prefix + ["/usr/bin/sleep", "60"]
        victim = try Spawn(
            executable: command[0], arguments: command, environment: ["API_KEY": "AURA_CANARY"]
        ).start()

        let (tcp, port) = try Scene.listenTCP()
        self.port = port
        // Its own: what another scene had may be held by a program that is still ending.
        abstractName = "aura-probe-\(getpid())-\(port)"
        sockets = [
            tcp, try Scene.listenUnix(Array(unixPath.utf8)),
            try Scene.listenUnix([0] + Array(abstractName.utf8)),
        ]
        chmod(unixPath, 0o777)
    }

    /// As probe.c wants them.
    var arguments: [String] {
        [secret, state, "\(victim.processID)", "\(port)", unixPath, abstractName]
    }

    func remove() {
        _ = try? victim.signal(SIGKILL)
        _ = try? victim.reap(waitingMilliseconds: 1_000)
        for socket in sockets { close(socket) }
        let outside = URL(fileURLWithPath: state).deletingLastPathComponent().path
        for path in [workspace, source, outside] {
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    /// Closed in whatever another test of this process starts meanwhile.
    private static let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    private static func listenTCP() throws -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Self.kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer -> UInt16? in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> Bool in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, generic, &length) == 0
            } ? UInt16(bigEndian: pointer.pointee.sin_port) : nil
        }
        guard let port else { throw CageLab.Failure("listen: \(errno)") }
        return (descriptor, port)
    }

    private static func listenUnix(_ name: [UInt8]) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Self.kind, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        // As the probe counts it: one byte more than the name, its NUL or its leading one.
        let extra = name.first == 0 ? 0 : 1
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count + extra)
        let listening = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
            }
        }
        guard listening else { throw CageLab.Failure("listen: \(errno)") }
        return descriptor
    }
}
