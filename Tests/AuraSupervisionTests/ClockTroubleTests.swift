import AuraModel
import AuraSupervision
import Testing

/// Flaws that the simulation has found, each as the shortest story that shows it.
@Suite("Clock trouble, and schedules that end")
struct ClockTroubleTests {
    private static let hourly = Schedule.every(interval("1h"))
    private static let alice = Principal("alice")

    private static func definition(
        _ policy: FiringPolicy = .standard, prompt: String = "do it"
    ) -> Definition {
        Definition(
            name: KernelBench.name, kind: .taskRun, schedule: hourly, firing: policy,
            reasoner: "main", prompt: prompt)
    }

    /// The wall clock is set by `step` while no time passes.
    private static func set(_ bench: inout KernelBench, by step: Milliseconds) throws {
        let before = bench.now
        try bench.send(.clock(ClockReading(wall: before, boot: 0, awake: 0)))
        bench.now = before + step
        try bench.send(.clock(ClockReading(wall: bench.now, boot: 0, awake: 0)))
        try bench.send(.tick)
    }

    private static func row(_ bench: KernelBench) throws -> AutomatonRow {
        try #require(bench.kernel.state.automata[KernelBench.name])
    }

    @Test("a firing that waits while the clock goes back does not silence its schedule")
    func waitingAhead() throws {
        var bench = try KernelBench(Self.definition(FiringPolicy(catchUp: .all(most: 2))))
        let day = Milliseconds.minutes(24 * 60)
        // Two of a day's firings are caught up on; the second waits for the first one's run.
        try Self.set(&bench, by: day)
        #expect(try Self.row(bench).waiting?.count == 1)
        try Self.set(&bench, by: Milliseconds(-day.count))
        let run = try #require(bench.kernel.state.runs.keys.first)
        try bench.send(.ordered(.stopRun(run), by: Self.alice, ticket: 1))
        try bench.send(.tick)
        #expect(try Self.row(bench).waiting == nil)
        let next = try #require(bench.kernel.nextOccurrence(of: Self.row(bench)))
        #expect(next - bench.now <= .minutes(60))
    }

    @Test("an edit of the prompt does not lose the firing that waits for its delay")
    func editWithinDelay() throws {
        let policy = FiringPolicy(jitter: .minutes(50))
        let delay = policy.delay(of: KernelBench.name, on: "")
        try #require(delay > .minutes(1))
        var bench = try KernelBench(Self.definition(policy))
        let nominal = try #require(bench.kernel.nextOccurrence(of: Self.row(bench)))
        bench.now = nominal + .seconds(30)
        try bench.load([Self.definition(policy, prompt: "do it well")])
        bench.now = nominal + delay
        try bench.send(.tick)
        guard case .started = try bench.decisions().first else {
            Issue.record("\(try bench.decisions())")
            return
        }
    }

    @Test("a schedule that ends decides what still waited for its delay")
    func endWithinDelay() throws {
        let policy = FiringPolicy(jitter: .minutes(50))
        var bench = try KernelBench(Self.definition(policy))
        let nominal = try #require(bench.kernel.nextOccurrence(of: Self.row(bench)))
        bench.now = nominal + .seconds(30)
        try bench.send(.ordered(.stop(KernelBench.name), by: Self.alice, ticket: 1))
        let reason = "the automaton was stopped by alice"
        #expect(try bench.decisions() == [.cancelled(reason: reason)])
    }

    @Test("what was planned before a file went while aurad was down is told as missed")
    func removedWhileDown() throws {
        var bench = try KernelBench(Self.definition())
        bench.now = bench.now + .minutes(150)
        try bench.restart()
        let decisions = try bench.decisions()
        #expect(decisions.count == 2)
        for decision in decisions {
            guard case .missed(let reason) = decision else {
                Issue.record("\(decision)")
                continue
            }
            #expect(reason.hasSuffix("its definition was removed"))
        }
    }

    @Test("a missed firing that was backfilled does not fire again when the clock goes back")
    func backfilledThenBack() throws {
        var bench = try KernelBench(Self.definition())
        let first = try #require(bench.kernel.nextOccurrence(of: Self.row(bench)))
        let start = bench.now
        try Self.set(&bench, by: .minutes(300))
        try bench.send(.ordered(.backfill(KernelBench.name, [first]), by: Self.alice, ticket: 1))
        try Self.set(&bench, by: start - bench.now)
        let next = try #require(bench.kernel.nextOccurrence(of: Self.row(bench)))
        #expect(next == first + .minutes(60))
    }

    @Test("missed firings behind a backfilled one keep their row when those before it come again")
    func backfilledBetween() throws {
        var bench = try KernelBench(Self.definition())
        func day(_ count: Int) -> Milliseconds { .minutes(count * 24 * 60) }
        // As many runs of missed firings as a row remembers; the last one is the longest.
        for _ in 1..<AutomatonRow.missesMax { try Self.set(&bench, by: day(10)) }
        let start = bench.now
        try Self.set(&bench, by: day(40))
        let range = BackfillRange(from: start + day(35), to: start + day(35) + .minutes(180))
        let nominals = bench.kernel.nominals(of: KernelBench.name, in: range)
        try bench.send(
            .ordered(.backfill(KernelBench.name, nominals), by: Self.alice, ticket: 1))
        // Of the two parts the shorter one is one too many: its firings stay missed.
        try Self.set(&bench, by: Milliseconds(-day(20).count))
        let sums = try (bench.rows[.occurrences] ?? [:]).values
            .map { try JSON.decode(OccurrenceRow.self, from: $0.utf8) }
            .filter { $0.through != nil && $0.nominal > start }.sorted { $0.nominal < $1.nominal }
        let first = try #require(sums.first?.through)
        let last = try #require(sums.last)
        #expect(first <= bench.now)
        #expect(sums.count == 2)
        #expect(last.nominal == nominals.first)
        #expect(last.through.map { $0 > start + day(39) } == true)
    }

    @Test("a missed firing before which the clock went back is explained as still to come")
    func plannedAgain() throws {
        var bench = try KernelBench(Self.definition())
        let first = try #require(bench.kernel.nextOccurrence(of: Self.row(bench)))
        let start = bench.now
        try Self.set(&bench, by: .minutes(300))
        try Self.set(&bench, by: start - bench.now)
        let text = try #require(
            bench.rows[.occurrences]?[OccurrenceKey.text(KernelBench.name, first)])
        let found = try JSON.decode(OccurrenceRow.self, from: text.utf8)
        let explainer = try #require(
            bench.kernel.explainer(of: KernelBench.name, after: bench.now, at: bench.now))
        let lines = explainer.explain(.init(found, run: nil)).lines.map(\.text)
        #expect(lines.contains { $0.hasSuffix("it is planned again.") }, "\(lines)")
    }

    @Test("what a day has used is the same whether or not aurad was restarted since")
    func budgetsSurvive() throws {
        var bench = try KernelBench(Self.definition())
        for _ in 0..<12 { try bench.wait(.minutes(24 * 60)) }
        let kept = bench.kernel.state.budgets
        try bench.restart(Self.definition())
        #expect(Set(kept.keys) == Set(bench.kernel.state.budgets.keys))
    }
}
