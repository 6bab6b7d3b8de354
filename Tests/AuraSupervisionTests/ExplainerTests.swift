import AuraModel
import AuraSupervision
import Testing

@Suite("Explanations")
struct ExplainerTests {
    private static let definition = KernelBench.definition(schedule: .every(minute))

    private static func explainer(_ bench: KernelBench) throws -> Explainer {
        try #require(
            bench.kernel.explainer(of: KernelBench.name, after: bench.now, at: bench.now))
    }

    private static func occurrences(_ bench: KernelBench) throws -> [OccurrenceRow] {
        try (bench.rows[.occurrences] ?? [:]).sorted { $0.key < $1.key }.map {
            try JSON.decode(OccurrenceRow.self, from: $0.value.utf8)
        }
    }

    @Test("a firing that started is told with its plan, its run and the entries that prove it")
    func started() throws {
        var bench = try KernelBench(Self.definition)
        try bench.wait(.minutes(1))
        let row = try #require(try Self.occurrences(bench).first)
        guard case .started(let id) = row.decision else {
            Issue.record("\(row)")
            return
        }
        let told = try Self.explainer(bench).explain(.init(row, run: bench.kernel.state.runs[id]))
        #expect(
            told.lines.map(\.text) == [
                "It was planned for 2027-01-15 08:01:00 UTC by `every 1m`.",
                "At 2027-01-15 08:01:00 UTC it started run \(id).",
                "The run is not over: launching.",
                "The next firing is planned for 2027-01-15 08:02:00 UTC.",
            ])
        for line in told.lines.prefix(2) {
            let sequence = try #require(line.sequence)
            #expect(bench.entries[sequence - 1].automaton == KernelBench.name)
        }
        #expect(told.lines[1].sequence == row.sequence)
    }

    @Test("a firing missed in an outage names the last sign of life and the start after it")
    func missed() throws {
        var bench = try KernelBench(Self.definition)
        bench.now = bench.now + .minutes(5)
        try bench.restart(Self.definition)
        let row = try #require(try Self.occurrences(bench).first)
        let told = try Self.explainer(bench).explain(.init(row, run: nil))
        #expect(told.lines[1].text.contains("aurad was not running until 2027-01-15 08:05:00Z"))
        #expect(told.lines[2].text.hasPrefix("The last sign of life of aurad before that"))
        let start = try #require(told.lines[3].sequence)
        #expect(bench.entries[start - 1].fact.kind == .daemonStarted)
    }

    @Test("a firing that the clock was set over, or that the machine slept through, says so")
    func stepped() throws {
        for (asleep, says) in [
            (0, "its clock was set forward by 5m00s"), (300_000, "it had slept for 5m00s"),
        ] {
            var bench = try KernelBench(Self.definition)
            try bench.send(.clock(ClockReading(wall: bench.now, boot: 0, awake: 0)))
            bench.now = bench.now + .minutes(5)
            try bench.send(.clock(ClockReading(wall: bench.now, boot: asleep, awake: 0)))
            try bench.send(.tick)
            let row = try #require(try Self.occurrences(bench).first)
            let told = try Self.explainer(bench).explain(.init(row, run: nil))
            let step = try #require(told.lines.first { $0.text.contains(says) }, "\(told.lines)")
            #expect(step.text.hasPrefix("The machine was seen at 2027-01-15 08:05:00 UTC: "))
            let sequence = try #require(step.sequence)
            #expect(bench.entries[sequence - 1].fact.kind == .clockStepped)
        }
    }

    @Test("where nothing was planned it says what was in force, or why nothing was")
    func nothing() throws {
        var bench = try KernelBench(Self.definition)
        let begin = bench.now
        let alice = Principal("alice")
        try bench.wait(.seconds(90))
        try bench.send(.ordered(.stop(KernelBench.name), by: alice, ticket: 1))
        try bench.wait(.minutes(10))
        let explainer = try Self.explainer(bench)
        func first(_ at: Instant) -> Explanation.Line? {
            explainer.explainNothing(at: at, before: nil).lines.first
        }
        let before = first(begin + Milliseconds(-1000))
        #expect(before?.text.contains("the automaton was not known") == true)
        let inForce = first(begin + .seconds(30))
        #expect(inForce?.text.contains("by `every 1m`, which was in force") == true)
        let stopped = try #require(first(begin + .minutes(5)))
        #expect(stopped.text.contains("not in force, since alice had stopped it"))
        let sequence = try #require(stopped.sequence)
        #expect(bench.entries[sequence - 1].fact.kind == .automatonStopped)
    }
}
