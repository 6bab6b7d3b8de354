import AuraRecord
import AuraSystem

/// Memory that the start or a large commit took, and that is not given back yet.
struct TrimDue {
    /// Monotonic milliseconds from which on it is.
    let at: Int
    /// Whether LMDB holds some of it: every page that it wrote at once.
    let ofRecord: Bool

    /// A thousand entries, some megabytes: what a smaller commit took is soon used again.
    static let entriesMin = 1000
    /// A second: by then the server has started, and what a large commit brings with it is done; what
    /// runs after it maps the program's pages again.
    private static let restMilliseconds = 1000

    /// To be given back when that time is over.
    init(ofRecord: Bool) {
        at = SystemClock.monotonicMilliseconds() + Self.restMilliseconds
        self.ofRecord = ofRecord
    }
}

extension TurnLoop {
    /// Gives memory back once what took it is done: the start, ten thousand definitions that were
    /// loaded, or as many firings of one second.
    func trim() {
        guard let due = trimDue, due.at <= SystemClock.monotonicMilliseconds() else { return }
        guard foresight == nil, commits.trouble == nil, !audit.hasMore(store.head.sequence) else {
            trimDue = TrimDue(ofRecord: due.ofRecord)
            return
        }
        trimDue = nil
        if due.ofRecord { store.trim() }
        ProcessMemory.trim()
    }
}
