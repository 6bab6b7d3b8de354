import AuraConfinement
import AuraModel
import AuraSystem
import Synchronization

/// Looks at the tree of each agent whenever a command of its has ended, on a thread of its own.
///
/// Nobody waits for a look: the outcome of a command tells what the looks before it have found. One
/// that is not done by then is unknown, and so is the next.
final class TreeLooks {
    private final class Looks: Sendable {
        struct Seen {
            var isLooking = false
            /// Of the newest two looks; nil: not known.
            var last: TreeStamp?
            var beforeLast: TreeStamp?
        }

        let seen = Mutex(Seen())

        func look(at tree: String) {
            let stamp = TreeStamp(of: tree)
            seen.withLock { seen in
                seen.isLooking = false
                (seen.last, seen.beforeLast) = (stamp, seen.last)
            }
        }
    }

    private var looks: [RunID: Looks] = [:]

    /// Nothing was looked at yet.
    init() {}

    /// Looks at `tree` after a command of `run`, and says whether it changed between the two looks
    /// before; nil: not known.
    func look(at tree: String, of run: RunID) -> Bool? {
        let looks = looks[run] ?? Looks()
        self.looks[run] = looks
        let (changed, mustLook) = looks.seen.withLock { seen -> (Bool?, Bool) in
            guard !seen.isLooking else {
                // It sees a tree that two commands have worked on: good for neither.
                (seen.last, seen.beforeLast) = (nil, nil)
                return (nil, false)
            }
            defer { seen.isLooking = true }
            guard let last = seen.last, let before = seen.beforeLast else { return (nil, true) }
            return (last != before, true)
        }
        if mustLook, !DetachedThread.start({ looks.look(at: tree) }) {
            looks.seen.withLock { $0 = .init() }
        }
        return changed
    }

    /// Forgets what belongs to a run.
    func forget(_ run: RunID) { looks[run] = nil }
}
