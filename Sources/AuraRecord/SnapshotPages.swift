import AuraModel
import CLMDB

/// An entry as it is stored, copied out of a snapshot.
struct StoredEntry {
    var sequence: Int
    /// All of it, whatever was kept apart.
    var text: [UInt8]
    /// The hashes of its long texts, which are kept apart.
    var texts: [[UInt8]] = []

    /// Whether its fact may be of that kind: false is certain.
    ///
    /// A quote within a text is never without a backslash, so no text is taken for the key.
    func mayBe(_ kind: Fact.Kind) -> Bool {
        let wanted = Array("\"kind\":\"\(kind.rawValue)\"".utf8)
        return text.withUnsafeBytes { text in
            let last = text.count - wanted.count
            guard last >= 0 else { return false }
            return (0...last).contains { start in
                text[start] == wanted[0]
                    && text[start..<start + wanted.count].elementsEqual(wanted)
            }
        }
    }

    func decoded() throws(RecordError) -> Entry {
        do {
            return try JSON.decode(Entry.self, from: text)
        } catch {
            throw .corrupt(what: "entry \(sequence) cannot be read: \(error)")
        }
    }
}

extension Snapshot {
    /// The newest entry by the head row: 0 and the genesis hash in an empty record.
    func head() throws(RecordError) -> Head {
        guard let stored = try get(layout.meta, Layout.headKey) else { return .empty }
        return try Head(stored: stored)
    }

    /// The newest entry by the log itself.
    func lastEntry() throws(RecordError) -> Int {
        var last = 0
        try scan(layout.entries, from: [Layout.beyondText], .down) { key, _ throws(RecordError) in
            last = try Self.sequence(key)
            return false
        }
        return last
    }

    /// The newest numbers of automata that have entries which no index names yet.
    func pendingNumbers() throws(RecordError) -> [AutomatonName: Int] {
        var numbers: [AutomatonName: Int] = [:]
        try scanPending(from: 0) { _, note throws(RecordError) in
            if let (name, number) = note.automaton { numbers[name] = number }
            return true
        }
        return numbers
    }

    /// The newest number among the entries of `automaton` that the index names, or that were pruned;
    /// 0 when there are none.
    func lastIndexedNumber(of automaton: AutomatonName) throws(RecordError) -> Int {
        let prefix = Array(automaton.text.utf8) + [0]
        var last = 0
        try scan(layout.byAutomaton, from: prefix + [Layout.beyondText], .down) {
            key, _ throws(RecordError) in
            if key.starts(with: prefix) { last = try Self.sequence(key.dropFirst(prefix.count)) }
            return false
        }
        return last > 0 ? last : try prunedNumber(of: automaton)
    }

    /// Entries above `after`, at most `limit` and about as much as one page may hold.
    func page(after: Int, limit: Int) throws(RecordError) -> [StoredEntry] {
        var page = Page(limit: limit)
        try scan(layout.entries, from: Layout.number(after + 1)) { key, value throws(RecordError) in
            page.take(try self.whole(try Self.sequence(key), value))
        }
        return page.entries
    }

    /// The same, of those that stand under `run`.
    func page(ofRun run: RunID, after: Int, limit: Int) throws(RecordError) -> [StoredEntry] {
        let prefix = Array(run.text.utf8)
        var page = Page(limit: limit)
        try scan(layout.byRun, from: Layout.runKey(run, after + 1)) { key, _ throws(RecordError) in
            guard key.starts(with: prefix) else { return false }
            return page.take(try self.entry(try Self.sequence(key.dropFirst(prefix.count))))
        }
        try fill(&page, after: after) { $0.runs.contains(run) }
        return page.entries
    }

    /// The same, of those of `automaton`.
    func page(
        of automaton: AutomatonName, after: Int, limit: Int
    ) throws(RecordError) -> [StoredEntry] {
        let prefix = Array(automaton.text.utf8) + [0]
        // Of what was pruned few are left, so those are passed one by one.
        let first = try after < pruned() ? 1 : firstNumber(of: automaton, after: after)
        var page = Page(limit: limit)
        try scan(layout.byAutomaton, from: Layout.automatonKey(automaton, first)) {
            key, value throws(RecordError) in
            guard key.starts(with: prefix) else { return false }
            let sequence = try Self.sequence(value)
            guard sequence > after else { return true }
            return page.take(try self.entry(sequence))
        }
        try fill(&page, after: after) { $0.automaton?.name == automaton }
        return page.entries
    }

    /// Entries as far as one page reaches.
    private struct Page {
        var limit: Int
        private(set) var entries: [StoredEntry] = []
        private var bytes = 0

        init(limit: Int) { self.limit = limit }

        var isFull: Bool { entries.count >= limit || bytes >= RecordReader.pageBytesMax }

        /// Takes an entry; whether there is room for another one.
        mutating func take(_ entry: StoredEntry) -> Bool {
            entries.append(entry)
            bytes += entry.text.count
            return !isFull
        }
    }

    /// Goes on with entries that no index names yet.
    private func fill(
        _ page: inout Page, after: Int, where isMeant: (IndexNote) -> Bool
    ) throws(RecordError) {
        guard !page.isFull else { return }
        var filled = page
        try scanPending(from: after + 1) { sequence, note throws(RecordError) in
            isMeant(note) ? filled.take(try self.entry(sequence)) : true
        }
        page = filled
    }

    /// The entry `sequence` as it is stored; nil when it is not there.
    func text(of sequence: Int) throws(RecordError) -> [UInt8]? {
        try stored(sequence)?.text
    }

    private func stored(_ sequence: Int) throws(RecordError) -> StoredEntry? {
        guard let stored = try view(layout.entries, Layout.number(sequence)) else { return nil }
        return try whole(sequence, stored)
    }

    /// The entry `sequence`, which an index named.
    private func entry(_ sequence: Int) throws(RecordError) -> StoredEntry {
        guard let entry = try stored(sequence) else {
            throw .corrupt(what: "an index names entry \(sequence), which is not there")
        }
        return entry
    }

    /// The automaton's own number of its first entry above `after`: both rise together, so it is
    /// found by halving.
    private func firstNumber(
        of automaton: AutomatonName, after: Int
    ) throws(RecordError) -> Int {
        // Those that were pruned are not in the index, and all below `after`; the newest are not yet.
        var low = try prunedNumber(of: automaton) + 1
        var high = try lastIndexedNumber(of: automaton) + 1
        while low < high {
            let middle = (low + high) / 2
            guard let stored = try get(layout.byAutomaton, Layout.automatonKey(automaton, middle)),
                let sequence = Layout.number(stored)
            else { throw .corrupt(what: "entry \(middle) of \(automaton) is not in the index") }
            if sequence > after { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func sequence(_ bytes: some Collection<UInt8>) throws(RecordError) -> Int {
        guard let sequence = Layout.number(bytes) else {
            throw .corrupt(what: "a sequence number")
        }
        return sequence
    }
}
