import AuraModel

/// Notices an agent that goes in circles: the same call with the same result, over and over.
struct StallWatch: Hashable, Sendable {
    /// 3: twice can be an honest second look.
    static let nudgeAt = 3

    /// 5: two turns after it was told.
    static let stallAt = 5

    enum Verdict: Hashable, Sendable { case fine, nudge, stalled }

    private struct Sight: Hashable, Sendable {
        var name: String
        var input: JSONValue
        var output: String
        var isError: Bool
    }

    private var last: Sight?
    private var streak = 0

    /// Counts a call and its result.
    mutating func saw(_ use: ToolUse, output: String, isError: Bool) -> Verdict {
        let sight = Sight(name: use.name, input: use.input, output: output, isError: isError)
        streak = sight == last ? streak + 1 : 1
        last = sight
        if streak >= Self.stallAt { return .stalled }
        return streak == Self.nudgeAt ? .nudge : .fine
    }

    /// Time passed on purpose: looking at the same thing again is then no circle.
    mutating func sawWait() {
        last = nil
        streak = 0
    }
}
