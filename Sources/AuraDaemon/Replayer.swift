import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem
import Synchronization

/// Folds runs again, each in a fresh confined worker that is given its history and nothing else.
final class Replayer: Sendable {
    private let cagePath: String
    private let workerPath: String
    /// One at a time: a replay may hold all answers of a long run in memory.
    private let turn = Mutex(())

    /// A minute for a frame: kernels are instant, and the host may be busy.
    private static let frameMilliseconds: Int32 = 60_000

    /// A replayer with these programs.
    init(cagePath: String, workerPath: String) {
        self.cagePath = cagePath
        self.workerPath = workerPath
    }

    /// Folds a history again and compares every decision.
    ///
    /// Blocks its thread, which is none of the turn loop's.
    func replay(_ history: RunHistory) throws -> ReplayVerdict {
        try turn.withLock { _ in history.compare(try fold(history)) }
    }

    private func fold(_ history: RunHistory) throws -> [RunHistory.Step] {
        let launcher = try Launcher(cagePath: cagePath, workerPath: workerPath)
        let cage = try launcher.launch(
            CagePlan.worker(
                run: history.run.text, workspace: nil, arguments: [WorkerMode.replay.rawValue]))
        defer {
            try? cage.kill()
            _ = try? cage.finish(waitingMilliseconds: Self.frameMilliseconds)
        }
        let channel = try FrameChannel(
            descriptor: cage.takeBroker(), frameBytesMax: FrameBounds.bytesMax,
            backlogBytesMax: 2 * FrameBounds.bytesMax)
        guard case .attest(let claim) = try receive(channel), let process = try cage.programID()
        else { throw APIError(.internalError, "the worker did not attest itself") }
        try Attestor().verify(claim, of: process)
        try channel.sendBlocking(
            Array(try JSON.encode(FrameDown.assign(assignment: history.assignment))),
            timeoutMilliseconds: Self.frameMilliseconds)
        return try history.assignment.history.indices.map { index in
            guard case .folded(let transaction, let commands, let state) = try receive(channel),
                transaction == index + 1
            else { throw APIError(.internalError, "the worker broke the protocol") }
            return RunHistory.Step(
                commands: commands, digests: RequestHash.digests(of: commands), state: state)
        }
    }

    private func receive(_ channel: borrowing FrameChannel) throws -> FrameUp {
        guard
            let frame = try channel.receiveBlocking(timeoutMilliseconds: Self.frameMilliseconds)
        else { throw APIError(.internalError, "the worker ended before its history did") }
        return try JSON.decode(FrameUp.self, from: frame)
    }
}
