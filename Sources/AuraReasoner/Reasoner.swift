internal import AuraHTTP
package import AuraModel

/// Names one call to a provider; the caller chooses it and never uses it twice.
package struct CallID: Hashable, Sendable {
    package let raw: UInt64

    /// The call numbered `raw`.
    package init(_ raw: UInt64) { self.raw = raw }
}

/// Calls to model providers, driven by an event loop that belongs to someone else.
///
/// Everything happens on the thread that calls in, inside of the calls. `watch` and `arm` are
/// called back during them and must not call in themselves. A call ends exactly once: with an
/// answer or a failure in `takeFinished`, or silently by `cancel`. After every call into this class
/// the loop collects what is finished. Retries are the caller's: nothing is asked twice here, but
/// for a kept connection that turns out closed before a byte of the answer came. SIGPIPE must be
/// ignored in the process, because TLS libraries write without MSG_NOSIGNAL.
package final class Reasoner {
    /// The readiness to watch a descriptor for; neither ends the watch.
    package typealias Watch = (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void

    /// A second: time to read the end of an answer's framing, so that the connection can be kept.
    private static let drainTimeout = Milliseconds.seconds(1)

    private let settings: [String: ReasonerSettings]
    private let credentials: (String) -> [UInt8]?
    private let scripts: [String: Script]
    private let arm: (Int?) -> Void
    private let now: () -> Milliseconds
    private let multi: CurlMulti?
    private var calls: [CallID: Call] = [:]
    /// What was written of each conversation, for the reasoner that it was written for.
    private var conversations: [String: (reasoner: String, text: ConversationText)] = [:]
    private var finished: [(CallID, Result<ModelAnswer, ModelFailure>)] = []
    private var begun: [(CallID, TokenUsage)] = []
    private var said: [(CallID, String)] = []
    private var armed: Milliseconds?

    /// An engine without calls.
    ///
    /// - Parameters:
    ///   - settings: the reasoners by name.
    ///   - credentials: the secret of that name, asked for at each call; nil when there is none.
    ///   - scripts: by the name of the reasoner that plays it.
    ///   - watch: watches a descriptor.
    ///   - arm: asks for `timerFired` once, after so many milliseconds, in place of what was asked
    ///     before; nil: never. A timer that fires early does no harm.
    ///   - now: a clock that only goes forward; by default the system's.
    package init(
        settings: [String: ReasonerSettings], credentials: @escaping (String) -> [UInt8]?,
        scripts: [String: Script], watch: @escaping Watch,
        arm: @escaping (_ milliseconds: Int?) -> Void,
        now: @escaping () -> Milliseconds = Reasoner.monotonicClock()
    ) {
        self.settings = settings
        self.credentials = credentials
        self.scripts = scripts
        self.arm = arm
        self.now = now
        multi = CurlMulti(now: now, watch: watch)
    }

    deinit {
        // A handle must leave the multi handle before either is destroyed.
        for call in calls.values {
            if case .http(let transfer) = call.exchange { multi?.remove(transfer.easy) }
        }
    }

    /// Time since this was called, in milliseconds.
    package static func monotonicClock() -> () -> Milliseconds {
        let start = ContinuousClock.now
        return {
            let (seconds, attoseconds) = start.duration(to: .now).components
            return Milliseconds(Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000))
        }
    }

    /// Begins to ask `reasoner`; its end comes from `takeFinished`, also when it fails at once.
    ///
    /// What `conversation` names is remembered until it is forgotten: a request that goes on from
    /// the one before it is cheap.
    package func start(
        call id: CallID, reasoner name: String, request: ModelRequest, in conversation: String
    ) {
        precondition(calls[id] == nil, "call \(id.raw) is under way")
        do {
            calls[id] = try begin(id, name, request, conversation)
        } catch {
            finished.append((id, .failure(error)))
        }
        // What failed at once is to be collected like the rest.
        rearm(isUrgent: !finished.isEmpty)
    }

    /// Forgets what was written of a conversation.
    package func forget(conversation: String) { conversations[conversation] = nil }

    /// Gives a call up: its connection is closed and nothing more is heard of it.
    package func cancel(_ id: CallID) {
        finished.removeAll { $0.0 == id }
        begun.removeAll { $0.0 == id }
        said.removeAll { $0.0 == id }
        drop(id)
        rearm()
    }

    /// Tells that a watched descriptor is ready; an error or a hang-up counts as both.
    package func socketReady(_ descriptor: Int32, readable: Bool, writable: Bool) {
        multi?.socketReady(descriptor, readable: readable, writable: writable)
        collect()
        rearm()
    }

    /// Tells that the timer fired.
    package func timerFired() {
        armed = nil
        let instant = now()
        if let due = multi?.due, due <= instant { multi?.timerFired() }
        collect()
        for (id, call) in calls where call.due <= instant { expire(id, call) }
        rearm()
    }

    /// What has ended since the last call, in the order in which it did.
    package func takeFinished() -> [(CallID, Result<ModelAnswer, ModelFailure>)] {
        defer { finished = [] }
        return finished
    }

    /// Calls whose answer has begun since the last call, with what the provider said of their usage;
    /// each is told of once, and only by dialects that say it.
    package func takeBegun() -> [(CallID, TokenUsage)] {
        defer { begun = [] }
        return begun
    }

    /// What models have said since the last call, in the order in which it came, a piece for each
    /// call and batch of bytes.
    ///
    /// Only to be shown: it is nobody's answer yet, and a call that is made again says it anew.
    package func takeProse() -> [(CallID, String)] {
        defer { said = [] }
        return said
    }

    /// Why `reasoner` could not be asked now, as far as its credential tells; nil when it could.
    package func credentialProblem(of reasoner: String) -> String? {
        guard let name = settings[reasoner]?.block?.credential else { return nil }
        do {
            _ = try key(name)
            return nil
        } catch {
            return error.message
        }
    }

    /// Bytes of the answer so far, or nil when the call is not under way; costs a look-up.
    package func progress(_ id: CallID) -> Int? {
        switch calls[id]?.exchange {
        case .http(let transfer): transfer.received
        case .scripted: 0
        case nil: nil
        }
    }

    // MARK: - Beginning

    private func begin(
        _ id: CallID, _ name: String, _ request: ModelRequest, _ conversation: String
    ) throws(ModelFailure) -> Call {
        guard let reasoner = settings[name] else {
            throw ModelFailure(cause: .badRequest, message: "there is no reasoner \(name)")
        }
        switch reasoner.provider {
        case .scripted: return try play(name, reasoner, request)
        case .http(let block):
            let secret =
                try block.credential.map { name throws(ModelFailure) in try key(name) } ?? []
            guard block.baseURL.hasPrefix("https://") || block.baseURL.hasPrefix("http://") else {
                throw ModelFailure(
                    cause: .badRequest,
                    message:
                        "base URL of \(name) is \(block.baseURL): expected https:// or http://")
            }
            let order = Transfer.Order(
                url: block.url, headers: block.headers(key: secret),
                body: try body(of: request, name, reasoner.model, block, conversation),
                stream: block.stream(model: reasoner.model),
                connectTimeout: reasoner.connectTimeout)
            guard let multi, let transfer = Transfer(order: order, now: now),
                multi.add(transfer.easy, of: id.raw)
            else { throw ModelFailure(cause: .network, message: "libcurl cannot be set up") }
            return Call(
                exchange: .http(transfer), started: now(),
                firstByteTimeout: reasoner.firstByteTimeout, idleTimeout: reasoner.idleTimeout,
                totalTimeout: reasoner.totalTimeout, key: String(decoding: secret, as: UTF8.self))
        }
    }

    private func body(
        of request: ModelRequest, _ reasoner: String, _ model: String, _ block: ProviderSettings,
        _ conversation: String
    ) throws(ModelFailure) -> [UInt8] {
        // Taken out while it is written to: there is one of it.
        var known = conversations.removeValue(forKey: conversation) ?? (reasoner, .init())
        if known.reasoner != reasoner { known = (reasoner, .init()) }
        defer { conversations[conversation] = known }
        return try block.body(of: request, model: model, &known.text)
    }

    private func play(
        _ name: String, _ reasoner: ReasonerSettings, _ request: ModelRequest
    ) throws(ModelFailure) -> Call {
        guard let script = scripts[name] else {
            throw ModelFailure(cause: .badRequest, message: "reasoner \(name) has no script")
        }
        let (turn, index) = try script.turn(for: request)
        let started = now()
        return Call(
            exchange: .scripted(
                result: turn.result(index: index, model: reasoner.model),
                due: started.later(by: turn.delay ?? .zero)),
            started: started, firstByteTimeout: reasoner.firstByteTimeout,
            idleTimeout: reasoner.idleTimeout, totalTimeout: reasoner.totalTimeout, key: "")
    }

    /// The key without the line end of its file.
    ///
    /// What is not one visible word is refused here: it would break out of its header.
    private func key(_ credential: String) throws(ModelFailure) -> [UInt8] {
        guard var key = credentials(credential) else {
            throw ModelFailure(
                cause: .auth,
                message: "credential \(credential) is not there: give it to the unit with "
                    + "LoadCredential=\(credential):FILE, or put the key in a file of that name, "
                    + "mode 0600, where aurad.yaml says")
        }
        while let last = key.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") {
            key.removeLast()
        }
        guard !key.isEmpty, key.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw ModelFailure(
                cause: .auth,
                message: "credential \(credential) is not a key: expected one line of visible ASCII"
            )
        }
        return key
    }

    // MARK: - Ending

    private func collect() {
        for (id, call) in calls where call.settled == nil {
            guard case .http(let transfer) = call.exchange else { continue }
            let prose = transfer.takeProse()
            if !prose.isEmpty { said.append((id, prose)) }
        }
        while let done = multi?.takeDone() {
            let id = CallID(done.owner)
            guard case .http(let transfer) = calls[id]?.exchange else { continue }
            transfer.end(done.code)
            settle(id)
            drop(id)
        }
        for (id, call) in calls where call.settled == nil {
            guard case .http(let transfer) = call.exchange else { continue }
            if !call.hasBegun, let usage = transfer.begun {
                calls[id]?.hasBegun = true
                begun.append((id, usage))
            }
            if transfer.result != nil { settle(id) }
        }
    }

    private func expire(_ id: CallID, _ call: Call) {
        switch call.exchange {
        case .http(let transfer):
            transfer.expire(call.lateness)
            settle(id)
        case .scripted(let result, let due):
            let late = ModelFailure(cause: .timeout, message: call.lateness)
            finished.append((id, (due <= call.deadline ? result : nil) ?? .failure(late)))
        }
        drop(id)
    }

    /// Gives the transfer's result out, once.
    private func settle(_ id: CallID) {
        guard var call = calls[id], call.settled == nil, case .http(let transfer) = call.exchange,
            let result = transfer.result
        else { return }
        call.settled = now().later(by: Self.drainTimeout)
        calls[id] = call
        finished.append(
            (
                id,
                result.mapError { failure in
                    var failure = failure
                    // Replacing nothing would be replacing between all letters.
                    guard !call.key.isEmpty else { return failure }
                    failure.message = failure.message.replacing(call.key, with: "[key]")
                    return failure
                }
            ))
    }

    private func drop(_ id: CallID) {
        guard let call = calls.removeValue(forKey: id), case .http(let transfer) = call.exchange
        else { return }
        multi?.remove(transfer.easy)
    }

    // MARK: - The timer

    private func rearm(isUrgent: Bool = false) {
        var due = multi?.due
        for call in calls.values { due = min(due ?? call.due, call.due) }
        if isUrgent { due = .zero }
        guard let due else {
            if armed != nil { arm(nil) }
            armed = nil
            return
        }
        // A timer that is set too early is left alone: it fires, and is set again. That is cheaper
        // than to move it with every piece of an answer.
        if let armed, armed <= due { return }
        armed = due
        arm(max(0, due.count - now().count))
    }
}
