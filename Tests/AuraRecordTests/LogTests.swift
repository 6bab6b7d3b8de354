import AuraModel
import AuraRecord
import FoundationEssentials
import Testing

@Suite("The log")
struct LogTests {
    @Test("every kind of fact is stored as the canonical JSON and comes back as it was")
    func everyKind() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let facts = try Samples.facts()
        #expect(Set(facts.map(\.kind)) == Set(Fact.Kind.allCases))
        var entries = facts.enumerated().map { Samples.entry($0 + 1, $1) }
        try store.append(entries)
        let read = try store.reader.entries()
        let texts = try store.reader.entryTexts()
        for (index, entry) in read.enumerated() { entries[index].previous = entry.previous }
        #expect(read == entries)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for (entry, text) in zip(entries, texts) {
            #expect(text == String(decoding: try encoder.encode(entry), as: UTF8.self))
        }
    }

    @Test("the stored bytes of an entry are these, and name their predecessor's RFC 6962 leaf hash")
    func goldenBytes() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let started = DaemonStarted(epoch: 1, version: "0.1", boot: "b")
        try store.append([
            Samples.entry(1, .daemonStarted(started)),
            Samples.entry(
                2, .transacted(index: 0, transaction: .started(trigger: .order(by: .daemon))),
                automaton: try Samples.name("nightly-fixer"), number: 1, run: Samples.run),
        ])
        let texts = try store.reader.entryTexts()
        let first =
            #"{"at":1700000000001,"fact":{"kind":"daemon-started","start":{"boot":"b","epoch":1,"#
            + #""version":"0.1"}},"previous":""# + String(repeating: "0", count: 64)
            + #"","principal":"aurad","sequence":1}"#
        // Computed by another program: SHA-256 of a zero byte and the text.
        let hash = "7959c154037449210cc6f53ff5edc6f10aaceab683ee9616f406db6dcbd84db1"
        #expect(texts.first == first)
        let second =
            #"{"at":1700000000002,"automaton":"nightly-fixer","automatonSequence":1,"#
            + #""fact":{"index":0,"kind":"transacted","transaction":{"started":{"trigger":"#
            + #"{"order":{"by":"aurad"}}}}},"generation":1,"previous":""# + hash
            + #"","principal":"aurad","run":"\#(Samples.run.text)","sequence":2}"#
        #expect(texts.last == second)
    }

    @Test("a number that does not follow is refused, and nothing of the batch is written")
    func gaps() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let name = try Samples.name("nightly-fixer")
        try store.append(try Samples.entries(1...3))
        #expect(throws: RecordError.gap(expected: 4, found: 5, automaton: nil)) {
            try store.append([Samples.entry(5)])
        }
        #expect(throws: RecordError.gap(expected: 5, found: 4, automaton: name.text)) {
            try store.append([
                Samples.entry(4, automaton: name, number: 4),
                Samples.entry(5, automaton: name, number: 4),
            ])
        }
        #expect(try store.reader.head().sequence == 3)
        try store.append([Samples.entry(4, automaton: name, number: 4)])
        #expect(store.head.sequence == 4)
    }

    @Test("numbers go on after the record is opened again")
    func reopening() throws {
        let scratch = try Scratch()
        let name = try Samples.name("nightly-fixer")
        var head = ""
        do {
            let store = try RecordStore(directory: scratch.record)
            try store.append(try Samples.entries(1...3), journalCursor: 2)
            head = store.head.hash
        }
        let store = try RecordStore(directory: scratch.record)
        #expect(store.head == (3, head))
        #expect(try store.journalCursor == 2)
        try store.setJournalCursor(3)
        #expect(try store.journalCursor == 3)
        #expect(throws: RecordError.gap(expected: 4, found: 1, automaton: name.text)) {
            try store.append([Samples.entry(4, automaton: name, number: 1)])
        }
        try store.append([Samples.entry(4, automaton: name, number: 4)])
        #expect(try store.reader.verify().problem == nil)
    }

    @Test("entries are found by number, by automaton and by run with its children, in order")
    func selection() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let (one, other) = (try Samples.name("one"), try Samples.name("one-more"))
        try store.append([
            Samples.entry(1), Samples.entry(2, automaton: one, number: 1),
            Samples.entry(3, automaton: other, number: 1, run: Samples.run),
            Samples.entry(4, automaton: one, number: 2, run: Samples.child, parent: Samples.run),
            Samples.entry(5, automaton: one, number: 3), Samples.entry(6),
        ])
        let reader = store.reader
        func numbers(_ entries: [Entry]) -> [Int] { entries.map(\.sequence) }
        #expect(numbers(try reader.entries()) == [1, 2, 3, 4, 5, 6])
        #expect(numbers(try reader.entries(after: 2, limit: 2)) == [3, 4])
        #expect(numbers(try reader.entries(automaton: one)) == [2, 4, 5])
        #expect(numbers(try reader.entries(after: 2, automaton: one)) == [4, 5])
        #expect(numbers(try reader.entries(after: 3, limit: 1, automaton: one)) == [4])
        #expect(numbers(try reader.entries(after: 5, automaton: one)) == [])
        #expect(numbers(try reader.entries(automaton: other)) == [3])
        #expect(numbers(try reader.entries(run: Samples.run)) == [3, 4])
        #expect(numbers(try reader.entries(run: Samples.run, automaton: one)) == [4])
        #expect(numbers(try reader.entries(run: Samples.child)) == [4])
        #expect(numbers(try reader.entries(after: 6)) == [])
    }

    @Test("of a run its own transactions are read, whatever other entries and texts say")
    func transactions() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        let told = #"{"kind":"transacted","transaction":{}}"#
        let input = JSONValue.object(["kind": .string("transacted")])
        let call = ToolCall(use: "u", tool: .editFile, input: input)
        func transacted(_ index: Int, _ text: String) -> Fact {
            .transacted(index: index, transaction: .wrapUp(reason: text))
        }
        try store.append([
            Samples.entry(1, transacted(1, "one"), run: Samples.run),
            Samples.entry(2, .stopRequested(reason: told), run: Samples.run),
            Samples.entry(
                3, .commanded(basis: 1, intents: [Intent(command: 1, plan: .tool(call: call))]),
                run: Samples.run),
            Samples.entry(4, transacted(1, "below"), run: Samples.child, parent: Samples.run),
            Samples.entry(5, transacted(2, told), run: Samples.run),
        ])
        let read = try store.reader.transactions(of: Samples.run)
        #expect(read == [.wrapUp(reason: "one"), .wrapUp(reason: told)])
    }

    @Test("a log longer than one page is read whole, and only as far as asked")
    func pages() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        try store.append(try Samples.entries(1...2500))
        #expect(try store.reader.entries().map(\.sequence) == Array(1...2500))
        #expect(try store.reader.entries(limit: 1700).count == 1700)
        #expect(try store.reader.entries(run: Samples.run).count == 2500)
        #expect(try store.reader.verify() == RecordVerdict(entries: 2500, head: store.head.hash))
    }
}
