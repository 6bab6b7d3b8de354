import AuraModel

/// What a dev loop has done so far, and how it is told in the end.
struct DevLoopStory: Hashable, Sendable, Encodable {
    struct Landed: Hashable, Sendable, Encodable {
        var id: String
        var title: String
        var commit: String
        var branch: String
        var attempts: Int
        /// It was landed by an earlier run, and is now on the new base.
        var isRestacked = false
    }

    struct Failed: Hashable, Sendable, Encodable {
        var id: String
        var reason: String
        /// Where its work is kept.
        var branch: String?
    }

    /// An open task that was not begun; without an obstacle it could have been.
    struct Left: Hashable, Sendable, Encodable {
        var id: String
        var obstacle: String?
    }

    var landed: [Landed] = []
    var failed: [Failed] = []
    var rest: [Left] = []
    /// Lines with an open box and no id.
    var nameless: [Int] = []
    /// Landed, and not pushed.
    var unpushed: [Failed] = []
    /// Landed by an earlier run, and not to be put on the new base: done anew.
    var unstacked: [String] = []
    /// Why no further task is to be begun, once that is so.
    var wrapUp: String?
    /// What would meet every further task as well.
    var fatal: RunOutcome?
    /// Why the breaker is open.
    private(set) var breaker: String?
    /// With the runs before, as far as those count.
    var streak = LoopStreak()

    /// Whether further tasks and attempts may be begun.
    var isOpen: Bool { wrapUp == nil && !isBroken }

    /// Whether the run is to end as soon as nothing is under way.
    var isBroken: Bool { fatal != nil || breaker != nil }

    var landedIDs: Set<String> { Set(landed.map(\.id)) }
    var failedIDs: Set<String> { Set(failed.map(\.id)) }

    /// How the run ends when no task is left to begin.
    ///
    /// Success only if nothing was failed or blocked.
    func outcome() -> RunOutcome {
        if let fatal { return fatal }
        if let breaker {
            return RunOutcome(.breaker, "\(breaker)" + (landed.isEmpty ? "" : "; \(landedText)"))
        }
        let blocked = rest.filter { $0.obstacle != nil }
        let isLeft = rest.contains { $0.obstacle == nil }
        let parts =
            failed.map { "\($0.id) failed (\($0.reason))" }
            + unpushed.map { "\($0.id) was not pushed (\($0.reason))" }
            + (wrapUp == nil ? blocked.map { "\($0.id) \($0.obstacle ?? "")" } : [])
        if !parts.isEmpty {
            let landedPart = landed.isEmpty ? "" : "; landed " + list(landed.map(\.id))
            return RunOutcome(
                .tasksFailed, Excerpt.line(parts.joined(separator: "; ") + landedPart))
        }
        if let wrapUp, isLeft || !blocked.isEmpty {
            // What ran out is no success, whatever was landed before.
            let part = landed.isEmpty ? "no task was landed" : landedText
            return RunOutcome(
                .budget, "\(part); \(rest.count) left open, wrapped up: \(Excerpt.line(wrapUp))")
        }
        let ignored = nameless.isEmpty ? "" : "; \(nameless.count) open without an id"
        return RunOutcome(.done, (landed.isEmpty ? "nothing open" : landedText) + ignored)
    }

    /// The run's report: the outcome, then a line for each task that was open.
    func report(_ detail: String) -> String {
        var lines = [detail]
        for task in landed {
            let attempts =
                task.isRestacked
                ? " (from an earlier run, on the new base)"
                : task.attempts == 1 ? "" : " (attempt \(task.attempts))"
            lines.append(
                "landed  \(task.id)  \(task.commit.prefix(12)) on "
                    + "\(task.branch)\(attempts): \(task.title)"
            )
        }
        for task in failed {
            let kept = task.branch.map { "; kept on \($0)" } ?? "; its work could not be kept"
            lines.append("failed  \(task.id)  \(task.reason)\(kept)")
        }
        for task in unpushed { lines.append("landed  \(task.id)  not pushed: \(task.reason)") }
        for id in unstacked {
            lines.append("left    \(id)  its landed work does not fit on the new base")
        }
        for task in rest {
            let mark = task.obstacle == nil ? "open   " : "blocked"
            lines.append("\(mark) \(task.id)  \(task.obstacle ?? "not begun")")
        }
        if !nameless.isEmpty {
            lines.append(
                "ignored: open boxes without an id in lines "
                    + nameless.map(String.init).joined(separator: ", ")
                    + "; write them as `- [ ] T001 text`")
        }
        return lines.joined(separator: "\n")
    }

    mutating func land(_ task: Landed) {
        landed.append(task)
        unstacked.removeAll { $0 == task.id }
        if !task.isRestacked { streak.land() }
    }

    mutating func fail(_ task: Failed, _ limits: Definition.Breaker) {
        failed.append(task)
        streak.fail()
        if streak.failures >= limits.failures {
            let last = failed.suffix(streak.failures)
            let earlier = streak.failures - last.count
            breaker =
                "\(streak.failures) tasks failed in a row"
                + (earlier == 0 ? "" : ", \(earlier) of them in earlier runs") + ": "
                + last.map { "\($0.id) (\(Excerpt.line($0.reason)))" }.joined(separator: ", ")
        }
        judgeSpending(limits)
    }

    /// Opens the breaker when much more was spent since the last landing than landings cost so far.
    mutating func judgeSpending(_ limits: Definition.Breaker) {
        if breaker == nil { breaker = streak.waste(limits) }
    }

    private var landedText: String {
        let count = landed.count == 1 ? "1 task" : "\(landed.count) tasks"
        return "landed \(count): \(list(landed.map(\.id)))"
    }

    private func list(_ ids: [String]) -> String { ids.joined(separator: ", ") }
}
