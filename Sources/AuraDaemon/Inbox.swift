import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import Synchronization

/// What the control API's threads ask of the turn loop: values in, one answer each out.
final class Inbox: Sendable {
    /// One question or order, and where its answer goes.
    enum Request: Sendable {
        case order(Order, by: Principal, CheckedContinuation<Result<OrderResult, APIError>, Never>)
        /// Asks the kernel between two turns; nil: the daemon stops.
        case question(@Sendable (Kernel?) -> Void)
        /// The oldest entries are to go, as the plan says.
        case prune(
            PrunePlan, by: Principal, CheckedContinuation<Result<OrderResult, APIError>, Never>)
        case status(CheckedContinuation<Result<DaemonStatus, APIError>, Never>)
    }

    /// 256: more clients than one host has operators; the next one is told to try again.
    static let requestsMax = 256

    private struct Contents {
        var requests: [Request] = []
        var isClosed = false
        var failure: String?
    }

    private let contents = Mutex(Contents())
    private let wake: WakeDescriptor

    /// An empty inbox that wakes the turn loop through `wake`.
    init(wake: WakeDescriptor) { self.wake = wake }

    /// Hands an order to the turn loop and waits for its answer, which comes after the commit.
    func order(_ order: Order, by principal: Principal) async -> Result<OrderResult, APIError> {
        await withCheckedContinuation { continuation in
            if let refusal = put(.order(order, by: principal, continuation)) {
                continuation.resume(returning: .failure(refusal))
            }
        }
    }

    /// Hands a pruning to the turn loop and waits until it is durable.
    func prune(_ plan: PrunePlan, by principal: Principal) async -> Result<OrderResult, APIError> {
        await withCheckedContinuation { continuation in
            if let refusal = put(.prune(plan, by: principal, continuation)) {
                continuation.resume(returning: .failure(refusal))
            }
        }
    }

    /// Asks the turn loop how things stand.
    func status() async -> Result<DaemonStatus, APIError> {
        await withCheckedContinuation { continuation in
            if let refusal = put(.status(continuation)) {
                continuation.resume(returning: .failure(refusal))
            }
        }
    }

    /// What `read` makes of the kernel as it stands between two turns.
    func ask<Value: Sendable>(
        _ read: @escaping @Sendable (Kernel) -> Value
    ) async -> Result<Value, APIError> {
        await withCheckedContinuation { continuation in
            let question = Request.question { kernel in
                continuation.resume(
                    returning: kernel.map { .success(read($0)) } ?? .failure(Self.stopping))
            }
            if let refusal = put(question) { continuation.resume(returning: .failure(refusal)) }
        }
    }

    /// Takes everything that waits.
    ///
    /// Called by the turn loop alone.
    func takeAll() -> [Request] {
        contents.withLock { contents in
            defer { contents.requests = [] }
            return contents.requests
        }
    }

    /// Refuses what waits and what is still to come: the daemon stops.
    func close() {
        let waiting = contents.withLock { contents in
            contents.isClosed = true
            defer { contents.requests = [] }
            return contents.requests
        }
        for request in waiting { request.refuse(Self.stopping) }
    }

    /// Says that the control API is gone; the turn loop then ends.
    func fail(_ reason: String) {
        contents.withLock { $0.failure = $0.isClosed ? nil : reason }
        wake.wake()
    }

    /// Why the control API is gone; nil while it serves.
    var failure: String? { contents.withLock { $0.failure } }

    private static let stopping = APIError(
        .unavailable, "aurad is stopping", hint: "systemctl status aurad")

    private func put(_ request: Request) -> APIError? {
        let refusal: APIError? = contents.withLock { contents in
            guard !contents.isClosed else { return Self.stopping }
            guard contents.requests.count < Self.requestsMax else {
                return APIError(.unavailable, "aurad has too many requests waiting; try again")
            }
            contents.requests.append(request)
            return nil
        }
        if refusal == nil { wake.wake() }
        return refusal
    }
}

extension Inbox.Request {
    func refuse(_ error: APIError) {
        switch self {
        case .order(_, _, let continuation), .prune(_, _, let continuation):
            continuation.resume(returning: .failure(error))
        case .status(let continuation): continuation.resume(returning: .failure(error))
        case .question(let ask): ask(nil)
        }
    }
}
