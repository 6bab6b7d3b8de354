package import AuraModel
import CLMDB

/// What a fold of the log begins with where its oldest entries were pruned: the rows as they were
/// after the last of those, and how far each automaton's own numbers had come.
///
/// Rows of finished runs and of decided firings are not in it: they go with the entries that made
/// them.
package struct RecordBase: Sendable {
    /// The last pruned entry; 0: nothing was ever pruned.
    var through = 0
    var rows: [RowTable: [String: String]] = [:]
    var numbers: [AutomatonName: Int] = [:]

    /// Stands where a table's name does; no table has it.
    fileprivate static let numberWord = "number"

    /// The base of a whole log.
    init() {}

    /// The rows, as those who read a record's tables get them.
    package var listed: [RowTable: [(key: String, value: String)]] {
        rows.mapValues { table in table.map { ($0.key, $0.value) } }
    }

    /// Keys and values as they are stored, in their order.
    var stored: [(key: [UInt8], value: [UInt8])] {
        var all: [(key: [UInt8], value: [UInt8])] = []
        for (table, rows) in rows {
            for (key, value) in rows {
                all.append((Self.key(table.rawValue, key), Array(value.utf8)))
            }
        }
        for (name, number) in numbers {
            all.append((Self.key(Self.numberWord, name.text), Layout.number(number)))
        }
        return all.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }

    /// SHA-256 in hex over all keys and values, each with its length before it.
    var digest: String {
        var sha = SHA256()
        for (key, value) in stored {
            for bytes in [key, value] {
                Layout.number(bytes.count).withUnsafeBytes { sha.update($0) }
                bytes.withUnsafeBytes { sha.update($0) }
            }
        }
        return Hex.text(sha.finish().bytes)
    }

    fileprivate static func key(_ table: String, _ key: String) -> [UInt8] {
        Array(table.utf8) + [0] + Array(key.utf8)
    }

    /// Takes one key and value as they are stored.
    mutating func take(_ key: some Collection<UInt8>, _ value: [UInt8]) throws(RecordError) {
        let parts = key.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let word = String(decoding: parts[0], as: UTF8.self)
        let name = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : ""
        if let table = RowTable(rawValue: word), !name.isEmpty {
            rows[table, default: [:]][name] = String(decoding: value, as: UTF8.self)
        } else if word == Self.numberWord, let automaton = AutomatonName(name),
            let number = Layout.number(value)
        {
            numbers[automaton] = number
        } else {
            throw .corrupt(what: "a row of what was pruned")
        }
    }
}

extension Snapshot {
    /// The last entry that pruning reached; 0 when nothing was ever pruned.
    func pruned() throws(RecordError) -> Int {
        guard let stored = try get(layout.meta, Layout.prunedKey) else { return 0 }
        guard let through = Layout.number(stored) else { throw .corrupt(what: "what was pruned") }
        return through
    }

    /// What a fold of the log begins with.
    func base() throws(RecordError) -> RecordBase {
        var base = RecordBase()
        base.through = try pruned()
        guard let table = layout.base else { return base }
        try scan(table, from: []) { key, value throws(RecordError) in
            try base.take(key, Array(value))
            return true
        }
        return base
    }

    /// What is left of pruned entries, as far as one page reaches: it may be cut short by its bytes.
    struct PrunedPage {
        var entries: [StoredEntry]
        var treeRows: [Int: [UInt8]]
        var last: Int
    }

    /// What is left of the entries `after + 1` to `last`.
    func prunedPage(after: Int, last: Int) throws(RecordError) -> PrunedPage {
        let entries = try page(after: after, limit: last - after)
        return PrunedPage(
            entries: entries, treeRows: try treeRows(after + 1, last),
            last: min(last, entries.last?.sequence ?? last))
    }

    /// How far the numbers of `automaton` had come at the last pruned entry.
    func prunedNumber(of automaton: AutomatonName) throws(RecordError) -> Int {
        guard let table = layout.base,
            let stored = try get(table, RecordBase.numberKey(automaton))
        else { return 0 }
        guard let number = Layout.number(stored) else {
            throw .corrupt(what: "what was pruned of \(automaton)")
        }
        return number
    }
}

extension RecordBase {
    static func numberKey(_ automaton: AutomatonName) -> [UInt8] {
        key(numberWord, automaton.text)
    }
}
