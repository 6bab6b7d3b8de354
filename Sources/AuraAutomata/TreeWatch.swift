import AuraModel

/// Notices an agent that is busy and never changes its tree: what counts as progress is a change.
struct TreeWatch: Hashable, Sendable, Encodable {
    /// 12 turns: a stranger to a repository reads for some before the first edit.
    static let nudgeAt = 12

    /// 30 hundredths of the turns that the agent has, and 12 after it was told at least.
    static let stallShare = 30
    static let stallAtMin = 24

    private let stallAt: Int
    /// Since the last change.
    private var turns = 0

    /// For an agent with so many turns.
    init(turnsMax: Int) {
        stallAt = max(Self.stallAtMin, turnsMax * Self.stallShare / 100)
    }

    /// The model has answered.
    mutating func sawTurn() { turns += 1 }

    /// The tree was changed, or may have been.
    mutating func sawChange() { turns = 0 }

    /// The turn was spent on waiting for something.
    mutating func sawWait() { turns = max(0, turns - 1) }

    /// Before the model is asked again.
    var verdict: StallWatch.Verdict {
        if turns >= stallAt {
            return .stalled("\(turns) turns in a row that changed nothing in the workspace")
        }
        return turns == Self.nudgeAt ? .nudge(AgentPrompt.changeNudge) : .fine
    }
}
