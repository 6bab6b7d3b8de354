package import AuraModel

/// The coordinator: task after task of a repository's list, each to a verified commit on its own
/// branch.
///
///     idle -> survey -> prepare -> checkout base -> baseline... -> child
///                                                                   |
///          +---- land <- verify... <- checkout <- export <----------+
///          v
///     the next survey; a failed attempt goes back to prepare, while there are any left
///
/// Each survey starts from the tip of what has landed, so ticks are seen and later tasks build on
/// earlier ones. A task that fails blocks only those that name it in `after`.
package struct DevLoop: Hashable, Sendable {
    /// One try at a task, from a fresh clone.
    private struct Attempt: Hashable, Sendable {
        var list: TaskList
        var task: TaskList.Task
        var base: String
        /// From 1.
        var number = 1
        /// What the attempts before it left, oldest first.
        var notes: [String] = []
        /// What the agent said of its work.
        var summary = ""
    }

    /// What a step is for.
    private enum Stage: Hashable, Sendable {
        case survey
        /// The specification beside the task list, whose receipt the definition demands.
        case receipt(StepReading.Survey)
        case prepare(Attempt)
        case checkoutBase(Attempt)
        case baseline(Attempt, index: Int)
        case export(Attempt)
        case checkout(Attempt, commit: String)
        case verify(Attempt, commit: String, index: Int)
        case land(Attempt, commit: String)
    }

    private enum State: Hashable, Sendable {
        case idle
        case stepping(Stage, CommandID, interruptions: Int)
        /// The child run of the command works on the task.
        case delegating(Attempt, CommandID)
        case finished
    }

    private let run: RunID
    private let definition: Definition
    private var state = State.idle
    private var counter = CommandCounter()
    private var story = DevLoopStory()

    /// The machine for an assignment, before its first transaction.
    package init(assignment: Assignment) {
        run = assignment.run
        definition = assignment.definition
    }

    /// Takes in one transaction and returns what is to be done about it.
    package mutating func step(_ transaction: Transaction) -> [Command] {
        switch transaction {
        case .started:
            guard state == .idle else { return [] }
            return perform(.survey)
        case .stepFinished(let command, let result):
            guard case .stepping(let stage, command, _) = state else { return [] }
            return stepped(stage, result)
        case .childFinished(let command, _, let outcome, let report):
            guard case .delegating(let attempt, command) = state else { return [] }
            return returned(attempt, outcome, report)
        case .interrupted(let command, let reason):
            return interrupted(command, reason)
        case .wrapUp(let reason):
            story.wrapUp = reason
            return []
        case .messaged, .modelAnswered, .modelFailed, .toolFinished, .operatorAnswered, .waited:
            return []
        }
    }

    /// Steps may be run again: each begins by clearing what it left.
    ///
    /// A child that was lost is an attempt lost.
    private mutating func interrupted(_ command: CommandID, _ reason: String) -> [Command] {
        switch state {
        case .stepping(let stage, command, let interruptions):
            guard interruptions < StepReading.interruptionsMax else {
                return finish(
                    .workspaceFailed,
                    "\(request(stage).title): interrupted \(interruptions + 1) times in a row: "
                        + Excerpt.line(reason))
            }
            return perform(stage, interruptions: interruptions + 1)
        case .delegating(let attempt, command):
            return tryAgain(attempt, "the child run was lost: \(Excerpt.line(reason))")
        case .idle, .stepping, .delegating, .finished:
            return []
        }
    }
}

// MARK: Steps

extension DevLoop {
    private func request(_ stage: Stage) -> StepRequest {
        switch stage {
        case .survey: .survey
        case .receipt(let survey): .read(commit: survey.base, paths: specPaths)
        case .prepare(let attempt): .prepare(base: attempt.base)
        case .checkoutBase(let attempt): .checkout(commit: attempt.base)
        case .baseline(_, let index): .verify(step: definition.verify[index])
        case .export(let attempt): export(attempt)
        case .checkout(_, let commit): .checkout(commit: commit)
        case .verify(let attempt, _, let index): .verify(step: checks(attempt.task)[index])
        case .land(let attempt, let commit):
            .land(branch: branch(attempt.task), commit: commit, base: attempt.base)
        }
    }

    private mutating func perform(_ stage: Stage, interruptions: Int = 0) -> [Command] {
        let command = counter.issue(.step(request: request(stage)))
        state = .stepping(stage, command.id, interruptions: interruptions)
        return [command]
    }

    private mutating func stepped(_ stage: Stage, _ result: StepResult) -> [Command] {
        if case .refused(let feature) = result.exit {
            return finish(.confinement, "\(request(stage).title): \(feature)")
        }
        switch stage {
        case .survey: return surveyed(result)
        case .receipt(let survey): return checked(survey, result)
        case .prepare(let attempt):
            guard result.isSuccess else { return broken(stage, result) }
            // A later attempt starts from the same base, which has been judged.
            let isJudged = attempt.number > 1 || definition.verify.isEmpty
            return isJudged ? delegate(attempt) : perform(.checkoutBase(attempt))
        case .checkoutBase(let attempt):
            guard result.isSuccess else { return broken(stage, result) }
            return perform(.baseline(attempt, index: 0))
        case .baseline(let attempt, let index):
            return judged(attempt, index, result)
        case .export(let attempt): return exported(attempt, result)
        case .checkout(let attempt, let commit):
            guard result.isSuccess else { return broken(stage, result) }
            return verify(attempt, commit, from: 0)
        case .verify(let attempt, let commit, let index):
            guard result.isSuccess else {
                return tryAgain(attempt, red(checks(attempt.task)[index], result), result.output)
            }
            return verify(attempt, commit, from: index + 1)
        case .land(let attempt, let commit): return landed(attempt, commit, result)
        }
    }

    private mutating func surveyed(_ result: StepResult) -> [Command] {
        guard result.isSuccess else { return broken(.survey, result) }
        switch StepReading.survey(result.output) {
        case .unreadable(let why): return finish(.workspaceFailed, why)
        case .read(let survey):
            guard definition.workspace?.isLinted == true else { return pick(survey) }
            return perform(.receipt(survey))
        }
    }

    /// The other files of the specification that the task list is part of.
    private var specPaths: [String] {
        let list = definition.workspace?.tasks ?? ""
        let directory = list.lastIndex(of: "/").map { list[...$0] } ?? ""
        return ["spec.md", "plan.md", "trace.json"].map { directory + $0 }
    }

    /// Nothing is built by a specification that the lint has not seen as it is.
    private mutating func checked(
        _ survey: StepReading.Survey, _ result: StepResult
    ) -> [Command] {
        guard result.isSuccess, let files = StepDocuments.read(result.output) else {
            return broken(.receipt(survey), result)
        }
        let texts = specPaths.map { files[$0] ?? "" }
        let refusal = SpecTrace.refusal(
            spec: texts[0], plan: texts[1], tasks: survey.list, trace: texts[2])
        guard let refusal else { return pick(survey) }
        return finish(
            .workspaceFailed,
            "workspace.linted: \(refusal); let its spec-gen write it anew")
    }

    /// Begins the next task, or ends the run when there is none to begin.
    private mutating func pick(_ survey: StepReading.Survey) -> [Command] {
        let list = TaskList(survey.list)
        let order = TaskOrder(list, landed: story.landedIDs)
        guard story.wrapUp == nil, let task = order.next(excluding: story.failedIDs) else {
            story.rest = order.open(excluding: story.failedIDs).map {
                DevLoopStory.Left(id: $0.id, obstacle: $0.obstacle)
            }
            story.nameless = list.nameless
            let outcome = story.outcome()
            return finish(outcome.ending, outcome.detail)
        }
        return perform(.prepare(Attempt(list: list, task: task, base: survey.base)))
    }

    /// Nothing can be judged on a base that fails its own checks, unless the task is to repair it.
    private mutating func judged(
        _ attempt: Attempt, _ index: Int, _ result: StepResult
    ) -> [Command] {
        guard result.isSuccess else {
            guard attempt.task.tags.contains("fix") else {
                return finish(
                    .baselineRed,
                    "before \(attempt.task.id), on the untouched base \(attempt.base.prefix(12)): "
                        + red(definition.verify[index], result))
            }
            return delegate(attempt)
        }
        guard index + 1 < definition.verify.count else { return delegate(attempt) }
        return perform(.baseline(attempt, index: index + 1))
    }

    private mutating func exported(_ attempt: Attempt, _ result: StepResult) -> [Command] {
        switch result.exit {
        case .exited(0):
            guard let commit = StepReading.commit(result.output) else {
                return broken(.export(attempt), result)
            }
            return perform(.checkout(attempt, commit: commit))
        case .exited(StepReading.statusUnchanged):
            return tryAgain(attempt, "the agent said done, and nothing had changed")
        case .exited(StepReading.statusGate):
            return tryAgain(attempt, StepReading.gate(result))
        case .exited, .signalled, .timedOut, .refused:
            // What the agent left may be the cause; a broken host shows itself at the next prepare.
            return tryAgain(attempt, StepReading.failure("export", result))
        }
    }

    private mutating func verify(
        _ attempt: Attempt, _ commit: String, from index: Int
    ) -> [Command] {
        index < checks(attempt.task).count
            ? perform(.verify(attempt, commit: commit, index: index))
            : perform(.land(attempt, commit: commit))
    }

    private mutating func landed(
        _ attempt: Attempt, _ commit: String, _ result: StepResult
    ) -> [Command] {
        guard result.exit != .exited(code: StepReading.statusMoved) else {
            return giveUp(attempt, "\(branch(attempt.task)) was moved by someone else meanwhile")
        }
        guard result.isSuccess else { return broken(.land(attempt, commit: commit), result) }
        story.landed.append(
            DevLoopStory.Landed(
                id: attempt.task.id, title: attempt.task.title, commit: commit,
                branch: branch(attempt.task), attempts: attempt.number))
        return perform(.survey)
    }

    private mutating func broken(_ stage: Stage, _ result: StepResult) -> [Command] {
        finish(.workspaceFailed, StepReading.failure(request(stage).title, result))
    }
}

// MARK: Attempts

extension DevLoop {
    private mutating func delegate(_ attempt: Attempt) -> [Command] {
        let command = counter.issue(
            .spawn(
                request: SpawnRequest(
                    task: TaskBrief(
                        id: attempt.task.id, text: brief(attempt.task), notes: attempt.notes),
                    budget: definition.budget.task)))
        state = .delegating(attempt, command.id)
        return [command]
    }

    /// What the end of a child means: its work is taken, tried again or given up, or the whole run
    /// ends.
    private mutating func returned(
        _ attempt: Attempt, _ outcome: RunOutcome, _ report: String
    ) -> [Command] {
        let why = "the agent ended as \(outcome.ending.rawValue): \(Excerpt.line(outcome.detail))"
        switch outcome.ending {
        case .done:
            var worked = attempt
            worked.summary = report
            return perform(.export(worked))
        case .failed, .stalled, .turns, .denied, .contextOverflow, .crashed, .protocolViolation,
            .tasksFailed, .failedVerify, .baselineRed, .workspaceFailed:
            return tryAgain(attempt, why, report)
        case .budget, .cancelled, .unanswered, .indeterminate:
            // Another attempt would cost, ask or risk the same again.
            return giveUp(attempt, why)
        case .auth, .providerRejected, .providerUnavailable, .confinement:
            // The next task would end in the same way.
            story.failed.append(DevLoopStory.Failed(id: attempt.task.id, reason: why))
            return finish(
                outcome.ending, "at \(attempt.task.id): \(Excerpt.line(outcome.detail))")
        }
    }

    /// Begins the next attempt, which is told how this one failed, or gives the task up.
    private mutating func tryAgain(
        _ attempt: Attempt, _ reason: String, _ output: String = ""
    ) -> [Command] {
        guard attempt.number < definition.limits.attempts, story.wrapUp == nil else {
            return giveUp(attempt, reason)
        }
        var next = attempt
        next.number += 1
        next.summary = ""
        let note = "attempt \(attempt.number): \(reason)" + (output.isEmpty ? "" : "\n\(output)")
        next.notes.append(Excerpt.headAndTail(note, bytesMax: Excerpt.noteBytesMax))
        if next.notes.count > Self.notesMax { next.notes.removeFirst() }
        return perform(.prepare(next))
    }

    /// The task is failed; those that do not wait for it go on.
    private mutating func giveUp(_ attempt: Attempt, _ reason: String) -> [Command] {
        let attempts = attempt.number == 1 ? "" : "after \(attempt.number) attempts: "
        story.failed.append(
            DevLoopStory.Failed(id: attempt.task.id, reason: attempts + reason))
        return perform(.survey)
    }

    /// 4: with each at most 4 KiB, all notes together are about four thousand tokens.
    private static let notesMax = 4

    /// What must succeed on a task's result: the definition's steps, then the task's own lines.
    private func checks(_ task: TaskList.Task) -> [StepDeclaration] {
        definition.verify + task.verify.map { .shell($0) }
    }

    private func red(_ step: StepDeclaration, _ result: StepResult) -> String {
        StepReading.failure("verify step \(step.name) failed", result)
    }

    private func brief(_ task: TaskList.Task) -> String {
        var lines = [task.title] + task.details
        lines += task.verify.map { "It must pass: \($0)" }
        return lines.joined(separator: "\n")
    }

    private func branch(_ task: TaskList.Task) -> String {
        "aura/\(definition.name.text)/\(task.id)"
    }

    /// The commit carries the task's own tick, in the list as it stands in the base.
    private func export(_ attempt: Attempt) -> StepRequest {
        let list = definition.workspace.map {
            OverlayFile(path: $0.tasks, content: attempt.list.ticking(attempt.task.id))
        }
        return .export(
            base: attempt.base,
            message: CommitMessage.text(
                subject: "\(attempt.task.id): \(attempt.task.title)", body: attempt.summary,
                run: run, task: attempt.task.id, automaton: definition.name),
            overlay: list.map { [$0] } ?? [])
    }

    private mutating func finish(_ ending: RunOutcome.Ending, _ detail: String) -> [Command] {
        state = .finished
        return [
            counter.issue(
                .finish(outcome: RunOutcome(ending, detail), report: story.report(detail)))
        ]
    }
}
