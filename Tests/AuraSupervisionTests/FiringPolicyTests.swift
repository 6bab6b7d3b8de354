import AuraModel
import AuraSupervision
import Testing

@Suite("What becomes of firings")
struct FiringPolicyTests {
    private static let alice = Principal("alice")

    private static func definition(
        _ firing: FiringPolicy, name: AutomatonName = KernelBench.name,
        schedule: Schedule = .every(minute)
    ) -> Definition {
        var definition = KernelBench.definition(name, schedule: schedule)
        definition.firing = firing
        return definition
    }

    private static func words(_ bench: KernelBench) throws -> [String] {
        try bench.decisions().map { decision in
            switch decision {
            case .started: "started"
            case .skipped: "skipped"
            case .missed: "missed"
            case .queued: "queued"
            case .cancelled: "cancelled"
            }
        }
    }

    private static func finish(_ bench: inout KernelBench, _ outcome: RunOutcome) throws {
        guard let run = bench.kernel.state.index.underWay.min() else { return }
        try bench.attest(run)
        try bench.propose(run, (1, .finish(outcome: outcome, report: "")))
    }

    @Test("queue-one lets one firing wait for the run under way, skips more, and starts it after")
    func queueOne() throws {
        var bench = try KernelBench(Self.definition(FiringPolicy(overlap: .queueOne)))
        for _ in 0..<3 { try bench.wait(.minutes(1)) }
        #expect(try Self.words(bench) == ["started", "queued", "skipped"])
        #expect(bench.kernel.state.automata[KernelBench.name]?.waiting?.count == 1)
        try Self.finish(&bench, RunOutcome(.done, ""))
        #expect(try Self.words(bench) == ["started", "started", "skipped"])
    }

    @Test("cancel-other ends the run under way as cancelled and starts the newer firing")
    func cancelOther() throws {
        var bench = try KernelBench(Self.definition(FiringPolicy(overlap: .cancelOther)))
        try bench.wait(.minutes(1))
        let first = try #require(bench.kernel.state.runs.keys.first)
        try bench.wait(.minutes(1))
        #expect(try Self.words(bench) == ["started", "started"])
        #expect(try bench.outcome(first)?.ending == .cancelled)
        #expect(bench.kernel.state.runs.count == 1)
    }

    @Test("allow lets so many run at once and skips the next")
    func allow() throws {
        var bench = try KernelBench(Self.definition(FiringPolicy(overlap: .allow(most: 2))))
        for _ in 0..<3 { try bench.wait(.minutes(1)) }
        #expect(try Self.words(bench) == ["started", "started", "skipped"])
    }

    @Test(
        "of the firings missed in an outage as many are caught up on as declared, the newest",
        arguments: [(FiringPolicy.CatchUp.none, 0), (.latest, 1), (.all(most: 3), 3)])
    func catchUp(_ declared: FiringPolicy.CatchUp, _ count: Int) throws {
        let ten = Schedule.every(interval("10m"))
        let definition = Self.definition(FiringPolicy(catchUp: declared), schedule: ten)
        var bench = try KernelBench(definition)
        bench.now = bench.now + .minutes(65)
        try bench.restart(definition)
        let words = try Self.words(bench)
        #expect(words.count == 6)
        #expect(words.prefix(6 - count).allSatisfy { $0 == "missed" })
        #expect(words.suffix(count).allSatisfy { $0 != "missed" })
        for _ in 0..<count { try Self.finish(&bench, RunOutcome(.done, "")) }
        #expect(try Self.words(bench).count { $0 == "started" } == count)
    }

    @Test("nothing starts after its starting deadline, and what waited ends as skipped")
    func deadline() throws {
        let policy = FiringPolicy(overlap: .queueOne, startingDeadline: .seconds(90))
        var bench = try KernelBench(Self.definition(policy))
        try bench.wait(.minutes(1))
        try bench.wait(.minutes(1))
        try bench.wait(.seconds(91))
        let decisions = try bench.decisions()
        guard case .skipped(let reason) = decisions[1] else {
            Issue.record("\(decisions)")
            return
        }
        #expect(reason.contains("starting deadline of 90s"))
    }

    @Test("outside its window nothing starts, and the window may reach over midnight")
    func window() throws {
        let window = FiringPolicy.Window(from: 22 * 60, to: 6 * 60)
        #expect(window.isOpen(atMinute: 23 * 60) && window.isOpen(atMinute: 0))
        #expect(!window.isOpen(atMinute: 6 * 60) && !window.isOpen(atMinute: 21 * 60 + 59))
        // 1_800_000_000 is 08:00 UTC.
        var bench = try KernelBench(Self.definition(FiringPolicy(window: window)))
        try bench.wait(.minutes(1))
        #expect(try Self.words(bench) == ["skipped"])
    }

    @Test("jitter delays by the same amount each time, below its bound, and differs between hosts")
    func jitter() throws {
        let policy = FiringPolicy(jitter: .minutes(5))
        let delays = (0..<50).map { policy.delay(of: KernelBench.name, on: "host\($0)") }
        #expect(Set(delays).count > 40)
        #expect(delays.allSatisfy { .zero <= $0 && $0 < .minutes(5) })
        let bench = try KernelBench(Self.definition(policy, schedule: .every(interval("1h"))))
        let planned = bench.kernel.plannedFirings(
            after: bench.now, to: bench.now + .minutes(240), limit: 10)
        #expect(Set(planned.map { $0.expected - $0.nominal }).count == 1)
        // Or earlier, for a checkpoint; never later.
        let wake = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(wake <= (try #require(planned.first).expected))
    }

    @Test("no more runs start in a minute than allowed; the others wait, and none is lost")
    func startsPerMinute() throws {
        var settings = KernelBench.settings
        settings.startsPerMinuteMax = 3
        settings.runsMax = 64
        var bench = try KernelBench()
        bench.kernel = Kernel(state: bench.kernel.state, settings: settings)
        try bench.load(
            (0..<10).map { Self.definition(.standard, name: KernelBench.name("a\($0)")) })
        bench.now = Instant(milliseconds: 1_800_000_060_000)
        try bench.send(.tick)
        #expect(bench.count(.runAdmitted) == 3)
        #expect(try Self.words(bench).count { $0 == "queued" } == 7)
        let wake = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(wake == bench.now + .seconds(10) || wake <= bench.now + .minutes(1))
        // Each runs for the minute; what is due then is skipped, what waited goes first.
        try bench.wait(.minutes(1))
        #expect(bench.count(.runAdmitted) == 6)
        try bench.wait(.minutes(1))
        try bench.wait(.minutes(1))
        #expect(bench.count(.runAdmitted) == 10)
    }

    @Test("a paused automaton keeps its schedule and skips what fires, with the reason")
    func pause() throws {
        var bench = try KernelBench(Self.definition(.standard))
        try bench.send(.ordered(.pause(KernelBench.name), by: Self.alice, ticket: 1))
        try bench.wait(.minutes(1))
        try bench.send(.ordered(.resume(KernelBench.name), by: Self.alice, ticket: 2))
        try bench.wait(.minutes(1))
        let decisions = try bench.decisions()
        guard case .skipped(let reason) = decisions[0], case .started = decisions[1] else {
            Issue.record("\(decisions)")
            return
        }
        #expect(reason.hasPrefix("paused by alice"))
        #expect(bench.count(.automatonPaused) == 1 && bench.count(.automatonResumed) == 1)
    }

    @Test("a chain fires once for each finished run that meets its condition")
    func chain() throws {
        let after = FiringPolicy.Chain(automaton: KernelBench.name, on: .failure)
        let follower = KernelBench.name("follower")
        var bench = try KernelBench(
            KernelBench.definition(),
            Self.definition(FiringPolicy(after: after), name: follower, schedule: .manual))
        for ending in [RunOutcome.Ending.done, .failed] {
            let run = try #require(try bench.startRun())
            try bench.propose(run, (1, .finish(outcome: RunOutcome(ending, ""), report: "")))
        }
        #expect(try Self.words(bench) == ["started"])
        let run = try #require(bench.kernel.state.runs.values.first)
        #expect(run.automaton == follower)
        guard case .chain(_, of: KernelBench.name, _) = run.trigger else {
            Issue.record("\(run.trigger)")
            return
        }
    }

    @Test("a chain to nowhere and a chain in a circle are refused, the others are put in force")
    func brokenChains() throws {
        func follower(_ name: String, of leader: String) -> Definition {
            let after = FiringPolicy.Chain(automaton: KernelBench.name(leader))
            return Self.definition(
                FiringPolicy(after: after), name: KernelBench.name(name), schedule: .manual)
        }
        let bench = try KernelBench(
            follower("a", of: "b"), follower("b", of: "c"), follower("c", of: "b"),
            follower("lost", of: "nobody"), KernelBench.definition())
        #expect(bench.kernel.state.automata.keys.contains(KernelBench.name))
        let messages = bench.kernel.refusedDefinitions.map(\.message)
        #expect(messages.contains { $0.contains("there is no automaton 'nobody'") })
        #expect(messages.contains { $0.contains("goes in a circle") })
        #expect(bench.kernel.state.automata.count == 1)
    }

    @Test("an overdue success is told once, and again only after the next success")
    func expect() throws {
        let policy = FiringPolicy(expect: .minutes(60))
        var bench = try KernelBench(Self.definition(policy, schedule: .manual))
        try bench.wait(.minutes(61))
        try bench.wait(.minutes(300))
        #expect(bench.count(.successOverdue) == 1)
        _ = try bench.startRun()
        try Self.finish(&bench, RunOutcome(.done, ""))
        try bench.wait(.minutes(61))
        #expect(bench.count(.successOverdue) == 2)
        let told = try #require(bench.entries.last { $0.fact.kind == .successOverdue })
        #expect(EntryText(told).level == .warning)
    }

    @Test("a past range is started by hand, what was never planned is not, and too much is refused")
    func backfill() throws {
        var bench = try KernelBench(Self.definition(.standard))
        bench.now = bench.now + .minutes(10)
        try bench.restart(Self.definition(.standard))
        let from = bench.now + Milliseconds(-300_000)
        var nominals = bench.kernel.nominals(
            of: KernelBench.name, in: BackfillRange(from: from, to: bench.now + .seconds(-90)))
        #expect(!nominals.isEmpty)
        let count = nominals.count
        nominals.append(from + Milliseconds(1))
        try bench.send(
            .ordered(.backfill(KernelBench.name, nominals), by: Self.alice, ticket: 7))
        #expect(bench.kernel.state.automata[KernelBench.name]?.waiting?.count == count)
        let many = Array(repeating: from, count: FiringPolicy.countMax + 1)
        try bench.send(.ordered(.backfill(KernelBench.name, many), by: Self.alice, ticket: 8))
        guard case .reply(8, .failure(let error)) = bench.actions.last else {
            Issue.record("not refused")
            return
        }
        #expect(error.code == .badRequest)
    }

    @Test("a clock that was ten years ahead and is put right leaves the schedule as it was")
    func clockAhead() throws {
        var bench = try KernelBench(Self.definition(.standard))
        var awake = 0
        func clock(_ bench: inout KernelBench) throws {
            try bench.send(.clock(ClockReading(wall: bench.now, boot: awake, awake: awake)))
            try bench.send(.tick)
        }
        try clock(&bench)
        let decade = Milliseconds.minutes(10 * 366 * 24 * 60)
        bench.now = bench.now + decade
        try clock(&bench)
        awake += 600_000
        bench.now = bench.now + .minutes(10)
        try clock(&bench)
        bench.now = bench.now + Milliseconds(-decade.count)
        try clock(&bench)
        #expect(bench.count(.clockStepped) == 2)
        let next = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(next - bench.now <= .minutes(1))
    }

    @Test("nobody waits longer in line than the runs before it and ten minutes of later ones take")
    func fairness() throws {
        let base = Instant(milliseconds: 1_800_000_000_000)
        var chance = SimulatedChance(state: 7)
        for _ in 0..<2_000 {
            let others = chance.below(200)
            let trigger: Trigger =
                chance.below(2) == 0 ? .order(by: Self.alice) : .schedule(nominal: base)
            let turn = SlotLine.turn(of: trigger, admittedAt: base, others: others)
            #expect(base <= turn && turn <= base + SlotLine.delayMax)
        }
        // One automaton with many runs does not go before another's first.
        let hog = SlotLine.turn(of: .schedule(nominal: base), admittedAt: base, others: 3)
        let other = SlotLine.turn(
            of: .schedule(nominal: base), admittedAt: base + .minutes(2), others: 0)
        #expect(other < hog)
    }

    @Test("a run waits for its reasoner's slot, says so, and does not hold up another reasoner's")
    func slots() throws {
        var settings = KernelBench.settings
        settings.runsMax = 3
        settings.reasoners["main"]?.runsMax = 1
        settings.reasoners["other"] = settings.reasoners["main"]
        var bench = try KernelBench()
        bench.kernel = Kernel(state: bench.kernel.state, settings: settings)
        let names = ["a", "b", "c"].map { KernelBench.name($0) }
        var definitions = names.map { KernelBench.definition($0) }
        definitions[2].reasoner = "other"
        try bench.load(definitions)
        for name in names {
            try bench.send(.ordered(.run(name), by: Self.alice, ticket: 1))
            bench.now = bench.now + Milliseconds(1)
        }
        #expect(bench.kernel.state.index.underWay.count == 2)
        let row = try #require(bench.kernel.state.automata[names[1]])
        let status = try #require(bench.kernel.status(of: row, at: bench.now))
        #expect(
            status.waiting?.first?.hasSuffix("waits for a slot of reasoner main, place 1 of 1")
                == true)
        #expect(status.runs.first?.activity == "waits for a slot of reasoner main, place 1 of 1")
    }
}
