import AuraJournal
import AuraModel
import AuraRecord
import AuraSystem

/// Sends the record to the journal, in order, behind a cursor that is kept in the record.
///
/// After a crash nothing is missing: what was committed but not sent is sent at the next start.
/// What was sent but not yet noted is sent again, recognisable by its AURA_SEQ. The journal alone is
/// told less of failures that repeat themselves, by `SetbackPace`.
struct AuditTrail: ~Copyable {
    private let reader: RecordReader
    private var journal: AuditJournal
    private var teller = EntryTeller()
    private let toJournal: Bool
    private var pace = JournalPace()
    private var setbacks = SetbackPace()
    /// Sequence number of the newest entry that was sent.
    private(set) var cursor: Int
    /// Monotonic milliseconds of the next attempt after the journal refused; nil when it did not.
    private(set) var retryAt: Int?
    private var isUnreadable = false

    /// 256: entries sent in one turn; the rest follows in the next.
    private static let batchMax = 256
    /// 50 ms: a full queue is emptied in milliseconds; a stopped journald costs twenty looks a
    /// second.
    private static let retryMilliseconds = 50
    /// 10 s: a record that cannot be read heals, if at all, by an operator's hand.
    private static let rereadMilliseconds = 10_000

    /// A trail that goes on after `cursor`; to standard error in the foreground or without
    /// journald.
    init(reader: RecordReader, cursor: Int, isForeground: Bool) {
        self.reader = reader
        self.cursor = cursor
        journal = AuditJournal()
        toJournal = AuditJournal.isPresent && !isForeground
    }

    /// Entries that wait to be sent, now or later.
    func waiting(_ head: Int) -> Int { head - cursor }

    /// Whether entries wait that can be sent now.
    func hasMore(_ head: Int) -> Bool { cursor < head && retryAt == nil }

    /// Sends what was just committed, if everything before it was sent; else it waits its turn.
    mutating func follow(_ committed: [Entry]) {
        guard retryAt == nil, let first = committed.first, first.sequence == cursor + 1
        else { return }
        send(committed.prefix(Self.batchMax))
    }

    /// Sends what still waits in the record, up to a batch.
    ///
    /// What cannot be read now is told once and sent when it can.
    mutating func advance(to head: Int) {
        if let retryAt, retryAt > SystemClock.monotonicMilliseconds() { return }
        retryAt = nil
        guard cursor < head else { return }
        let entries: [Entry]
        do throws(RecordError) {
            entries = try reader.entries(after: cursor, limit: Self.batchMax)
            isUnreadable = false
        } catch {
            retryAt = SystemClock.monotonicMilliseconds() + Self.rereadMilliseconds
            if !isUnreadable { StandardError.write("aurad: the audit waits: \(error)") }
            isUnreadable = true
            return
        }
        send(entries[...])
    }

    private mutating func send(_ entries: ArraySlice<Entry>) {
        for entry in entries {
            // Only one that is over is judged: a second try gets the same verdict.
            var judged = setbacks
            switch toJournal ? judged.judge(entry) : .tell(leftOut: 0) {
            case .leaveOut: break
            case .tell(let leftOut):
                if toJournal, let later = pace.take(at: SystemClock.monotonicMilliseconds()) {
                    retryAt = later
                    return
                }
                guard send(entry, leftOut: leftOut) else {
                    retryAt = SystemClock.monotonicMilliseconds() + Self.retryMilliseconds
                    return
                }
            }
            setbacks = judged
            cursor = entry.sequence
        }
    }

    private mutating func send(_ entry: Entry, leftOut: Int) -> Bool {
        guard !toJournal else { return journal.send(entry, leftOut: leftOut) }
        return StandardError.write(AuditLine.text(entry, teller.tell(entry)))
    }
}
