import AuraModel

/// When the record is signed.
///
/// The kernel decides when; the daemon, which has the key, signs.
extension Kernel {
    /// 1000: what a forger without the key could rewrite unseen in one go, at a cost of one entry
    /// in 1000.
    static let checkpointEntries = 1000
    /// Five minutes: the longest that an entry waits for its signature.
    static let checkpointInterval = Milliseconds.minutes(5)

    /// Entries that no checkpoint covers, a checkpoint's own aside: a record at rest grows by
    /// nothing.
    private var uncovered: Int { state.daemon.sequence - (state.daemon.checkpoint ?? 0) }

    /// When the next checkpoint is due by time; nil when nothing waits for one.
    var checkpointDue: Instant? {
        guard uncovered > 0, !isCheckpointAsked else { return nil }
        return (state.daemon.checkpointAt ?? state.daemon.startedAt) + Self.checkpointInterval
    }

    /// Asks for a checkpoint if enough entries or enough time have passed since the last one.
    mutating func askForCheckpointIfDue(at now: Instant) {
        guard let due = checkpointDue, now >= due || uncovered >= Self.checkpointEntries
        else { return }
        askForCheckpoint()
    }

    /// Asks for a checkpoint of all that this turn commits.
    mutating func askForCheckpoint() {
        guard !isCheckpointAsked else { return }
        isCheckpointAsked = true
        actions.append(.checkpoint)
    }
}
