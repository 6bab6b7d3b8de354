/// How an attempt's process ended.
package enum AttemptExit: Hashable, Sendable, Codable {
    /// What a worker was late with; how long it may take, `Supervision.Deadlines` says.
    package enum Phase: String, Hashable, Sendable, Codable {
        case launch
        case firstFrame = "first-frame"
        case silence
    }

    case exited(code: Int)
    case signalled(number: Int, limit: LimitHit? = nil)
    /// The cage could not be built; the worker never ran.
    case refused(feature: String)
    /// It was killed, for it took longer than `after` for something that takes milliseconds.
    case overdue(phase: Phase, after: Milliseconds)
    /// The daemon went away: the lifeline took the attempt with it.
    case orphaned
}

extension AttemptExit.Phase {
    /// What was not done in time, for an operator.
    package func text(after: Milliseconds) -> String {
        let span = DurationText.format(after.count)
        return switch self {
        case .launch: "launch: its cage did not stand within \(span)"
        case .firstFrame: "first frame: it did not attest itself within \(span)"
        case .silence: "silence: it proposed nothing within \(span)"
        }
    }
}
