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
    /// The kernel after the transactions that the daemon is known to have recorded.
    private var confirmed: Folded
    /// The same, and then after the outcomes of the last proposal; nil when there were none.
    private var tentative: Folded?
    /// Calls that were proposed and wait for the daemon's word, with what became of planning them.
    private var planned: [CommandID: WorkspaceTools.Plan] = [:]
    /// The request proposed last: the daemon has it, and is told only what the next one adds.
    private var lastRequest: ModelRequest?

    private struct Folded {
        var automaton: Automaton
        var count: Int
    }

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
    /// A minute between looks at a silent daemon; its end closes the socket, which ends the wait at
    /// once.
    private static let waitMilliseconds: Int32 = 60_000

    /// Attests, and receives the assignment.
    ///
    /// Nothing of it is acted on yet.
    init(broker: consuming OwnedDescriptor, attestation: Attestation) throws {
        (channel, assignment) = try Self.open(broker: broker, attestation: attestation)
        confirmed = Folded(automaton: Automaton(assignment: assignment), count: 0)
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
            let frame = try channel.receiveBlocking(timeoutMilliseconds: assignmentMilliseconds),
            case .assign(let assignment) = try JSON.decode(FrameDown.self, from: frame)
        else { throw Failure.noAssignment }
        return (channel, assignment)
    }

    /// Takes up what is there, and converses until the daemon closes the broker.
    mutating func run() throws {
        try takeUp()
        while let frame = try receive() {
            switch try JSON.decode(FrameDown.self, from: frame) {
            case .assign: throw Failure.unexpected("a second assignment")
            case .deliver(let basis, let transactions): try fold(transactions, after: basis)
            case .perform(let commands): try perform(commands)
            }
        }
    }

    /// Folds the history, finishes what an earlier attempt had begun, and proposes what is open.
    private mutating func takeUp() throws {
        var open: [Command] = []
        for transaction in assignment.history {
            open += confirmed.automaton.step(transaction)
            confirmed.count += 1
            if let settled = transaction.settledCommand { open.removeAll { $0.id == settled } }
        }
        let pending = assignment.pendingTools.sorted { $0.command < $1.command }
        let outcomes = pending.map { tool in
            Transaction.toolFinished(command: tool.command, result: resume(tool.call))
        }
        let done = Set(pending.map(\.command))
        try propose(outcomes, after: open.filter { !done.contains($0.id) })
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

    private mutating func fold(_ transactions: [Transaction], after basis: Int) throws {
        if let tentative, tentative.count == basis { confirmed = tentative }
        guard confirmed.count == basis else {
            throw Failure.unexpected("transactions after \(basis), known are \(confirmed.count)")
        }
        tentative = nil
        var commands: [Command] = []
        for transaction in transactions {
            commands += confirmed.automaton.step(transaction)
            confirmed.count += 1
        }
        try propose([], after: commands)
    }

    private mutating func perform(_ commands: [CommandID]) throws {
        // The daemon has taken the last proposal, or it would not ask.
        if let tentative { confirmed = tentative }
        tentative = nil
        var outcomes: [Transaction] = []
        for command in commands {
            guard let plan = planned.removeValue(forKey: command) else {
                throw Failure.unexpected("to perform \(command), which was not proposed")
            }
            outcomes.append(.toolFinished(command: command, result: carryOut(plan)))
        }
        try propose(outcomes, after: [])
    }

    /// Steps the kernel through `outcomes` and sends what it wants, on the basis of what is
    /// confirmed.
    ///
    /// A pure tool changes nothing, so it is performed without asking for leave, and the kernel
    /// goes on with what it found: reading a file costs no round trip. What the model is asked
    /// next is asked by the daemon, after all of it is in the record.
    private mutating func propose(_ outcomes: [Transaction], after open: [Command]) throws {
        planned = [:]
        let first = step(outcomes, after: open)
        var rounds = [first]
        while rounds.count < Self.roundsMax {
            let found = rounds[rounds.count - 1].commands.compactMap { performIfPure($0) }
            if found.isEmpty { break }
            rounds.append(step(found, after: []))
        }
        let proposal = Proposal(
            basis: confirmed.count, outcomes: first.outcomes, commands: first.commands,
            further: Array(rounds.dropFirst()))
        try Self.send(.propose(proposal: proposal.abridged(after: lastRequest)), on: channel)
        lastRequest = proposal.request ?? lastRequest
    }

    /// 64: what one answer of a model asks for at most, in reason; the rest is asked for leave.
    private static let roundsMax = 64

    /// The next round: the kernel's answer to `outcomes`, its tools planned.
    private mutating func step(
        _ outcomes: [Transaction], after open: [Command]
    ) -> Proposal.Round {
        var commands = open
        if !outcomes.isEmpty {
            var next = tentative ?? confirmed
            for outcome in outcomes {
                commands += next.automaton.step(outcome)
                next.count += 1
            }
            tentative = next
        }
        for index in commands.indices {
            guard case .tool(let call) = commands[index].act, call.tool.place == .worker
            else { continue }
            let plan = tools?.plan(call) ?? .settled(Self.noWorkspace)
            planned[commands[index].id] = plan
            if case .perform(let call) = plan { commands[index].act = .tool(call: call) }
        }
        return Proposal.Round(outcomes: outcomes, commands: commands)
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
        while true {
            do throws(FrameError) {
                return try channel.receiveBlocking(timeoutMilliseconds: Self.waitMilliseconds)
            } catch {
                guard case .timedOut = error else { throw error }
            }
        }
    }

    private static let noWorkspace = ToolResult(
        output: "This run has no workspace.", isError: true, place: .worker)
}
