import AuraModel
import AuraRecord
import Glibc
import Testing

@Suite("Edits of the file are found")
struct EditTests {
    /// Replaces every copy of `old` in the record's file: LMDB keeps older ones in free pages.
    private func edit(_ path: String, _ old: [UInt8], _ new: [UInt8]) throws {
        #expect(old.count == new.count)
        let file = open(path, O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
        try #require(pread(file, &bytes, bytes.count, 0) == bytes.count)
        var places = 0
        for start in bytes.indices where bytes[start] == old[0] && bytes[start...].starts(with: old)
        {
            try #require(pwrite(file, new, new.count, off_t(start)) == new.count)
            places += 1
        }
        try #require(places > 0)
    }

    private func record(_ scratch: borrowing Scratch, entries: Int) throws -> [String] {
        let store = try RecordStore(directory: scratch.record)
        try store.append(try Samples.entries(1...entries))
        return try store.reader.entryTexts()
    }

    @Test("a changed word is laid to its entry", arguments: [1, 2, 7, 19, 20])
    func changedWord(_ sequence: Int) throws {
        let scratch = try Scratch()
        _ = try record(scratch, entries: 20)
        let old = Samples.marker(sequence)
        try edit(scratch.dataFile, Array(old.utf8), Array(old.replacingNeedle.utf8))
        let verdict = try RecordStore(directory: scratch.record).reader.verify()
        #expect(verdict.firstBad == sequence)
        #expect(verdict.entries == 20)
    }

    @Test("a changed hash of the predecessor is laid to the entry that carries it")
    func changedHash() throws {
        let scratch = try Scratch()
        let texts = try record(scratch, entries: 6)
        let entry = try JSON.decode(Entry.self, from: Array(texts[3].utf8))
        let other = String(entry.previous.reversed())
        try edit(scratch.dataFile, Array(entry.previous.utf8), Array(other.utf8))
        let verdict = try RecordStore(directory: scratch.record).reader.verify()
        #expect(verdict.firstBad == 4)
    }

    @Test("text that is no JSON any more, and a swapped number, are named")
    func brokenText() throws {
        let scratch = try Scratch()
        let texts = try record(scratch, entries: 6)
        let torn = Array(texts[4].utf8)
        try edit(scratch.dataFile, torn, [UInt8](repeating: 0xff, count: torn.count))
        #expect(try RecordStore(directory: scratch.record).reader.verify().firstBad == 5)

        let number = Array(#""run":"\#(Samples.run.text)","sequence":2}"#.utf8)
        var swapped = number
        swapped[swapped.count - 2] = UInt8(ascii: "3")
        try edit(scratch.dataFile, number, swapped)
        #expect(try RecordStore(directory: scratch.record).reader.verify().firstBad == 2)
    }

    @Test(
        "a record of another format is refused and left as it was",
        arguments: [
            RecordError.newerFormat(version: Entry.format + 1, known: Entry.format),
            RecordError.olderFormat(version: Entry.formatTakenUp - 1, known: Entry.format),
        ])
    func otherFormat(expected: RecordError) throws {
        let scratch = try Scratch()
        _ = try record(scratch, entries: 1)
        let format = Array("format".utf8) + [0, 0, 0, 0, 0, 0, 0]
        var other = Entry.format + 1
        if case .olderFormat(let version, _) = expected { other = version }
        try edit(scratch.dataFile, format + [UInt8(Entry.format)], format + [UInt8(other)])
        for _ in 1...2 {
            #expect(throws: expected) { _ = try RecordStore(directory: scratch.record) }
        }
    }
}

extension String {
    /// The same length with other letters.
    fileprivate var replacingNeedle: String { "noodle" + dropFirst("needle".count) }
}
