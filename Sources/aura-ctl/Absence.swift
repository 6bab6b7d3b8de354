import AuraModel

/// A daemon that is away for a while: it may be restarting, and a watcher waits for it.
struct Absence {
    /// Two minutes: a restart of the daemon, with a watchdog's kill and recovery before it, takes
    /// less.
    private static let spanMax = Milliseconds.minutes(2)

    /// A second between two looks.
    static let restMicroseconds: UInt32 = 1_000_000

    private var since: Milliseconds?

    /// Takes a failure; throws it where it is no absence, or the absence has gone on for too long.
    ///
    /// Answers whether the absence has just begun.
    mutating func bear(_ failure: Failure) throws -> Bool {
        guard failure.isAbsence else { throw failure }
        let now = Clock.monotonic()
        guard let since else {
            since = now
            return true
        }
        guard now.count - since.count < Self.spanMax.count else { throw failure }
        return false
    }

    /// The daemon answers: whether it was away before.
    mutating func end() -> Bool {
        defer { since = nil }
        return since != nil
    }
}
