import AuraModel

/// The firings between what was decided and now, without walking through all of a long absence.
struct LateFirings {
    /// Due before `before`, the newest of them, in order.
    private(set) var late: [Instant] = []
    /// Due from `before` to `upTo`, in order.
    private(set) var onTime: [Instant] = []
    /// What came before `late`, when that was more than is listed.
    private(set) var summedFrom: Instant?
    private(set) var summedThrough: Instant?

    /// 4: the span that is searched for the newest firings grows so until it holds enough of them.
    private static let growth = 4

    /// The firings that `next` gives after `after`, at most `rowsMax` late ones one by one.
    init(
        after: Instant, before: Instant, upTo: Instant, rowsMax: Int,
        next: (Instant) -> Instant?
    ) {
        var cursor = after
        while late.count <= rowsMax, let nominal = next(cursor), nominal < before {
            late.append(nominal)
            cursor = nominal
        }
        if late.count > rowsMax, let first = late.first {
            late = Self.newest(rowsMax, after: after, before: before, next)
            summedFrom = first
            summedThrough = late.first.map { Instant(milliseconds: $0.milliseconds - 1) }
            cursor = late.last ?? before
        }
        while onTime.count < rowsMax, let nominal = next(cursor), nominal <= upTo {
            onTime.append(nominal)
            cursor = nominal
        }
    }

    /// The last firings before `before`: found in ever longer spans, so that ten years of seconds
    /// cost no more than an hour of them.
    private static func newest(
        _ count: Int, after: Instant, before: Instant, _ next: (Instant) -> Instant?
    ) -> [Instant] {
        var span = count * Interval.millisecondsMin
        while true {
            let start = max(after, before + Milliseconds(-span))
            var found: [Instant] = []
            var cursor = start
            while let nominal = next(cursor), nominal < before {
                found.append(nominal)
                cursor = nominal
            }
            if found.count >= count || start == after { return found.suffix(count) }
            span *= growth
        }
    }
}
