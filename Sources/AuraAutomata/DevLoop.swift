package import AuraModel

/// The coordinator: task after task of a repository's list, each to a verified commit.
///
///     idle -> survey -> [put what landed before on the new base] -> pick
///     pick -> prepare -> [baseline...] -> child -> export -> [its tests, red] -> checkout -> verify...
///          -> [diff -> reviewer -> rework] -> [rebase -> checkout -> verify...] -> land -> [push]
///     a failed attempt -> prepare, while there are any left; then salvage -> keep
///
/// There is one bench: steps go one after the other, and children work beside them, as many as the
/// definition allows. Each survey starts from the tip of what has landed, so ticks are seen and later
/// tasks build on earlier ones. A task that fails blocks only those that wait for it.
package struct DevLoop: Hashable, Sendable, Encodable {
    /// What a step is for.
    enum Stage: Hashable, Sendable, Encodable {
        case survey
        /// The specification beside the task list, whose receipt the definition demands.
        case receipt(StepReading.Survey)
        case prepare(TaskAttempt)
        case checkoutBase(TaskAttempt)
        case baseline(TaskAttempt, index: Int)
        case export(TaskAttempt)
        case rebase(TaskAttempt)
        case checkoutTests(TaskAttempt)
        case red(TaskAttempt, index: Int)
        case checkout(TaskAttempt)
        case verify(TaskAttempt, index: Int)
        case diff(TaskAttempt)
        case land(TaskAttempt)
        case push(TaskAttempt)
        case salvage(TaskAttempt, reason: String)
        case keep(TaskAttempt, commit: String, reason: String)
    }

    /// The step under way.
    struct Bench: Hashable, Sendable, Encodable {
        var stage: Stage
        var command: CommandID
        var interruptions: Int
    }

    /// A child at work.
    struct Work: Hashable, Sendable, Encodable {
        var attempt: TaskAttempt
        var isReview: Bool
    }

    enum Phase: Hashable, Sendable, Encodable { case idle, running, finished }

    let run: RunID
    @Given private(set) var definition: Definition
    let rules: Int
    var phase = Phase.idle
    var counter = CommandCounter()
    var bench: Bench?
    /// What goes on the bench next, in order.
    var next: [Stage] = []
    var working: [CommandID: Work] = [:]
    /// The commit that new work starts from, and the list in it.
    var tip = ""
    var list = TaskList("")
    var isSurveyDue = true
    /// Commits on which the definition's steps are known to pass.
    @Unordered var green: Set<String> = []
    /// Landed work that is to be put on the new base, and which commits that was tried with.
    var restacks: [StepReading.Stale] = []
    @Unordered var tried: Set<String> = []
    /// The landed commit on an older base that each task's branch may leave.
    var stale: [String: String] = [:]
    var story = DevLoopStory()

    /// The machine for an assignment, before its first transaction.
    package init(assignment: Assignment) {
        run = assignment.run
        definition = assignment.definition
        rules = assignment.rules
    }

    /// Takes in one transaction and returns what is to be done about it.
    package mutating func step(_ transaction: Transaction) -> [Command] {
        let commands: [Command]
        switch transaction {
        case .started(_, _, let streak):
            guard phase == .idle else { return [] }
            phase = .running
            story.streak = streak ?? story.streak
            story.judgeSpending(definition.breaker ?? .standard)
            commands = []
        case .stepFinished(let command, let result):
            guard let bench, bench.command == command else { return [] }
            self.bench = nil
            commands = stepped(bench.stage, result)
        case .childFinished(let command, _, let outcome, let report, let spent):
            guard var work = working.removeValue(forKey: command) else { return [] }
            work.attempt.spent = work.attempt.spent + (spent ?? .zero)
            story.streak.spend(spent ?? .zero)
            commands = returned(work.attempt, isReview: work.isReview, outcome, report)
        case .interrupted(let command, let reason): commands = interrupted(command, reason)
        case .wrapUp(let reason):
            story.wrapUp = reason
            return []
        case .messaged, .modelAnswered, .modelFailed, .toolFinished, .operatorAnswered, .waited,
            .told:
            return []
        }
        return commands + goOn()
    }

    /// Puts the next stage on the bench, if it is free, or begins another task.
    mutating func goOn() -> [Command] {
        guard phase == .running, bench == nil else { return [] }
        if !next.isEmpty { return perform(next.removeFirst()) }
        if story.isBroken, working.isEmpty { return finish(story.outcome()) }
        if isSurveyDue { return perform(.survey) }
        while !restacks.isEmpty {
            let entry = restacks.removeFirst()
            tried.insert(entry.commit)
            if let attempt = restacked(entry) { return perform(.rebase(attempt)) }
        }
        return pick()
    }

    /// Begins the next task, waits for children, or ends the run when nothing is left.
    mutating func pick() -> [Command] {
        let order = TaskOrder(list, landed: story.landedIDs)
        let busy = working.values.map(\.attempt.task)
        if story.isOpen, busy.count < definition.limits.parallel ?? 1,
            let task = order.next(excluding: story.failedIDs.union(busy.map(\.id))),
            busy.isEmpty || (task.isParallel && busy.allSatisfy(\.isParallel))
        {
            return perform(
                .prepare(
                    TaskAttempt(task: task, base: tip, list: list, replaces: stale[task.id])))
        }
        guard working.isEmpty else { return [] }
        story.rest = order.open(excluding: story.failedIDs).map {
            DevLoopStory.Left(id: $0.id, obstacle: $0.obstacle)
        }
        story.nameless = list.nameless
        return finish(story.outcome())
    }

    mutating func perform(_ stage: Stage, interruptions: Int = 0) -> [Command] {
        let command = counter.issue(.step(request: request(stage)))
        bench = Bench(stage: stage, command: command.id, interruptions: interruptions)
        return [command]
    }

    /// Steps may be run again: each begins by clearing what it left.
    ///
    /// A child that was lost is an attempt lost.
    mutating func interrupted(_ command: CommandID, _ reason: String) -> [Command] {
        if let work = working.removeValue(forKey: command) {
            return tryAgain(work.attempt, "the child run was lost: \(Excerpt.line(reason))")
        }
        guard let bench, bench.command == command else { return [] }
        guard bench.interruptions < StepReading.interruptionsMax else {
            return finish(
                .workspaceFailed,
                "\(request(bench.stage).title): interrupted \(bench.interruptions + 1) times in a "
                    + "row: " + Excerpt.line(reason))
        }
        return perform(bench.stage, interruptions: bench.interruptions + 1)
    }

    mutating func finish(_ outcome: RunOutcome) -> [Command] {
        phase = .finished
        next = []
        return [counter.issue(.finish(outcome: outcome, report: story.report(outcome.detail)))]
    }

    mutating func finish(_ ending: RunOutcome.Ending, _ detail: String) -> [Command] {
        finish(RunOutcome(ending, detail))
    }

    mutating func broken(_ stage: Stage, _ result: StepResult) -> [Command] {
        finish(.workspaceFailed, StepReading.failure(request(stage).title, result))
    }
}
