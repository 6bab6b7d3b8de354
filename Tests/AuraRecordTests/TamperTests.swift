import AuraModel
import AuraRecord
import Glibc
import Testing

/// Ten thousand changes by someone who can write the record but has not the key.
@Suite("Changes of the stored data are found")
struct TamperTests {
    /// 27 entries, of which 9, 18 and 27 are checkpoints: three whole rows of the tree and one
    /// begun.
    private static let entries = 27

    /// Seeds; each makes a tenth of the changes.
    private static let seeds: [UInt64] = Array(1...10)
    private static let changesOfSeed = 1000

    static func fill(_ store: RecordStore, _ signer: CheckpointSigner) throws {
        for sequence in 1...entries {
            if sequence.isMultiple(of: 9) {
                let time = Instant(milliseconds: 1_700_000_000_000 + sequence)
                let signed = try #require(try store.checkpoint(by: signer, at: time))
                try store.append([Samples.entry(sequence, .checkpoint(signed))])
            } else {
                let name = try Samples.name("a")
                let number = sequence - sequence / 9
                try store.append([
                    Samples.entry(
                        sequence, .stopRequested(reason: Samples.marker(sequence)),
                        automaton: name, number: number, run: Samples.run)
                ])
            }
        }
    }

    @Test("each edit, deletion, swap and cut names the first bad entry", arguments: seeds)
    func everyChange(_ seed: UInt64) throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        try Self.fill(try RecordStore(directory: scratch.record), signer)
        let raw = RawRecord(directory: scratch.record)
        try raw.index(18)
        let intruder = try Intruder(raw, entries: Self.entries)
        var chance = SeededChance(seed: seed)
        for trial in 1...Self.changesOfSeed {
            let (changes, undo, expected, what) = intruder.change(&chance)
            try raw.apply(changes)
            let verdict = try RecordReader.inspecting(directory: scratch.record)
                .verify(keys: signer.trusted)
            #expect(
                verdict.firstBad.map { expected.contains($0) } == true,
                "seed \(seed), change \(trial), \(what): \(expected), found \(verdict)")
            // Whatever is in the tree is found by its hashes alone.
            if !changes.contains(where: { $0.table.contains("by-") || $0.table == "pending-index" })
            {
                let hashes = try RecordReader.inspecting(directory: scratch.record)
                    .verifyHashes(keys: signer.trusted)
                #expect(
                    hashes.firstBad.map { expected.contains($0) } == true,
                    "seed \(seed), change \(trial), \(what): \(expected), hashes \(hashes)")
            }
            try raw.apply(undo)
        }
        let verdict = try RecordStore(directory: scratch.record).reader
            .verify(keys: signer.trusted)
        #expect(verdict.problem == nil)
        #expect(verdict.covered == 26)
        let hashes = try RecordReader.inspecting(directory: scratch.record)
            .verifyHashes(keys: signer.trusted)
        #expect(hashes == verdict)
    }

    @Test("each changed byte of an entry in the data file is laid to the entry")
    func fileBytes() throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        try Self.fill(try RecordStore(directory: scratch.record), signer)
        let texts = try RecordStore(directory: scratch.record).reader.entryTexts()
        let file = open(scratch.dataFile, O_RDWR | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
        try #require(pread(file, &bytes, bytes.count, 0) == bytes.count)
        var chance = SeededChance(seed: 77)
        for (index, text) in texts.enumerated() {
            let wanted = Array(text.utf8)
            let places = bytes.indices.filter {
                bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted)
            }
            try #require(!places.isEmpty)
            for _ in 1...12 {
                let offset = Int.random(in: wanted.indices, using: &chance)
                var changed = [wanted[offset] ^ UInt8.random(in: 1...255, using: &chance)]
                for place in places { pwrite(file, &changed, 1, off_t(place + offset)) }
                let verdict = try RecordReader.inspecting(directory: scratch.record).verify()
                #expect(verdict.firstBad == index + 1, "byte \(offset) of entry \(index + 1)")
                changed = [wanted[offset]]
                for place in places { pwrite(file, &changed, 1, off_t(place + offset)) }
            }
        }
    }

    @Test("a data file that was cut off is refused and left as it is, at any length")
    func cutFile() throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        try Self.fill(try RecordStore(directory: scratch.record), signer)
        var status = stat()
        try #require(stat(scratch.dataFile, &status) == 0)
        var chance = SeededChance(seed: 78)
        // A file grows by whole pages and may be longer than its last page needs.
        var length = Int(status.st_size) / 2
        while length > 0 {
            try #require(truncate(scratch.dataFile, off_t(length)) == 0)
            for toInspect in [true, false] {
                #expect("\(length) bytes") {
                    if toInspect {
                        _ = try RecordReader.inspecting(directory: scratch.record)
                    } else {
                        _ = try RecordStore(directory: scratch.record)
                    }
                } throws: {
                    if case RecordError.corrupt = $0 { true } else { false }
                }
            }
            length = Int.random(in: 0..<length, using: &chance)
        }
    }
}

/// Makes changes, and knows which entry each of them hits first.
private struct Intruder {
    typealias Row = (key: [UInt8], value: [UInt8])

    private let entries: Int
    private let tables: [String: [Row]]
    private static let names = [
        "entries", "entries", "entries", "tree", "by-automaton", "by-run", "pending-index",
    ]

    init(_ raw: RawRecord, entries: Int) throws {
        self.entries = entries
        var tables: [String: [Row]] = [:]
        for name in Self.names + ["meta"] { tables[name] = try raw.dump(name) }
        self.tables = tables
    }

    typealias Result = (
        changes: [RawRecord.Change], undo: [RawRecord.Change], expected: ClosedRange<Int>,
        what: String
    )

    func change(_ chance: inout SeededChance) -> Result {
        let table = Self.names.randomElement(using: &chance) ?? "entries"
        let rows = tables[table] ?? []
        let index = Int.random(in: rows.indices, using: &chance)
        let row = rows[index]
        switch Int.random(in: 0..<20, using: &chance) {
        case 0..<10: return edit(table, row, &chance)
        case 10..<13:
            let first = entry(table, row, byte: 0)
            return result("delete", table, [(row, nil)], first...first)
        case 13..<17:
            let other = rows[Int.random(in: rows.indices, using: &chance)]
            guard other.value != row.value else { return edit(table, row, &chance) }
            let first = min(entry(table, row, byte: 0), entry(table, other, byte: 0))
            return result("swap", table, [(row, other.value), (other, row.value)], first...first)
        case 17..<19:
            let first = entry(table, row, byte: 0)
            return result("cut", table, rows[index...].map { ($0, nil) }, first...first)
        default: return editHead(&chance)
        }
    }

    private func edit(_ table: String, _ row: Row, _ chance: inout SeededChance) -> Result {
        var value = row.value
        // The run's index has no values: it gets one.
        guard !value.isEmpty else {
            let first = entry(table, row, byte: 0)
            return result("edit", table, [(row, [1])], first...first)
        }
        let byte = Int.random(in: value.indices, using: &chance)
        let first = entry(table, row, byte: byte)
        switch Int.random(in: 0..<4, using: &chance) {
        case 0 where table == "entries":
            value.remove(at: byte)
        case 1 where table == "entries":
            value.insert(UInt8.random(in: 0...255, using: &chance), at: byte)
        default: value[byte] ^= UInt8.random(in: 1...255, using: &chance)
        }
        return result("edit at \(byte)", table, [(row, value)], first...first)
    }

    /// The head row is no entry's: where it leads to is between the first entry and what follows
    /// the last.
    private func editHead(_ chance: inout SeededChance) -> Result {
        let row = (tables["meta"] ?? []).first { $0.key == Array("head".utf8) } ?? ([], [])
        var value = row.value
        let byte = Int.random(in: value.indices, using: &chance)
        value[byte] ^= UInt8.random(in: 1...255, using: &chance)
        return result("head at \(byte)", "meta", [(row, value)], 1...entries + 1)
    }

    private func result(
        _ act: String, _ table: String, _ made: [(row: Row, value: [UInt8]?)],
        _ expected: ClosedRange<Int>
    ) -> Result {
        (
            made.map { .init(table: table, key: $0.row.key, value: $0.value) },
            made.map { .init(table: table, key: $0.row.key, value: $0.row.value) }, expected,
            "\(act) in \(table), key \(made.first?.row.key.suffix(8) ?? [])"
        )
    }

    /// The entry that a byte of a row belongs to.
    private func entry(_ table: String, _ row: Row, byte: Int) -> Int {
        func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }
        switch table {
        case "entries", "pending-index": return number(row.key)
        case "by-automaton": return number(row.value)
        case "by-run": return number(row.key.suffix(8))
        default:
            // Each leaf is followed by what it completes.
            var leaf = number(row.key) * 8 + 1
            var nodes = byte / 32
            while nodes > leaf.trailingZeroBitCount {
                nodes -= leaf.trailingZeroBitCount + 1
                leaf += 1
            }
            return min(leaf, entries + 1)
        }
    }
}
