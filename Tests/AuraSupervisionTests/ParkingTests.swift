import AuraModel
import AuraSupervision
import Testing

@Suite("Runs that wait for the operator")
struct ParkingTests {
    private static let ask = Act.ask(question: "which one?", deadline: .minutes(24 * 60))
    private static let grace = CallPolicy.questionGrace

    private static func spawn(_ id: String) -> Act {
        .spawn(
            request: SpawnRequest(
                task: TaskBrief(id: id, text: "do it", notes: []), budget: .none))
    }

    private func ends(_ bench: KernelBench) -> Int {
        bench.actions.count { if case .endAttempt = $0 { true } else { false } }
    }

    @Test(
        "after the grace a question holds no worker, slot or wall time; the answer goes on")
    func parkedAndAnswered() throws {
        var settings = KernelBench.settings
        settings.runsMax = 1
        let asking = KernelBench.definition(
            budget: .init(run: BudgetLimits(wall: .minutes(10))))
        let other = KernelBench.definition(KernelBench.name("other"))
        var bench = try KernelBench(asking, other, settings: settings)
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, Self.ask))
        try bench.wait(Milliseconds(Self.grace.count - 1))
        #expect(bench.kernel.state.runs[run]?.phase == .running, "who answers now loses nothing")
        let wake = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(wake == bench.now + Milliseconds(1))
        try bench.wait(.seconds(1))
        let parked = try #require(bench.kernel.state.runs[run])
        #expect(parked.question == "which one?" && parked.restsSince == bench.now)
        #expect(ends(bench) == 1 && bench.kernel.state.index.underWay.isEmpty)

        _ = try bench.startRun(KernelBench.name("other"))
        #expect(bench.kernel.state.index.underWay.count == 1, "the only slot was free")

        try bench.wait(.minutes(5 * 60))
        try bench.restart(asking, other)
        #expect(bench.kernel.state.runs[run]?.phase == parked.phase)
        try bench.send(
            .ordered(.answer(run, text: "the first"), by: Principal("alice"), ticket: 2))
        #expect(bench.kernel.state.runs[run]?.phase == .queued, "in line: the slot is taken")
        try bench.send(.ordered(.stop(KernelBench.name("other")), by: .daemon, ticket: 3))
        #expect(bench.kernel.state.runs[run]?.phase == .launching)
        try bench.attest(run)
        #expect(bench.kernel.state.runs[run]?.generation == 2)

        // Ten seconds of its ten minutes are gone.
        try bench.wait(.seconds(10 * 60 - 12))
        #expect(try bench.outcome(run) == nil)
        try bench.wait(.seconds(3))
        let end = try #require(try bench.outcome(run))
        #expect(end.ending == .budget, "\(end)")
    }

    @Test("a question that nobody answers ends at its own deadline, parked or not")
    func unanswered() throws {
        let definition = KernelBench.definition()
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, Self.ask))
        try bench.wait(Self.grace)
        guard case .parked(let until)? = bench.kernel.state.runs[run]?.phase else {
            Issue.record("it is not parked")
            return
        }
        try bench.restart(definition)
        bench.now = until
        try bench.send(.tick)
        #expect(bench.kernel.state.runs[run]?.phase == .launching)
        let told = bench.entries.contains {
            if case .transacted(_, .operatorAnswered(1, nil)) = $0.fact { true } else { false }
        }
        #expect(told)
    }

    @Test("a tree is parked when its last run waits; whoever is asked in it may be answered above")
    func trees() throws {
        let definition = KernelBench.definition()
        var bench = try KernelBench(definition)
        let root = try #require(try bench.startRun())
        try bench.propose(root, (1, Self.spawn("A")), (2, Self.spawn("B")))
        try bench.send(.tick)
        let children = bench.kernel.state.runs.keys.filter { $0 != root }.sorted()
        for child in children { try bench.attest(child) }
        try bench.propose(children[0], (1, Self.ask))
        try bench.propose(children[1], (1, KernelBench.request()))
        try bench.wait(.minutes(1))
        #expect(ends(bench) == 0, "the other one works")
        let answer = KernelBench.answer(tokens: 1)
        try bench.send(.modelEnded(children[1], 1, answer))
        try bench.propose(children[1], (2, Self.ask))
        try bench.wait(Self.grace)
        #expect(ends(bench) == 3 && bench.kernel.state.index.underWay.isEmpty)
        // Both ask: which one is meant?
        try bench.send(.ordered(.answer(root, text: "yes"), by: .daemon, ticket: 4))
        #expect(bench.kernel.state.index.underWay.isEmpty)
        // One that is stopped is news for its parent; the other goes on waiting.
        try bench.send(.ordered(.stopRun(children[0]), by: .daemon, ticket: 5))
        try bench.send(.tick)
        for run in [root, children[1]] {
            #expect(bench.kernel.state.runs[run]?.phase == .launching)
            try bench.attest(run)
            try bench.propose(run)
        }
        try bench.send(.tick)
        #expect(ends(bench) == 5, "parked again at once: the grace is long over")
        try bench.send(.ordered(.answer(root, text: "yes"), by: .daemon, ticket: 6))
        #expect(bench.kernel.state.runs[root]?.phase == .launching)
        #expect(bench.kernel.state.runs[children[1]]?.question == nil)
    }
}
