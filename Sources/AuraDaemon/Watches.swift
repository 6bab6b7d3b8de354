import AuraSupervision
import AuraSystem

/// What to do when a descriptor becomes ready: one closure each, all on the turn loop's thread.
final class Watches {
    private let reactor: Reactor
    private var acts: [UInt64: (Reactor.Readiness) throws -> [Event]] = [:]
    private var descriptors: [UInt64: Int32] = [:]
    // Never used twice: a late event of a removed descriptor then names nobody.
    private var nextToken: UInt64 = 1

    /// Whether anything was ready when it was last waited for.
    private(set) var isAwake = false

    /// Nothing is watched yet.
    init() throws(SystemError) { reactor = try Reactor() }

    /// Watches `descriptor`; `act` is called each time it is ready and returns what happened.
    func add(
        _ descriptor: Int32, _ interest: Reactor.Interest = .readable,
        _ act: @escaping (Reactor.Readiness) throws -> [Event]
    ) throws(SystemError) -> UInt64 {
        let token = nextToken
        nextToken += 1
        try reactor.add(descriptor, interest: interest, token: token)
        acts[token] = act
        descriptors[token] = descriptor
        return token
    }

    /// Watches for something else from now on.
    func modify(_ token: UInt64, _ interest: Reactor.Interest) throws(SystemError) {
        guard let descriptor = descriptors[token] else { return }
        try reactor.modify(descriptor, interest: interest, token: token)
    }

    /// Forgets a watch; before its descriptor is closed.
    ///
    /// Forgetting twice is harmless.
    func remove(_ token: UInt64) {
        acts[token] = nil
        guard let descriptor = descriptors.removeValue(forKey: token) else { return }
        // It may be gone from the set already when its descriptor was closed under it.
        try? reactor.remove(descriptor)
    }

    /// Waits for readiness at most so long, and collects what happened.
    func wait(milliseconds: Int?) throws -> [Event] {
        let timeout = milliseconds.map { Int32(clamping: max(0, $0)) }
        var events: [Event] = []
        let all = try reactor.wait(timeoutMilliseconds: timeout)
        isAwake = !all.isEmpty
        for ready in all {
            events += try acts[ready.token]?(ready) ?? []
        }
        return events
    }
}
