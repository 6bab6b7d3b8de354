import AuraModel
import AuraRecord
import Testing

/// The indexes are written in blocks; nobody who reads sees where one ends.
@Suite("The indexes of the log")
struct IndexTests {
    private static let names = ["one", "one-more", "other"]

    /// Random entries of three automata, runs, children and nobody, some of them in the same turn.
    private static func entries(
        _ count: Int, after: [Entry], _ chance: inout SeededChance
    ) throws -> [Entry] {
        var all = after
        for sequence in (after.count + 1)...(after.count + count) {
            guard let text = (names + [""]).randomElement(using: &chance), !text.isEmpty else {
                all.append(Samples.entry(sequence))
                continue
            }
            let name = try Samples.name(text)
            let number = all.count { $0.automaton == name } + 1
            let isChild = Bool.random(using: &chance)
            all.append(
                Samples.entry(
                    sequence, automaton: name, number: number,
                    run: isChild ? Samples.child : Samples.run,
                    parent: isChild ? Samples.run : nil))
        }
        return Array(all[after.count...])
    }

    /// The seed is printed with what fails.
    @Test(
        "find each entry by run and by automaton, from wherever one asks, however long the log is",
        arguments: [1, 2, 3] as [UInt64])
    func everyEntry(seed: UInt64) throws {
        let scratch = try Scratch()
        var chance = SeededChance(seed: seed)
        var all: [Entry] = []
        // Opened anew after each 400 or so: numbers go on from either side of a block.
        while all.count < 1300 {
            let store = try RecordStore(directory: scratch.record)
            let end = all.count + 400
            while all.count < end {
                let count = [1, 3, 40, 300].randomElement(using: &chance) ?? 1
                all += try store.append(try Self.entries(count, after: all, &chance))
                try look(store.reader, for: all, seed, &chance)
            }
            #expect(try store.reader.verify().problem == nil)
        }
    }

    private func look(
        _ reader: RecordReader, for all: [Entry], _ seed: UInt64, _ chance: inout SeededChance
    ) throws {
        let after = Int.random(in: 0...all.count, using: &chance)
        let limit = Int.random(in: 1...all.count, using: &chance)
        for text in Self.names {
            let name = try Samples.name(text)
            let wanted = all.filter { $0.automaton == name && $0.sequence > after }.prefix(limit)
            let found = try reader.entries(after: after, limit: limit, automaton: name)
            #expect(found == Array(wanted), "seed \(seed): \(text) after \(after) of \(all.count)")
        }
        for run in [Samples.run, Samples.child] {
            let own = all.filter { ($0.run == run || $0.parent == run) && $0.sequence > after }
            let found = try reader.entries(after: after, limit: limit, run: run)
            #expect(found == Array(own.prefix(limit)), "seed \(seed): \(run) after \(after)")
        }
    }

    @Test("are written a block at a time, and a record that was taken up goes on in both ways")
    func blocks() throws {
        let scratch = try Scratch()
        let raw = RawRecord(directory: scratch.record)
        do {
            let store = try RecordStore(directory: scratch.record)
            try store.append(try Samples.entries(1...512))
        }
        #expect(try raw.dump("by-run").isEmpty)
        #expect(try raw.dump("pending-index").count == 512)
        try raw.index(100)
        do {
            let store = try RecordStore(directory: scratch.record)
            #expect(try store.reader.verify().problem == nil)
            #expect(try store.reader.entries(run: Samples.run).map(\.sequence) == Array(1...512))
            try store.append(try Samples.entries(513...513))
            #expect(try store.reader.verify().problem == nil)
        }
        #expect(try raw.dump("by-run").count == 512)
        #expect(try raw.dump("pending-index").count == 1)
    }
}
