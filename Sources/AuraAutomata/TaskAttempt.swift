import AuraModel

/// One try at a task of a dev loop, and what it is asked and told.
struct TaskAttempt: Hashable, Sendable, Encodable {
    var task: TaskList.Task
    /// The commit that the work is a change of.
    var base: String
    /// The list as it stands in `base`.
    var list: TaskList
    /// From 1; each begins with a fresh clone and a fresh context.
    var number = 1
    /// What the attempts before it left, oldest first.
    var notes: [String] = []
    /// What the agent said of its work.
    var summary = ""
    /// The work as it was exported, or put on a newer base, last.
    var commit: String?
    /// What a reviewer wants mended; the agent then starts from `commit`.
    var findings = ""
    /// How often the work was reviewed and sent back.
    var rounds = 0
    /// Reviews in a row that gave no verdict.
    var vagueReviews = 0
    var isReviewed = false
    /// How often it had to begin again, or be put on a newer base, because of what landed meanwhile.
    var moves = 0
    /// The commit on an older base that its branch may leave.
    var replaces: String?
    /// It was landed by an earlier run, on a base that has moved since.
    var isRestacked = false
    var spent = Amount.zero

    /// 4: with each at most 4 KiB, all notes together are about four thousand tokens.
    private static let notesMax = 4

    /// 3: when things move faster than work is verified, somebody has to order them.
    static let movesMax = 3

    /// The next attempt, on top of `base`, which is told how this one failed.
    func next(on base: String, _ list: TaskList, _ reason: String, _ output: String) -> Self {
        var next = self
        next.base = base
        next.list = list
        next.number += 1
        next.noting(reason, output, number: number)
        next.renew()
        return next
    }

    /// The same attempt again, because its base moved.
    func again(on base: String, _ list: TaskList, _ reason: String) -> Self {
        var next = self
        next.base = base
        next.list = list
        next.moves += 1
        next.noting(reason, "", number: number)
        next.renew()
        return next
    }

    private mutating func renew() {
        summary = ""
        commit = nil
        findings = ""
        rounds = 0
        vagueReviews = 0
        isReviewed = false
    }

    private mutating func noting(_ reason: String, _ output: String, number: Int) {
        let note = "attempt \(number): \(reason)" + (output.isEmpty ? "" : "\n\(output)")
        notes.append(Excerpt.headAndTail(note, bytesMax: Excerpt.noteBytesMax))
        if notes.count > Self.notesMax { notes.removeFirst() }
    }

    /// What is left of the task's budget: all its attempts and reviews share it.
    func budget(_ definition: Definition) -> BudgetLimits {
        (task.budget ?? .none).tightened(by: definition.budget.task).remaining(after: spent)
    }

    /// The model that this attempt is given; nil: the definition's first.
    ///
    /// A task's own is for its first attempt, and for later ones where nothing stronger is declared.
    func reasoner(_ definition: Definition) -> String? {
        guard number > 1, let stronger = definition.escalate, !stronger.isEmpty else {
            return task.model
        }
        return stronger[min(number - 2, stronger.count - 1)]
    }

    /// What must succeed on the result: the definition's steps, then the task's own lines.
    func checks(_ definition: Definition) -> [StepDeclaration] {
        definition.verify + task.verify.map { .shell($0) }
    }

    /// What must fail on the base with the task's tests: its own lines, or else the definition's.
    func proofs(_ definition: Definition) -> [StepDeclaration] {
        task.verify.isEmpty ? definition.verify : task.verify.map { .shell($0) }
    }

    /// The list in `list` with the task's box ticked.
    func overlay(_ list: TaskList, _ definition: Definition) -> [OverlayFile] {
        definition.workspace.map {
            [OverlayFile(path: $0.tasks, content: list.ticking(task.id))]
        } ?? []
    }
}

// MARK: What is said

extension TaskAttempt {
    /// The task for the agent.
    var brief: String {
        var lines = [task.title] + task.details
        lines += task.accept.map { "It is done when: \($0)" }
        lines += task.verify.map { "It must pass: \($0)" }
        if !task.files.isEmpty {
            lines.append("Change nothing outside of: " + task.files.joined(separator: " "))
        }
        if !task.tests.isEmpty {
            lines.append(
                "Add tests to \(task.tests.joined(separator: " ")) that fail without your change "
                    + "and pass with it.")
        }
        if !findings.isEmpty {
            lines.append(
                "\nThe workspace holds work on this task that passed every check, and then a review "
                    + "sent it back. Mend what was found:\n" + findings)
        }
        return lines.joined(separator: "\n")
    }

    /// The task for a reviewer, with the change as `git diff` prints it.
    func reviewBrief(diff: String, _ definition: Definition) -> String {
        var lines = ["The task was: \(task.title)"] + task.details
        let accept = task.accept.isEmpty ? ["the task as it is written"] : task.accept
        lines.append("\nIt is to be accepted when all of these are met:")
        lines += accept.map { "- \($0)" }
        lines.append("\nEvery declared check has passed on the result. The change:\n" + diff)
        if let prompt = definition.review?.prompt, !prompt.isEmpty { lines.append("\n" + prompt) }
        lines.append(ReviewVerdict.instructions(accept))
        return lines.joined(separator: "\n")
    }

    /// The message of its commit.
    func message(run: RunID, _ definition: Definition) -> String {
        CommitMessage.text(
            subject: "\(task.id): \(task.title)", body: summary, run: run, task: task.id,
            automaton: definition.name,
            spec: definition.workspace.map { "\($0.tasks)@\(base.prefix(12))" })
    }

    /// The message of the commit that keeps what is left of it.
    func obituary(_ reason: String, run: RunID, _ definition: Definition) -> String {
        let text = (["Not landed: \(reason)", summary] + notes).filter { !$0.isEmpty }
        return CommitMessage.text(
            subject: "failed: \(task.id): \(task.title)", body: text.joined(separator: "\n\n"),
            run: run, task: task.id, automaton: definition.name,
            bodyBytesMax: Excerpt.obituaryBytesMax)
    }
}
