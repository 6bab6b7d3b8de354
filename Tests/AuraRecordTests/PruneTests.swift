import AuraModel
import AuraRecord
import Glibc
import Testing

/// Runs one after the other beside one that goes on, each entry a second after the one before.
struct Work {
    let store: RecordStore
    /// Called after each commit.
    var committed: () throws -> Void = {}
    private var rows = WorkRows()
    var numbers = 0
    /// Pruned by so far.
    var facts: [RecordPruned] = []

    static let start = 1_700_000_000_000
    static let long = RunID(at: Instant(milliseconds: start), sequence: 1)
    static let child = RunID(at: Instant(milliseconds: start), sequence: 2)

    init(_ store: RecordStore) { self.store = store }

    static func at(_ sequence: Int) -> Instant { Instant(milliseconds: start + 1000 * sequence) }

    mutating func put(
        _ fact: Fact, run: RunID? = nil, parent: RunID? = nil, pruning: PrunePlan? = nil
    ) throws {
        let sequence = store.head.sequence + 1
        numbers += 1
        let entry = Entry(
            sequence: sequence, at: Self.at(sequence), principal: .daemon,
            automaton: try Samples.name("steady"), automatonSequence: numbers, run: run,
            parent: parent, generation: nil, fact: fact, previous: "")
        try store.append(
            [entry], rows: try rows.take(entry), journalCursor: sequence - 1, pruning: pruning)
        try committed()
    }

    private func admitted(_ trigger: Trigger) -> Fact {
        .runAdmitted(
            RunAdmitted(
                trigger: trigger, kind: .taskRun, definition: "d1", task: nil,
                budget: BudgetLimits(calls: 9), day: "2026-11-21"))
    }

    /// The definition, and a run that goes on, with a child that does not.
    mutating func begin() throws {
        let definition = Definition(
            name: try Samples.name("steady"), kind: .taskRun, description: "", reasoner: "r",
            budget: .init(run: BudgetLimits(tokens: 5)), workspace: nil, verify: [])
        try put(.definitionLoaded(digest: "d1", definition: definition))
        try put(admitted(.order(by: .daemon)), run: Self.long)
        try put(.transacted(index: 1, transaction: .wrapUp(reason: "r")), run: Self.long)
        try put(
            admitted(.parent(run: Self.long, command: 1)), run: Self.child, parent: Self.long)
        try put(
            .transacted(index: 1, transaction: .wrapUp(reason: "r")), run: Self.child,
            parent: Self.long)
        try finish(Self.child, parent: Self.long)
    }

    mutating func finish(_ run: RunID, parent: RunID? = nil) throws {
        try put(
            .runFinished(outcome: RunOutcome(.done, "ok"), report: "", wall: .seconds(1)),
            run: run, parent: parent)
    }

    /// A firing and its run of eight entries.
    mutating func run(padding: Int = 300) throws {
        let sequence = store.head.sequence
        let run = RunID(at: Self.at(sequence), sequence: sequence)
        try put(.occurrenceDecided(nominal: Self.at(sequence), decision: .started(run: run)))
        try put(admitted(.schedule(nominal: Self.at(sequence))), run: run)
        for index in 1...5 {
            let text = String(repeating: "x", count: padding + index)
            let result = ToolResult(output: text, place: .worker)
            try put(
                .transacted(
                    index: index, transaction: .toolFinished(command: index, result: result)),
                run: run)
        }
        try finish(run)
    }

    /// Prunes what is older than the `kept` newest entries; the plan is made by a fold of its own.
    mutating func prune(keeping kept: Int, sweeping: Bool = true) throws {
        var fold = WorkRows()
        let plan = try store.reader.prunePlan(
            before: Self.at(store.head.sequence - kept), last: try store.reader.journalCursor(),
            begin: { fold = try WorkRows($0) }, fold: { try fold.take($0) })
        guard let plan else { return }
        facts.append(plan.fact)
        try put(.recordPruned(plan.fact), pruning: plan)
        while sweeping, store.isSweeping {
            try store.sweep()
            try committed()
        }
    }

    /// Makes the record that `reader` reads anew; `begun` is called once there is a file.
    static func rebuild(
        _ reader: RecordReader, into new: String, begun: @escaping () throws -> Void = {}
    ) throws {
        var fold = WorkRows()
        try Rebuilding.run(
            from: reader, into: new,
            begin: {
                fold = try WorkRows($0)
                try begun()
            },
            fold: { try fold.take($0) })
    }

    static func verdict(_ reader: RecordReader) throws -> RecordVerdict {
        var fold = WorkRows()
        return try reader.verify(
            begin: { fold = try WorkRows($0) }, fold: { try fold.take($0) })
    }
}

/// The rows of runs and firings, as far as pruning looks at them.
private struct WorkRows {
    var runs: [RunID: RunRow] = [:]

    init() {}

    init(_ rows: [RowTable: [(key: String, value: String)]]) throws {
        for (_, value) in rows[.runs] ?? [] {
            let row = try JSON.decode(RunRow.self, from: value.utf8)
            runs[row.id] = row
        }
    }

    mutating func take(_ entry: Entry) throws -> [RowWrite] {
        var writes = [RowWrite(table: .daemon, key: "aurad", value: "\(entry.sequence)")]
        if case .occurrenceDecided(let nominal, let decision, _) = entry.fact,
            let name = entry.automaton
        {
            let row = OccurrenceRow(
                automaton: name, nominal: nominal, decision: decision, decidedAt: entry.at,
                sequence: entry.sequence)
            writes.append(
                RowWrite(
                    table: .occurrences, key: "\(name)/\(nominal.milliseconds)",
                    value: try JSON.text(row)))
        }
        guard let run = entry.run, let name = entry.automaton else { return writes }
        switch entry.fact {
        case .runAdmitted(let admitted):
            runs[run] = RunRow(id: run, automaton: name, admitted: admitted, at: entry.at)
        case .transacted(let index, _): runs[run]?.transactions = index
        case .runFinished(let outcome, _, _): runs[run]?.phase = .finished(outcome: outcome)
        default: break
        }
        if let row = runs[run] {
            writes.append(RowWrite(table: .runs, key: run.text, value: try JSON.text(row)))
        }
        return writes
    }
}

@Suite("Pruning")
struct PruneTests {
    @Test("what is left after pruning verifies, proves itself, and has all that a run needs")
    func prunes() throws {
        let scratch = try MemoryScratch()
        var work = Work(try RecordStore(directory: scratch.record))
        try work.begin()
        for _ in 0..<40 { try work.run() }
        let reader = work.store.reader
        let roots = try (1...work.store.head.sequence).map { try reader.root(size: $0) }
        try work.prune(keeping: 103)

        let through = try #require(work.facts.last).through
        #expect(through == roots.count - 104)
        #expect(work.store.pruned == through)
        let verdict = try Work.verdict(reader)
        #expect(verdict.problem == nil)
        #expect(verdict.pruned == through - 6)
        #expect(try reader.verifyHashes() == verdict)
        // The definition, the run that goes on, and its child; nothing else that is old.
        let old = try reader.entries(limit: 10).filter { $0.sequence <= through }
        #expect(old.map(\.sequence) == Array(1...6))
        #expect(try reader.entries(run: Work.long).map(\.sequence) == Array(2...6))
        #expect(try reader.row(.runs, Work.child.text) != nil)
        #expect(try reader.rows(in: .runs).count < 20)
        #expect(try reader.rows(in: .occurrences).count < 20)
        for (index, root) in roots.enumerated() {
            #expect(try reader.root(size: index + 1) == root)
        }
        #expect(try reader.isPruned(7) && !reader.isPruned(6) && !reader.isPruned(through + 1))
        // Read by automaton over the gap, from before it and from behind it.
        let name = try Samples.name("steady")
        let all = try reader.entries(automaton: name).map(\.sequence)
        #expect(all == Array(1...6) + Array(through + 1...work.store.head.sequence))
        #expect(
            try reader.entries(after: through + 20, limit: 3, automaton: name).map(\.sequence)
                == Array(through + 21...through + 23))

        // It goes on: numbers, another pruning, and in the end the long run goes too.
        try work.run()
        try work.finish(Work.long)
        for _ in 0..<20 { try work.run() }
        try work.prune(keeping: 103)
        #expect(try Work.verdict(reader).problem == nil)
        #expect(try reader.entries(run: Work.long).isEmpty)
        #expect(try reader.row(.runs, Work.long.text) == nil)
    }

    @Test("an interrupted deletion goes on after a restart, and all of it may be read meanwhile")
    func interrupted() throws {
        let scratch = try MemoryScratch()
        do {
            var work = Work(try RecordStore(directory: scratch.record))
            try work.begin()
            for _ in 0..<80 { try work.run() }
            try work.prune(keeping: 39, sweeping: false)
            #expect(try Work.verdict(work.store.reader).problem == nil)
            let before = try work.store.reader.entries(limit: 1000).count
            try work.store.sweep()
            // One part of it: others wait for no more than that.
            let gone = try before - work.store.reader.entries(limit: 1000).count
            #expect((1...RecordStore.sweepEntriesMax).contains(gone))
            #expect(try Work.verdict(work.store.reader).problem == nil)
        }
        let store = try RecordStore(directory: scratch.record)
        #expect(store.isSweeping)
        while store.isSweeping { try store.sweep() }
        #expect(try Work.verdict(store.reader).problem == nil)
        #expect(try store.reader.entries(limit: 7).last?.sequence == store.pruned + 1)
    }

    @Test("backups and rebuilt records of a pruned one are whole, the latter byte for byte")
    func copies() throws {
        let scratch = try MemoryScratch()
        do {
            var work = Work(try RecordStore(directory: scratch.record))
            try work.begin()
            for _ in 0..<40 { try work.run() }
            try work.run(padding: 70_000)
            try work.prune(keeping: 103)
            for _ in 0..<3 { try work.run() }
            try work.store.reader.backup(to: scratch.path + "/backup")
        }
        let copy = try RecordReader.inspecting(directory: scratch.path + "/backup")
        #expect(try Work.verdict(copy).problem == nil)
        let new = scratch.path + "/new"
        do {
            let reader = try RecordReader.inspecting(directory: scratch.record)
            try Work.rebuild(reader, into: new)
            let made = try RecordReader.inspecting(directory: new)
            #expect(try Work.verdict(made).problem == nil)
        }
        for table in [
            "entries", "by-automaton", "by-run", "pending-index", "tree", "base", "meta", "texts",
            "text-uses",
        ]
            + RowTable.allCases.map(\.rawValue)
        {
            let (old, made) = (
                try RawRecord(directory: scratch.record).dump(table),
                try RawRecord(directory: new).dump(table)
            )
            #expect(old.map(\.key) == made.map(\.key), "\(table)")
            #expect(old.map(\.value) == made.map(\.value), "\(table)")
        }
    }

    @Test("whoever takes more than was pruned, or edits what stands for it, is found out")
    func edits() throws {
        let scratch = try MemoryScratch()
        var through = 0
        do {
            var work = Work(try RecordStore(directory: scratch.record))
            try work.begin()
            for _ in 0..<40 { try work.run() }
            try work.prune(keeping: 103)
            through = work.store.pruned
        }
        let raw = RawRecord(directory: scratch.record)
        let base = try raw.dump("base")
        let entries = try raw.dump("entries")
        let tree = try raw.dump("tree")
        func number(_ value: Int) -> [UInt8] {
            withUnsafeBytes(of: UInt64(value).bigEndian) { Array($0) }
        }
        var row = tree[3].value
        row[5] ^= 1
        let run = try #require(base.first { $0.key.starts(with: Array("runs".utf8)) })
        let changes: [(RawRecord.Change, Int?)] = [
            (.init(table: "base", key: run.key, value: run.value + [0x20]), nil),
            (.init(table: "base", key: run.key, value: nil), nil),
            // An entry that had to stay, one behind what was pruned, and one that was not to come.
            (.init(table: "entries", key: number(3), value: nil), nil),
            (.init(table: "entries", key: number(through + 1), value: nil), through + 1),
            (.init(table: "entries", key: number(9), value: entries[0].value), 9),
            (.init(table: "tree", key: tree[3].key, value: row), nil),
            (.init(table: "meta", key: Array("pruned".utf8), value: number(through + 1)), nil),
            (.init(table: "meta", key: Array("pruned".utf8), value: number(through - 1)), nil),
            (.init(table: "meta", key: Array("pruned".utf8), value: nil), 7),
        ]
        for (change, first) in changes {
            let before = try raw.dump(change.table).first { $0.key == change.key }
            try raw.apply([change])
            let verdict = try Work.verdict(RecordReader.inspecting(directory: scratch.record))
            #expect(verdict.problem != nil, "\(change)")
            if let first { #expect(verdict.firstBad == first, "\(verdict)") }
            try raw.apply([.init(table: change.table, key: change.key, value: before?.value)])
        }
        let verdict = try Work.verdict(RecordReader.inspecting(directory: scratch.record))
        #expect(verdict.problem == nil)
    }

    @Test(
        "with pruning the file stays within 1.3 times of what it holds, however much goes through")
    func bounded() throws {
        let scratch = try MemoryScratch()
        var work = Work(try RecordStore(directory: scratch.record))
        try work.begin()
        for _ in 0..<200 { try work.run(padding: 900) }
        var most = 0
        for _ in 0..<60 {
            for _ in 0..<25 { try work.run(padding: 900) }
            most = max(most, try work.store.reader.bytesInUse())
            try work.prune(keeping: 1600)
        }
        var status = stat()
        try #require(stat(scratch.dataFile, &status) == 0)
        let ratio = Double(status.st_size) / Double(most)
        #expect(ratio <= 1.3)
        #expect(try Work.verdict(work.store.reader).problem == nil)
    }
}
