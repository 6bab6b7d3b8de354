package import AuraModel

/// One turn of a conversation: a message in, an answer out.
///
/// A thread is a row of such runs; between them there is no run at all. What was said before comes
/// with the message.
///
///     idle -> survey -> prepare -> answering -> export -> checkout -> verify... -> land
///                                     ^                                  |
///                                     +------- rework, bounded ----------+
///
/// Without a workspace it begins with `answering`, and without leave to edit it ends there.
package struct Chat: Hashable, Sendable, Encodable {
    private enum State: Hashable, Sendable, Encodable {
        case idle
        case surveying(ChatTurn, OutstandingStep)
        case preparing(ChatTurn, base: String, OutstandingStep)
        case readingNotes(ChatTurn, base: String, OutstandingStep)
        /// The agent has the outstanding command; `base` is nil without a workspace.
        case answering(ChatTurn, base: String?)
        case landing(ChatTurn, Landing)
        case finished
    }

    private let run: RunID
    @Given private var definition: Definition
    private let rules: Int
    private var state = State.idle
    private var agent: AgentLoop
    private var counter = CommandCounter()
    private var reworks = 0
    private var answer = ""

    /// The machine for an assignment, before its first transaction.
    package init(assignment: Assignment) {
        let definition = assignment.definition
        run = assignment.run
        self.definition = definition
        agent = AgentLoop(
            system: ChatPrompt.system(assignment), offered: AgentTool.ofChat(assignment),
            limits: definition.limits, ending: .prose, rules: assignment.rules,
            servers: definition.servers ?? [])
        rules = assignment.rules
    }

    /// Takes in one transaction and returns what is to be done about it.
    package mutating func step(_ transaction: Transaction) -> [Command] {
        switch (state, transaction) {
        case (.idle, .messaged(let turn)):
            guard definition.workspace != nil else { return converse(turn, base: nil) }
            let step = OutstandingStep(.survey, issuing: &counter)
            state = .surveying(turn, step)
            return step.commands
        case (.idle, _), (.finished, _): return []
        case (_, .wrapUp), (_, .told):
            // Kept by the agent for its next message, whatever is under way.
            _ = agent.step(transaction, issuing: &counter)
            return []
        case (.surveying(let turn, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .surveying(turn, step)
            return absorb(reading) { machine, result in machine.surveyed(turn, result) }
        case (.preparing(let turn, let base, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .preparing(turn, base: base, step)
            return absorb(reading) { machine, result in
                guard result.isSuccess else { return machine.broken(step.request, result) }
                return machine.readNotes(turn, base: base)
            }
        case (.readingNotes(let turn, let base, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .readingNotes(turn, base: base, step)
            return absorb(reading) { machine, result in
                machine.converse(turn, base: base, project: StepReading.notes(result))
            }
        case (.answering(let turn, let base), _):
            return absorb(agent.step(transaction, issuing: &counter), turn, base: base)
        case (.landing(let turn, var landing), _):
            let progress = landing.take(transaction, issuing: &counter)
            state = .landing(turn, landing)
            return absorb(progress, turn, base: landing.plan.base)
        }
    }

    private mutating func readNotes(_ turn: ChatTurn, base: String) -> [Command] {
        guard rules > KernelRules.first else { return converse(turn, base: base) }
        let step = OutstandingStep(.notes(commit: base), issuing: &counter)
        state = .readingNotes(turn, base: base, step)
        return step.commands
    }

    private mutating func converse(
        _ turn: ChatTurn, base: String?, project: [ProjectNote] = []
    ) -> [Command] {
        state = .answering(turn, base: base)
        let progress = agent.begin(
            turn.message.text, earlier: ChatPrompt.earlier(turn), project: project,
            issuing: &counter)
        return absorb(progress, turn, base: base)
    }

    private mutating func absorb(
        _ progress: AgentLoop.Progress, _ turn: ChatTurn, base: String?
    ) -> [Command] {
        switch progress {
        case .commands(let commands): return commands
        case .submitted: return []
        case .ended(let outcome, let text):
            guard outcome.isSuccess else { return agent.takeBegun() + finish(outcome) }
            answer = text
            guard let base, definition.capabilities.edits == true else { return finish(outcome) }
            let landing = Landing(plan(turn, base: base), issuing: &counter)
            state = .landing(turn, landing)
            return landing.commands
        }
    }
}

// MARK: Steps

extension Chat {
    private mutating func absorb(
        _ reading: OutstandingStep.Reading, _ finished: (inout Self, StepResult) -> [Command]
    ) -> [Command] {
        switch reading {
        case .elsewhere: []
        case .again(let commands): commands
        case .impossible(let outcome): finish(outcome)
        case .finished(let result): finished(&self, result)
        }
    }

    /// A chat needs no task list: a survey that found a base is enough.
    private mutating func surveyed(_ turn: ChatTurn, _ result: StepResult) -> [Command] {
        guard result.isSuccess, case .read(let survey) = StepReading.survey(result.output) else {
            return broken(.survey, result)
        }
        let step = OutstandingStep(.prepare(base: survey.base), issuing: &counter)
        state = .preparing(turn, base: survey.base, step)
        return step.commands
    }

    private mutating func absorb(
        _ progress: Landing.Progress, _ turn: ChatTurn, base: String
    ) -> [Command] {
        switch progress {
        case .commands(let commands): return commands
        case .unchanged: return finish(RunOutcome(.done, Excerpt.line(answer)))
        case .landed(let commit):
            let place = "landed \(commit.prefix(12)) on \(branch(turn))"
            answer += "\n\n[\(place)]"
            return finish(RunOutcome(.done, place))
        case .ended(let outcome): return finish(outcome)
        case .red(let step, let result):
            guard reworks < TaskRun.reworkMax else {
                return finish(
                    RunOutcome(
                        .failedVerify,
                        StepReading.failure(
                            "verify step \(step.name) failed after \(reworks) reworks", result)))
            }
            reworks += 1
            state = .answering(turn, base: base)
            let message = ChatPrompt.rework(step: step, result: result)
            return absorb(agent.goOn(message, issuing: &counter), turn, base: base)
        }
    }

    private func branch(_ turn: ChatTurn) -> String {
        "aura/\(definition.name.text)/\(turn.thread)"
    }

    private func plan(_ turn: ChatTurn, base: String) -> Landing.Plan {
        Landing.Plan(
            base: base, branch: branch(turn),
            message: CommitMessage.text(
                subject: "\(definition.name.text): \(Excerpt.line(turn.message.text))",
                body: answer, run: run, task: nil, automaton: definition.name),
            verify: definition.verify)
    }

    private mutating func broken(_ request: StepRequest, _ result: StepResult) -> [Command] {
        finish(RunOutcome(.workspaceFailed, StepReading.failure(request.title, result)))
    }

    /// The report is the answer, also where it could not be landed.
    private mutating func finish(_ outcome: RunOutcome) -> [Command] {
        state = .finished
        return [counter.issue(.finish(outcome: outcome, report: answer))]
    }
}
