import AuraModel
import AuraReasoner
import AuraSupervision
import AuraSystem

/// Ties the reasoner's engine to the turn loop: its descriptors, its timer, and whose call is
/// whose.
final class ModelCalls {
    /// Names a command of a run.
    typealias Key = CageRunner.Key

    private let live: LiveTexts
    private var reasoner: Reasoner?
    private var descriptors: CurlWatches?
    private var keys: [CallID: Key] = [:]
    private var calls: [Key: CallID] = [:]
    private var lastCall: UInt64 = 0
    /// Monotonic milliseconds at which the engine wants its timer; nil when it wants none.
    private(set) var nextDeadline: Int?

    /// An engine for the configured reasoners.
    init(
        settings: Settings, credentials: Credentials, scripts: [String: Script], watches: Watches,
        live: LiveTexts
    ) {
        self.live = live
        let descriptors = CurlWatches(watches: watches) { [weak self] in
            self?.reasoner?.socketReady($0, readable: $1, writable: $2)
            return self?.takeFinished() ?? []
        }
        self.descriptors = descriptors
        reasoner = Reasoner(
            settings: settings.reasoners, credentials: { credentials.secret($0) },
            scripts: scripts,
            watch: { [weak descriptors] in descriptors?.watch($0, read: $1, write: $2) },
            arm: { [weak self] milliseconds in
                self?.nextDeadline = milliseconds.map {
                    SystemClock.monotonicMilliseconds() + $0
                }
            })
    }

    /// Begins a call for a command of `lineage`'s first run; the others are above it.
    func start(
        _ key: Key, reasoner name: String, _ request: ModelRequest, lineage: [RunID]
    ) -> [Event] {
        lastCall += 1
        let call = CallID(lastCall)
        live.begin(call.number, lineage: lineage)
        keys[call] = key
        calls[key] = call
        reasoner?.start(call: call, reasoner: name, request: request, in: key.run.text)
        return takeFinished()
    }

    /// Gives up every call of `run`.
    func cancel(_ run: RunID) {
        reasoner?.forget(conversation: run.text)
        for (key, call) in calls where key.run == run {
            reasoner?.cancel(call)
            live.end(call.number)
            calls[key] = nil
            keys[call] = nil
        }
    }

    /// Gives up one call, whose outcome is in the record already.
    func abandon(_ key: Key) {
        guard let call = calls.removeValue(forKey: key) else { return }
        reasoner?.cancel(call)
        live.end(call.number)
        keys[call] = nil
    }

    /// Why reasoners cannot be asked, by name: their credential is not there, or is no key.
    func credentialProblems(of reasoners: some Sequence<String>) -> [String: String] {
        var problems: [String: String] = [:]
        for name in reasoners { problems[name] = reasoner?.credentialProblem(of: name) }
        return problems
    }

    /// Lets the engine do what is due.
    func wake() -> [Event] {
        guard let due = nextDeadline, due <= SystemClock.monotonicMilliseconds() else { return [] }
        nextDeadline = nil
        reasoner?.timerFired()
        return takeFinished()
    }

    private func takeFinished() -> [Event] {
        for (call, text) in reasoner?.takeProse() ?? [] { live.append(text, to: call.number) }
        let begun = (reasoner?.takeBegun() ?? []).compactMap { call, usage -> Event? in
            keys[call].map { .modelBegan($0.run, $0.command, usage) }
        }
        let ended = (reasoner?.takeFinished() ?? []).compactMap { call, result -> Event? in
            guard let key = keys.removeValue(forKey: call) else { return nil }
            calls[key] = nil
            live.end(call.number)
            // Kernels draw no chance: what spreads the next try comes with the news.
            return .modelEnded(key.run, key.command, result, chance: .random(in: 0 ... .max))
        }
        return begun + ended
    }
}

extension CallID {
    /// As readers of the text know it.
    fileprivate var number: Int { Int(truncatingIfNeeded: raw) }
}
