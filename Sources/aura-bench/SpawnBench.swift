import ArgumentParser
import AuraConfinement
import AuraModel
import AuraSystem
import Glibc

/// Launch of a confined worker to its first frame, beside bubblewrap unsharing everything and
/// running /usr/bin/true to its end.
///
/// In turns, as an ordinary user: root drops to `nobody` first.
struct SpawnBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spawn",
        abstract: "A confined worker's launch to its first frame, beside bwrap running true.")

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(help: "Launches of each side, in turns; medians are printed.")
    var rounds = 50

    @Option(help: "Directory of aura-cage and aura-worker.")
    var libexec = "/usr/libexec/aura"

    /// The first launches read the programs from the disk and are not counted.
    private static let warmUps = 3

    /// Ten seconds: a thousand times what a launch takes.
    private static let patience: Int32 = 10_000

    /// Whom root becomes: the one ordinary user that every system has.
    private static let user = "nobody"

    private static let bubblewrap = "/usr/bin/bwrap"

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("rounds must be above zero") }
    }

    func run() throws {
        if geteuid() == 0 { try dropPrivileges(toUser: Self.user) }
        guard let directory = CagePlan.canonicalPath(libexec) else {
            throw BenchFailure("there is no \(libexec); say where with --libexec")
        }
        let launcher = try Launcher(
            cagePath: directory + "/aura-cage", workerPath: directory + "/aura-worker")
        let assignment = try Self.assignment()
        var ours: [Double] = []
        var theirs: [Double] = []
        for round in 0..<(Self.warmUps + rounds) {
            let launch = try launchMilliseconds(launcher, assignment)
            let other = try bubblewrapMilliseconds()
            guard round >= Self.warmUps else { continue }
            ours.append(launch)
            theirs.append(other)
        }
        var report = BenchReport(bench: "spawn")
        report.results.append(
            BenchResult(
                name: "launch-vs-bwrap", value: ours.median ?? 0, unit: "ms",
                baseline: "bwrap --unshare-all --ro-bind / / /usr/bin/true",
                baselineValue: theirs.median ?? 0))
        try report.print(output)
    }

    /// The first frame down of a run that has only begun.
    private static func assignment() throws -> [UInt8] {
        guard let name = AutomatonName("bench") else { throw BenchFailure("no name") }
        let definition = Definition(name: name, kind: .taskRun, reasoner: "none", prompt: "begin")
        let run = RunID(at: Instant(milliseconds: 0), sequence: 1)
        let first = Transaction.started(trigger: .order(by: .daemon))
        let assignment = Assignment(
            run: run, generation: 1, definition: definition, task: nil, history: [first])
        return Array(try JSON.encode(FrameDown.assign(assignment: assignment)))
    }

    /// From the launch to the worker's first frame, which attests its confinement.
    private func launchMilliseconds(
        _ launcher: Launcher, _ assignment: [UInt8]
    ) throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let cage = try launcher.launch(.worker(run: "bench", workspace: nil))
        let channel = try FrameChannel(
            descriptor: cage.takeBroker(), frameBytesMax: FrameBounds.bytesMax,
            backlogBytesMax: FrameBounds.bytesMax * 2)
        // As the daemon does: the assignment goes down with the launch, and the worker begins with it.
        try channel.sendBlocking(assignment, timeoutMilliseconds: Self.patience)
        let frame = Result { try channel.receiveBlocking(timeoutMilliseconds: Self.patience) }
        let span = clock.now - start

        let output = try cage.readOutput(bytesMax: 4096) ?? []
        try cage.kill()
        let end = try cage.finish(waitingMilliseconds: Self.patience)
        guard case .success(let bytes?) = frame,
            case .attest = try JSON.decode(FrameUp.self, from: bytes)
        else {
            let said = String(decoding: output, as: UTF8.self)
            throw BenchFailure(
                "the worker did not attest: \(frame), \(String(describing: end)) \(said)")
        }
        return span.milliseconds
    }

    /// From the start of bubblewrap to its end.
    private func bubblewrapMilliseconds() throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let process = try Spawn(
            executable: Self.bubblewrap,
            arguments: [
                Self.bubblewrap, "--unshare-all", "--ro-bind", "/", "/", "/usr/bin/true",
            ]
        ).start()
        let status = try process.reap(waitingMilliseconds: Self.patience)
        let span = clock.now - start
        guard status == .exited(0) else {
            throw BenchFailure("bwrap ended as \(status.map { "\($0)" } ?? "never")")
        }
        return span.milliseconds
    }
}

extension Duration {
    /// The whole of it in milliseconds.
    fileprivate var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
