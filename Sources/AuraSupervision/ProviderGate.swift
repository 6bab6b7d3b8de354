import AuraModel

/// How much is asked of one provider just now: keeps calls of all runs within its limits.
///
/// Of this process's lifetime only: after a restart the provider's own limits still stand behind
/// it, and a call that they refuse is made again.
struct ProviderGate: Sendable {
    /// A minute: the window of every limit.
    static let window = Milliseconds.minutes(1)

    private struct Sent {
        var call: CallKey
        var at: Instant
        var tokens: Int
    }

    private(set) var underWay: Set<CallKey> = []
    /// What was sent within the window, oldest first.
    private var sent: [Sent] = []

    /// When a call of `tokens` may be made: nil is now, the end of time when one under way must end
    /// first.
    mutating func opening(
        for tokens: Int, _ limits: ProviderSettings.Limits, at now: Instant
    ) -> Instant? {
        forget(at: now)
        if let most = limits.concurrency, underWay.count >= most {
            return Instant(milliseconds: .max)
        }
        var opening: Instant?
        if let most = limits.requestsPerMinute, sent.count >= most {
            opening = sent[sent.count - most].at + Self.window
        }
        if let most = limits.tokensPerMinute {
            // One call that is larger than the limit goes when nothing else has gone.
            var sum = sent.reduce(tokens) { $0 + $1.tokens }
            for old in sent where sum > most {
                sum -= old.tokens
                opening = max(opening ?? old.at, old.at + Self.window)
            }
        }
        return opening
    }

    private mutating func forget(at now: Instant) {
        sent.removeFirst(sent.prefix { now - $0.at >= Self.window }.count)
        // What lies in the future was sent before the clock was set back.
        if sent.contains(where: { $0.at > now }) { sent.removeAll { $0.at > now } }
    }

    mutating func begin(_ call: CallKey, tokens: Int, at now: Instant) {
        underWay.insert(call)
        sent.append(Sent(call: call, at: now, tokens: tokens))
    }

    /// The call is over; nil: nothing is known of what it used, so it counts as it was bounded.
    mutating func end(_ call: CallKey, used tokens: Int?) {
        underWay.remove(call)
        guard let tokens, let index = sent.lastIndex(where: { $0.call == call }) else { return }
        sent[index].tokens = tokens
    }
}

/// Names a command of a run.
struct CallKey: Hashable, Comparable, Sendable {
    var run: RunID
    var command: CommandID

    static func < (left: Self, right: Self) -> Bool {
        left.run == right.run ? left.command < right.command : left.run < right.run
    }
}

/// How a route has done of late, as far as no row has to know it.
struct RouteHealth: Sendable {
    var failuresInRow = 0
    /// The one call that finds out whether an open route answers again.
    var probe: CallKey?
    /// Until when the provider asked to be left alone.
    var restUntil: Instant?
}
