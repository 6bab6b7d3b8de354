import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// Carries turns into the record, and keeps the one that the disk does not take until it does.
///
/// While one waits nothing more may be decided; reads go on.
final class Committer {
    private let store: RecordStore
    private var waiting: (turn: Kernel.Turn, pruning: PrunePlan?)?
    private var failedAt = 0
    private var pauseMilliseconds = 0
    /// Why a turn waits; nil when none does.
    private(set) var trouble: RecordTrouble?
    /// Monotonic milliseconds of the next attempt; nil when no turn waits.
    private(set) var retryAt: Int?

    /// The pauses double from a tenth of a second, which an interrupted call does not notice, to 10
    /// s, which is what an operator waits after space was freed.
    private static let firstPauseMilliseconds = 100
    private static let pauseMillisecondsMax = 10_000

    /// A turn that is durable: its entries as stored, and what it asks for.
    struct Committed {
        var entries: [Entry]
        var actions: [Action]
        /// For how long it had to wait.
        var delay = Milliseconds.zero
    }

    /// A committer into `store`.
    init(store: RecordStore) { self.store = store }

    /// Makes the turn durable; nil: it has to wait, and `retry` goes on with it.
    ///
    /// With `pruning` it holds that plan's fact, and the plan is carried out with it. Throws only
    /// what is a defect of the caller.
    func commit(
        _ turn: Kernel.Turn, journalCursor: Int, pruning: PrunePlan? = nil
    ) throws -> Committed? {
        precondition(waiting == nil, "a turn was decided while another one waited")
        guard !turn.entries.isEmpty else {
            return Committed(entries: [], actions: turn.actions)
        }
        return try attempt(turn, journalCursor, pruning)
    }

    /// Fills the commit of a turn that may be committed soon, so that no more than its sync is left
    /// to do then.
    ///
    /// Nothing of it is in the record before `commitForeseen`. Where it cannot be filled now, that
    /// makes the whole commit.
    func prepare(_ turn: Kernel.Turn) {
        precondition(waiting == nil, "a turn was foreseen while another one waited")
        _ = store.prepare(turn.entries, rows: turn.rows)
    }

    /// Makes a turn durable that was prepared; nil: it has to wait, like any other.
    func commitForeseen(_ turn: Kernel.Turn, journalCursor: Int) throws -> Committed? {
        precondition(waiting == nil, "a turn was decided while another one waited")
        return try attempt(turn, journalCursor, nil, isPrepared: true)
    }

    /// Gives up what was prepared: it will not happen as it was foreseen.
    func forget() { store.discardPrepared() }

    /// Tries again with the turn that waits, if it is time.
    func retry(journalCursor: Int) throws -> Committed? {
        let now = SystemClock.monotonicMilliseconds()
        guard let waiting, let retryAt, retryAt <= now else { return nil }
        return try attempt(waiting.turn, journalCursor, waiting.pruning)
    }

    private func attempt(
        _ turn: Kernel.Turn, _ cursor: Int, _ pruning: PrunePlan?, isPrepared: Bool = false
    ) throws -> Committed? {
        do throws(RecordError) {
            let prepared = isPrepared ? try store.commitPrepared(journalCursor: cursor) : nil
            let entries =
                if let prepared { prepared } else {
                    try store.append(
                        turn.entries, rows: turn.rows, journalCursor: cursor, pruning: pruning)
                }
            var committed = Committed(entries: entries, actions: turn.actions)
            if let trouble {
                committed.delay = Milliseconds(SystemClock.monotonicMilliseconds() - failedAt)
                let span = DurationText.format(committed.delay.count)
                StandardError.write(
                    "aurad: the record takes entries again; it was \(trouble.state) for \(span)")
            }
            (waiting, trouble, retryAt) = (nil, nil, nil)
            return committed
        } catch {
            guard let state = error.trouble else { throw error }
            waiting = (turn, pruning)
            wait(state, error)
            return nil
        }
    }

    private func wait(_ state: RecordTrouble.State, _ error: RecordError) {
        let now = SystemClock.monotonicMilliseconds()
        let before = trouble
        if before == nil {
            failedAt = now
            pauseMilliseconds = 0
        }
        trouble = RecordTrouble(
            state: state, reason: "\(error)", since: before?.since ?? SystemClock.now(),
            attempts: (before?.attempts ?? 0) + 1)
        // The first time at once: an interrupted call is none any more.
        retryAt = now + pauseMilliseconds
        pauseMilliseconds = min(
            max(2 * pauseMilliseconds, Self.firstPauseMilliseconds), Self.pauseMillisecondsMax)
        guard before?.state != state else { return }
        StandardError.write(
            "aurad: nothing new begins, the record takes no entries: \(error)\n"
                + "  hint: \(state.remedy)")
    }
}
