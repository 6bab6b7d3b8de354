import AuraRecord
import AuraSystem

/// Memory that was taken, and that is not given back yet.
struct TrimDue {
    /// What is given back; each with those before it.
    enum Extent: Comparable {
        /// The program's own pages, which any turn maps, and any question.
        case image
        /// What was freed: the start takes ten times what follows.
        case heap
        /// What LMDB holds of a large commit: every page that it wrote at once.
        case record
    }

    /// Monotonic milliseconds from which on it is.
    let at: Int
    let extent: Extent

    /// A thousand entries, some megabytes: what a smaller commit took is soon used again.
    static let entriesMin = 1000
    /// A second: by then the server has started, and what a large commit brings with it is done; what
    /// runs after it maps the program's pages again.
    private static let restMilliseconds = 1000

    /// To be given back when that time is over.
    init(_ extent: Extent) {
        at = SystemClock.monotonicMilliseconds() + Self.restMilliseconds
        self.extent = extent
    }
}

extension TurnLoop {
    /// Gives memory back once what took it is done: a turn, the start, ten thousand definitions that
    /// were loaded, or as many firings of one second.
    func trim() {
        guard let due = trimDue, due.at <= SystemClock.monotonicMilliseconds() else { return }
        guard foresight == nil, commits.trouble == nil, !audit.hasMore(store.head.sequence) else {
            trimDue = TrimDue(due.extent)
            return
        }
        trimDue = nil
        if due.extent >= .record { store.trim() }
        if due.extent >= .heap { ProcessMemory.trim() } else { ProcessMemory.releaseImage() }
    }

    /// After each turn and each question: what it mapped is given back a second later, if none
    /// follows.
    func rest() {
        if trimDue.map({ $0.extent == .image }) ?? true { trimDue = TrimDue(.image) }
    }
}
