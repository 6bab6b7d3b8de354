import AuraModel
import CLMDB

/// An entry as it is stored, copied out of a snapshot.
struct StoredEntry {
    var sequence: Int
    /// All of it, whatever was kept apart.
    var text: [UInt8]
    /// The hashes of its long texts, which are kept apart.
    var texts: [[UInt8]] = []

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

    /// The newest number among the entries of `automaton`; 0 when it has none.
    func lastNumber(of automaton: AutomatonName) throws(RecordError) -> Int {
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
        var page: [StoredEntry] = []
        var bytes = 0
        try scan(layout.entries, from: Layout.number(after + 1)) { key, value throws(RecordError) in
            let entry = try self.whole(try Self.sequence(key), value)
            page.append(entry)
            bytes += entry.text.count
            return page.count < limit && bytes < RecordReader.pageBytesMax
        }
        return page
    }

    /// The same, of those that stand under `run`.
    func page(ofRun run: RunID, after: Int, limit: Int) throws(RecordError) -> [StoredEntry] {
        let prefix = Array(run.text.utf8)
        var page: [StoredEntry] = []
        var bytes = 0
        try scan(layout.byRun, from: Layout.runKey(run, after + 1)) { key, _ throws(RecordError) in
            guard key.starts(with: prefix) else { return false }
            let entry = try self.entry(try Self.sequence(key.dropFirst(prefix.count)))
            page.append(entry)
            bytes += entry.text.count
            return page.count < limit && bytes < RecordReader.pageBytesMax
        }
        return page
    }

    /// The same, of those of `automaton`.
    func page(
        of automaton: AutomatonName, after: Int, limit: Int
    ) throws(RecordError) -> [StoredEntry] {
        let prefix = Array(automaton.text.utf8) + [0]
        // Of what was pruned few are left, so those are passed one by one.
        let first = try after < pruned() ? 1 : firstNumber(of: automaton, after: after)
        var page: [StoredEntry] = []
        var bytes = 0
        try scan(layout.byAutomaton, from: Layout.automatonKey(automaton, first)) {
            key, value throws(RecordError) in
            guard key.starts(with: prefix) else { return false }
            let sequence = try Self.sequence(value)
            guard sequence > after else { return true }
            let entry = try self.entry(sequence)
            page.append(entry)
            bytes += entry.text.count
            return page.count < limit && bytes < RecordReader.pageBytesMax
        }
        return page
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
        // Those that were pruned are not in the index, and all below `after`.
        var low = try prunedNumber(of: automaton) + 1
        var high = try lastNumber(of: automaton) + 1
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
