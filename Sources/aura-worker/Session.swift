import AuraAutomata
import AuraModel
import AuraSystem
import AuraTools
import Glibc

/// The worker's side of the broker: fold what comes down, propose what the kernel wants, perform
/// only what the daemon says is in the record.
struct Session {
    private let channel: FrameChannel
    private let assignment: Assignment
    private let tools: WorkspaceTools?
    private var kernel: Fold
    /// Calls that were proposed and wait for the daemon's word, with what became of planning them.
    private var planned: [CommandID: WorkspaceTools.Plan] = [:]
    /// The request proposed last: the daemon has it, and is told only what the next one adds.
    private var lastRequest: ModelRequest?

    /// Where the cage puts the agent's tree; absent for a coordinator.
    private static let workspacePath = "/ws"

    enum Failure: Error, CustomStringConvertible {
        case noAssignment
        case unexpected(String)

        var description: String {
            switch self {
            case .noAssignment: "the first frame was no assignment"
            case .unexpected(let what): "a frame that does not fit: \(what)"
            }
        }
    }

    /// A minute: the daemon sends the assignment with the launch; later frames may take as long as
    /// a run.
    private static let assignmentMilliseconds: Int32 = 60_000
    /// A minute: the daemon reads every turn; when it does not for so long, it is gone.
    private static let sendMilliseconds: Int32 = 60_000
    /// A fiftieth of a second without a frame: no model thinks for less, and mapping again takes less than a
    /// hundredth of that.
    private static let restMilliseconds: Int32 = 20
    /// A minute between looks at a silent daemon; its end closes the socket, which ends the wait at
    /// once.
    private static let waitMilliseconds: Int32 = 60_000

    /// Serves one daemon after the other: what the next one brings through the door is a whole
    /// assignment, to be folded as by a worker that was just started.
    ///
    /// Returns when no other daemon comes.
    static func serve(
        broker: consuming OwnedDescriptor, door: consuming PacketSocket, attestation: Attestation
    ) throws {
        var broker = broker
        while true {
            do {
                var session = try Session(broker: broker, attestation: attestation)
                try session.run()
            } catch let error as FrameError {
                // A daemon that was killed may have left half a frame, or not have taken ours.
                guard error.isLoss else { throw error }
            }
            guard let next = try nextBroker(door) else { return }
            broker = next
        }
    }

    /// Nil when the door was closed for good, or nobody came.
    private static func nextBroker(_ door: borrowing PacketSocket) throws -> OwnedDescriptor? {
        do throws(SystemError) {
            let message = try door.receive(bytesMax: 1, waitingMilliseconds: doorMilliseconds)
            guard let broker = message?.descriptors.first else { return nil }
            return OwnedDescriptor(adopting: broker)
        } catch {
            guard error.code == ETIMEDOUT else { throw error }
            return nil
        }
    }

    /// An hour, the longest handover that can be set: the cage ends when it is over.
    private static let doorMilliseconds = Int32(Settings.handoverMax.count)

    /// Attests, and receives the assignment.
    ///
    /// Nothing of it is acted on yet.
    init(broker: consuming OwnedDescriptor, attestation: Attestation) throws {
        (channel, assignment) = try Self.open(broker: broker, attestation: attestation)
        kernel = Fold(assignment)
        let hasWorkspace = access(Self.workspacePath, F_OK) == 0
        tools =
            hasWorkspace ? WorkspaceTools(workspace: try Workspace(root: Self.workspacePath)) : nil
    }

    /// The beginning of every conversation: attests, and receives the assignment.
    static func open(
        broker: consuming OwnedDescriptor, attestation: Attestation
    ) throws -> (FrameChannel, Assignment) {
        let channel = try FrameChannel(
            descriptor: broker, frameBytesMax: FrameBounds.bytesMax,
            backlogBytesMax: 2 * FrameBounds.bytesMax)
        try send(.attest(attestation: attestation), on: channel)
        guard
            let frame = try channel.receiveBlocking(timeoutMilliseconds: assignmentMilliseconds)
        else { throw FrameError.peerGone }
        guard case .assign(let assignment) = try JSON.decode(FrameDown.self, from: frame)
        else { throw Failure.noAssignment }
        return (channel, assignment)
    }

    /// Takes up what is there, and converses until the daemon closes the broker.
    mutating func run() throws {
        try takeUp()
        while let frame = try receive() {
            switch try JSON.decode(FrameDown.self, from: frame) {
            case .assign: throw Failure.unexpected("a second assignment")
            case .deliver(let basis, let recorded, let transactions):
                try kernel.take(transactions, after: basis, recorded: recorded)
                try propose([])
            case .perform(let commands): try perform(commands)
            }
        }
    }

    /// Finishes what an earlier attempt had begun, and proposes what is open.
    private mutating func takeUp() throws {
        let pending = assignment.pendingTools.sorted { $0.command < $1.command }
        try propose(
            pending.map { tool in
                .toolFinished(command: tool.command, result: resume(tool.call))
            })
    }

    /// A call that the record holds without an outcome: its images tell whether it happened.
    private func resume(_ call: ToolCall) -> ToolResult {
        guard let tools else { return Self.noWorkspace }
        if call.tool.effect == .workspace, call.images.isEmpty {
            // Planning had found nothing to do; if that is different now, the model decides anew.
            if case .settled(let result) = tools.plan(call) { return result }
            return ToolResult(
                output: "Nothing was done, and the file is different now; make the call again.",
                isError: true, place: .worker)
        }
        return tools.recover(call) ?? tools.perform(call)
    }

    private mutating func perform(_ commands: [CommandID]) throws {
        // The daemon has taken the last proposal, or it would not ask.
        kernel.confirm()
        var outcomes: [Transaction] = []
        for command in commands {
            guard let plan = planned.removeValue(forKey: command) else {
                throw Failure.unexpected("to perform \(command), which was not proposed")
            }
            outcomes.append(.toolFinished(command: command, result: carryOut(plan)))
        }
        try propose(outcomes)
    }

    /// Steps the kernel through `outcomes` and sends what it wants.
    ///
    /// A pure tool changes nothing, so it is performed without asking for leave, and the kernel
    /// goes on with what it found: reading a file costs no round trip. What the model is asked
    /// next is asked by the daemon, after all of it is in the record.
    private mutating func propose(_ outcomes: [Transaction]) throws {
        planned = [:]
        _ = kernel.suppose(outcomes)
        let first = try round(outcomes, kernel.open)
        var rounds = [first]
        while rounds.count < Self.roundsMax {
            let found = rounds[rounds.count - 1].commands.compactMap { performIfPure($0) }
            if found.isEmpty { break }
            rounds.append(try round(found, kernel.suppose(found)))
        }
        let proposal = Proposal(
            basis: kernel.basis, outcomes: first.outcomes, commands: first.commands,
            further: Array(rounds.dropFirst()), state: first.state)
        try Self.send(.propose(proposal: proposal.abridged(after: lastRequest)), on: channel)
        lastRequest = proposal.request ?? lastRequest
    }

    /// 64: what one answer of a model asks for at most, in reason; the rest is asked for leave.
    private static let roundsMax = 64

    /// A round, its tools planned.
    private mutating func round(
        _ outcomes: [Transaction], _ wanted: [Command]
    ) throws -> Proposal.Round {
        var commands = wanted
        for index in commands.indices {
            guard case .tool(let call) = commands[index].act, call.tool.place == .worker
            else { continue }
            let plan = tools?.plan(call) ?? .settled(Self.noWorkspace)
            planned[commands[index].id] = plan
            if case .perform(let call) = plan { commands[index].act = .tool(call: call) }
        }
        return Proposal.Round(
            outcomes: outcomes, commands: commands, state: try kernel.stateDigest)
    }

    private mutating func performIfPure(_ command: Command) -> Transaction? {
        guard case .tool(let call) = command.act, call.tool.isPerformedAtOnce,
            let plan = planned.removeValue(forKey: command.id)
        else { return nil }
        return .toolFinished(command: command.id, result: carryOut(plan))
    }

    private func carryOut(_ plan: WorkspaceTools.Plan) -> ToolResult {
        switch plan {
        case .settled(let result): result
        case .perform(let call): tools?.perform(call) ?? Self.noWorkspace
        }
    }

    static func send(_ frame: FrameUp, on channel: FrameChannel) throws {
        try channel.sendBlocking(
            try JSON.encode(frame), timeoutMilliseconds: sendMilliseconds)
    }

    private func receive() throws -> [UInt8]? {
        var milliseconds = Self.restMilliseconds
        while true {
            do throws(FrameError) {
                return try channel.receiveBlocking(timeoutMilliseconds: milliseconds)
            } catch {
                guard case .timedOut = error else { throw error }
            }
            guard milliseconds != Self.waitMilliseconds else { continue }
            // The model thinks, for far longer than it takes to map again what is needed: there may be
            // many workers, and each would count what its last turn has touched.
            ProcessMemory.releaseImage()
            milliseconds = Self.waitMilliseconds
        }
    }

    private static let noWorkspace = ToolResult(
        output: "This run has no workspace.", isError: true, place: .worker)
}
