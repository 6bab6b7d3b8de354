/// All that a worker needs to begin or to go on: the first frame down.
///
/// It asks nothing.
package struct Assignment: Hashable, Sendable, Codable {
    package var run: RunID
    package var generation: Generation
    /// The run's own snapshot: a definition that changes meanwhile does not touch it.
    package var definition: Definition
    /// Set for a child run: then the run is a task-run in its parent's workspace.
    package var task: TaskBrief?
    /// Every transaction so far, in order; a resumed worker folds them and goes on.
    package var history: [Transaction]
    /// The worker's own tool calls that are in the record without an outcome: an earlier attempt
    /// may or may not have performed them, and their images tell.
    package var pendingTools: [PendingTool]
    /// By which the run's kernel decides: those that the run was admitted under.
    package var rules: Int
    /// How the model changes files.
    package var edits: EditForm

    /// A recorded tool call of this run.
    package struct PendingTool: Hashable, Sendable, Codable {
        package var command: CommandID
        package var call: ToolCall

        /// The call that `command` asked for.
        package init(command: CommandID, call: ToolCall) {
            self.command = command
            self.call = call
        }
    }

    /// An assignment.
    package init(
        run: RunID, generation: Generation, definition: Definition, task: TaskBrief?,
        history: [Transaction], pendingTools: [PendingTool] = [],
        rules: Int = KernelRules.current, edits: EditForm = .exact
    ) {
        self.run = run
        self.generation = generation
        self.definition = definition
        self.task = task
        self.history = history
        self.pendingTools = pendingTools
        self.rules = rules
        self.edits = edits
    }
}

/// What a kernel did in answer to the transactions it was given: the worker's frame up.
package struct Proposal: Hashable, Sendable, Codable {
    /// How many of the run's transactions the worker had folded.
    ///
    /// If more have been recorded since, the commands are void: the daemon keeps the outcomes and
    /// delivers again.
    package var basis: Int
    /// Outcomes of tools that the worker performed, in order: recorded as the next transactions.
    package var outcomes: [Transaction]
    /// What the kernel wants after `basis` and then `outcomes`.
    package var commands: [Command]
    /// What followed at once, because the tools among `commands` are pure: void with the rest.
    package var further: [Round]
    /// The digest of the kernel's state after `basis` and then `outcomes`.
    package var state: String?
    /// Messages that the request among the commands shares with the request proposed before it.
    ///
    /// Above zero they are left out of a frame, and with them the system prompt and the tools,
    /// which are the same as well.
    package var keptMessages = 0

    /// Outcomes of pure tools that the round before asked for, and what the kernel wants then.
    package struct Round: Hashable, Sendable, Codable {
        package var outcomes: [Transaction]
        package var commands: [Command]
        /// The digest of the kernel's state then.
        package var state: String?

        /// A round.
        package init(outcomes: [Transaction], commands: [Command], state: String? = nil) {
            self.outcomes = outcomes
            self.commands = commands
            self.state = state
        }
    }

    /// A proposal on the basis of so many transactions.
    package init(
        basis: Int, outcomes: [Transaction], commands: [Command], further: [Round] = [],
        state: String? = nil
    ) {
        self.basis = basis
        self.outcomes = outcomes
        self.commands = commands
        self.further = further
        self.state = state
    }

    /// All rounds, the first included.
    package var rounds: [Round] {
        [Round(outcomes: outcomes, commands: commands, state: state)] + further
    }

    /// The request among the commands; an agent makes one call at a time.
    package var request: ModelRequest? {
        rounds.flatMap(\.commands).reversed().lazy.compactMap { command -> ModelRequest? in
            guard case .reason(let request) = command.act else { return nil }
            return request
        }.first
    }

    /// The proposal as a frame carries it after one with the request `last`: a conversation is sent
    /// once, not with every turn.
    package func abridged(after last: ModelRequest?) -> Self {
        guard let last, let request, last.system == request.system, last.tools == request.tools
        else { return self }
        var proposal = self
        let kept = zip(last.messages, request.messages).prefix { $0 == $1 }.count
        guard kept > 0 else { return self }
        proposal.keptMessages = kept
        proposal.replaceRequests { request in
            request.messages.removeFirst(kept)
            request.system = ""
            request.tools = []
        }
        return proposal
    }

    /// The whole of an abridged proposal; nil when it leaves out what `last` does not have.
    package func completed(with last: ModelRequest?) -> Self? {
        guard keptMessages != 0 else { return self }
        // Not as a range: one that ends before it begins is a trap.
        guard let last, keptMessages >= 1, keptMessages <= last.messages.count else { return nil }
        var proposal = self
        proposal.replaceRequests { request in
            request.messages = last.messages[..<keptMessages] + request.messages
            request.system = last.system
            request.tools = last.tools
        }
        return proposal
    }

    private mutating func replaceRequests(_ change: (inout ModelRequest) -> Void) {
        commands = Self.replacing(commands, change)
        for index in further.indices {
            further[index].commands = Self.replacing(further[index].commands, change)
        }
    }

    private static func replacing(
        _ commands: [Command], _ change: (inout ModelRequest) -> Void
    ) -> [Command] {
        commands.map { command in
            guard case .reason(var request) = command.act else { return command }
            change(&request)
            return Command(id: command.id, act: .reason(request: request))
        }
    }
}

/// A frame from the daemon to a worker.
package enum FrameDown: Hashable, Sendable, Codable {
    case assign(assignment: Assignment)
    /// Transactions recorded since `basis`, in order; the record holds the commands up to
    /// `recorded`.
    case deliver(basis: Int, recorded: CommandID, transactions: [Transaction])
    /// The worker's own tool calls among its last proposal are in the record: perform them.
    case perform(commands: [CommandID])
}

/// A frame from a worker to the daemon.
package enum FrameUp: Hashable, Sendable, Codable {
    /// What the worker sees of its own confinement. Always first.
    case attest(attestation: Attestation)
    case propose(proposal: Proposal)
    /// In a replay: what the kernel gave in answer to the transaction, numbered from 1.
    case folded(transaction: Int, commands: [Command], state: String)
}

/// How a worker is started; its one argument, if any.
package enum WorkerMode: String, Sendable {
    /// Looks at its confinement and exits with 0 when that is as it should be.
    case selfCheck = "--self-check"
    /// Folds the history of its assignment, says what came out, and performs nothing.
    case replay = "--replay"
}

/// Bounds of the broker's frames, known to both sides.
package enum FrameBounds {
    /// 64 MiB: a conversation of a million tokens is about 5 MB of text; escaping may triple it.
    package static let bytesMax = 64 << 20
}
