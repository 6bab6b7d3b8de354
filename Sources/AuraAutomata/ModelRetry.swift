import AuraModel

/// What a failed model call means for the run: an end, and which.
///
/// The daemon makes calls again by itself, within its providers' limits and the run's budget: a
/// failure that comes here with its number of tries is the last. Records from before it did that
/// have failures without; the kernel asked again itself then, and a fold of them still has to.
struct ModelRetry: Hashable, Sendable, Encodable {
    /// 5 retries: with the waits between them about half a minute, and each may bring its own,
    /// longer wait.
    static let retriesMax = 5

    /// 1 s before the first retry, twice that before each next.
    static let waitFirst = Milliseconds.seconds(1)

    /// 60 s: the longest wait of our own choosing; a provider that asks for more gets more.
    static let waitMax = Milliseconds.seconds(60)

    enum Verdict: Hashable, Sendable {
        case again(after: Milliseconds, reason: String)
        case end(RunOutcome)
    }

    private var failuresInRow = 0

    mutating func succeeded() { failuresInRow = 0 }

    mutating func failed(_ failure: ModelFailure) -> Verdict {
        failuresInRow += 1
        guard failure.isTransient else { return .end(Self.permanent(failure)) }
        if let tries = failure.tries { return .end(Self.exhausted(failure, tries)) }
        guard failuresInRow <= Self.retriesMax else {
            return .end(Self.exhausted(failure, failuresInRow))
        }
        var span = Self.waitFirst.count
        for _ in 1..<failuresInRow { span = min(span * 2, Self.waitMax.count) }
        let asked = failure.retryAfter?.count ?? 0
        return .again(
            after: Milliseconds(max(span, asked)),
            reason:
                "model call failed (\(failure.cause.rawValue)): \(Excerpt.line(failure.message))")
    }

    private static func exhausted(_ failure: ModelFailure, _ tries: Int) -> RunOutcome {
        // An answer outside the protocol is no outage, however often it comes.
        let ending: RunOutcome.Ending =
            failure.cause == .malformed ? .providerRejected : .providerUnavailable
        let message = Excerpt.line(failure.message)
        return RunOutcome(
            ending, tries == 1 ? message : "\(tries) tries failed; the last: \(message)")
    }

    private static func permanent(_ failure: ModelFailure) -> RunOutcome {
        let message = Excerpt.line(failure.message)
        return switch failure.cause {
        case .auth: RunOutcome(.auth, message)
        case .contextOverflow: RunOutcome(.contextOverflow, message)
        case .quota, .badRequest, .refused: RunOutcome(.providerRejected, message)
        case .rate, .overloaded, .network, .timeout: RunOutcome(.providerUnavailable, message)
        case .malformed: RunOutcome(.providerRejected, message)
        }
    }
}
