package import AuraModel
import CLMDB

/// Reads of the record, from any thread, while the writer goes on.
///
/// Every call works on snapshots of its own that end before it returns, so a slow reader never
/// keeps LMDB from reusing pages. A long list is read in several snapshots, which the log allows:
/// what is written is not written again. Sendable because all that it holds is the environment, and
/// that is.
package struct RecordReader: Sendable {
    let environment: Environment

    init(_ environment: Environment) { self.environment = environment }

    /// 1000 entries or 8 MiB, whichever comes first, are copied out of one snapshot: a few
    /// milliseconds.
    static let pageEntriesMax = 1000
    static let pageBytesMax = 8 << 20

    /// The version of its layout: see `Entry.format`.
    package func format() throws(RecordError) -> Int {
        try environment.read { snapshot throws(RecordError) in
            let stored = try snapshot.get(snapshot.layout.meta, Layout.formatKey)
            guard let format = stored.flatMap({ Layout.number($0) }) else {
                throw .corrupt(what: "its format")
            }
            return format
        }
    }

    /// The newest entry: its sequence number, 0 in an empty record, and its hash in hex.
    package func head() throws(RecordError) -> (sequence: Int, hash: String) {
        let head = try environment.read { snapshot throws(RecordError) in try snapshot.head() }
        return (head.sequence, head.hash.hex)
    }

    /// The sequence number up to which entries were emitted to the journal; 0 before the first.
    package func journalCursor() throws(RecordError) -> Int {
        try environment.read { snapshot throws(RecordError) in
            guard let stored = try snapshot.get(snapshot.layout.meta, Layout.journalCursorKey)
            else { return 0 }
            guard let cursor = Layout.number(stored) else {
                throw .corrupt(what: "the journal's cursor")
            }
            return cursor
        }
    }

    // MARK: Entries

    /// Entries with a sequence number above `after`, in order, at most `limit`; only those of `run`
    /// (and of the runs it spawned) and of `automaton` when given.
    package func entries(
        after: Int = 0, limit: Int = .max, run: RunID? = nil, automaton: AutomatonName? = nil
    ) throws(RecordError) -> [Entry] {
        var found: [Entry] = []
        try pages(after, limit, run, automaton) { page in
            found += page.map(\.entry)
        }
        return found
    }

    /// The transactions of `run`, in order, and of no run that it spawned.
    ///
    /// Other entries are not decoded for that: of 200 runs that a new daemon takes over they are
    /// four fifths.
    package func transactions(of run: RunID) throws(RecordError) -> [Transaction] {
        var found: [Transaction] = []
        try pages(0, .max, run, nil, of: .transacted) { page in
            for (entry, _) in page where entry.run == run {
                guard case .transacted(_, let transaction) = entry.fact else { continue }
                found.append(transaction)
            }
        }
        return found
    }

    /// The same as `entries`, each as the JSON text that is stored.
    package func entryTexts(
        after: Int = 0, limit: Int = .max, run: RunID? = nil, automaton: AutomatonName? = nil
    ) throws(RecordError) -> [String] {
        var found: [String] = []
        try pages(after, limit, run, automaton) { page in
            found += page.map { String(decoding: $0.text, as: UTF8.self) }
        }
        return found
    }

    private func pages(
        _ after: Int, _ limit: Int, _ run: RunID?, _ automaton: AutomatonName?,
        of kind: Fact.Kind? = nil, _ take: ([(entry: Entry, text: [UInt8])]) -> Void
    ) throws(RecordError) {
        var after = max(0, after)
        var left = limit
        while left > 0 {
            let start = after
            let most = min(left, Self.pageEntriesMax)
            let page = try environment.read { snapshot throws(RecordError) in
                if let run { return try snapshot.page(ofRun: run, after: start, limit: most) }
                guard let automaton else { return try snapshot.page(after: start, limit: most) }
                return try snapshot.page(of: automaton, after: start, limit: most)
            }
            guard let last = page.last else { return }
            after = last.sequence
            // Decoded only now that the snapshot is over.
            var chosen: [(entry: Entry, text: [UInt8])] = []
            for stored in page {
                if let kind, !stored.mayBe(kind) { continue }
                let entry = try stored.decoded()
                if automaton == nil || entry.automaton == automaton {
                    chosen.append((entry, stored.text))
                }
            }
            left -= chosen.count
            take(chosen)
        }
    }

    // MARK: Rows

    /// The row `key` of `table` as stored, or nil.
    package func row(_ table: RowTable, _ key: String) throws(RecordError) -> String? {
        guard !key.isEmpty else { return nil }
        return try environment.read { snapshot throws(RecordError) in
            let value = try snapshot.get(try snapshot.table(table), Array(key.utf8))
            return value.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Rows of `table` whose keys begin with `prefix`, in the order of their keys, at most `limit`.
    ///
    /// `newestFirst` turns the order round, which for `runs` is the newest first; then `before`
    /// leaves out that key and what comes before it in the list.
    package func rows(
        in table: RowTable, prefix: String = "", limit: Int = .max, newestFirst: Bool = false,
        before: String? = nil
    ) throws(RecordError) -> [(key: String, value: String)] {
        let prefix = Array(prefix.utf8)
        var start = prefix
        if newestFirst { start = before.map { Array($0.utf8) } ?? prefix + [Layout.beyondText] }
        return try environment.read { snapshot throws(RecordError) in
            var found: [(key: String, value: String)] = []
            guard limit > 0 else { return found }
            try snapshot.scan(try snapshot.table(table), from: start, newestFirst ? .down : .up) {
                key, value throws(RecordError) in
                guard key.starts(with: prefix) else { return false }
                found.append(
                    (String(decoding: key, as: UTF8.self), String(decoding: value, as: UTF8.self)))
                return found.count < limit
            }
            return found
        }
    }
}
