import AuraModel

/// Notices an agent that goes in circles: the same call with the same result, the same error from
/// different calls, or two calls that take turns.
struct StallWatch: Hashable, Sendable, Encodable {
    /// 3: twice can be an honest second look.
    static let nudgeAt = 3

    /// 5: two turns after it was told.
    static let stallAt = 5

    /// 6 calls, three rounds of two: an edit and its test may well fail twice.
    static let alternationNudgeAt = 6

    /// 12 calls, six rounds of two, three of them after it was told.
    static let alternationStallAt = 12

    enum Verdict: Hashable, Sendable {
        case fine
        /// To be told to the model.
        case nudge(String)
        /// Why the run ends.
        case stalled(String)
    }

    private struct Sight: Hashable, Sendable, Encodable {
        var name: String
        var input: JSONValue
        var output: String
        var isError: Bool
    }

    private var last: Sight?
    private var beforeLast: Sight?
    private var streak = 0
    private var errorStreak = 0
    private var alternation = 0

    /// Counts a call and its result.
    mutating func saw(_ use: ToolUse, output: String, isError: Bool) -> Verdict {
        let sight = Sight(name: use.name, input: use.input, output: output, isError: isError)
        streak = sight == last ? streak + 1 : 1
        let isSameError =
            isError && last?.isError == true && last?.name == use.name && last?.output == output
        errorStreak = isSameError ? errorStreak + 1 : (isError ? 1 : 0)
        // Two different calls begin an alternation; a third must be the first again.
        let isOther = last != nil && sight != last
        alternation = isOther ? (sight == beforeLast ? alternation + 1 : 2) : 1
        beforeLast = last
        last = sight
        return verdict(Excerpt.line(use.name))
    }

    /// Time passed on purpose: looking at the same thing again is then no circle.
    mutating func sawWait() { self = StallWatch() }

    private func verdict(_ name: String) -> Verdict {
        if streak >= Self.stallAt {
            return .stalled("\(streak) equal calls of \(name) with the same result in a row")
        }
        if errorStreak >= Self.stallAt {
            return .stalled("the same error of \(name) \(errorStreak) times in a row")
        }
        if alternation >= Self.alternationStallAt {
            return .stalled("the same two calls in turns, \(alternation) of them; one is \(name)")
        }
        if streak == Self.nudgeAt { return .nudge(AgentPrompt.repeatNudge) }
        if errorStreak == Self.nudgeAt { return .nudge(AgentPrompt.errorNudge) }
        if alternation == Self.alternationNudgeAt { return .nudge(AgentPrompt.alternationNudge) }
        return .fine
    }
}
