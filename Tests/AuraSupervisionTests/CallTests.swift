import AuraModel
import AuraSupervision
import Testing

@Suite("Model calls in trouble")
struct CallTests {
    private static let tokenPrices = PriceTable(
        input: 1_000_000, cacheWrite: 1_000_000, cacheRead: 1_000_000, output: 1_000_000)

    private static func reasoner(
        _ provider: String, limits: ProviderSettings.Limits = .init(), retries: Int = 4,
        fallbacks: [String] = []
    ) -> ReasonerSettings {
        ReasonerSettings(
            provider: .http(
                ProviderSettings(
                    name: provider, dialect: .anthropic, baseURL: "https://\(provider)",
                    credential: nil, limits: limits, retriesMax: retries)),
            model: "m", prices: tokenPrices, fallbacks: fallbacks)
    }

    private static func settings(
        _ reasoners: [String: ReasonerSettings], runsMax: Int = 8, day: BudgetLimits = .none
    ) -> Settings {
        Settings(
            stateDirectory: "/nowhere", socket: "/nowhere", operatorGroup: nil, user: nil,
            definitionsDirectory: "/nowhere", libexecDirectory: "/nowhere", runsMax: runsMax,
            reasoners: reasoners, dayBudget: day)
    }

    private static func failure(
        _ cause: ModelFailure.Class, begun: TokenUsage? = nil, after: Milliseconds? = nil
    ) -> Result<ModelAnswer, ModelFailure> {
        .failure(ModelFailure(cause: cause, message: "x", begun: begun, retryAfter: after))
    }

    /// Who was asked, and for how long an answer, in order.
    private func asked(_ bench: KernelBench) -> [(reasoner: String, tokens: Int)] {
        bench.actions.compactMap { action in
            guard case .reason(_, _, let name, let request) = action else { return nil }
            return (name, request.answerTokensMax)
        }
    }

    private func begun(
        _ bench: inout KernelBench, answer: Int = 100, bytes: Int = 1000
    ) throws -> RunID {
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request(answer: answer)), bytes: bytes)
        return run
    }

    @Test("a failed call is charged, waits below a bound that doubles, and is made again")
    func again() throws {
        var bench = try KernelBench(
            KernelBench.definition(), settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench)
        for round in 1...4 {
            // The largest of chances is the longest of waits.
            let bound = 1000 << (round - 1)
            try bench.send(
                .modelEnded(run, 1, Self.failure(.timeout), chance: UInt64(bound)))
            #expect(bench.kernel.state.runs[run]?.reserved == .zero)
            #expect(asked(bench).count == round)
            try bench.wait(Milliseconds(bound - 1))
            #expect(asked(bench).count == round)
            try bench.wait(Milliseconds(1))
            #expect(asked(bench).count == round + 1)
        }
        // What each try was held at is charged, because the provider may have worked.
        #expect(bench.kernel.state.runs[run]?.spent.calls == 4)
        try bench.send(.modelEnded(run, 1, Self.failure(.timeout), chance: 0))
        let told = bench.entries.compactMap { entry -> ModelFailure? in
            guard case .transacted(_, .modelFailed(_, let failure)) = entry.fact else { return nil }
            return failure
        }
        #expect(told.map(\.tries) == [5])
    }

    @Test("R37: retry-after has no ceiling; a long wait parks the run, frees its slot, and ends")
    func parked() throws {
        let definition = KernelBench.definition()
        var bench = try KernelBench(
            definition, settings: Self.settings(["main": Self.reasoner("a")], runsMax: 1))
        let run = try begun(&bench)
        let asks = Milliseconds.minutes(5 * 60)
        try bench.send(.modelEnded(run, 1, Self.failure(.rate, after: asks), chance: 0))
        // The worker has all that is known; nothing else is under way.
        try bench.propose(run)
        try bench.wait(.seconds(1))
        guard case .parked(let until)? = bench.kernel.state.runs[run]?.phase else {
            Issue.record("\(String(describing: bench.kernel.state.runs[run]?.phase))")
            return
        }
        #expect(until >= bench.now + asks + .init(-1000))
        #expect(bench.kernel.state.index.underWay.isEmpty)
        #expect(try #require(bench.kernel.nextWake(after: bench.now)) <= until)
        try bench.restart(definition)
        #expect(bench.count(.runFinished) == 0)
        bench.now = until
        try bench.send(.tick)
        #expect(bench.kernel.state.runs[run]?.phase == .launching)
        try bench.attest(run)
        // A new worker folds the same and so wants the same.
        try bench.propose(run, (1, KernelBench.request()))
        #expect(asked(bench).count == 1)
        #expect(bench.kernel.state.runs[run]?.reserved != .zero)
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 5)))
        #expect(bench.kernel.state.runs[run]?.spent.tokens == 5)
    }

    @Test("after a wait only the very request that is in the record is sent; another ends the run")
    func fidelity() throws {
        let definition = KernelBench.definition()
        var bench = try KernelBench(
            definition, settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench)
        try bench.send(
            .modelEnded(run, 1, Self.failure(.rate, after: .minutes(2)), chance: 0))
        try bench.restart(definition)
        try bench.wait(.minutes(2))
        try bench.attest(run)
        try bench.propose(run, (1, KernelBench.request()), digest: "01")
        #expect(asked(bench).isEmpty)
        #expect(try bench.outcome(run)?.ending == .protocolViolation)
    }

    @Test("a wait beyond the run's wall time is not begun: the kernel learns of the failure")
    func noTimeToWait() throws {
        var bench = try KernelBench(
            KernelBench.definition(budget: .init(run: BudgetLimits(wall: .minutes(10)))),
            settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench)
        try bench.send(
            .modelEnded(run, 1, Self.failure(.rate, after: .minutes(20)), chance: 0))
        #expect(bench.count(.callHeld) == 0)
        #expect(bench.kernel.state.runs[run]?.pending.isEmpty == true)
    }

    @Test("what would not be different next time is not asked again")
    func permanent() throws {
        for cause in [ModelFailure.Class.auth, .quota, .badRequest, .contextOverflow, .refused] {
            var bench = try KernelBench(
                KernelBench.definition(), settings: Self.settings(["main": Self.reasoner("a")]))
            let run = try begun(&bench)
            try bench.send(.modelEnded(run, 1, Self.failure(cause), chance: 0))
            #expect(bench.count(.callHeld) == 0, "\(cause)")
            #expect(bench.kernel.state.runs[run]?.spent.tokens == 0, "\(cause)")
        }
    }

    @Test("five failures in a row open the route for all runs; one call finds that it answers")
    func breaker() throws {
        var bench = try KernelBench(
            KernelBench.definition(),
            settings: Self.settings(["main": Self.reasoner("a", retries: 20)]))
        let run = try begun(&bench)
        for _ in 1...5 {
            try bench.send(.modelEnded(run, 1, Self.failure(.overloaded), chance: 0))
            try bench.wait(Milliseconds(1))
        }
        let open = try #require(bench.kernel.state.daemon.routes?["a/m"])
        #expect(open.until == bench.now + CallPolicy.coolDownFirst + .init(-1))
        #expect(asked(bench).count == 5)
        try bench.restart(KernelBench.definition())
        #expect(bench.kernel.state.daemon.routes?["a/m"] == open)
        bench.now = open.until
        try bench.attest(run)
        try bench.send(.tick)
        try bench.attest(run)
        try bench.propose(run, (1, KernelBench.request()))
        #expect(asked(bench).count == 1)
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 1)))
        #expect(bench.kernel.state.daemon.routes == nil)
        #expect(bench.count(.routeClosed) == 1)
    }

    @Test("a declared fallback is asked after three failures, and at once when the key is refused")
    func fallback() throws {
        let settings = Self.settings([
            "main": Self.reasoner("a", fallbacks: ["other"]), "other": Self.reasoner("b"),
        ])
        var bench = try KernelBench(KernelBench.definition(), settings: settings)
        let run = try begun(&bench)
        for _ in 1...3 {
            try bench.send(.modelEnded(run, 1, Self.failure(.overloaded), chance: 0))
            try bench.wait(Milliseconds(1))
        }
        #expect(asked(bench).map(\.reasoner) == ["main", "main", "main", "other"])
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 5)))
        #expect(bench.kernel.state.runs[run]?.pending.isEmpty == true)
        try bench.propose(run, (2, KernelBench.request()))
        try bench.send(.modelEnded(run, 2, Self.failure(.auth), chance: 0))
        #expect(asked(bench).map(\.reasoner).suffix(2) == ["main", "other"])
    }

    @Test("a provider is asked no more than its limits allow, by all runs together")
    func limits() throws {
        let limits = ProviderSettings.Limits(requestsPerMinute: 3, concurrency: 2)
        var bench = try KernelBench(
            settings: Self.settings(["main": Self.reasoner("a", limits: limits)]))
        let names = (1...4).map { KernelBench.name("n\($0)") }
        try bench.load(names.map { KernelBench.definition($0) })
        let runs = try names.map { name in
            let run = try #require(try bench.startRun(name))
            try bench.propose(run, (1, KernelBench.request()))
            return run
        }
        #expect(asked(bench).count == 2)
        try bench.send(.modelEnded(runs[0], 1, KernelBench.answer(tokens: 1)))
        #expect(asked(bench).count == 3)
        try bench.send(.modelEnded(runs[1], 1, KernelBench.answer(tokens: 1)))
        #expect(asked(bench).count == 3)
        let wake = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(wake <= bench.now + .minutes(1))
        try bench.wait(.minutes(1))
        #expect(asked(bench).count == 4)
    }

    // MARK: - Money

    @Test("an answer is shortened to fit the budget before the call is refused")
    func shortened() throws {
        let input = TokenBound.inputTokens(requestBytes: 1000)
        for (limit, expected) in [(input + 600, 600), (input + 5000, 4000)] {
            var bench = try KernelBench(
                KernelBench.definition(budget: .init(run: BudgetLimits(tokens: limit))),
                settings: Self.settings(["main": Self.reasoner("a")]))
            _ = try begun(&bench, answer: 4000)
            #expect(asked(bench).map(\.tokens) == [expected])
        }
        var bench = try KernelBench(
            KernelBench.definition(budget: .init(run: BudgetLimits(tokens: input + 100))),
            settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench, answer: 4000)
        #expect(try bench.outcome(run)?.ending == .budget)
    }

    @Test("after an answer only what was added to the conversation is bounded by its bytes")
    func calibrated() throws {
        var bench = try KernelBench(
            KernelBench.definition(), settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench, bytes: 100_000)
        let answer = ModelAnswer(
            content: [.text("ok")], stop: .endTurn, usage: TokenUsage(input: 25_000, output: 7),
            model: "m")
        try bench.send(.modelEnded(run, 1, .success(answer)))
        try bench.propose(run, (2, KernelBench.request()), bytes: 101_000)
        let held = try #require(bench.kernel.state.runs[run]).reserved.tokens
        #expect(held >= 25_000 + 1000 + 100)
        #expect(held <= 25_000 + 1000 + 100 + 100)
    }

    @Test("the host's day bounds all automatons together")
    func host() throws {
        let input = TokenBound.inputTokens(requestBytes: 1000)
        var bench = try KernelBench(
            settings: Self.settings(
                ["main": Self.reasoner("a")], day: BudgetLimits(tokens: 2 * (input + 100) + 50)))
        let names = (1...3).map { KernelBench.name("n\($0)") }
        try bench.load(names.map { KernelBench.definition($0) })
        for name in names {
            let run = try #require(try bench.startRun(name))
            try bench.propose(run, (1, KernelBench.request(answer: 100)), bytes: 1000)
        }
        #expect(asked(bench).count == 2)
        let ended = bench.entries.compactMap { entry -> RunOutcome? in
            guard case .runFinished(let outcome, _, _) = entry.fact else { return nil }
            return outcome
        }
        #expect(ended.map(\.ending) == [.budget])
        #expect(ended.first?.detail.contains("the host's budget of tokens") == true)
        let levels = bench.kernel.budgets(of: nil, at: bench.now)
        #expect(levels.first?.kind == .host)
        #expect(levels.first?.reserved.tokens == 2 * (input + 100))
        #expect(levels.flatMap(\.reservations).count == 2)
    }

    @Test("R33: a model without a known price is refused, or bound by tokens, as declared")
    func unknownPrice() throws {
        var reasoner = Self.reasoner("a")
        reasoner.pricing = .table([
            .init(from: Instant(milliseconds: .max), prices: Self.tokenPrices)
        ])
        var bench = try KernelBench(
            KernelBench.definition(), settings: Self.settings(["main": reasoner]))
        var run = try begun(&bench)
        #expect(try bench.outcome(run)?.detail.contains("price of m is not known") == true)
        reasoner.pricing = .tokensOnly
        bench = try KernelBench(
            KernelBench.definition(budget: .init(run: BudgetLimits(microDollars: 5))),
            settings: Self.settings(["main": reasoner]))
        run = try begun(&bench)
        #expect(try bench.outcome(run)?.detail.contains("set budget.run.tokens") == true)
        bench = try KernelBench(
            KernelBench.definition(
                budget: .init(run: BudgetLimits(tokens: 9000, microDollars: 5))),
            settings: Self.settings(["main": reasoner]))
        _ = try begun(&bench)
        #expect(asked(bench).count == 1)
    }

    @Test("a run that is stopped in mid-answer pays for the input as counted, not as bounded")
    func stoppedMidway() throws {
        var bench = try KernelBench(
            KernelBench.definition(), settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench, bytes: 100_000)
        try bench.send(.modelBegan(run, 1, TokenUsage(input: 20_000, output: 1)))
        try bench.send(.ordered(.stopRun(run), by: Principal("a"), ticket: 1))
        let charged = bench.entries.compactMap { entry -> Amount? in
            guard case .settled(_, let amount, true) = entry.fact else { return nil }
            return amount
        }
        #expect(charged == [Amount(tokens: 20_100, microDollars: 20_100, calls: 1)])
    }

    @Test("a daemon that stops settles what is known, and the call is made anew after its start")
    func daemonStops() throws {
        let definition = KernelBench.definition()
        var bench = try KernelBench(
            definition, settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench, bytes: 100_000)
        try bench.send(.modelBegan(run, 1, TokenUsage(input: 20_000, output: 1)))
        try bench.send(.stopping(reason: "SIGTERM"))
        #expect(bench.kernel.state.runs[run]?.spent.tokens == 20_100)
        #expect(bench.kernel.state.runs[run]?.reserved == .zero)
        try bench.restart(definition)
        #expect(bench.kernel.state.runs[run]?.spent.tokens == 20_100)
    }

    @Test("an aborted stream is charged for what it began, and made again")
    func aborted() throws {
        var bench = try KernelBench(
            KernelBench.definition(), settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench, bytes: 100_000)
        let usage = TokenUsage(input: 30_000, output: 1)
        try bench.send(.modelEnded(run, 1, Self.failure(.overloaded, begun: usage), chance: 0))
        #expect(bench.kernel.state.runs[run]?.spent.tokens == 30_100)
        try bench.wait(Milliseconds(1))
        #expect(asked(bench).count == 2)
    }

    @Test("the first of several calls to a day's four fifths warns the run that makes it")
    func dayWarns() throws {
        var bench = try KernelBench(
            KernelBench.definition(budget: .init(day: BudgetLimits(tokens: 10_000))),
            settings: Self.settings(["main": Self.reasoner("a")]))
        let run = try begun(&bench)
        try bench.send(.modelEnded(run, 1, KernelBench.answer(tokens: 8000)))
        let warned = bench.entries.contains { entry in
            guard case .transacted(_, .wrapUp(let reason)) = entry.fact else { return false }
            return reason.contains("automaton's budget for")
        }
        #expect(warned)
    }
}
