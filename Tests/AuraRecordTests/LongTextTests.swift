import AuraModel
import AuraRecord
import Glibc
import Testing

/// The size from which on a text is kept apart.
enum CutTextSize {
    static let limit = 64 << 10
    static let above = limit + 100
}

@Suite("Long texts are kept once, apart from their entries")
struct LongTextTests {
    private static let long = String(repeating: "a \"quoted\" line\n", count: 8000)

    private func fill(_ store: RecordStore, _ texts: [String]) throws {
        for text in texts {
            let sequence = store.head.sequence + 1
            try store.append([Samples.entry(sequence, .stopRequested(reason: text))])
        }
    }

    @Test(
        "an entry is read as it was written, whatever in it is long, and its hash is of all of it")
    func wholeAgain() throws {
        let scratch = try Scratch()
        let edge = String(repeating: "x", count: CutTextSize.limit)
        let texts = [
            "short", Self.long, edge, edge + "x", "after", Self.long,
            String(repeating: "\\\u{1}é🌀\"", count: 20_000),
        ]
        let store = try RecordStore(directory: scratch.record)
        try fill(store, texts)
        let plain = try RecordStore(directory: scratch.path + "/plain")
        // An object with two long members, one of them the text of other entries.
        let input = JSONValue.object(["a": .string(Self.long), "b": .string(edge + "y")])
        let call = ToolCall(use: "u", tool: .editFile, input: input)
        let fact = Fact.commanded(
            basis: 1, intents: [Intent(command: 1, plan: .tool(call: call))])
        try store.append([Samples.entry(texts.count + 1, fact, run: Samples.run)])
        let read = try store.reader.entries()
        #expect(
            read.dropLast().map(\.fact) == texts.map { .stopRequested(reason: $0) })
        #expect(read.last?.fact == fact)
        #expect(try store.reader.entries(run: Samples.run) == [read[texts.count]])
        // The head is the hash of the whole text: a record that takes the same entries agrees.
        try plain.append(read)
        #expect(plain.head.hash == store.head.hash)
        let raw = RawRecord(directory: scratch.record)
        #expect(try raw.dump("texts").count == 4)
        #expect(try raw.dump("text-uses").count == 6)
        #expect(try raw.dump("entries").allSatisfy { $0.value.count <= CutTextSize.limit + 300 })
        #expect(try store.reader.verify().problem == nil)
        #expect(try store.reader.verifyHashes().problem == nil)
    }

    @Test("whoever edits, deletes or adds a long text, or what leads to it, is found out")
    func edits() throws {
        let scratch = try Scratch()
        do {
            try fill(
                try RecordStore(directory: scratch.record),
                ["one", Self.long, "three", Self.long, "five"])
        }
        let raw = RawRecord(directory: scratch.record)
        let text = try #require(raw.dump("texts").first)
        let uses = try raw.dump("text-uses")
        let entry = try raw.dump("entries")[1]
        var edited = text.value
        edited[1000] ^= 1
        var piece = entry.value
        piece[16] ^= 1
        let changes: [(RawRecord.Change, first: Int?, isInTree: Bool)] = [
            (.init(table: "texts", key: text.key, value: edited), 2, true),
            (.init(table: "texts", key: text.key, value: text.value.dropLast(1)), 2, true),
            (.init(table: "texts", key: text.key, value: nil), 2, true),
            (.init(table: "entries", key: entry.key, value: piece), 2, true),
            (.init(table: "entries", key: entry.key, value: entry.value.dropLast(9)), 2, true),
            (.init(table: "text-uses", key: uses[1].key, value: nil), 4, false),
            (.init(table: "texts", key: [UInt8](repeating: 7, count: 32), value: [1]), nil, false),
            (.init(table: "text-uses", key: uses[1].key + [1], value: []), nil, false),
        ]
        for (change, first, isInTree) in changes {
            let before = try raw.dump(change.table).first { $0.key == change.key }
            try raw.apply([change])
            let reader = try RecordReader.inspecting(directory: scratch.record)
            let verdict = try reader.verify()
            #expect(
                verdict.problem != nil && verdict.firstBad == first, "\(change.table): \(verdict)")
            if isInTree { #expect(try reader.verifyHashes().firstBad == first) }
            if first == 2 {
                #expect("named by its number") { try reader.entries() } throws: {
                    "\($0)".contains("entry 2")
                }
            }
            try raw.apply([.init(table: change.table, key: change.key, value: before?.value)])
        }
        #expect(try RecordReader.inspecting(directory: scratch.record).verify().problem == nil)
    }

    @Test("a text goes with the last entry that holds it, and its room is used again")
    func collected() throws {
        let scratch = try MemoryScratch()
        var work = Work(try RecordStore(directory: scratch.record))
        try work.begin()
        let shared = String(repeating: "s", count: CutTextSize.above)
        try work.put(
            .transacted(index: 2, transaction: .wrapUp(reason: shared)), run: Work.long)
        let raw = RawRecord(directory: scratch.record)
        func texts() throws -> (texts: Int, uses: Int) {
            (try raw.dump("texts").count, try raw.dump("text-uses").count)
        }
        for _ in 0..<3 {
            try work.run(padding: CutTextSize.above)
            try work.put(.stopRequested(reason: shared))
        }
        #expect(try texts() == (6, 1 + 3 * 6))
        for _ in 0..<20 { try work.run() }
        let used = try work.store.reader.bytesInUse()
        try work.prune(keeping: 103)
        // The run that goes on holds the shared one.
        #expect(try texts() == (1, 1))
        #expect(try work.store.reader.bytesInUse() < used - 5 * CutTextSize.limit)
        #expect(try Work.verdict(work.store.reader).problem == nil)
        #expect(
            try work.store.reader.entries(run: Work.long).contains {
                $0.fact == .transacted(index: 2, transaction: .wrapUp(reason: shared))
            })
        try work.put(
            .runFinished(outcome: RunOutcome(.done, "ok"), report: "", wall: .seconds(1)),
            run: Work.long)
        for _ in 0..<20 { try work.run() }
        try work.prune(keeping: 103)
        #expect(try texts() == (0, 0))
        #expect(try Work.verdict(work.store.reader).problem == nil)
    }

    @Test(
        "a record of the format before is taken up as it is, and refused to those who know only it")
    func takenUp() throws {
        let scratch = try Scratch()
        do { try fill(try RecordStore(directory: scratch.record), ["one", "two"]) }
        let raw = RawRecord(directory: scratch.record)
        let format = Array("format".utf8)
        var older = try #require(raw.dump("meta").first { $0.key == format })
        older.value[7] = UInt8(Entry.formatTakenUp)
        try raw.index(2)
        try raw.apply([.init(table: "meta", key: format, value: older.value)])
        #expect(
            try RecordReader.inspecting(directory: scratch.record).format() == Entry.formatTakenUp)
        let store = try RecordStore(directory: scratch.record)
        #expect(try store.reader.format() == Entry.format)
        try fill(store, [Self.long])
        #expect(store.head.sequence == 3)
        #expect(try store.reader.verify().problem == nil)
    }
}
