import AuraModel
import AuraSupervision
import Testing

@Suite("Budgets")
struct BudgetTests {
    private static func definition(
        run: BudgetLimits = .none, day: BudgetLimits = .none
    ) -> Definition {
        KernelBench.definition(budget: .init(run: run, day: day))
    }

    @Test("a call that could exceed the run's budget is not made, and the run ends as budget")
    func refusedBeforehand() throws {
        var bench = try KernelBench(Self.definition(run: BudgetLimits(tokens: 500)))
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()), bytes: 1000)
        #expect(try bench.outcome(run)?.ending == .budget)
        let called = bench.actions.contains { action in
            if case .reason = action { return true }
            return false
        }
        #expect(!called)
    }

    @Test("settlement returns what was held beyond what was used")
    func settlement() throws {
        var bench = try KernelBench(Self.definition(run: BudgetLimits(tokens: 100_000)))
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()), bytes: 1000)
        #expect(try #require(bench.kernel.state.runs[run]).reserved.tokens >= 1100)
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 7)))
        let row = try #require(bench.kernel.state.runs[run])
        #expect(row.reserved == .zero)
        #expect(row.spent == Amount(tokens: 7, microDollars: 7, calls: 1))
    }

    @Test("a crash leaves what was held charged, and the day's budget stands after a restart")
    func crashKeepsTheCharge() throws {
        let definition = Self.definition(day: BudgetLimits(tokens: 4000))
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()), bytes: 1000)
        let held = try #require(bench.kernel.state.runs[run]).reserved.tokens
        try bench.restart(definition)
        #expect(try #require(bench.kernel.state.runs[run]).spent.tokens == held)
        try bench.attest(run)
        try bench.propose(run, (2, KernelBench.request()), bytes: 2000)
        #expect(try bench.outcome(run)?.ending == .budget)
        #expect(try bench.outcome(run)?.detail.contains("for 20") == true)
    }

    @Test("four fifths used: the kernel is told before the answer is")
    func wrapUp() throws {
        var bench = try KernelBench(Self.definition(run: BudgetLimits(tokens: 10_000)))
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()))
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 8000)))
        let transactions = bench.entries.compactMap { entry -> String? in
            guard case .transacted(_, let transaction) = entry.fact else { return nil }
            switch transaction {
            case .wrapUp: return "wrap up"
            case .modelAnswered: return "answer"
            default: return nil
            }
        }
        #expect(transactions == ["wrap up", "answer"])
    }

    @Test("R32: a child's budget is carved out of its parent's, and both are charged")
    func carving() throws {
        var bench = try KernelBench(Self.definition(run: BudgetLimits(tokens: 10_000)))
        let parent = try #require(try bench.startRun())
        let spawn = SpawnRequest(
            task: TaskBrief(id: "T1", text: "x"), budget: BudgetLimits(tokens: 50_000))
        try bench.propose(parent, (1, .spawn(request: spawn)))
        let child = try #require(bench.kernel.state.runs.values.first { $0.parent == parent }?.id)
        #expect(bench.kernel.state.runs[child]?.budget.tokens == 10_000)
        try bench.attest(child)
        try bench.propose(child, (1, KernelBench.request()))
        try bench.send(.modelEnded(child, 1, KernelBench.answer(tokens: 40)))
        #expect(bench.kernel.state.runs[parent]?.spent.tokens == 40)
        try bench.propose(child, (2, .finish(outcome: RunOutcome(.done, ""), report: "")))
        #expect(bench.kernel.state.runs[parent]?.transactions == 2)
    }

    @Test(
        "R34: what each call cost is an entry, a task's sum comes with its end, a run's in its row")
    func told() throws {
        var bench = try KernelBench(Self.definition())
        let parent = try #require(try bench.startRun())
        let spawn = SpawnRequest(task: TaskBrief(id: "T1", text: "x"), budget: .none)
        try bench.propose(parent, (1, .spawn(request: spawn)))
        let child = try #require(bench.kernel.state.runs.values.first { $0.parent == parent }?.id)
        try bench.attest(child)
        for (command, tokens) in [(1, 40), (2, 2)] {
            try bench.propose(child, (command, KernelBench.request()))
            try bench.send(.modelEnded(child, command, KernelBench.answer(tokens: tokens)))
        }
        try bench.propose(child, (3, .finish(outcome: RunOutcome(.done, ""), report: "")))
        let calls = bench.entries.compactMap { entry -> Int? in
            if case .settled(_, let amount, false) = entry.fact { amount.tokens } else { nil }
        }
        #expect(calls == [40, 2])
        let tasks = bench.entries.compactMap { entry -> Amount? in
            guard case .transacted(_, .childFinished(_, _, _, _, let spent)) = entry.fact
            else { return nil }
            return spent
        }
        #expect(tasks.map(\.tokens) == [42] && tasks.map(\.microDollars) == [42])
        try bench.propose(parent, (2, .finish(outcome: RunOutcome(.done, ""), report: "")))
        let row = try #require(bench.rows[.runs]?[parent.text])
        #expect(try JSON.decode(RunRow.self, from: row.utf8).spent.tokens == 42)
    }

    @Test("a run that takes longer than its wall budget ends as budget")
    func wall() throws {
        var bench = try KernelBench(Self.definition(run: BudgetLimits(wall: .minutes(1))))
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()))
        try bench.wait(.minutes(1))
        #expect(try bench.outcome(run)?.ending == .budget)
    }

    @Test("R5: a deadline goes with what it was for, and its passing is never a success")
    func deadlines() throws {
        let pause = Act.wait(span: .minutes(2), reason: "a server starts")
        var bench = try KernelBench(Self.definition(run: BudgetLimits(wall: .minutes(10))))
        let told = try #require(try bench.startRun())
        try bench.propose(told, (1, pause))
        let order = Order.tell(told, ChatMessage(id: "m1", text: "go on"))
        try bench.send(.ordered(order, by: Principal("alice"), ticket: 2))
        try bench.propose(told, (2, .finish(outcome: RunOutcome(.done, ""), report: "")))
        #expect(try bench.outcome(told)?.ending == .done)
        // Neither the end of the wait nor that of the wall time means anything any more.
        let entries = bench.entries.count
        for _ in 0..<5 { try bench.wait(.minutes(5)) }
        #expect(bench.entries.count == entries)
        let late = try #require(try bench.startRun())
        try bench.propose(late, (1, pause))
        try bench.wait(.minutes(10))
        #expect(try bench.outcome(late)?.ending == .budget)
    }

    @Test("R18: a result is there when it is recorded, and its worker is ended whatever it does")
    func result() throws {
        var bench = try KernelBench(Self.definition())
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, .finish(outcome: RunOutcome(.done, "all"), report: "all")))
        // Of the process nothing has been heard, and nothing ever is.
        #expect(try bench.outcome(run)?.ending == .done)
        let ends = bench.actions.count { if case .endAttempt(run, 1) = $0 { true } else { false } }
        #expect(ends == 1)
        #expect(try bench.startRun() != nil)
    }

    @Test("a day whose budget is used up admits no further run")
    func dayIsOver() throws {
        let definition = Self.definition(day: BudgetLimits(tokens: 2000))
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request(answer: 10)), bytes: 100)
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 2000)))
        try bench.propose(run, (2, .finish(outcome: RunOutcome(.done, ""), report: "")))
        #expect(try bench.startRun() == nil)
        try bench.wait(.seconds(86_400))
        #expect(try bench.startRun() != nil)
    }
}
