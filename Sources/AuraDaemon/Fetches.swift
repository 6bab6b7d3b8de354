import AuraHTTP
import AuraModel
import AuraSupervision
import AuraSystem

/// Requests of agents: ties the engine to the turn loop, and its answers to the record.
///
/// What comes in is rid of known secrets while it is whole, before it is cut.
final class Fetches {
    /// Names a command of a run.
    typealias Key = CageRunner.Key

    private let redactor: Redactor
    private var fetcher: Fetcher?
    private var descriptors: CurlWatches?
    private var keys: [Fetcher.ID: Key] = [:]
    private var requests: [Fetcher.ID: FetchRequest] = [:]
    /// The redirects that are being followed: when each began, and whether it is in the record.
    private var hops: [Fetcher.ID: (request: WebRequest, since: Int, isMade: Bool)] = [:]
    private var last: Fetcher.ID = 0

    /// An engine without requests.
    init(watches: Watches, redactor: Redactor) {
        self.redactor = redactor
        let descriptors = CurlWatches(watches: watches) { [weak self] in
            self?.fetcher?.socketReady($0, readable: $1, writable: $2)
            return self?.takeFinished() ?? []
        }
        self.descriptors = descriptors
        fetcher = Fetcher(
            now: { Milliseconds(SystemClock.monotonicMilliseconds()) },
            watch: { [weak descriptors] in descriptors?.watch($0, read: $1, write: $2) })
    }

    /// Makes the request that a recorded call asks for, once.
    func start(_ key: Key, _ call: ToolCall, granted: [FetchGrant]) -> [Event] {
        do throws(FetchURL.Flaw) {
            let request = try FetchRequest(input: call.input)
            guard !holdsSecret(request) else {
                return [.toolEnded(key.run, key.command, .refused(Self.secretText))]
            }
            last += 1
            keys[last] = key
            requests[last] = request
            fetcher?.start(last, FetchOrder(request: request, grants: granted))
            return takeFinished()
        } catch {
            return [.toolEnded(key.run, key.command, .refused(error.text))]
        }
    }

    /// Follows a redirect that is in the record, or tells why it is not followed.
    func proceed(_ key: Key, _ request: WebRequest, refusal: String?) -> [Event] {
        let waiting = hops.first {
            keys[$0.key] == key && $0.value.request.number == request.number
        }
        guard let id = waiting?.key else { return [] }
        hops[id]?.isMade = refusal == nil
        fetcher?.proceed(id, refusal: refusal)
        return takeFinished()
    }

    /// Gives up every request of `run`.
    func cancel(_ run: RunID) {
        for (id, key) in keys where key.run == run {
            fetcher?.cancel(id)
            forget(id)
        }
    }

    /// Monotonic milliseconds at which the engine wants to be woken.
    var nextDeadline: Int? { fetcher?.due?.count }

    /// Lets the engine do what is due.
    func wake() -> [Event] {
        guard let due = nextDeadline, due <= SystemClock.monotonicMilliseconds() else { return [] }
        fetcher?.timerFired()
        return takeFinished()
    }

    private static let secretText = "the request holds a known secret"

    private func holdsSecret(_ request: FetchRequest) -> Bool {
        redactor.finds(in: request.url.target) || redactor.redacted(request.body) != nil
    }

    private func takeFinished() -> [Event] {
        let led = (fetcher?.takeHops() ?? []).flatMap { hop -> [Event] in
            guard let key = keys[hop.id], let request = requests[hop.id] else { return [] }
            let ended = endHop(hop.id, key, status: hop.status, received: hop.received)
            let next = WebRequest(
                command: key.command, number: hop.number, way: .redirect,
                method: request.method.rawValue, url: hop.url.text)
            hops[hop.id] = (next, SystemClock.monotonicMilliseconds(), false)
            guard !redactor.finds(in: hop.url.target) else {
                fetcher?.proceed(hop.id, refusal: Self.secretText)
                return ended
            }
            return ended + [.requestWanted(key.run, next)]
        }
        return led
            + (fetcher?.takeFinished() ?? []).flatMap { id, result -> [Event] in
                guard let key = keys[id], let request = requests[id] else { return [] }
                let ended = endHop(id, key, result)
                forget(id)
                return ended + [.toolEnded(key.run, key.command, toolResult(request, result))]
            }
    }

    private func endHop(
        _ id: Fetcher.ID, _ key: Key, _ result: Result<FetchAnswer, FetchFailure>
    ) -> [Event] {
        switch result {
        case .success(let answer):
            endHop(id, key, status: answer.status, received: answer.body.count)
        case .failure(.refused(let why)), .failure(.failed(let why)):
            endHop(id, key, failure: why)
        }
    }

    /// The end of the redirect that was being followed, if one was.
    private func endHop(
        _ id: Fetcher.ID, _ key: Key, status: Int? = nil, received: Int = 0, failure: String? = nil
    ) -> [Event] {
        guard let hop = hops.removeValue(forKey: id), hop.isMade else { return [] }
        return [
            .requestEnded(
                key.run,
                WebRequestEnd(
                    command: key.command, number: hop.request.number, status: status,
                    failure: failure, received: received,
                    took: Milliseconds(SystemClock.monotonicMilliseconds() - hop.since)))
        ]
    }

    private func forget(_ id: Fetcher.ID) {
        keys[id] = nil
        hops[id] = nil
        requests[id] = nil
    }

    private func toolResult(
        _ request: FetchRequest, _ result: Result<FetchAnswer, FetchFailure>
    ) -> ToolResult {
        switch result {
        case .success(let answer):
            return ToolResult(
                output: FetchText.text(of: answer, to: request, redactor.clean),
                isError: answer.status >= 400, place: .aurad)
        case .failure(.refused(let why)): return .refused(why)
        case .failure(.failed(let why)):
            // Whether the other end acted on it is not known either.
            let doubt = request.method.sendsData ? "; it may have been received" : ""
            return ToolResult(
                output: "\(request.method.rawValue) \(request.url.text): \(why)\(doubt)",
                isError: true, place: .aurad)
        }
    }
}

extension ToolResult {
    /// A request that a rule forbids.
    static func refused(_ why: String) -> Self {
        Self(output: "Refused: \(why)", isError: true, isDenied: true, place: .aurad)
    }
}
