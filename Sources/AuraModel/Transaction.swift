/// One input to an automaton's kernel.
///
/// A closed set; each is in the record before a kernel sees it.
package enum Transaction: Hashable, Sendable, Codable {
    /// The run begins. Always the first transaction, and only that.
    ///
    /// `inputs`: what it was given, complete; nil where its definition declares none. `streak`: of a
    /// dev-loop, how its runs before went.
    case started(
        trigger: Trigger, inputs: [String: JSONValue]? = nil, streak: LoopStreak? = nil)
    case modelAnswered(command: CommandID, answer: ModelAnswer)
    case modelFailed(command: CommandID, failure: ModelFailure)
    case toolFinished(command: CommandID, result: ToolResult)
    case stepFinished(command: CommandID, result: StepResult)
    /// `spent`: all that the child consumed; absent in records from before it was noted.
    case childFinished(
        command: CommandID, run: RunID, outcome: RunOutcome, report: String, spent: Amount? = nil)
    /// The operator's answer, or nil when the deadline passed without one.
    case operatorAnswered(command: CommandID, text: String?)
    case waited(command: CommandID)
    /// The daemon or the worker went away while the command was under way; its outcome is not
    /// known.
    case interrupted(command: CommandID, reason: String)
    /// chat: what is to be answered. Recorded together with `started`.
    case messaged(turn: ChatTurn)
    /// Four fifths of a budget are used: bring the work to a close.
    case wrapUp(reason: String)
    /// An operator said something to the run while it works.
    case told(message: ChatMessage, by: Principal)

    /// The command that this transaction brings to its end, if it ends one.
    package var settledCommand: CommandID? {
        switch self {
        case .started, .messaged, .wrapUp, .told: nil
        case .modelAnswered(let command, _), .modelFailed(let command, _),
            .toolFinished(let command, _), .stepFinished(let command, _),
            .childFinished(let command, _, _, _, _), .operatorAnswered(let command, _),
            .waited(let command), .interrupted(let command, _):
            command
        }
    }
}

/// What made a run begin.
package enum Trigger: Hashable, Sendable, Codable {
    case schedule(nominal: Instant)
    case order(by: Principal)
    case parent(run: RunID, command: CommandID)
    /// A run of the automaton that this one is chained to has finished.
    case chain(run: RunID, of: AutomatonName, nominal: Instant)
    /// Something that is watched changed: what, in a few words.
    case change(nominal: Instant, what: String)
    /// A delivery to the automaton's hook, by the id that its sender gave it.
    case delivery(nominal: Instant, id: String)
    /// A message of a chat's thread is to be answered.
    case message(thread: ThreadName, number: Int, by: Principal)
    /// The run before ended so that its `supervision` wants another one.
    case restart(failures: Int)

    /// The planned firing that the run was started for; nil when an operator or a run started it.
    package var nominal: Instant? {
        switch self {
        case .schedule(let nominal), .chain(_, _, let nominal), .change(let nominal, _),
            .delivery(let nominal, _):
            nominal
        case .order, .parent, .message, .restart: nil
        }
    }
}

/// One output of a kernel: what it wants done, numbered within the run.
package struct Command: Hashable, Sendable, Codable {
    package var id: CommandID
    package var act: Act

    /// The command `id`, to do `act`.
    package init(id: CommandID, act: Act) {
        self.id = id
        self.act = act
    }
}

/// All that a kernel can ask for.
///
/// A closed set.
package enum Act: Hashable, Sendable, Codable {
    case reason(request: ModelRequest)
    case tool(call: ToolCall)
    case step(request: StepRequest)
    case spawn(request: SpawnRequest)
    case ask(question: String, deadline: Milliseconds)
    case wait(span: Milliseconds, reason: String)
    case finish(outcome: RunOutcome, report: String)
}

/// A piece of deterministic work that aurad runs in a fresh cage, outside the agent's reach.
///
/// Paths, repository and branch come from the run's definition, never from the request.
package enum StepRequest: Hashable, Sendable, Codable {
    /// Read the commit to start from and the task list. Prints `base COMMIT`, then the file.
    case survey
    /// Print files of a commit, each behind `file BYTES PATH`; of a directory all that is in it.
    case read(commit: String, paths: [String])
    /// Print the project's notes for agents in a commit, as `ProjectNote.read` takes them.
    case notes(commit: String)
    /// Start the declared servers of these names and print what they offer, a `ServerListing` a line.
    case tools(servers: [String])
    /// Make the agent's disposable clone at a commit, in the room of `lane` (nil: the only one).
    case prepare(base: String, lane: String? = nil)
    /// Run one declared command in the agent's tree: the work of a task-run without a model.
    case run(step: StepDeclaration)
    /// Print files of the agent's tree, each behind `file BYTES PATH`; what is not there is left
    /// out.
    case collect(paths: [String])
    /// Turn what the agent left into one commit on top of `base`. Prints `commit COMMIT`.
    ///
    /// `files`: globs outside of which nothing may have changed; nil: no such bound.
    case export(
        base: String, message: String, overlay: [OverlayFile], lane: String? = nil,
        files: [String]? = nil)
    /// Put the one change of `commit` on top of `onto`. Prints `commit COMMIT`.
    case rebase(commit: String, onto: String, overlay: [OverlayFile])
    /// Make a fresh tree of `base` with only the tests of `commit`, for a verify that must fail.
    case checkoutTests(base: String, commit: String, paths: [String])
    /// Print what `commit` changes against `base`, for a reviewer.
    case diff(base: String, commit: String)
    /// Turn what the agent of a failed task left into a commit. Prints `commit COMMIT`.
    case salvage(base: String, message: String, lane: String? = nil)
    /// Put such a commit on the branch of the failed task.
    case keep(branch: String, commit: String, base: String)
    /// Push a landed branch to the declared remote, and read it back.
    ///
    /// `remote`: named where it is beyond this host. `replaces`: the commit that the branch may leave
    /// there, because it left it here.
    case push(branch: String, commit: String, remote: String? = nil, replaces: String? = nil)
    /// Make a fresh tree of a commit, for verify.
    case checkout(commit: String)
    /// Run one declared command in the fresh tree.
    case verify(step: StepDeclaration)
    /// Hand the exported commit to the repository and set `branch` to it by compare-and-swap.
    ///
    /// `replaces`: the commit on a base that has moved which the branch may leave. `carried`: an
    /// earlier run landed the work, and it is now on the new base.
    case land(
        branch: String, commit: String, base: String, replaces: String? = nil, carried: Bool? = nil)

    /// A few words for an operator.
    package var title: String {
        switch self {
        case .survey: "survey the repository"
        case .read(let commit, let paths):
            "read \(paths.joined(separator: ", ")) at \(commit.prefix(12))"
        case .notes(let commit): "read the project's notes at \(commit.prefix(12))"
        case .tools(let servers): "ask \(servers.joined(separator: ", ")) for tools"
        case .prepare(let base, _): "prepare a clone at \(base.prefix(12))"
        case .run(let step): "run: \(step.name)"
        case .collect(let paths): "collect \(paths.joined(separator: ", "))"
        case .export: "export the result as a commit"
        case .checkout(let commit): "check out \(commit.prefix(12)) afresh"
        case .verify(let step): "verify: \(step.name)"
        case .rebase(let commit, let onto, _):
            "put \(commit.prefix(12)) on top of \(onto.prefix(12))"
        case .checkoutTests(let base, let commit, _):
            "check out \(base.prefix(12)) with the tests of \(commit.prefix(12))"
        case .diff(_, let commit): "show what \(commit.prefix(12)) changes"
        case .salvage: "keep what the failed task left"
        case .keep(let branch, let commit, _): "keep \(commit.prefix(12)) on \(branch)"
        case .push(let branch, _, let remote, _):
            "push \(branch)" + (remote.map { " to \($0), with the host's network" } ?? "")
        case .land(let branch, let commit, _, _, _): "land \(commit.prefix(12)) on \(branch)"
        }
    }
}

/// A file that the daemon puts into an exported commit over whatever the agent left there.
package struct OverlayFile: Hashable, Sendable, Codable {
    package var path: String
    package var content: String

    /// The file `path` with `content`.
    package init(path: String, content: String) {
        self.path = path
        self.content = content
    }
}

/// What came of a step.
package struct StepResult: Hashable, Sendable, Codable {
    /// How the program of a step ended.
    package enum Exit: Hashable, Sendable, Codable {
        case exited(code: Int)
        case signalled(number: Int, limit: LimitHit? = nil)
        /// `clock`: which time was over; nil: wall time.
        case timedOut(after: Milliseconds, clock: Clock? = nil)
        /// The cage could not be built.
        case refused(feature: String)

        /// A time that can be over beside wall time.
        package enum Clock: String, Hashable, Sendable, Codable {
            /// Without output.
            case idle
            /// Of processors, all processes together.
            case processor
        }
    }

    package var exit: Exit
    /// Standard output and error together; beyond the bound, the head and the tail with a line
    /// between.
    package var output: String
    package var duration: Milliseconds

    /// A result.
    package init(exit: Exit, output: String, duration: Milliseconds) {
        self.exit = exit
        self.output = output
        self.duration = duration
    }

    /// Whether the command ended with status 0.
    package var isSuccess: Bool { exit == .exited(code: 0) }
}

extension StepResult.Exit {
    /// For an operator: `status 1`, `killed by signal 9`, `timed out after 10m`, `killed: out of
    /// memory (limit 4GiB)`.
    package var text: String {
        switch self {
        case .exited(let code): "status \(code)"
        case .signalled(let number, nil): "killed by signal \(number)"
        case .signalled(_, let limit?): "killed: \(limit.text)"
        case .timedOut(let span, let clock):
            switch clock {
            case nil: "timed out after \(DurationText.format(span.count))"
            case .idle: "timed out after \(DurationText.format(span.count)) without output"
            case .processor:
                "timed out after \(DurationText.format(span.count)) of processor time"
            }
        case .refused(let feature): "cage refused: \(feature)"
        }
    }
}

/// A child run: one task for one agent with a fresh context, in its parent's workspace.
package struct SpawnRequest: Hashable, Sendable, Codable {
    package var task: TaskBrief
    /// Carved out of what the parent has left.
    package var budget: BudgetLimits
    /// One of the definition's reasoners; nil: its first.
    package var reasoner: String?

    /// A child that works on `task` within `budget`.
    package init(task: TaskBrief, budget: BudgetLimits, reasoner: String? = nil) {
        self.task = task
        self.budget = budget
        self.reasoner = reasoner
    }
}

/// What a task-run child is told.
package struct TaskBrief: Hashable, Sendable, Codable {
    /// The task's id in its list, or the automaton's name.
    package var id: String
    package var text: String
    /// What earlier attempts left behind: bounded, newest last.
    package var notes: [String]
    /// Which of its parent's clones the child works in; nil: the only one.
    package var lane: String?
    /// What the child is for; nil: it does the work.
    package var role: Role?
    /// The commit whose notes for agents the child is told; nil: none.
    package var notesOf: String?

    /// What a child can be for beside doing the work.
    package enum Role: String, Hashable, Sendable, Codable {
        /// Reads the result, changes nothing, and gives a verdict.
        case review
    }

    /// A task.
    package init(
        id: String, text: String, notes: [String] = [], lane: String? = nil, role: Role? = nil,
        notesOf: String? = nil
    ) {
        self.id = id
        self.text = text
        self.notes = notes
        self.lane = lane
        self.role = role
        self.notesOf = notesOf
    }
}
