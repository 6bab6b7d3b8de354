import AuraConfinement
import AuraModel
import AuraSystem
import Foundation
import Glibc

@testable import AuraDaemon

/// An operator's repository, a run's workspaces and real cages over both; gone when the test is
/// over.
///
/// The tests may run as root, as in a build container; a cage refuses that, so everything then
/// belongs to uid 65534, and launches go through setpriv(1).
final class StepLab {
    /// A directory without a symbolic link in its path.
    let root: String
    let workspaces: Workspaces
    let plans: StepPlans
    var definition: Definition
    var run: RunRow
    private let launcher: Launcher

    /// The operator's checkout, with one commit on `main`: `tasks.md`, `code.txt` and `docs/guide`.
    var repository: String { root + "/repo" }

    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }

    /// What came of a cage.
    struct Outcome {
        let end: CageExit
        let output: String

        /// The commit that an export names.
        var commit: String? {
            output.split(separator: "\n").first { $0.hasPrefix("commit ") }
                .map { String($0.dropFirst(7)) }
        }
    }

    static let tasks = "# Tasks\n\n- [ ] T1 first\n- [ ] T2 second\n"

    init(_ kind: AutomatonKind = .devLoop) throws {
        let tools = try Tools.shared.get()
        launcher = try Launcher(
            cagePath: tools.cagePath, workerPath: "/usr/bin/true", prefix: Tools.prefix)
        root = try Scratch.makeDirectory("steps")
        workspaces = try Workspaces(stateDirectory: root)
        plans = StepPlans(
            workspaces: workspaces, credentials: Credentials(configurationDirectory: root))
        let at = Instant(milliseconds: 1_700_000_000_000)
        guard let name = AutomatonName("fixer") else { throw Failure("the name") }
        definition = Definition(
            name: name, kind: kind, reasoner: "none", workspace: .init(repository: root + "/repo"))
        run = RunRow(
            id: RunID(at: at, sequence: 7), automaton: name,
            admitted: RunAdmitted(
                trigger: .schedule(nominal: at), kind: kind, definition: "d", task: nil,
                budget: .none, day: "2023-11-14"), at: at)
        try host("mkdir -p \(repository)/docs; git init -q -b main \(repository)")
        try inRepository(
            """
            printf '\(Self.tasks)' >tasks.md; echo one >code.txt; echo guide >docs/guide
            git add .; git commit -qm base
            """)
    }

    deinit { try? FileSystem.removeTree(root) }

    // MARK: The operator's side

    /// Runs a script as the cages' user, outside of any cage; answers what it printed.
    @discardableResult
    func host(_ script: String) throws -> String {
        let process = Process()
        let command = Tools.prefix + ["/bin/sh", "-euc", script]
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: root)
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": root, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "op", "GIT_AUTHOR_EMAIL": "op@localhost",
            "GIT_COMMITTER_NAME": "op", "GIT_COMMITTER_EMAIL": "op@localhost",
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let said = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure("host: \(process.terminationStatus): \(script)")
        }
        return String(decoding: said, as: UTF8.self)
            .trimmingCharacters(in: CharacterSet(charactersIn: "\n"))
    }

    /// The same inside the operator's checkout.
    @discardableResult
    func inRepository(_ script: String) throws -> String {
        try host("cd '\(repository)'\n" + script)
    }

    /// The commit that a name stands for in the operator's repository.
    func commit(_ name: String) throws -> String { try inRepository("git rev-parse '\(name)'") }

    /// What a commit holds: `mode type id TAB path` lines with quoted paths.
    func listing(_ commit: String) throws -> [String] {
        try inRepository("git ls-tree -r '\(commit)'").split(separator: "\n").map(String.init)
    }

    // MARK: The daemon's side

    /// Runs a step in its cage.
    func step(_ request: StepRequest) throws -> Outcome {
        try launch(plans.plan(request, of: run, owner: run.id, definition))
    }

    /// Runs a command over the agent's tree, as the model would.
    @discardableResult
    func agent(_ script: String) throws -> Outcome {
        let call = ToolCall(
            use: "u", tool: .runCommand, input: .object(["command": .string(script)]))
        return try launch(plans.plan(call, of: run, owner: run.id, definition))
    }

    /// Prepares the tree at `main`; answers the base.
    func prepared() throws -> String {
        let base = try commit("main")
        let outcome = try step(.prepare(base: base))
        guard outcome.end == .exited(0) else { throw Failure("prepare: \(outcome)") }
        return base
    }

    /// Exports the tree with `overlay`.
    func export(_ base: String, overlay: [String: String] = [:]) throws -> Outcome {
        try step(
            .export(
                base: base, message: "T1: first\n",
                overlay: overlay.map { OverlayFile(path: $0.key, content: $0.value) }))
    }

    private func launch(_ plan: StepPlans.Plan) throws -> Outcome {
        // The rooms were made by us; in production that is the user of the cages.
        if getuid() == 0 { try Scratch.giveAway(workspaces.root) }
        let cage = try launcher.launch(plan.cage)
        var output = plan.output
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            var watched = pollfd(fd: cage.outputRaw, events: Int16(POLLIN), revents: 0)
            poll(&watched, 1, 100)
            while let chunk = try cage.readOutput(bytesMax: 65_536), !chunk.isEmpty {
                output.append(chunk)
            }
            if watched.revents & Int16(POLLHUP) != 0 { break }
            guard clock.now - start < .seconds(60) else {
                try cage.kill()
                break
            }
        }
        guard let end = try cage.finish(waitingMilliseconds: 10_000) else {
            throw Failure("the cage does not end")
        }
        return Outcome(end: end, output: output.text())
    }
}

/// The compiled aura-cage, made once for all tests.
struct Tools: Sendable {
    static let shared = Result { try Tools() }

    static let user: UInt32 = getuid() == 0 ? 65_534 : getuid()
    static let prefix =
        getuid() == 0
        ? ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"] : []

    let cagePath: String
    /// Known without a variable, so that atexit(3) can remove it.
    private static var directory: String { "/tmp/aura-daemon-tools-\(getpid())" }

    private init() throws {
        let sources =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path + "/Sources/aura-cage"
        guard mkdir(Self.directory, 0o755) == 0 else { throw StepLab.Failure("mkdir: \(errno)") }
        atexit { try? FileSystem.removeTree(Tools.directory) }
        cagePath = Self.directory + "/aura-cage"
        if let given = ProcessInfo.processInfo.environment["AURA_CAGE"] {
            // A copy: the checkout may lie where the unprivileged user cannot go.
            try FileManager.default.copyItem(atPath: given, toPath: cagePath)
            return
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: sources)
        let compiler = Process()
        compiler.executableURL = URL(fileURLWithPath: "/usr/bin/cc")
        compiler.arguments =
            ["-std=gnu11", "-O2", "-static-pie", "-fPIE", "-o", cagePath]
            + names.filter { $0.hasSuffix(".c") }.map { "\(sources)/\($0)" }
        try compiler.run()
        compiler.waitUntilExit()
        guard compiler.terminationStatus == 0 else { throw StepLab.Failure("cc") }
    }
}

/// Directories below /tmp.
enum Scratch {
    /// A new directory that the cages' user owns and others may enter.
    static func makeDirectory(_ name: String) throws -> String {
        var template = Array("/tmp/aura-\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StepLab.Failure("mkdtemp: \(errno)") }
        let path = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard chmod(path, 0o755) == 0, chown(path, Tools.user, Tools.user) == 0 else {
            throw StepLab.Failure("chown \(path): \(errno)")
        }
        return path
    }

    /// Gives a whole tree to the cages' user; links are not followed.
    static func giveAway(_ path: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/chown")
        process.arguments = ["-hR", "\(Tools.user):\(Tools.user)", path]
        try process.run()
        process.waitUntilExit()
        // Something may go while it walks: what is removed is removed in the background.
    }

    /// The names in a directory; none when it is not there.
    static func names(_ path: String) -> Set<String> {
        Set((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
    }
}
