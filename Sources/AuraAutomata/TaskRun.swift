package import AuraModel

/// One task, from a prompt to one verified result.
///
/// As a child of another run it is an agent in its parent's workspace and no more. By itself, with
/// a workspace, it prepares a clone, lets the agent work, and lands the verified result as one
/// commit.
///
///     idle -> survey -> prepare -> working -> collect -> export -> checkout -> verify...
///                                     ^          |                                |  |
///                                     +----------+----- rework, bounded ----------+  v
///                                                                finished <- land <--+
///
/// A run whose definition has a list of commands does those instead of `working`, and asks no
/// model.
package struct TaskRun: Hashable, Sendable, Encodable {
    /// 2: a third round on the same failure seldom brings what two did not.
    static let reworkMax = 2

    /// What a step is for.
    ///
    /// `commit` is nil when the agent changed nothing: then the base is verified.
    private enum Stage: Hashable, Sendable, Encodable {
        case survey
        case prepare(base: String)
        /// The project's notes in a commit, for an agent that works on `base`.
        case notes(commit: String, base: String?)
        /// One of the definition's commands; `base` is nil without a workspace of one's own.
        case command(base: String?, index: Int)
        case collect(base: String?)
        case export(base: String)
        case checkout(base: String, commit: String?)
        case verify(base: String, commit: String?, index: Int)
        case land(base: String, commit: String)
    }

    private enum State: Hashable, Sendable, Encodable {
        case idle
        case stepping(Stage, CommandID, interruptions: Int)
        /// The agent has the outstanding command; `base` is nil without a workspace of one's own.
        case working(base: String?)
        case finished
    }

    private let run: RunID
    @Given private var definition: Definition
    private let task: TaskBrief?
    private var state = State.idle
    private let rules: Int
    private var agent: AgentLoop
    private var counter = CommandCounter()
    private var inputs: [String: JSONValue] = [:]
    private var reworks = 0
    /// How often the commands began again.
    private var restarts = 0
    /// What the agent said of its work when it last finished.
    private var summary = ""

    /// The machine for an assignment, before its first transaction.
    package init(assignment: Assignment) {
        let definition = assignment.definition
        run = assignment.run
        self.definition = definition
        task = assignment.task
        rules = assignment.rules
        agent = AgentLoop(
            system: AgentPrompt.system(assignment), offered: AgentTool.offered(assignment),
            limits: definition.limits,
            changesTree: definition.workspace != nil
                && definition.letsWorkerWrite(role: assignment.task?.role),
            rules: assignment.rules,
            servers: assignment.task?.role == .review ? [] : definition.servers ?? [])
    }

    /// Takes in one transaction and returns what is to be done about it.
    package mutating func step(_ transaction: Transaction) -> [Command] {
        switch transaction {
        case .started(_, let inputs, _):
            guard state == .idle else { return [] }
            self.inputs = inputs ?? [:]
            return begin()
        case .stepFinished(let command, let result):
            guard case .stepping(let stage, command, _) = state else {
                return forward(transaction)
            }
            return stepped(stage, result)
        case .interrupted(let command, let reason):
            guard case .stepping(let stage, command, let interruptions) = state else {
                return forward(transaction)
            }
            return again(stage, interruptions + 1, reason)
        case .wrapUp, .told:
            // Kept by the agent for its next message, whatever is under way.
            _ = agent.step(transaction, issuing: &counter)
            return []
        case .modelAnswered, .modelFailed, .toolFinished, .operatorAnswered, .waited:
            return forward(transaction)
        case .messaged, .childFinished:
            return []
        }
    }

    private mutating func begin() -> [Command] {
        if task == nil, definition.workspace != nil { return perform(.survey) }
        if let commit = task?.notesOf { return perform(.notes(commit: commit, base: nil)) }
        return work(base: nil)
    }

    private mutating func work(base: String?) -> [Command] {
        if task == nil, let commands = definition.run, !commands.isEmpty {
            return perform(.command(base: base, index: 0))
        }
        if let base, rules > KernelRules.first { return perform(.notes(commit: base, base: base)) }
        return work(base: base, project: [])
    }

    private mutating func work(base: String?, project: [ProjectNote]) -> [Command] {
        state = .working(base: base)
        let text =
            task.map { AgentPrompt.task($0) }
            ?? AgentPrompt.task(definition) + AgentPrompt.inputs(inputs)
        return absorb(agent.begin(text, project: project, issuing: &counter), base: base)
    }

    private mutating func forward(_ transaction: Transaction) -> [Command] {
        guard case .working(let base) = state else { return [] }
        return absorb(agent.step(transaction, issuing: &counter), base: base)
    }

    private mutating func absorb(_ progress: AgentLoop.Progress, base: String?) -> [Command] {
        switch progress {
        case .commands(let commands): return commands
        case .ended(let outcome, let summary):
            self.summary = summary
            guard outcome.isSuccess else { return agent.takeBegun() + finish(outcome, summary) }
            guard !outputs.isEmpty else { return conclude(outcome, base: base) }
            return perform(.collect(base: base))
        case .submitted: return []
        }
    }
}

// MARK: Steps

extension TaskRun {
    private func request(_ stage: Stage) -> StepRequest {
        switch stage {
        case .survey: .survey
        case .prepare(let base): .prepare(base: base)
        case .notes(let commit, _): .notes(commit: commit)
        case .command(_, let index): .run(step: commands[index])
        case .collect: .collect(paths: outputs.map(\.path))
        case .export(let base):
            .export(base: base, message: commitMessage, overlay: [])
        case .checkout(let base, let commit): .checkout(commit: commit ?? base)
        case .verify(_, _, let index): .verify(step: definition.verify[index])
        case .land(let base, let commit):
            .land(branch: branch, commit: commit, base: base)
        }
    }

    private mutating func perform(_ stage: Stage, interruptions: Int = 0) -> [Command] {
        let command = counter.issue(.step(request: request(stage)))
        state = .stepping(stage, command.id, interruptions: interruptions)
        return [command]
    }

    /// Steps may be run again: each begins by clearing what it left.
    private mutating func again(_ stage: Stage, _ interruptions: Int, _ reason: String) -> [Command]
    {
        guard interruptions <= StepReading.interruptionsMax else {
            return finish(
                .workspaceFailed,
                "\(request(stage).title): interrupted \(interruptions) times in a row: \(reason)")
        }
        guard case .command(let base, _) = stage else {
            return perform(stage, interruptions: interruptions)
        }
        // Commands do not clear what they left: all of them begin again in a fresh tree.
        restarts += 1
        guard let base, restarts <= StepReading.interruptionsMax else {
            return finish(
                .indeterminate,
                "\(request(stage).title): interrupted, and it is not known how far it came: \(reason)"
            )
        }
        return perform(.prepare(base: base))
    }

    private mutating func stepped(_ stage: Stage, _ result: StepResult) -> [Command] {
        if case .refused(let feature) = result.exit {
            return finish(.confinement, "\(request(stage).title): \(feature)")
        }
        switch stage {
        case .survey: return surveyed(result)
        case .prepare(let base):
            guard result.isSuccess else { return broken(stage, result) }
            return work(base: base)
        case .notes(_, let base): return work(base: base, project: StepReading.notes(result))
        case .command(let base, let index): return ran(base, index, result)
        case .collect(let base): return collected(base, result)
        case .export(let base): return exported(base, result)
        case .checkout(let base, let commit):
            guard result.isSuccess else { return broken(stage, result) }
            return verify(base, commit, from: 0)
        case .verify(let base, let commit, let index):
            guard result.isSuccess else { return rework(base, definition.verify[index], result) }
            return verify(base, commit, from: index + 1)
        case .land(_, let commit):
            guard result.exit != .exited(code: StepReading.statusMoved) else {
                return finish(.workspaceFailed, "\(branch) was moved by someone else meanwhile")
            }
            guard result.isSuccess else { return broken(stage, result) }
            return finish(.done, "landed \(commit.prefix(12)) on \(branch)")
        }
    }

    private var commands: [StepDeclaration] { definition.run ?? [] }

    /// What has to be there in the end; the parent judges what a child left.
    private var outputs: [OutputDeclaration] { task == nil ? definition.outputs ?? [] : [] }

    private mutating func ran(_ base: String?, _ index: Int, _ result: StepResult) -> [Command] {
        guard result.isSuccess else {
            summary = Excerpt.headAndTail(result.output, bytesMax: Excerpt.stepOutputBytesMax)
            return finish(
                .failed, StepReading.failure("command \(commands[index].name) failed", result))
        }
        guard index + 1 < commands.count else {
            summary = "\(commands.count) commands succeeded"
            guard outputs.isEmpty else { return perform(.collect(base: base)) }
            return conclude(RunOutcome(.done, summary), base: base)
        }
        return perform(.command(base: base, index: index + 1))
    }

    /// What was declared has to be there and to fit; a model may mend it, commands may not.
    private mutating func collected(_ base: String?, _ result: StepResult) -> [Command] {
        guard result.isSuccess else { return broken(.collect(base: base), result) }
        let flaws =
            StepDocuments.read(result.output).map { files in
                outputs.compactMap { StepReading.flaw(in: files[$0.path], as: $0) }
            } ?? [Self.unreadable]
        guard let first = flaws.first else {
            return conclude(RunOutcome(.done, Excerpt.line(summary)), base: base)
        }
        guard commands.isEmpty, reworks < Self.reworkMax else {
            return finish(.failed, first)
        }
        reworks += 1
        state = .working(base: base)
        let message = AgentPrompt.outputs(flaws)
        return absorb(agent.goOn(message, issuing: &counter), base: base)
    }

    /// The bound is the one on a step's output that is a document.
    private static let unreadable =
        "the outputs cannot be kept: they have to be UTF-8 texts of less than 1 MiB together"

    private mutating func conclude(_ outcome: RunOutcome, base: String?) -> [Command] {
        guard let base else { return finish(outcome, summary) }
        return perform(.export(base: base))
    }

    /// A task-run needs no task list: a survey that found a base is enough.
    private mutating func surveyed(_ result: StepResult) -> [Command] {
        let isUsable = result.isSuccess || result.exit == .exited(code: StepReading.statusNoTasks)
        guard isUsable, case .read(let survey) = StepReading.survey(result.output) else {
            return broken(.survey, result)
        }
        return perform(.prepare(base: survey.base))
    }

    private mutating func exported(_ base: String, _ result: StepResult) -> [Command] {
        switch result.exit {
        case .exited(0):
            guard let commit = StepReading.commit(result.output) else {
                return broken(.export(base: base), result)
            }
            return perform(.checkout(base: base, commit: commit))
        case .exited(StepReading.statusUnchanged):
            guard !definition.verify.isEmpty else { return finish(.done, "nothing changed") }
            return perform(.checkout(base: base, commit: nil))
        case .exited(StepReading.statusGate):
            return finish(.denied, StepReading.gate(result))
        case .exited, .signalled, .timedOut, .refused:
            return broken(.export(base: base), result)
        }
    }

    private mutating func verify(_ base: String, _ commit: String?, from index: Int) -> [Command] {
        if index < definition.verify.count {
            return perform(.verify(base: base, commit: commit, index: index))
        }
        guard let commit else { return finish(.done, "nothing changed; every verify step passes") }
        return perform(.land(base: base, commit: commit))
    }

    /// Gives the failing output back to the agent, while there are rounds left.
    private mutating func rework(
        _ base: String, _ step: StepDeclaration, _ result: StepResult
    ) -> [Command] {
        guard commands.isEmpty, reworks < Self.reworkMax else {
            return finish(
                .failedVerify,
                StepReading.failure(
                    "verify step \(step.name) failed after \(reworks) reworks", result))
        }
        reworks += 1
        state = .working(base: base)
        let message = AgentPrompt.rework(step: step, result: result)
        return absorb(agent.goOn(message, issuing: &counter), base: base)
    }

    private mutating func broken(_ stage: Stage, _ result: StepResult) -> [Command] {
        finish(.workspaceFailed, StepReading.failure(request(stage).title, result))
    }
}

// MARK: The end

extension TaskRun {
    private var branch: String { "aura/\(definition.name.text)/\(run.text)" }

    private var commitMessage: String {
        CommitMessage.text(
            subject: "\(definition.name.text): \(Excerpt.line(AgentPrompt.task(definition)))",
            body: summary, run: run, task: nil, automaton: definition.name)
    }

    private mutating func finish(_ ending: RunOutcome.Ending, _ detail: String) -> [Command] {
        let report = summary.isEmpty || summary == detail ? detail : "\(detail)\n\n\(summary)"
        return finish(RunOutcome(ending, detail), report)
    }

    private mutating func finish(_ outcome: RunOutcome, _ report: String) -> [Command] {
        state = .finished
        return [counter.issue(.finish(outcome: outcome, report: report))]
    }
}
