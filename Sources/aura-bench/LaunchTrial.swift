import AuraConfinement
import AuraModel
import AuraSystem
import Glibc

/// Launches of confined workers, one after the other or many at once.
struct LaunchTrial {
    let launcher: Launcher
    private let assignment: [UInt8]

    /// Ten seconds: a thousand times what a launch takes.
    static let patience: Int32 = 10_000

    /// Launches of the `aura-cage` and the `aura-worker` in `directory`.
    init(directory: String) throws {
        launcher = try Launcher(
            cagePath: directory + "/aura-cage", workerPath: directory + "/aura-worker")
        assignment = try Self.firstFrame()
    }

    /// Milliseconds from the launch to the worker's first frame, which attests its confinement.
    func milliseconds() throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let worker = try launch()
        try worker.attest()
        let span = clock.now - start
        try worker.end()
        return span.milliseconds
    }

    /// The median of so many.
    func median(of rounds: Int) throws -> Double {
        try (0..<rounds).map { _ in try milliseconds() }.median ?? 0
    }

    /// Launches a worker and sends it its assignment, as the daemon does.
    func launch() throws -> Worker {
        let worker = try Worker(launcher.launch(.worker(run: "bench", workspace: nil)))
        try worker.channel.sendBlocking(assignment, timeoutMilliseconds: Self.patience)
        return worker
    }

    /// One confined worker.
    final class Worker {
        let cage: Cage
        let channel: FrameChannel

        fileprivate init(_ cage: Cage) throws {
            self.cage = cage
            channel = try FrameChannel(
                descriptor: cage.takeBroker(), frameBytesMax: FrameBounds.bytesMax,
                backlogBytesMax: FrameBounds.bytesMax * 2)
        }

        /// Waits for the first frame.
        func attest() throws {
            let frame = Result {
                try channel.receiveBlocking(timeoutMilliseconds: LaunchTrial.patience)
            }
            guard case .success(let bytes?) = frame,
                case .attest = try JSON.decode(FrameUp.self, from: bytes)
            else {
                let said = String(
                    decoding: try cage.readOutput(bytesMax: 4096) ?? [], as: UTF8.self)
                try cage.kill()
                let end = try cage.finish(waitingMilliseconds: LaunchTrial.patience)
                throw BenchFailure(
                    "the worker did not attest: \(frame), \(String(describing: end)) \(said)")
            }
        }

        /// Kills it and waits until nothing is left.
        func end() throws {
            try cage.kill()
            guard try cage.finish(waitingMilliseconds: LaunchTrial.patience) != nil else {
                throw BenchFailure("a killed worker does not end")
            }
        }
    }

    /// The first frame down of a run that has only begun.
    private static func firstFrame() throws -> [UInt8] {
        guard let name = AutomatonName("bench") else { throw BenchFailure("no name") }
        let definition = Definition(name: name, kind: .taskRun, reasoner: "none", prompt: "begin")
        let run = RunID(at: Instant(milliseconds: 0), sequence: 1)
        let first = Transaction.started(trigger: .order(by: .daemon))
        let assignment = Assignment(
            run: run, generation: 1, definition: definition, task: nil, history: [first])
        return Array(try JSON.encode(FrameDown.assign(assignment: assignment)))
    }
}

extension Duration {
    /// The whole of it in milliseconds.
    var milliseconds: Double {
        Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15
    }
}
