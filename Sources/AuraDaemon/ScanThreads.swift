import AuraModel
import AuraSystem
import Synchronization

/// Looks at what automatons fire on, on threads of its own: a file system that does not answer holds
/// up a thread, and not the turn loop.
final class ScanThreads: Sendable {
    /// What a look found.
    enum Scan: Sendable {
        case paths(ChangeScan)
        case branch(BranchScan)

        /// Looks, for as long as it takes.
        init(_ subject: ChangeTrigger.Subject) {
            switch subject {
            case .paths(let paths): self = .paths(ChangeScan(paths: paths))
            case .branch(let branch, let repository):
                self = .branch(BranchScan(branch, repository: repository))
            }
        }

        var directories: Set<String> {
            switch self {
            case .paths(let scan): scan.directories
            case .branch(let scan): scan.directories
            }
        }

        var problem: String? {
            switch self {
            case .paths(let scan): scan.problem
            case .branch(let scan): scan.problem
            }
        }
    }

    /// A look that is over, by the number that it was begun with.
    struct Done: Sendable {
        var number: Int
        var scan: Scan
    }

    /// 4 threads: three file systems may hang, and what is on the others is looked at all the same.
    private static let threadsMax = 4

    private struct Contents {
        var waiting: [(number: Int, subject: ChangeTrigger.Subject)] = []
        var threads = 0
        var done: [Done] = []
    }

    private let contents = Mutex(Contents())
    private let wake: WakeDescriptor

    private let look: @Sendable (ChangeTrigger.Subject) -> Scan

    /// No thread yet; each result of `look` rings `wake`.
    init(wake: WakeDescriptor, look: @escaping @Sendable (ChangeTrigger.Subject) -> Scan) {
        self.wake = wake
        self.look = look
    }

    /// Has one of the threads look.
    func begin(_ number: Int, _ subject: ChangeTrigger.Subject) {
        let isNewNeeded = contents.withLock { contents in
            contents.waiting.append((number, subject))
            guard contents.threads < Self.threadsMax else { return false }
            contents.threads += 1
            return true
        }
        guard isNewNeeded, !DetachedThread.start({ self.work() }) else { return }
        // It stays in the queue, and whoever waits for it says that it hangs.
        contents.withLock { $0.threads -= 1 }
    }

    /// A look that nobody waits for any more is not begun.
    func forget(_ number: Int) {
        contents.withLock { $0.waiting.removeAll { $0.number == number } }
    }

    /// What has been found since the last call.
    func takeDone() -> [Done] {
        contents.withLock { contents in
            defer { contents.done = [] }
            return contents.done
        }
    }

    private func work() {
        while let next = takeNext() {
            let scan = look(next.subject)
            contents.withLock { $0.done.append(Done(number: next.number, scan: scan)) }
            wake.wake()
        }
    }

    /// The next look; nil: there is none, and the thread is to end.
    private func takeNext() -> (number: Int, subject: ChangeTrigger.Subject)? {
        contents.withLock { contents in
            guard !contents.waiting.isEmpty else {
                contents.threads -= 1
                return nil
            }
            return contents.waiting.removeFirst()
        }
    }
}
