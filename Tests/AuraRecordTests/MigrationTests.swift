import AuraModel
import AuraRecord
import AuraSupervision
import FoundationEssentials
import Glibc
import Testing

@Suite("Records of older formats")
struct MigrationTests {
    /// Logs as each format's aurad wrote them, with the hash of the last entry.
    private static let golden = [
        (format: 1, head: "1d2aec7cf0e04db2d90d13a8d575dae63964e73af5761f58e0cb8422b34528ac"),
        (2, "07028773c56148fe888c91b6003aa7472b5e718d2d2a69de944bd6c4a35441fd"),
        (3, "36a8188b5d920a50cbb64b4262b877f94ed603dd99648f24c31bb154fadd648c"),
    ]

    private static func lines(_ format: Int) throws -> [String] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = tests.appending(path: "Golden/record-\(format).jsonl")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private func number(_ value: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(value).bigEndian) { Array($0) }
    }

    /// What all formats have in common: the log, the head and the format.
    private func write(_ lines: [String], format: Int, head: String, to directory: String) throws {
        try #require(mkdir(directory, 0o700) == 0)
        let hash = try #require(HexText.bytes(head))
        var changes = lines.enumerated().map { index, line in
            RawRecord.Change(table: "entries", key: number(index + 1), value: Array(line.utf8))
        }
        changes += [
            .init(table: "meta", key: Array("format".utf8), value: number(format)),
            .init(table: "meta", key: Array("head".utf8), value: number(lines.count) + hash),
        ]
        for table in ["by-automaton", "by-run", "runs"] {
            changes.append(.init(table: table, key: [1], value: [1]))
        }
        try RawRecord(directory: directory).apply(changes)
    }

    @Test(
        "is refused with the next command to type, and made anew with every entry as it was",
        arguments: golden)
    func migrates(format: Int, head: String) throws {
        let scratch = try Scratch()
        let lines = try Self.lines(format)
        try write(lines, format: format, head: head, to: scratch.record)
        let before = try Data(contentsOf: URL(filePath: scratch.dataFile))
        #expect(throws: RecordError.olderFormat(version: format, known: Entry.format)) {
            _ = try RecordStore(directory: scratch.record)
        }
        #expect("\(RecordError.olderFormat(version: format, known: 4))".contains("--migrate"))

        let new = scratch.path + "/new"
        do {
            let old = try RecordReader.inspecting(directory: scratch.record)
            #expect(try old.format() == format)
            var state = State()
            try Rebuilding.run(
                from: old, into: new,
                fold: { entry in
                    try state.apply(entry)
                    return try state.takeRows()
                })
        }
        #expect(try Data(contentsOf: URL(filePath: scratch.dataFile)) == before)
        let store = try RecordStore(directory: new)
        #expect(store.head.sequence == lines.count && store.head.hash == head)
        #expect(try store.reader.format() == Entry.format)
        #expect(try store.reader.entryTexts() == lines)
        var state = State()
        let verdict = try store.reader.verify(fold: { entry in
            try state.apply(entry)
            return try state.takeRows()
        })
        #expect(verdict.problem == nil)
        #expect(!state.automata.isEmpty)
    }

    @Test("a newer format is left as it is")
    func newer() throws {
        let scratch = try Scratch()
        let (format, head) = Self.golden[2]
        try write(Self.lines(format), format: Entry.format + 1, head: head, to: scratch.record)
        let before = try Data(contentsOf: URL(filePath: scratch.dataFile))
        let error = RecordError.newerFormat(version: Entry.format + 1, known: Entry.format)
        #expect(throws: error) { _ = try RecordStore(directory: scratch.record) }
        #expect(throws: error) { _ = try RecordReader.inspecting(directory: scratch.record) }
        #expect(try Data(contentsOf: URL(filePath: scratch.dataFile)) == before)
    }
}
