import AuraModel
import CLMDB

/// What the indexes will say of an entry: its automaton with its own number, and its runs.
///
/// The indexes are sorted by automaton and by run, so one entry at a time changes pages all over
/// them, each with the branches above it, and the more the longer the log is. So the newest entries
/// are noted behind one another in a table of their own, and a block of them goes into the indexes
/// at once. Readers look into both. What is noted follows from the newest entry's number alone: all
/// that is there of its block.
struct IndexNote {
    var automaton: (name: AutomatonName, number: Int)?
    var runs: [RunID]

    /// 512 entries of a block: the pages of its sorted keys come to less than one an entry even
    /// where each is of another run, and a look at a whole block takes some microseconds.
    static let blockEntries = 512

    /// The block in which an entry stands.
    static func block(of sequence: Int) -> Int { (sequence - 1) / blockEntries }

    init(_ entry: Entry) {
        if let name = entry.automaton, let number = entry.automatonSequence {
            automaton = (name, number)
        }
        runs = entry.indexedRuns
    }

    /// Reads what is stored.
    init(stored: UnsafeRawBufferPointer) throws(RecordError) {
        guard let length = stored.first, stored.count >= 1 + Int(length) + (length == 0 ? 0 : 8)
        else { throw Self.unreadable }
        var rest = stored.dropFirst()
        if length > 0 {
            let name = String(decoding: rest.prefix(Int(length)), as: UTF8.self)
            rest = rest.dropFirst(Int(length))
            guard let name = AutomatonName(name), let number = Layout.number(rest.prefix(8)) else {
                throw Self.unreadable
            }
            automaton = (name, number)
            rest = rest.dropFirst(8)
        }
        runs = []
        while !rest.isEmpty {
            guard let run = RunID(String(decoding: rest.prefix(RunID.length), as: UTF8.self)) else {
                throw Self.unreadable
            }
            runs.append(run)
            rest = rest.dropFirst(RunID.length)
        }
    }

    private static let unreadable = RecordError.corrupt(what: "a note for the indexes")

    /// Whether no index says anything of the entry: then nothing is noted.
    var isEmpty: Bool { automaton == nil && runs.isEmpty }

    /// The length of the automaton's name, 0 for none; the name and its number of eight bytes; the
    /// runs' ids.
    var stored: [UInt8] {
        var bytes: [UInt8] = []
        if let automaton {
            let name = Array(automaton.name.text.utf8)
            bytes += [UInt8(name.count)] + name + Layout.number(automaton.number)
        } else {
            bytes.append(0)
        }
        for run in runs { bytes += Array(run.text.utf8) }
        return bytes
    }
}

extension WriteBatch {
    /// Notes what leads to entries that follow on one another; a block before theirs goes into the
    /// indexes.
    func index(_ entries: [Entry]) throws(RecordError) {
        guard let pending = layout.pending else { throw .corrupt(what: "no table of notes") }
        var oldest: Int?
        if let key = try firstKey(pending) { oldest = try Self.sequence(key) }
        for entry in entries {
            if let first = oldest, IndexNote.block(of: first) < IndexNote.block(of: entry.sequence)
            {
                try indexPending(pending)
                oldest = nil
            }
            let note = IndexNote(entry)
            guard !note.isEmpty else { continue }
            oldest = oldest ?? entry.sequence
            try append(pending, Layout.number(entry.sequence), note.stored)
        }
    }

    /// Deletes what leads to an entry, wherever it stands.
    func deleteIndex(_ entry: Entry) throws(RecordError) {
        if let pending = layout.pending { try delete(pending, Layout.number(entry.sequence)) }
        let note = IndexNote(entry)
        if let (name, number) = note.automaton {
            try delete(layout.byAutomaton, Layout.automatonKey(name, number))
        }
        for run in note.runs { try delete(layout.byRun, Layout.runKey(run, entry.sequence)) }
    }

    /// Puts everything that is noted into the indexes, in the order of their keys, so that each of
    /// their pages is changed once.
    private func indexPending(_ pending: MDB_dbi) throws(RecordError) {
        var byAutomaton: [(key: [UInt8], value: [UInt8])] = []
        var byRun: [[UInt8]] = []
        try scan(pending) { key, value throws(RecordError) in
            let sequence = try Self.sequence(Array(key))
            let note = try IndexNote(stored: value)
            if let (name, number) = note.automaton {
                byAutomaton.append(
                    (Layout.automatonKey(name, number), Layout.number(sequence)))
            }
            for run in note.runs { byRun.append(Layout.runKey(run, sequence)) }
            return true
        }
        byAutomaton.sort { $0.key.lexicographicallyPrecedes($1.key) }
        byRun.sort { $0.lexicographicallyPrecedes($1) }
        for (key, value) in byAutomaton { try put(layout.byAutomaton, key, value) }
        for key in byRun { try put(layout.byRun, key, []) }
        try empty(pending)
    }

    private static func sequence(_ key: [UInt8]) throws(RecordError) -> Int {
        guard let sequence = Layout.number(key) else { throw .corrupt(what: "a note's number") }
        return sequence
    }
}

extension Snapshot {
    /// Visits what is noted of entries from `first` on, in order, until `visit` answers false.
    func scanPending(
        from first: Int, _ visit: (Int, IndexNote) throws(RecordError) -> Bool
    ) throws(RecordError) {
        guard let pending = layout.pending else { return }
        try scan(pending, from: Layout.number(max(0, first))) { key, value throws(RecordError) in
            guard let sequence = Layout.number(key) else { throw .corrupt(what: "a note's number") }
            return try visit(sequence, try IndexNote(stored: value))
        }
    }

    /// Whether the indexes lead to an entry, or will.
    func leads(to entry: Entry) throws(RecordError) -> (byAutomaton: Bool, byRun: Bool) {
        let note = IndexNote(entry)
        if let pending = layout.pending,
            let stored = try get(pending, Layout.number(entry.sequence))
        {
            let isSame = stored == note.stored
            return (isSame, isSame)
        }
        var found = (byAutomaton: true, byRun: true)
        if let (name, number) = note.automaton {
            let value = try get(layout.byAutomaton, Layout.automatonKey(name, number))
            found.byAutomaton = value == Layout.number(entry.sequence)
        }
        for run in note.runs {
            let value = try get(layout.byRun, Layout.runKey(run, entry.sequence))
            found.byRun = found.byRun && value == []
        }
        return found
    }

    /// How many keys the indexes have, with those that they will have; a note that cannot be read
    /// or says nothing counts as a stray.
    func indexCounts() throws(RecordError) -> (byAutomaton: Int, byRun: Int) {
        var counts = (byAutomaton: try count(layout.byAutomaton), byRun: try count(layout.byRun))
        guard let pending = layout.pending else { return counts }
        try scan(pending, from: []) { _, value throws(RecordError) in
            if let note = try? IndexNote(stored: value), !note.isEmpty {
                counts.byAutomaton += note.automaton == nil ? 0 : 1
                counts.byRun += note.runs.count
            } else {
                counts.byRun += 1
            }
            return true
        }
        return counts
    }
}
