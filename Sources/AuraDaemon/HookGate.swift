import AuraModel
import Synchronization

/// How many requests are let through in a minute: over all of them, and for each hook.
///
/// Each kind has a bucket of a minute's worth that fills up again evenly. A hook gets its own only
/// after somebody has proven to know its secret, so that strangers make none.
final class HookGate: Sendable {
    /// Whose bucket it is.
    enum Kind: Hashable, Sendable {
        case all
        case hook(AutomatonName)
    }

    private struct Bucket {
        /// Requests times `weight`: whole numbers, and nothing is lost to rounding.
        var level: Int
        var at: Int
    }

    private let buckets = Mutex<[Kind: Bucket]>([:])

    /// 60,000: a request weighs as much as a bucket of one a minute gains in a minute.
    private static let weight = 60_000

    /// Full buckets.
    init() {}

    /// Whether one more may pass at `now`, in milliseconds of a clock that is never set.
    func admit(_ kind: Kind, perMinute most: Int, at now: Int) -> Bool {
        buckets.withLock { buckets in
            let full = most * Self.weight
            var bucket = buckets[kind] ?? Bucket(level: full, at: now)
            let gained = min(max(0, now - bucket.at), Self.weight) * most
            bucket.level = min(full, bucket.level + gained)
            bucket.at = max(bucket.at, now)
            let isOpen = bucket.level >= Self.weight
            if isOpen { bucket.level -= Self.weight }
            buckets[kind] = bucket
            return isOpen
        }
    }
}
