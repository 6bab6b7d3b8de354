import AuraModel

/// The attempts of this process's lifetime, and which of them changed since that was last asked.
struct Attempts: Sendable {
    private var byRun: [RunID: Attempt] = [:]
    private var changed: Set<RunID> = []

    /// Whether none changed.
    var areSettled: Bool { changed.isEmpty }

    /// The attempt of `run`; nil when it has none.
    subscript(run: RunID) -> Attempt? {
        get { byRun[run] }
        set {
            byRun[run] = newValue
            changed.insert(run)
        }
    }

    /// The attempt of `run`, which has none from now on.
    mutating func remove(_ run: RunID) -> Attempt? {
        guard let attempt = byRun.removeValue(forKey: run) else { return nil }
        changed.insert(run)
        return attempt
    }

    /// No worker has to speak before `span` later than it had to.
    mutating func postpone(by span: Milliseconds) {
        for (run, attempt) in byRun {
            guard let deadline = attempt.deadline else { continue }
            self[run]?.deadline = deadline + span
        }
    }

    /// Runs whose attempt began, changed or ended since this was last asked.
    mutating func takeChanged() -> Set<RunID> {
        defer { changed = [] }
        return changed
    }
}

/// An attempt of this process's lifetime.
struct Attempt: Sendable {
    var generation: Generation
    /// Whether its program runs, and whether that has attested itself.
    var isLaunched = false
    var isReady = false
    /// Transactions that the worker has folded, by its newest proposal.
    var folded = 0
    /// Until when the worker must have spoken; nil while it waits for us.
    var deadline: Instant?

    /// What it is late with when its deadline has passed, and how long it had.
    func lateness(
        _ deadlines: Supervision.Deadlines
    ) -> (phase: AttemptExit.Phase, after: Milliseconds) {
        if isReady { return (.silence, deadlines.silence) }
        return isLaunched ? (.firstFrame, deadlines.firstFrame) : (.launch, deadlines.launch)
    }

    /// Whether its worker waits for news, and a run of so many transactions has some.
    func isOwedNews(of transactions: Int) -> Bool {
        isReady && deadline == nil && folded < transactions
    }
}
