import AuraModel
import AuraSupervision
import Testing

@Suite("How a dev-loop's tasks went, over its runs")
struct StreakTests {
    private static let salvage = StepRequest.salvage(base: "000", message: "m")

    private static func definition() -> Definition {
        var definition = KernelBench.definition(schedule: .every(minute))
        definition.kind = .devLoop
        definition.workspace = .init(repository: "/srv/r.git")
        definition.breaker = .init(failures: 3, coolDown: .minutes(30))
        return definition
    }

    private func step(
        _ request: StepRequest, _ bench: inout KernelBench, _ run: RunID, output: String = ""
    ) throws {
        let id = (bench.kernel.state.runs[run]?.commands ?? 0) + 1
        try bench.propose(run, (id, .step(request: request)))
        let result = StepResult(
            exit: .exited(code: 0), output: output, duration: Milliseconds(1))
        try bench.send(.stepEnded(run, id, result))
    }

    /// A child that consumes `tokens` and ends.
    private func work(_ tokens: Int, _ bench: inout KernelBench, _ run: RunID) throws {
        let id = (bench.kernel.state.runs[run]?.commands ?? 0) + 1
        let request = SpawnRequest(task: TaskBrief(id: "T", text: "t"), budget: .none)
        try bench.propose(run, (id, .spawn(request: request)))
        try bench.send(.tick)
        let child = try #require(bench.kernel.state.runs.values.first { $0.parent == run }?.id)
        try bench.attest(child)
        try bench.propose(child, (1, KernelBench.request()))
        try bench.send(.modelEnded(child, 1, KernelBench.answer(tokens: tokens)))
        try bench.propose(child, (2, .finish(outcome: RunOutcome(.done, "d"), report: "")))
    }

    private func end(_ ending: RunOutcome.Ending, _ bench: inout KernelBench, _ run: RunID) throws {
        let id = (bench.kernel.state.runs[run]?.commands ?? 0) + 1
        try bench.propose(run, (id, .finish(outcome: RunOutcome(ending, "why"), report: "")))
    }

    private func told(_ bench: KernelBench, _ run: RunID) -> LoopStreak? {
        for entry in bench.entries where entry.run == run {
            if case .transacted(_, .started(_, _, let streak)) = entry.fact { return streak }
        }
        return nil
    }

    private func firing(_ bench: inout KernelBench) throws -> RunID {
        try bench.wait(.minutes(1))
        let run = try #require(bench.kernel.state.runs.values.first { $0.parent == nil }?.id)
        try bench.attest(run)
        return run
    }

    @Test(
        "landings and failures are folded from steps, survive a restart, and reach the next run"
    )
    func fold() throws {
        let definition = Self.definition()
        var bench = try KernelBench(definition)
        let first = try firing(&bench)
        #expect(told(bench, first) == nil)
        try work(100, &bench, first)
        try step(
            .export(base: "000", message: "m", overlay: []), &bench, first,
            output: "commit abc\n")
        try step(.checkout(commit: "abc"), &bench, first)
        let branch = "aura/nightly/T1"
        try step(.land(branch: branch, commit: "abc", base: "000"), &bench, first)
        try work(7, &bench, first)
        try step(Self.salvage, &bench, first, output: "commit def\n")
        // Work of an earlier run that was put on the new base is no proof that tasks succeed.
        try step(
            .land(branch: branch, commit: "abc", base: "000", carried: true), &bench, first)
        try end(.tasksFailed, &bench, first)
        var expected = LoopStreak()
        expected.spend(Amount(tokens: 100, microDollars: 100, calls: 1))
        expected.land()
        expected.spend(Amount(tokens: 7, microDollars: 7, calls: 1))
        expected.fail()
        #expect(bench.kernel.state.automata[KernelBench.name]?.streak == expected)
        try bench.restart(definition)
        let second = try firing(&bench)
        #expect(told(bench, second) == expected)
    }

    @Test("a breaker that opened over runs says why and how to go on; resumed, it counts anew")
    func breaker() throws {
        var bench = try KernelBench(Self.definition())
        for number in 1...3 {
            let run = try firing(&bench)
            try step(Self.salvage, &bench, run, output: "commit def\n")
            try end(number == 3 ? .breaker : .tasksFailed, &bench, run)
        }
        let row = try #require(bench.kernel.state.automata[KernelBench.name])
        #expect(row.streak?.failures == 3)
        let status = try #require(bench.kernel.status(of: row, at: bench.now))
        let why = try #require(status.whyNot)
        #expect(why.hasPrefix("breaker open since ") && why.contains(": why; again from "))
        #expect(why.hasSuffix("or at once with aura-ctl resume nightly"))
        try bench.send(.ordered(.resume(KernelBench.name), by: Principal("alice"), ticket: 9))
        #expect(bench.kernel.state.automata[KernelBench.name]?.streak?.failures == 0)
        // An order is somebody's own look at it, whatever happened before.
        let next = try firing(&bench)
        try step(Self.salvage, &bench, next, output: "commit def\n")
        try end(.tasksFailed, &bench, next)
        let ordered = try #require(try bench.startRun())
        #expect(told(bench, ordered)?.failures == 0)
        #expect(bench.kernel.state.automata[KernelBench.name]?.streak?.failures == 1)
    }
}
