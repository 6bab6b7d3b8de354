import AuraModel
import AuraRecord
import Glibc
import Testing

@Suite("Backups and rebuilding")
struct BackupTests {
    private static let tables =
        ["entries", "by-automaton", "by-run", "pending-index", "tree", "meta"]
        + RowTable.allCases.map(\.rawValue)

    /// The newest entry's number as a row, and one row more for every tenth.
    private static func fold(_ entry: Entry) -> [RowWrite] {
        var rows = [RowWrite(table: .daemon, key: "aurad", value: "\(entry.sequence)")]
        if entry.sequence % 10 == 0 {
            rows.append(RowWrite(table: .budgets, key: "b/\(entry.sequence)", value: "1"))
        }
        return rows
    }

    private func fill(_ store: RecordStore, _ range: ClosedRange<Int>) throws {
        for first in stride(from: range.lowerBound, through: range.upperBound, by: 7) {
            let entries = try Samples.entries(first...min(first + 6, range.upperBound), padding: 90)
            try store.append(entries, rows: entries.flatMap(Self.fold), journalCursor: first - 1)
        }
    }

    @Test("a backup made while the record is written is a whole record of some moment")
    func hot() async throws {
        let scratch = try Scratch()
        let store = try RecordStore(
            directory: scratch.record, bounds: RecordBounds(mapBytes: 1 << 20))
        try fill(store, 1...2000)
        let reader = store.reader
        let path = scratch.path
        let copying = Task.detached {
            for number in 1...5 { try reader.backup(to: "\(path)/backup-\(number)") }
        }
        try fill(store, 2001...4000)
        try await copying.value
        for number in 1...5 {
            let copy = try RecordReader.inspecting(directory: "\(path)/backup-\(number)")
            let verdict = try copy.verify(fold: Self.fold)
            #expect(verdict.problem == nil)
            #expect(verdict.entries >= 2000)
            #expect(try copy.entryTexts() == reader.entryTexts(limit: verdict.entries))
        }
        // What is there already is nobody's backup.
        #expect(throws: RecordError.self) { try reader.backup(to: path + "/backup-1") }
        let opened = try RecordStore(directory: path + "/backup-5")
        try fill(opened, (opened.head.sequence + 1)...(opened.head.sequence + 3))
    }

    @Test("rebuilding gives every table byte for byte, and mends all that is derived")
    func rebuilding() throws {
        let scratch = try Scratch()
        do {
            let store = try RecordStore(directory: scratch.record)
            try fill(store, 1...3000)
        }
        let before = try dump(scratch.record)
        let raw = RawRecord(directory: scratch.record)
        try raw.apply([
            .init(table: "daemon", key: Array("aurad".utf8), value: Array("7".utf8)),
            .init(table: "budgets", key: Array("b/20".utf8), value: nil),
            .init(table: "budgets", key: Array("stray".utf8), value: [1]),
            .init(table: "tree", key: before["tree"]?[3].key ?? [], value: nil),
            .init(table: "by-run", key: before["by-run"]?[5].key ?? [], value: nil),
            .init(table: "by-automaton", key: before["by-automaton"]?[9].key ?? [], value: [0]),
        ])
        let new = scratch.path + "/new"
        do {
            let reader = try RecordReader.inspecting(directory: scratch.record)
            #expect(try reader.verify(fold: Self.fold).problem != nil)
            try Rebuilding.run(from: reader, into: new, fold: Self.fold)
            let made = try RecordReader.inspecting(directory: new)
            #expect(try made.verify(fold: Self.fold).problem == nil)
        }
        let after = try dump(new)
        for table in Self.tables {
            let (old, made) = (before[table] ?? [], after[table] ?? [])
            #expect(old.map(\.key) == made.map(\.key), "\(table)")
            #expect(old.map(\.value) == made.map(\.value), "\(table)")
        }
    }

    @Test("a log that was edited cannot be rebuilt into one that seems whole")
    func edited() throws {
        let scratch = try Scratch()
        do {
            let store = try RecordStore(directory: scratch.record)
            try fill(store, 1...50)
        }
        let raw = RawRecord(directory: scratch.record)
        let entries = try raw.dump("entries")
        for (number, change) in [
            RawRecord.Change(table: "entries", key: entries[20].key, value: entries[21].value),
            .init(table: "entries", key: entries[30].key, value: nil),
            .init(table: "entries", key: entries[49].key, value: nil),
        ].enumerated() {
            try raw.apply([change])
            let reader = try RecordReader.inspecting(directory: scratch.record)
            #expect(throws: RecordError.self) {
                try Rebuilding.run(
                    from: reader, into: "\(scratch.path)/new-\(number)", fold: Self.fold)
            }
            let whole = entries.first { $0.key == change.key }
            try raw.apply([.init(table: "entries", key: change.key, value: whole?.value)])
        }
    }

    private func dump(_ directory: String) throws -> [String: [(key: [UInt8], value: [UInt8])]] {
        let raw = RawRecord(directory: directory)
        var tables: [String: [(key: [UInt8], value: [UInt8])]] = [:]
        for table in Self.tables { tables[table] = try raw.dump(table) }
        return tables
    }
}
