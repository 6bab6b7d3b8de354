import AuraModel
import AuraSupervision
import AuraSystem

/// The answers to operators' orders.
///
/// An order that ended runs is answered when the last process of those runs is gone, so that what
/// follows `aura-ctl stop` in a script finds nothing of them; any other at once.
struct Replies {
    /// How an order's answer reaches the one who waits for it.
    typealias Continuation = CheckedContinuation<Result<OrderResult, APIError>, Never>

    private struct Held {
        var continuation: Continuation
        var result: Result<OrderResult, APIError>
        var runs: Set<RunID>
        var deadline: Int
    }

    private var tickets: [Ticket: Continuation] = [:]
    private var lastTicket = 0
    private var held: [Held] = []

    /// Ten seconds: killing a cage takes milliseconds; only a process stuck in the kernel takes
    /// longer, and then the operator is told so.
    private static let holdMilliseconds = 10_000

    /// Nothing waits.
    init() {}

    /// The ticket of a new order.
    mutating func take(_ continuation: Continuation) -> Ticket {
        lastTicket += 1
        tickets[lastTicket] = continuation
        return lastTicket
    }

    /// Answers the order with `ticket`, once nothing of `runs` lives any more.
    mutating func answer(
        _ ticket: Ticket, _ result: Result<OrderResult, APIError>, after runs: Set<RunID>
    ) {
        guard let continuation = tickets.removeValue(forKey: ticket) else { return }
        guard !runs.isEmpty else { return continuation.resume(returning: result) }
        let deadline = SystemClock.monotonicMilliseconds() + Self.holdMilliseconds
        held.append(
            Held(continuation: continuation, result: result, runs: runs, deadline: deadline))
    }

    /// Answers what waited for runs of which nothing lives any more, or has waited too long.
    mutating func release(serves: (RunID) -> Bool) {
        guard !held.isEmpty else { return }
        let now = SystemClock.monotonicMilliseconds()
        held.removeAll { held in
            let left = held.runs.filter(serves)
            guard left.isEmpty || held.deadline <= now else { return false }
            held.continuation.resume(returning: held.result.map { $0.noting(left) })
            return true
        }
    }

    /// Monotonic milliseconds at which the next answer is given at the latest.
    var nextDeadline: Int? { held.map(\.deadline).min() }
}

extension OrderResult {
    /// The same, with a word about runs of which a process is still there.
    fileprivate func noting(_ left: Set<RunID>) -> OrderResult {
        guard !left.isEmpty else { return self }
        var noted = self
        noted.message += "; processes of \(left.count) run(s) were killed and are not gone yet"
        return noted
    }
}
