import AuraSupervision
import AuraSystem

/// The descriptors that an engine over libcurl wants watched, in the turn loop's reactor.
final class CurlWatches {
    private let watches: Watches
    private let ready: (_ descriptor: Int32, _ readable: Bool, _ writable: Bool) -> [Event]
    private var tokens: [Int32: UInt64] = [:]

    /// Nothing is watched yet; `ready` is told of each descriptor that is.
    ///
    /// An error or a hang-up counts as both.
    init(watches: Watches, ready: @escaping (Int32, Bool, Bool) -> [Event]) {
        self.watches = watches
        self.ready = ready
    }

    /// Watches from now on for this, or no more.
    func watch(_ descriptor: Int32, read: Bool, write: Bool) {
        var interest: Reactor.Interest = []
        if read { interest.insert(.readable) }
        if write { interest.insert(.writable) }
        if let token = tokens[descriptor] {
            if !interest.isEmpty, (try? watches.modify(token, interest)) != nil { return }
            // Over; or curl closed it without a word and the kernel gave it out again.
            tokens[descriptor] = nil
            watches.remove(token)
        }
        guard !interest.isEmpty else { return }
        tokens[descriptor] = try? watches.add(descriptor, interest) { [weak self] state in
            self?.ready(
                descriptor, state.readable || state.hungUp, state.writable || state.hungUp) ?? []
        }
    }
}
