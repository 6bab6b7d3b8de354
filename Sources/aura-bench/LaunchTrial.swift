import AuraConfinement
import AuraModel
import AuraSystem
import Glibc

/// Launches of confined workers over a workspace, one after the other or many at once; in a cage of
/// their own, or in one that was built ahead and waits, as `aurad` launches them.
final class LaunchTrial {
    let launcher: Launcher
    private let attestor: Attestor
    private let assignment: [UInt8]
    private let scratch: ScratchDirectory
    private let plan: CagePlan

    /// Ten seconds: a thousand times what a launch takes.
    static let patience: Int32 = 10_000

    /// Launches of the `aura-cage` and the `aura-worker` in `directory`.
    init(directory: String) throws {
        launcher = try Launcher(
            cagePath: directory + "/aura-cage", workerPath: directory + "/aura-worker")
        attestor = try Attestor()
        assignment = try Self.firstFrame()
        scratch = try ScratchDirectory(in: "/tmp")
        plan = .worker(run: "bench", workspace: try scratch.make("tree"))
    }

    deinit { scratch.remove() }

    /// Milliseconds from the launch to the worker's first frame, which attests its confinement.
    ///
    /// `isAhead`: in a cage that waits, which is built before the launch.
    func milliseconds(ahead isAhead: Bool = false) throws -> Double {
        let spare = isAhead ? try makeSpare() : nil
        let clock = ContinuousClock()
        let start = clock.now
        let worker = try launch(in: spare)
        try attest(worker)
        let span = clock.now - start
        try worker.end()
        return span.milliseconds
    }

    /// The median of so many.
    func median(of rounds: Int) throws -> Double {
        try (0..<rounds).map { _ in try milliseconds() }.median ?? 0
    }

    /// A cage that waits for its worker, as those of an aurad with a worker do.
    func makeSpare() throws -> HeldCage {
        let spare = try HeldCage(.worker(run: "other", workspace: nil), by: launcher)
        try Self.waitUntilHeld(spare)
        return spare
    }

    /// 20 ms after its program is known: nothing tells that it waits, and nothing of it is left to do.
    private static let settlingMicroseconds: UInt32 = 20_000

    /// Waits until a cage that is built ahead waits itself.
    static func waitUntilHeld(_ held: HeldCage) throws {
        for _ in 0..<patience {
            if try held.cage.programID() != nil {
                usleep(settlingMicroseconds)
                return
            }
            usleep(1000)
        }
        throw BenchFailure("a held cage is never ready")
    }

    /// Launches a worker and sends it its assignment, as the daemon does; in `spare` if there is one.
    func launch(in spare: HeldCage? = nil) throws -> Worker {
        let cage: Cage
        if let spare {
            guard spare.fits(plan) else { throw BenchFailure("a held cage does not fit") }
            try spare.cage.assign(tag: "bench")
            guard spare.begin(plan) else { throw BenchFailure("a held cage is gone") }
            cage = spare.cage
        } else {
            cage = try launcher.launch(plan, tag: "bench")
        }
        let worker = try Worker(cage)
        try worker.channel.sendBlocking(assignment, timeoutMilliseconds: Self.patience)
        return worker
    }

    /// Waits for the first frame, and compares what it claims with what the kernel says.
    func attest(_ worker: Worker) throws {
        let claim = try worker.claim()
        guard let process = try worker.cage.programID() else {
            throw BenchFailure("a worker without a pid")
        }
        try attestor.verify(claim, of: process)
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

        /// What the first frame says.
        fileprivate func claim() throws -> Attestation {
            let frame = Result {
                try channel.receiveBlocking(timeoutMilliseconds: LaunchTrial.patience)
            }
            guard case .success(let bytes?) = frame,
                case .attest(let claim) = try JSON.decode(FrameUp.self, from: bytes)
            else {
                let said = String(
                    decoding: try cage.readOutput(bytesMax: 4096) ?? [], as: UTF8.self)
                try cage.kill()
                let end = try cage.finish(waitingMilliseconds: LaunchTrial.patience)
                throw BenchFailure(
                    "the worker did not attest: \(frame), \(String(describing: end)) \(said)")
            }
            return claim
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
