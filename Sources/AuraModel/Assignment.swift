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
        history: [Transaction], pendingTools: [PendingTool] = []
    ) {
        self.run = run
        self.generation = generation
        self.definition = definition
        self.task = task
        self.history = history
        self.pendingTools = pendingTools
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

    /// A proposal on the basis of so many transactions.
    package init(basis: Int, outcomes: [Transaction], commands: [Command]) {
        self.basis = basis
        self.outcomes = outcomes
        self.commands = commands
    }
}

/// A frame from the daemon to a worker.
package enum FrameDown: Hashable, Sendable, Codable {
    case assign(assignment: Assignment)
    /// Transactions recorded since `basis`, in order.
    case deliver(basis: Int, transactions: [Transaction])
    /// The worker's own tool calls among its last proposal are in the record: perform them.
    case perform(commands: [CommandID])
}

/// A frame from a worker to the daemon.
package enum FrameUp: Hashable, Sendable, Codable {
    /// What the worker sees of its own confinement. Always first.
    case attest(attestation: Attestation)
    case propose(proposal: Proposal)
    /// In a replay: what the kernel gave in answer to the transaction, numbered from 1.
    case folded(transaction: Int, commands: [Command])
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
