import AuraModel
import AuraRecord
import Testing

@Suite("Rows")
struct RowTests {
    @Test("rows are written, replaced and deleted with the commit, and listed in both directions")
    func listing() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let keys = ["a/1", "a/2", "a/3", "b/1"]
        try store.append([], rows: keys.map { RowWrite(table: .budgets, key: $0, value: "1") })
        try store.append(
            [Samples.entry(1)],
            rows: [
                RowWrite(table: .budgets, key: "a/2", value: "a longer value than before"),
                RowWrite(table: .budgets, key: "a/3", value: nil),
                RowWrite(table: .budgets, key: "nothing", value: nil),
                RowWrite(table: .runs, key: "a/1", value: "of another table"),
            ])
        let reader = store.reader
        #expect(try reader.row(.budgets, "a/2") == "a longer value than before")
        #expect(try reader.row(.budgets, "a/3") == nil)
        #expect(try reader.row(.budgets, "") == nil)
        #expect(try reader.rows(in: .budgets).map(\.key) == ["a/1", "a/2", "b/1"])
        #expect(try reader.rows(in: .budgets, prefix: "a/").map(\.key) == ["a/1", "a/2"])
        #expect(try reader.rows(in: .budgets, limit: 1).map(\.key) == ["a/1"])
        let newest = try reader.rows(in: .budgets, limit: 2, newestFirst: true)
        #expect(newest.map(\.key) == ["b/1", "a/2"])
        let older = try reader.rows(in: .budgets, newestFirst: true, before: "a/2")
        #expect(older.map(\.key) == ["a/1"])
        let prefixed = try reader.rows(in: .budgets, prefix: "a/", newestFirst: true)
        #expect(prefixed.map(\.key) == ["a/2", "a/1"])
    }

    @Test("reads and appends go on when the memory of a large commit was given back")
    func trimmed() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let row = RowWrite(table: .runs, key: "x", value: String(repeating: "x", count: 1 << 20))
        try store.append([Samples.entry(1)], rows: [row])
        store.trim()
        #expect(try store.reader.row(.runs, "x") == row.value)
        try store.append([Samples.entry(2)])
        #expect(store.head.sequence == 2)
        #expect(try store.reader.verify().problem == nil)
    }

    /// A fold that keeps one row: how many entries there were.
    private static func fold(_ entry: Entry) -> [RowWrite] {
        [RowWrite(table: .daemon, key: "aurad", value: "\(entry.sequence)")]
    }

    @Test("rows that a fold of the log makes are verified; a wrong, missing or stray one is named")
    func foldChecks() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        func commit(_ rows: [RowWrite], entry: Entry? = nil) throws -> String? {
            try store.append(entry.map { [$0] } ?? [], rows: rows)
            let verdict = try store.reader.verify(fold: Self.fold)
            #expect(verdict.firstBad == nil)
            return verdict.problem
        }
        let good = RowWrite(table: .daemon, key: "aurad", value: "1")
        let stray = RowWrite(table: .runs, key: "x", value: "{}")
        #expect(try commit([good], entry: Samples.entry(1)) == nil)
        #expect(
            try commit([RowWrite(table: .daemon, key: "aurad", value: "2")])
                == "row daemon/aurad differs from what the log makes it")
        #expect(
            try commit([RowWrite(table: .daemon, key: "aurad", value: nil)])
                == "row daemon/aurad is missing")
        #expect(
            try commit([good, stray]) == "row runs/x is stored, but the log does not make it")
        #expect(try commit([RowWrite(table: .runs, key: "x", value: nil)]) == nil)
        #expect(try store.reader.verify().problem == nil)
    }
}
