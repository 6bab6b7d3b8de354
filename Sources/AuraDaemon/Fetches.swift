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

    /// Whether a secret would leave, as it is or with bytes written as %XX.
    private func holdsSecret(_ request: FetchRequest) -> Bool {
        [request.url.target, Self.unescaped(request.url.target), request.body].contains {
            redactor.redacted($0) != nil
        }
    }

    private static func unescaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func takeFinished() -> [Event] {
        (fetcher?.takeFinished() ?? []).compactMap { id, result -> Event? in
            guard let key = keys[id], let request = requests[id] else { return nil }
            forget(id)
            return .toolEnded(key.run, key.command, toolResult(request, result))
        }
    }

    private func forget(_ id: Fetcher.ID) {
        keys[id] = nil
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
