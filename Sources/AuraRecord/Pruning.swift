package import AuraModel

/// What a pruning will do, found out on snapshots, for the turn that does it.
package struct PrunePlan: Sendable {
    /// What had been pruned when the plan was made: it fits no other record.
    package let from: Int
    /// The fact that the record is to hold.
    package let fact: RecordPruned
    let baseWrites: [(key: [UInt8], value: [UInt8]?)]
    /// Rows that go, if they still are what the pruned entries made them.
    let retired: [(table: RowTable, key: String, value: String)]
    let needed: NeededEntries
}

/// Which entries stay though they are old: those of runs that were not finished at the last pruned
/// entry, with their children, and those that loaded a definition that was in use.
struct NeededEntries: Sendable {
    private var runs: Set<String> = []
    private var definitions: Set<String> = []

    private struct Use: Decodable {
        var definition: String
    }

    init(_ base: RecordBase) throws(RecordError) {
        runs = Set((base.rows[.runs] ?? [:]).keys)
        for table in [RowTable.automata, .runs] {
            for (key, value) in base.rows[table] ?? [:] {
                guard let use = try? JSON.decode(Use.self, from: value.utf8) else {
                    throw .corrupt(what: "row \(table)/\(key) of what was pruned")
                }
                definitions.insert(use.definition)
            }
        }
    }

    func contains(_ entry: Entry) -> Bool {
        if case .definitionLoaded(let digest, _) = entry.fact {
            return definitions.contains(digest)
        }
        return entry.run.map { runs.contains($0.text) } ?? false
    }
}

extension RecordReader {
    /// 5000 entries: half a second to find out what becomes of them, beside the turns, and then one
    /// turn of some milliseconds for the rows of their some hundred runs; the entries themselves are
    /// swept in smaller parts.
    package static let pruneEntriesMax = 5000

    /// What is to be done to prune entries from before `before`, up to `last` and at most
    /// `entriesMax` of them; nil when there is none to go.
    ///
    /// `begin` is given the rows that `fold` goes on from. Nothing is written.
    package func prunePlan(
        before: Instant, last: Int, entriesMax: Int = pruneEntriesMax,
        begin: ([RowTable: [(key: String, value: String)]]) throws -> Void,
        fold: (Entry) throws -> [RowWrite]
    ) throws(RecordError) -> PrunePlan? {
        let old = try environment.read { snapshot throws(RecordError) in try snapshot.base() }
        var base = old
        do { try begin(old.listed) } catch { throw .corrupt(what: "what was pruned: \(error)") }
        while base.through < last, base.through - old.through < entriesMax {
            let most = min(last - base.through, entriesMax, Self.pageEntriesMax)
            let page = try entries(after: base.through, limit: most)
            let young = page.firstIndex { $0.at >= before || $0.sequence > last }
            for entry in page[..<(young ?? page.count)] {
                do { try base.take(entry, try fold(entry)) } catch {
                    throw .corrupt(what: "entry \(entry.sequence) cannot be folded: \(error)")
                }
            }
            guard young == nil, !page.isEmpty else { break }
        }
        guard base.through > old.through else { return nil }
        let retired = try base.retire()
        return PrunePlan(
            from: old.through,
            fact: RecordPruned(
                through: base.through, entries: base.through - old.through,
                runs: retired.count { $0.table == .runs },
                occurrences: retired.count { $0.table == .occurrences }, base: base.digest),
            baseWrites: old.changes(to: base), retired: retired, needed: try NeededEntries(base))
    }

    /// Bytes of the file that are in use; free pages, which the next commits take, are not.
    package func bytesInUse() throws(RecordError) -> Int { try environment.bytesInUse() }
}

extension RecordBase {
    fileprivate mutating func take(_ entry: Entry, _ writes: [RowWrite]) throws(RecordError) {
        through = entry.sequence
        if let name = entry.automaton, let number = entry.automatonSequence {
            numbers[name] = number
        }
        for write in writes { rows[write.table, default: [:]][write.key] = write.value }
    }

    /// Takes out the rows that nothing in use needs any more.
    fileprivate mutating func retire() throws(RecordError)
        -> [(table: RowTable, key: String, value: String)]
    {
        var gone: [(table: RowTable, key: String, value: String)] = []
        var runs: [RunID: RunRow] = [:]
        for (key, value) in rows[.runs] ?? [:] {
            let row = try Self.decoded(RunRow.self, .runs, key, value)
            runs[row.id] = row
        }
        for row in runs.values where !Self.isNeeded(row, runs) {
            let value = rows[.runs]?.removeValue(forKey: row.id.text)
            gone.append((.runs, row.id.text, value ?? ""))
        }
        for (key, value) in rows[.occurrences] ?? [:] {
            let row = try Self.decoded(OccurrenceRow.self, .occurrences, key, value)
            guard row.decision.isFinal else { continue }
            rows[.occurrences]?[key] = nil
            gone.append((.occurrences, key, value))
        }
        return gone
    }

    /// Whether a run, or one that it is a part of, goes on.
    private static func isNeeded(_ row: RunRow, _ runs: [RunID: RunRow]) -> Bool {
        guard row.isFinished else { return true }
        guard let parent = row.parent.flatMap({ runs[$0] }) else { return false }
        return isNeeded(parent, runs)
    }

    private static func decoded<Row: Decodable>(
        _ type: Row.Type, _ table: RowTable, _ key: String, _ value: String
    ) throws(RecordError) -> Row {
        do { return try JSON.decode(type, from: value.utf8) } catch {
            throw .corrupt(what: "row \(table)/\(key) cannot be read: \(error)")
        }
    }

    fileprivate func changes(to new: Self) -> [(key: [UInt8], value: [UInt8]?)] {
        let before = Dictionary(uniqueKeysWithValues: stored.map { ($0.key, $0.value) })
        let after = Dictionary(uniqueKeysWithValues: new.stored.map { ($0.key, $0.value) })
        var writes: [(key: [UInt8], value: [UInt8]?)] = []
        for key in before.keys where after[key] == nil { writes.append((key, nil)) }
        for (key, value) in after where before[key] != value { writes.append((key, value)) }
        return writes
    }
}

extension WriteBatch {
    /// Does what the plan says, but for the entries themselves: `RecordStore.sweep` deletes those.
    func prune(_ plan: PrunePlan) throws(RecordError) {
        guard let base = layout.base else { throw .corrupt(what: "no table of what was pruned") }
        for write in plan.baseWrites {
            if let value = write.value {
                try put(base, write.key, value)
            } else {
                try delete(base, write.key)
            }
        }
        for row in plan.retired {
            guard let table = layout.rows[row.table] else { continue }
            let key = Array(row.key.utf8)
            // A newer entry may have written it again.
            if try get(table, key) == Array(row.value.utf8) { try delete(table, key) }
        }
        try put(layout.meta, Layout.prunedKey, Layout.number(plan.fact.through))
    }

    /// Deletes an entry, what leads to it, and the long texts that no other one holds; its hash
    /// stays in the tree.
    func delete(_ entry: Entry) throws(RecordError) {
        try releaseTexts(of: entry.sequence)
        try delete(layout.entries, Layout.number(entry.sequence))
        try deleteIndex(entry)
    }
}

/// How far the deletion of pruned entries has come.
struct PruneSweep {
    /// The last entry that was looked at.
    var after = 0
    var needed: NeededEntries?
}

extension RecordStore {
    /// 128 entries a commit: two milliseconds between two turns.
    package static let sweepEntriesMax = 128

    /// Whether pruned entries may still have to be deleted.
    package var isSweeping: Bool { sweeping != nil }

    /// Deletes some of the pruned entries that nothing needs, in a commit of its own.
    ///
    /// After an error the next append or sweep reads the record anew before it goes on.
    package func sweep() throws(RecordError) {
        guard var sweep = sweeping else { return }
        let through = pruned
        let after = sweep.after
        let known = sweep.needed
        let page = try environment.read { snapshot throws(RecordError) in
            try snapshot.page(after: after, limit: Self.sweepEntriesMax)
        }
        let needed =
            if let known { known } else {
                try environment.read { snapshot throws(RecordError) in
                    try NeededEntries(try snapshot.base())
                }
            }
        sweep.needed = needed
        var gone: [Entry] = []
        for stored in page where stored.sequence <= through {
            let entry = try stored.decoded()
            if !needed.contains(entry) { gone.append(entry) }
        }
        if !gone.isEmpty { try delete(gone) }
        sweep.after = page.last?.sequence ?? through
        sweeping = sweep.after < through ? sweep : nil
    }
}
