import AuraModel

/// What a dev loop has done so far, and how it is told in the end.
struct DevLoopStory: Hashable, Sendable {
    struct Landed: Hashable, Sendable {
        var id: String
        var title: String
        var commit: String
        var branch: String
        var attempts: Int
    }

    struct Failed: Hashable, Sendable {
        var id: String
        var reason: String
    }

    /// An open task that was not begun; without an obstacle it could have been.
    struct Left: Hashable, Sendable {
        var id: String
        var obstacle: String?
    }

    var landed: [Landed] = []
    var failed: [Failed] = []
    var rest: [Left] = []
    /// Lines with an open box and no id.
    var nameless: [Int] = []
    /// Why no further task is to be begun, once that is so.
    var wrapUp: String?

    var landedIDs: Set<String> { Set(landed.map(\.id)) }
    var failedIDs: Set<String> { Set(failed.map(\.id)) }

    /// How the run ends when no task is left to begin.
    ///
    /// Success only if nothing was failed or blocked.
    func outcome() -> RunOutcome {
        let blocked = rest.filter { $0.obstacle != nil }
        let isLeft = rest.contains { $0.obstacle == nil }
        let parts =
            failed.map { "\($0.id) failed (\($0.reason))" }
            + (wrapUp == nil ? blocked.map { "\($0.id) \($0.obstacle ?? "")" } : [])
        if !parts.isEmpty {
            let landedPart = landed.isEmpty ? "" : "; landed " + list(landed.map(\.id))
            return RunOutcome(
                .tasksFailed, Excerpt.line(parts.joined(separator: "; ") + landedPart))
        }
        if let wrapUp, isLeft || !blocked.isEmpty {
            guard !landed.isEmpty else {
                return RunOutcome(.budget, "no task was landed before the wrap-up: \(wrapUp)")
            }
            return RunOutcome(
                .done, "\(landedText); \(rest.count) left open, wrapped up: \(Excerpt.line(wrapUp))"
            )
        }
        let ignored = nameless.isEmpty ? "" : "; \(nameless.count) open without an id"
        return RunOutcome(.done, (landed.isEmpty ? "nothing open" : landedText) + ignored)
    }

    /// The run's report: the outcome, then a line for each task that was open.
    func report(_ detail: String) -> String {
        var lines = [detail]
        for task in landed {
            let attempts = task.attempts == 1 ? "" : " (attempt \(task.attempts))"
            lines.append(
                "landed  \(task.id)  \(task.commit.prefix(12)) on "
                    + "\(task.branch)\(attempts): \(task.title)"
            )
        }
        for task in failed { lines.append("failed  \(task.id)  \(task.reason)") }
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

    private var landedText: String {
        let count = landed.count == 1 ? "1 task" : "\(landed.count) tasks"
        return "landed \(count): \(list(landed.map(\.id)))"
    }

    private func list(_ ids: [String]) -> String { ids.joined(separator: ", ") }
}
