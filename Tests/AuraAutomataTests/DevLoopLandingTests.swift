import AuraAutomata
import AuraModel
import Testing

/// Review, escalation, tests that must fail first, moved bases, lanes and the breaker.
@Suite struct DevLoopLandingTests {
    static func driver(
        streak: LoopStreak? = nil, _ change: (inout Definition) -> Void
    ) throws -> Driver {
        var assignment = try Fixture.assignment(kind: .devLoop, verify: ["make test"])
        change(&assignment.definition)
        return Driver(assignment, streak: streak)
    }

    static let one = "- [ ] T1 a\n  accept: US1-AC1\n"

    /// From the child's command to the diff for the reviewer, on a green commit.
    static func toDiff(_ driver: inout Driver) {
        driver.child(.done)
        driver.step(0, "commit \(Fixture.commit)\n")
        for _ in 1...2 { driver.step() }
    }

    static func verdict(_ verdict: String, met: Bool, id: String = "US1-AC1") -> String {
        """
        Here it is: {"verdict": "\(verdict)", "checks": [{"accept": "\(id)", "met": \(met), \
        "why": "w"}], "findings": [{"path": "a.c", "line": 3, "problem": "off by one"}]}
        """
    }

    static func reviewed() throws -> Driver {
        var driver = try driver {
            $0.review = .init(reasoner: "critic", rounds: 1)
            $0.limits.attempts = 1
        }
        DevLoopTests.survey(&driver, one)
        DevLoopTests.toChild(&driver)
        toDiff(&driver)
        driver.step(0, "+ a change\n")
        return driver
    }

    @Test(
        "a reviewer gets task, acceptance and change, another model, and no way to change anything")
    func reviewer() throws {
        let driver = try Self.reviewed()
        guard case .spawn(let request)? = driver.outstanding?.act else {
            Issue.record("no reviewer: \(driver.titles)")
            return
        }
        #expect(request.task.role == .review && request.reasoner == "critic")
        #expect(request.task.text.contains("US1-AC1") && request.task.text.contains("+ a change"))
        let child = try Driver(
            Fixture.assignment(task: TaskBrief(id: "T1", text: "t", role: .review)))
        #expect(
            child.request?.tools.map(\.name)
                == ["read_file", "list_files", "search", "finish"])
        #expect(child.request?.system.contains("You are the reviewer") == true)
    }

    @Test(
        "what is accepted lands; what is sent back is mended on top of the work, in bounded rounds")
    func rounds() throws {
        var driver = try Self.reviewed()
        driver.child(.done, Self.verdict("rework", met: true))
        #expect(driver.titles.last == "prepare a clone at cccccccccccc")
        driver.step()
        guard case .spawn(let request)? = driver.outstanding?.act else { return }
        #expect(request.task.role == nil && request.task.text.contains("a.c:3: off by one"))
        Self.toDiff(&driver)
        driver.step(0, "+ another\n")
        var accepted = driver
        accepted.child(.done, Self.verdict("accept", met: true))
        #expect(accepted.titles.last == "land cccccccccccc on aura/fixer/T1")
        driver.child(.done, Self.verdict("rework", met: true))
        #expect(driver.titles.last == "keep what the failed task left")
        DevLoopTests.bury(&driver)
        DevLoopTests.survey(&driver, Self.one)
        #expect(driver.outcome?.ending == .tasksFailed)
        #expect(driver.outcome?.detail.contains("off by one") == true)
    }

    @Test(
        "no verdict, one that leaves out an acceptance, or one against its own checks never lands",
        arguments: [
            ("looks good to me", false), ("{}", false), (Self.verdict("accept", met: false), true),
            (Self.verdict("accept", met: true, id: "US1-AC2"), false),
            (Self.verdict("ACCEPT", met: true), false),
        ])
    func vague(report: String, isRework: Bool) throws {
        var driver = try Self.reviewed()
        driver.child(.done, report)
        let again = isRework ? "prepare a clone at cccccccccccc" : "show what cccccccccccc changes"
        #expect(driver.titles.last == again)
        guard !isRework else { return }
        driver.step(0, "+ a change\n")
        driver.child(.done, report)
        #expect(driver.titles.last == "keep what the failed task left")
    }

    @Test("later attempts get the stronger models in turn, and all share the task's budget")
    func escalation() throws {
        var driver = try Self.driver {
            $0.escalate = ["strong", "strongest"]
            $0.limits.attempts = 4
        }
        DevLoopTests.survey(&driver, "- [ ] T1 a\n  budget: tokens=900 usd=2\n")
        DevLoopTests.toChild(&driver)
        var seen: [String?] = []
        var left: [Int?] = []
        for _ in 1...4 {
            guard case .spawn(let request)? = driver.outstanding?.act else { break }
            seen.append(request.reasoner)
            left.append(request.budget.tokens)
            driver.feed(
                .childFinished(
                    command: driver.id, run: Fixture.run, outcome: RunOutcome(.failed, "no"),
                    report: "no", spent: Amount(tokens: 200, microDollars: 1, calls: 1)))
            driver.step()
        }
        #expect(seen == [nil, "strong", "strongest", "strongest"])
        #expect(left == [900, 700, 500, 300])
    }

    @Test("tests that pass without the change prove nothing; those that fail first do")
    func discriminating() throws {
        var driver = try Self.driver { $0.limits.attempts = 1 }
        DevLoopTests.survey(&driver, "- [ ] T1 a\n  tests: t/**\n  verify: sh t/a\n")
        DevLoopTests.toChild(&driver)
        driver.child(.done)
        driver.step(0, "commit \(Fixture.commit)\n")
        #expect(driver.titles.last == "check out bbbbbbbbbbbb with the tests of cccccccccccc")
        var none = driver
        none.step(3)
        #expect(none.titles.last == "keep what the failed task left")
        driver.step()
        #expect(driver.titles.last == "verify: sh t/a")
        var green = driver
        green.step(0)
        #expect(green.titles.last == "keep what the failed task left")
        driver.step(1)
        #expect(driver.titles.last == "check out cccccccccccc afresh")
    }

    @Test("merge-ff lands on the base; when that moved, the work is put on it and verified again")
    func mergeFF() throws {
        var driver = try Self.driver { $0.land = .init(.mergeFF) }
        DevLoopTests.survey(&driver, "- [ ] T1 a\n")
        DevLoopTests.toChild(&driver)
        Self.toDiff(&driver)
        #expect(driver.titles.last == "land cccccccccccc on main")
        driver.step(4)
        DevLoopTests.survey(&driver, "- [ ] T1 a\n", base: Fixture.tip)
        #expect(driver.titles.last == "put cccccccccccc on top of dddddddddddd")
        let moved = String(repeating: "e", count: 40)
        driver.step(0, "commit \(moved)\n")
        let tail = [
            "check out eeeeeeeeeeee afresh", "verify: make test", "land eeeeeeeeeeee on main",
        ]
        for title in tail {
            #expect(driver.titles.last == title)
            driver.step()
        }
        #expect(driver.titles.last == "survey the repository")
    }

    @Test("landed work is put on a base that moved; what does not fit is done anew")
    func restack() throws {
        let first = String(repeating: "1", count: 40)
        let second = String(repeating: "2", count: 40)
        let list = "- [ ] T1 a\n- [ ] T2 b\n- [ ] T3 c\n"
        var driver = try Self.driver { _ in }
        driver.step(
            0,
            "stale \(first) T1\nstale \(second) T2\nbase \(Fixture.base) \(list.utf8.count)\n\(list)"
        )
        #expect(driver.titles.last == "put 111111111111 on top of bbbbbbbbbbbb")
        driver.step(0, "commit \(Fixture.commit)\n")
        for _ in 1...2 { driver.step() }
        guard case .step(.land(_, _, _, let replaces, _))? = driver.outstanding?.act else {
            Issue.record("not landed: \(driver.titles)")
            return
        }
        #expect(replaces == first)
        driver.step()
        let ticked = TaskList(list).ticking("T1")
        driver.step(
            0,
            "stale \(second) T2\nbase \(Fixture.commit) \(ticked.utf8.count)\n\(ticked)")
        #expect(driver.titles.last == "put 222222222222 on top of cccccccccccc")
        driver.step(9, "it does not fit")
        #expect(driver.titles.last == "prepare a clone at cccccccccccc")
        driver.step()
        guard case .spawn(let request)? = driver.outstanding?.act else {
            Issue.record("T2 is not done anew: \(driver.titles)")
            return
        }
        #expect(request.task.id == "T2")
        Self.toDiff(&driver)
        guard case .step(.land(_, _, _, let anew, _))? = driver.outstanding?.act else { return }
        #expect(anew == second, "the stale branch may be left")
    }

    @Test("tasks marked [P] are worked on beside each other, each in a lane; others wait")
    func lanes() throws {
        var driver = try Self.driver { $0.limits.parallel = 2 }
        let list = "- [ ] T1 [P] a\n- [ ] T2 [P] b\n- [ ] T3 [P] c\n- [ ] T4 d\n"
        DevLoopTests.survey(&driver, list)
        DevLoopTests.toChild(&driver)
        let first = driver.commands[driver.commands.count - 2]
        guard case .spawn(let request) = first.act else {
            Issue.record("no child: \(driver.titles)")
            return
        }
        #expect(request.task.lane == "T1")
        #expect(driver.titles.last == "prepare a clone at bbbbbbbbbbbb")
        driver.step()
        #expect(driver.titles.suffix(1) == ["spawn T2"])
        let second = driver.id
        // The second is done first; the first then has to be put on top of it.
        driver.feed(
            .childFinished(
                command: second, run: Fixture.run, outcome: RunOutcome(.done, "d"), report: "r"))
        driver.step(0, "commit \(Fixture.commit)\n")
        for _ in 1...3 { driver.step() }
        DevLoopTests.survey(&driver, TaskList(list).ticking("T2"), base: Fixture.commit)
        driver.step()
        #expect(driver.titles.last == "spawn T3")
        driver.feed(
            .childFinished(
                command: first.id, run: Fixture.run, outcome: RunOutcome(.done, "d"), report: "r"))
        driver.step(0, "commit \(Fixture.tip)\n")
        for _ in 1...2 { driver.step() }
        #expect(driver.titles.last == "put dddddddddddd on top of cccccccccccc")
    }

    @Test("three failures in a row open the breaker; a landing between them does not let it")
    func breaker() throws {
        let list = (1...6).map { "- [ ] T\($0) a\n" }.joined()
        var driver = try Self.driver { $0.limits.attempts = 1 }
        for number in 1...3 {
            DevLoopTests.survey(&driver, list)
            if number == 1 { DevLoopTests.toChild(&driver) } else { driver.step() }
            driver.child(.failed, "cannot")
            DevLoopTests.bury(&driver)
        }
        #expect(driver.outcome?.ending == .breaker)
        #expect(driver.outcome?.detail.hasPrefix("3 tasks failed in a row: T1") == true)
        #expect(driver.report.contains("kept on aura-failed/fixer/T2"))
    }

    @Test("spending far more than landings cost opens the breaker before the next attempt")
    func burning() throws {
        let list = (1...6).map { "- [ ] T\($0) a\n" }.joined()
        var driver = try Self.driver { $0.limits.attempts = 9 }
        var text = list
        for number in 1...3 {
            DevLoopTests.survey(&driver, text, base: number == 1 ? Fixture.base : Fixture.commit)
            if number == 1 { DevLoopTests.toChild(&driver) } else { driver.step() }
            driver.feed(
                .childFinished(
                    command: driver.id, run: Fixture.run, outcome: RunOutcome(.done, "d"),
                    report: "r",
                    spent: Amount(tokens: 100)))
            driver.step(0, "commit \(Fixture.commit)\n")
            for _ in 1...3 { driver.step() }
            text = TaskList(text).ticking("T\(number)")
        }
        DevLoopTests.survey(&driver, text, base: Fixture.commit)
        driver.step()
        for attempt in 1...4 {
            driver.feed(
                .childFinished(
                    command: driver.id, run: Fixture.run, outcome: RunOutcome(.failed, "d"),
                    report: "r", spent: Amount(tokens: 90)))
            guard attempt < 4 else { break }
            #expect(driver.titles.last?.hasPrefix("prepare") == true, "attempt \(attempt)")
            driver.step()
        }
        #expect(driver.titles.last == "keep what the failed task left")
        DevLoopTests.bury(&driver)
        #expect(driver.outcome?.ending == .breaker)
        #expect(driver.outcome?.detail.contains("360 tokens were spent") == true)
    }

    @Test("failures of earlier runs count: the first one more opens the breaker and says so")
    func breakerOverRuns() throws {
        var streak = LoopStreak()
        streak.fail()
        streak.fail()
        var driver = try Self.driver(streak: streak) { $0.limits.attempts = 1 }
        DevLoopTests.survey(&driver, "- [ ] T1 a\n- [ ] T2 b\n")
        DevLoopTests.toChild(&driver)
        driver.child(.failed, "cannot")
        DevLoopTests.bury(&driver)
        #expect(driver.outcome?.ending == .breaker)
        let start = "3 tasks failed in a row, 2 of them in earlier runs: T1 ("
        #expect(driver.outcome?.detail.hasPrefix(start) == true, "\(driver.report)")
    }

    @Test("what earlier runs burned without landing ends a run before it begins a task")
    func burningOverRuns() throws {
        var streak = LoopStreak()
        for _ in 1...3 {
            streak.spend(Amount(tokens: 100))
            streak.land()
        }
        streak.spend(Amount(tokens: 300))
        let calm = try Self.driver(streak: streak) { _ in }
        #expect(calm.titles == ["survey the repository"])
        streak.spend(Amount(tokens: 1))
        let driver = try Self.driver(streak: streak) { _ in }
        #expect(driver.outcome?.ending == .breaker)
        #expect(driver.outcome?.detail.contains("301 tokens were spent") == true)
        streak.forgive()
        #expect(streak.waste(.standard) == nil && streak.landings.count == 3)
    }

    @Test("a task may name its model among those that the definition has, and no other")
    func models() throws {
        var driver = try Self.driver {
            $0.reasoner = "main"
            $0.models = ["big"]
            $0.limits.attempts = 2
        }
        let list = """
            - [ ] T1 a
              model: big
            - [ ] T2 b
              model: biggest
            - [ ] T3 c
              model: main
              The model: it is described elsewhere.

            """
        DevLoopTests.survey(&driver, list)
        DevLoopTests.toChild(&driver)
        #expect(driver.reasoner == "big")
        driver.child(.failed, "cannot")
        driver.step()
        #expect(driver.reasoner == "big", "nothing stronger is declared")
        DevLoopTests.land(&driver, checks: 1)
        DevLoopTests.survey(&driver, TaskList(list).ticking("T1"), base: Fixture.commit)
        driver.step()
        #expect(driver.reasoner == "main")
        DevLoopTests.land(&driver, checks: 1)
        let done = TaskList(TaskList(list).ticking("T1")).ticking("T3")
        DevLoopTests.survey(&driver, done, base: Fixture.tip)
        #expect(driver.outcome?.ending == .tasksFailed)
        let why = "T2 its `model: biggest` (below line 3) is none that the definition allows"
        #expect(driver.outcome?.detail.contains(why) == true, "\(driver.report)")
    }
}
