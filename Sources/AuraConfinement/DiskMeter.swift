import AuraSystem
import Glibc
import Synchronization

/// Finds out when a tree grows beyond its bound, without slowing anyone down.
///
/// The file system's free space is read at each look; the tree itself is walked behind the caller's
/// back, when first seen, when so much was used on the file system since the last walk that the
/// tree may be too large, and at least every ten seconds. So a tree is found too large within a
/// look and a walk of having become so; within ten seconds more if others set as much space free
/// meanwhile. What is open but has no name any more is seen by nobody here and ends with its
/// process.
package final class DiskMeter: Sendable {
    private struct Seen {
        var isWalking = false
        var bytes = 0
        /// Used on the file system when the walk began.
        var used = 0
        var walkedAt: Int?
        var isOver = false
    }

    /// 10 s: the longest that a tree may grow behind others' shrinking.
    private static let walkMilliseconds = 10_000
    /// 1,000,000 names: no checkout or build has as many, and a walk of them takes a second.
    static let namesMax = 1_000_000

    /// The tree's directory.
    package let path: String
    /// How large it may be.
    package let bytesMax: Int
    private let seen = Mutex(Seen())

    /// Measures the tree at `path`, which a hostile program may write.
    ///
    /// `now`: an earlier daemon has just measured it; walks of all trees at once would keep what it has
    /// left from being taken over.
    package init(path: String, bytesMax: Int, measuredAt now: Int? = nil) {
        self.path = path
        self.bytesMax = bytesMax
        guard let now, let used = Self.used(path) else { return }
        seen.withLock { ($0.used, $0.walkedAt) = (used, now) }
    }

    /// The bound, once the tree was found larger; nil while it is not.
    ///
    /// Returns at once. `now` is in monotonic milliseconds.
    package func look(at now: Int) -> Int? {
        guard let used = Self.used(path) else { return nil }
        let (isOver, mustWalk) = seen.withLock { seen -> (Bool, Bool) in
            if seen.isOver || seen.isWalking { return (seen.isOver, false) }
            let isDue = seen.walkedAt.map { $0 + Self.walkMilliseconds <= now } ?? true
            let mayBeOver = seen.bytes + used - seen.used > bytesMax
            // A walk needs a rest at least as long as itself is likely to take.
            let isRested = seen.walkedAt.map { $0 + LimitWatch.interval * 2 <= now } ?? true
            guard isDue || (mayBeOver && isRested) else { return (false, false) }
            seen.isWalking = true
            seen.walkedAt = now
            seen.used = used
            return (false, true)
        }
        if mustWalk { Task.detached { [self] in walk() } }
        return isOver ? bytesMax : nil
    }

    private func walk() {
        let bytes = TreeSize.measure(path, bytesMax: bytesMax, namesMax: Self.namesMax)
        seen.withLock { seen in
            seen.isWalking = false
            seen.bytes = bytes ?? seen.bytes
            seen.isOver = bytes == nil
        }
    }

    /// Bytes used on the file system of `path`; nil when it is gone.
    private static func used(_ path: String) -> Int? {
        var information = statvfs()
        guard statvfs(path, &information) == 0 else { return nil }
        return Int(information.f_blocks - information.f_bfree) * Int(information.f_frsize)
    }
}
