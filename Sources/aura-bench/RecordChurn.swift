import AuraModel
import AuraRecord
import Glibc

/// A day of runs in virtual time, of which the last hour is kept: the file beside what it holds.
struct RecordChurn {
    var directory: String

    /// A run of 8 entries each second, which a busy server does not reach.
    private static let seconds = 24 * 60 * 60
    private static let calls = 6
    /// 16 runs a commit.
    private static let runsOfCommit = 16
    private static let keptMilliseconds = 3_600_000
    /// A quarter of an hour between two prunings.
    private static let pruneSeconds = 900
    private static let mapBytes = 4 << 30
    private static let start = 1_700_000_000_000
    private static let text = String(repeating: "a line of what the tool said\n", count: 24)

    func measure() throws -> BenchResult {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let record = scratch.path + "/record"
        let store = try RecordStore(
            directory: record, bounds: RecordBounds(mapBytes: Self.mapBytes))
        var most = 0
        var numbers = 0
        var fold = ChurnRows()
        for second in stride(from: 0, to: Self.seconds, by: Self.runsOfCommit) {
            var entries: [Entry] = []
            for number in second..<min(Self.seconds, second + Self.runsOfCommit) {
                entries += try run(number, after: store.head.sequence + entries.count, &numbers)
            }
            let rows = try entries.flatMap { try fold.take($0) }
            try store.append(
                entries, rows: rows, journalCursor: store.head.sequence + entries.count)
            guard second % Self.pruneSeconds < Self.runsOfCommit else { continue }
            most = max(most, try store.reader.bytesInUse())
            try prune(store, at: Instant(milliseconds: Self.start + second * 1000))
        }
        var status = stat()
        guard stat(record + "/data.mdb", &status) == 0 else { throw BenchFailure("no record") }
        return BenchResult(
            name: "file-after-a-day-vs-live", value: Double(status.st_size) / 1_048_576,
            unit: "MiB", baseline: "the most that it held at a time",
            baselineValue: Double(most) / 1_048_576)
    }

    /// The entries of the run that begins in a second of the day.
    private func run(
        _ second: Int, after sequence: Int, _ numbers: inout Int
    ) throws -> [Entry] {
        guard let name = AutomatonName("steady") else { throw BenchFailure("no name") }
        let at = Instant(milliseconds: Self.start + second * 1000)
        let run = RunID(at: at, sequence: sequence + 1)
        let admitted = RunAdmitted(
            trigger: .schedule(nominal: at), kind: .taskRun, definition: "d", task: nil,
            budget: BudgetLimits(calls: 9), day: "2026-11-21")
        let result = ToolResult(output: Self.text, place: .worker)
        var facts: [Fact] = [.runAdmitted(admitted)]
        for index in 1...Self.calls {
            facts.append(
                .transacted(
                    index: index, transaction: .toolFinished(command: index, result: result)))
        }
        facts.append(
            .runFinished(outcome: RunOutcome(.done, "ok"), report: "", wall: .seconds(1)))
        let first = numbers + 1
        numbers += facts.count
        return facts.enumerated().map { index, fact in
            Entry(
                sequence: sequence + 1 + index, at: at, principal: .daemon, automaton: name,
                automatonSequence: first + index, run: run, parent: nil, generation: 1,
                fact: fact, previous: "")
        }
    }

    private func prune(_ store: RecordStore, at now: Instant) throws {
        var fold = ChurnRows()
        let reader = store.reader
        let before = Instant(milliseconds: now.milliseconds - Self.keptMilliseconds)
        while let plan = try reader.prunePlan(
            before: before, last: try reader.journalCursor(),
            begin: { fold = try ChurnRows($0) }, fold: { try fold.take($0) })
        {
            let entry = Entry(
                sequence: store.head.sequence + 1, at: now, principal: .daemon, automaton: nil,
                automatonSequence: nil, run: nil, parent: nil, generation: nil,
                fact: .recordPruned(plan.fact), previous: "")
            try store.append([entry], pruning: plan)
            while store.isSweeping { try store.sweep() }
        }
    }
}

/// The rows of runs, as far as pruning looks at them.
private struct ChurnRows {
    private var runs: [RunID: RunRow] = [:]

    init() {}

    init(_ rows: [RowTable: [(key: String, value: String)]]) throws {
        for (_, value) in rows[.runs] ?? [] {
            let row = try JSON.decode(RunRow.self, from: value.utf8)
            runs[row.id] = row
        }
    }

    mutating func take(_ entry: Entry) throws -> [RowWrite] {
        guard let run = entry.run, let name = entry.automaton else { return [] }
        switch entry.fact {
        case .runAdmitted(let admitted):
            runs[run] = RunRow(id: run, automaton: name, admitted: admitted, at: entry.at)
        case .transacted(let index, _): runs[run]?.transactions = index
        case .runFinished(let outcome, _, _): runs[run]?.phase = .finished(outcome: outcome)
        default: break
        }
        guard let row = runs[run] else { return [] }
        if row.isFinished { runs[run] = nil }
        return [RowWrite(table: .runs, key: run.text, value: try JSON.text(row))]
    }
}
