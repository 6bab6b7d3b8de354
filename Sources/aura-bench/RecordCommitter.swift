import AuraModel
import AuraRecord
import CBenchBaseline

/// Turns the writers that wait into entries and rows, and commits them: the turn loop's part.
final class RecordCommitter {
    /// Why the last commit failed; the harness knows numbers only.
    private(set) var failure: RecordError?

    /// What a commit answers when `failure` says why.
    static let failed: Int32 = -1

    private let store: RecordStore
    private var writers: [Writer]

    /// One automaton with one run that goes on and on.
    private struct Writer {
        var name: AutomatonName
        var run: RunID
        var entries = 0
    }

    /// 700 characters: with what stands around it an entry is about 1 KiB, as of a tool's short
    /// answer.
    private static let outputText = String(
        repeating: "a line of what the tool said\n", count: 24)

    /// 700 bytes: about the size of the row of a run under way.
    private static let rowText = "\"" + String(repeating: "r", count: 698) + "\""

    private static let start = Instant(milliseconds: 1_700_000_000_000)

    /// Writers into `store`, whose names begin with `prefix` and have no entries yet.
    init(_ store: RecordStore, writers count: Int, prefix: String = "writer") throws {
        self.store = store
        writers = try (0..<count).map { index in
            let text = "\(prefix)-\(index < 10 ? "0" : "")\(index)"
            guard let name = AutomatonName(text) else { throw BenchFailure("no name: \(text)") }
            return Writer(name: name, run: RunID(at: Self.start, sequence: index + 1))
        }
    }

    /// What the harness hands back to `commit`; valid as long as this lives.
    var context: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    /// The `bench_commit` whose context is a committer.
    static let commit: bench_commit = { context, writers, count in
        guard let context, let writers else { return RecordCommitter.failed }
        let committer = Unmanaged<RecordCommitter>.fromOpaque(context).takeUnretainedValue()
        return committer.commit(UnsafeBufferPointer(start: writers, count: count))
    }

    /// The sizes of what one entry puts, for the C side to put as much.
    func shape() throws -> bench_shape {
        var typical = entry(of: 0, sequence: 100_000)
        typical.automatonSequence = 10_000
        typical.previous = Entry.genesis
        let name = writers[0].name.text.utf8.count
        return bench_shape(
            entry_bytes: try JSON.encode(typical).count, automaton_key_bytes: name + 1 + 8,
            run_key_bytes: RunID.length + 8, row_bytes: Self.rowText.utf8.count,
            head_bytes: 8 + Entry.genesis.utf8.count / 2)
    }

    private func commit(_ waiting: UnsafeBufferPointer<UInt32>) -> Int32 {
        var entries: [Entry] = []
        var rows: [RowWrite] = []
        entries.reserveCapacity(waiting.count)
        rows.reserveCapacity(waiting.count)
        let newest = store.head.sequence
        for number in waiting {
            let index = Int(number)
            writers[index].entries += 1
            entries.append(entry(of: index, sequence: newest + entries.count + 1))
            rows.append(
                RowWrite(table: .runs, key: writers[index].run.text, value: Self.rowText))
        }
        do {
            try store.append(entries, rows: rows)
            return 0
        } catch {
            failure = error
            return Self.failed
        }
    }

    private func entry(of index: Int, sequence: Int) -> Entry {
        let writer = writers[index]
        let result = ToolResult(output: Self.outputText, place: .worker)
        return Entry(
            sequence: sequence, at: Self.start, principal: .daemon, automaton: writer.name,
            automatonSequence: writer.entries, run: writer.run, parent: nil, generation: 1,
            fact: .transacted(
                index: writer.entries,
                transaction: .toolFinished(command: writer.entries, result: result)),
            previous: "")
    }
}
