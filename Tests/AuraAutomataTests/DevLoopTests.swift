import AuraAutomata
import AuraModel
import Testing

@Suite struct DevLoopTests {
    static let list = """
        # Tasks
        - [ ] T001 write the parser
          verify: make parser
        - [ ] T002 use it
          after: T001
        - [ ] T003 a readme

        """

    static func driver(
        verify: [String] = ["make test"], attempts: Int = 2
    ) throws -> Driver {
        Driver(
            try Fixture.assignment(
                kind: .devLoop, verify: verify, limits: Definition.Limits(attempts: attempts)))
    }

    static func survey(_ driver: inout Driver, _ list: String, base: String = Fixture.base) {
        driver.step(0, "base \(base) \(list.utf8.count)\n\(list)")
    }

    /// From prepare to the child's command, on a green base of one step.
    static func toChild(_ driver: inout Driver) { for _ in 1...3 { driver.step() } }

    /// From the child's command to the next survey, all green, with so many checks.
    static func land(_ driver: inout Driver, checks: Int) {
        driver.child(.done)
        driver.step(0, "commit \(Fixture.commit)\n")
        for _ in 0..<(checks + 2) { driver.step() }
    }

    /// What is left of a failed task is kept; the next survey is under way.
    static func bury(_ driver: inout Driver) {
        driver.step(0, "commit \(Fixture.commit)\n")
        driver.step()
    }

    static func happyPath() throws -> Driver {
        var driver = try driver()
        survey(&driver, list)
        toChild(&driver)
        land(&driver, checks: 2)
        let ticked = TaskList(list).ticking("T001")
        survey(&driver, ticked, base: Fixture.commit)
        driver.step()
        land(&driver, checks: 1)
        survey(&driver, TaskList(ticked).ticking("T002"), base: Fixture.tip)
        toChild(&driver)
        land(&driver, checks: 1)
        survey(&driver, list.replacing("[ ]", with: "[x]"))
        return driver
    }

    @Test("the loop lands task after task, each from the tip of what has landed")
    func transcript() throws {
        let driver = try Self.happyPath()
        func task(_ id: String, base: String, judged: Bool, checks: [String]) -> [String] {
            ["survey the repository", "prepare a clone at \(base)"]
                + (judged ? [] : ["check out \(base) afresh", "verify: make test"]) + [
                    "spawn \(id)", "export the result as a commit",
                    "check out cccccccccccc afresh",
                ] + checks.map { "verify: \($0)" } + ["land cccccccccccc on aura/fixer/\(id)"]
        }
        #expect(
            driver.titles
                == task(
                    "T001", base: "bbbbbbbbbbbb", judged: false,
                    checks: ["make test", "make parser"])
                + task("T002", base: "cccccccccccc", judged: true, checks: ["make test"])
                + task("T003", base: "dddddddddddd", judged: false, checks: ["make test"])
                + ["survey the repository", "finish done"])
        #expect(driver.outcome?.detail == "landed 3 tasks: T001, T002, T003")
    }

    @Test("the commit carries the tick of its own task and names its run, task and automaton")
    func export() throws {
        var driver = try Self.driver()
        Self.survey(&driver, Self.list)
        Self.toChild(&driver)
        driver.child(.done, "wrote it\u{0}")
        guard
            case .step(.export(let base, let message, let overlay, _, _))? = driver.outstanding?.act
        else {
            Issue.record("no export: \(driver.titles)")
            return
        }
        #expect(base == Fixture.base)
        #expect(
            message == """
                T001: write the parser

                wrote it

                Aura-Run: \(Fixture.run.text)
                Aura-Task: T001
                Aura-Automaton: fixer
                Aura-Spec: tasks.md@bbbbbbbbbbbb

                """)
        let ticked = Self.list.replacing("- [ ] T001", with: "- [x] T001")
        #expect(overlay == [OverlayFile(path: "tasks.md", content: ticked)])
    }

    @Test("a failed task blocks its dependants only, and its later attempts know of the earlier")
    func failedTask() throws {
        var driver = try Self.driver()
        Self.survey(&driver, Self.list)
        Self.toChild(&driver)
        driver.child(.failed, "cannot parse")
        #expect(driver.titles.last == "prepare a clone at bbbbbbbbbbbb")
        driver.step()
        guard case .spawn(let request)? = driver.outstanding?.act else {
            Issue.record("no second attempt: \(driver.titles)")
            return
        }
        #expect(request.task.notes.count == 1 && request.task.notes[0].contains("cannot parse"))
        #expect(request.budget == BudgetLimits(tokens: 1000))
        driver.child(.done)
        driver.step(3)
        #expect(driver.titles.last == "keep what the failed task left")
        guard case .step(.salvage(_, let message, _))? = driver.outstanding?.act else { return }
        #expect(message.contains("cannot parse") && message.contains("nothing had changed"))
        driver.step(0, "commit \(Fixture.commit)\n")
        #expect(driver.titles.last == "keep cccccccccccc on aura-failed/fixer/T001")
        driver.step()
        Self.survey(&driver, Self.list)
        driver.step()
        #expect(driver.titles.last == "spawn T003")
        Self.land(&driver, checks: 1)
        Self.survey(&driver, TaskList(Self.list).ticking("T003"))
        let outcome = try #require(driver.outcome)
        #expect(outcome.ending == .tasksFailed)
        #expect(
            outcome.detail.contains("T001 failed") && outcome.detail.contains("T002 waits for T001")
        )
        #expect(driver.report.contains("landed  T003"))
        #expect(driver.report.contains("kept on aura-failed/fixer/T001"))
    }

    @Test("a red base ends the run, unless the task is there to repair it")
    func baseline() throws {
        var driver = try Self.driver()
        Self.survey(&driver, Self.list)
        driver.step()
        driver.step()
        driver.step(1, "FAIL")
        #expect(driver.outcome?.ending == .baselineRed)
        #expect(driver.outcome?.detail.contains("make test") == true)

        var repair = try Self.driver()
        Self.survey(&repair, "- [ ] T1 repair\n  tag: fix\n")
        repair.step()
        repair.step()
        repair.step(1, "FAIL")
        #expect(repair.titles.last == "spawn T1")
    }

    @Test(
        "what would meet the next task too ends the run; what met this task fails it",
        arguments: RunOutcome.Ending.allCases)
    func childEnding(_ ending: RunOutcome.Ending) throws {
        var driver = try Self.driver(verify: [], attempts: 1)
        Self.survey(&driver, Self.list)
        driver.step()
        driver.child(ending)
        if ending == .done {
            #expect(driver.titles.last == "export the result as a commit")
            return
        }
        Self.bury(&driver)
        let isFatal = [
            RunOutcome.Ending.auth, .providerRejected, .providerUnavailable, .confinement,
        ].contains(ending)
        if isFatal {
            #expect(driver.outcome?.ending == ending)
        } else {
            #expect(driver.titles.last == "survey the repository")
        }
    }

    @Test("after a wrap-up the task under way is finished and no other begun")
    func wrapUp() throws {
        var driver = try Self.driver()
        Self.survey(&driver, Self.list)
        Self.toChild(&driver)
        driver.feed(.wrapUp(reason: "80 % of tokens"))
        Self.land(&driver, checks: 2)
        Self.survey(&driver, TaskList(Self.list).ticking("T001"))
        #expect(
            driver.outcome
                == RunOutcome(
                    .budget, "landed 1 task: T001; 2 left open, wrapped up: 80 % of tokens")
        )
        var early = try Self.driver()
        early.feed(.wrapUp(reason: "80 % of tokens"))
        Self.survey(&early, Self.list)
        #expect(early.outcome?.ending == .budget)
    }

    @Test(
        "a list that cannot be carried out says why, and what is sound in it is done",
        arguments: [
            ("- [ ] T1 a\n- [ ] T1 b\n", "T1 its id stands more than once, in lines 1, 2"),
            ("- [ ] T1 a\n  after: T9\n", "T1 `after: T9` (line 1) names no task of the list"),
            (
                "- [ ] T1 a\n  after: T2\n- [ ] T2 b\n  after: T1\n",
                "T1 its `after` lines lead in a circle: T1 (line 1) -> T2 (line 3) -> T1"
            ),
        ])
    func unsoundList(list: String, reason: String) throws {
        var driver = try Self.driver(verify: [])
        Self.survey(&driver, list)
        #expect(driver.outcome?.ending == .tasksFailed)
        #expect(driver.outcome?.detail.hasPrefix(reason) == true)
        var sound = try Self.driver(verify: [])
        Self.survey(&sound, list + "- [ ] T3 c\n")
        sound.step()
        #expect(sound.titles.last == "spawn T3")
    }

    @Test(
        "a survey that failed or came in part ends the run",
        arguments: [
            (6, "no branch main"), (7, "no tasks.md"), (0, "nonsense"),
            (0, "base \(Fixture.base) 99\n- [ ] T1 a\n"),
            (0, "base \(Fixture.base)\n- [ ] T1 \u{FFFD}\n"),
        ])
    func badSurvey(code: Int, output: String) throws {
        var driver = try Self.driver()
        driver.step(code, output)
        #expect(driver.outcome?.ending == .workspaceFailed)
    }

    @Test("an interrupted step is run again, three times in a row at most")
    func interruptedStep() throws {
        var driver = try Self.driver()
        for _ in 1...3 { driver.feed(.interrupted(command: driver.id, reason: "died")) }
        #expect(driver.titles == Array(repeating: "survey the repository", count: 4))
        driver.feed(.interrupted(command: driver.id, reason: "died"))
        #expect(driver.outcome?.ending == .workspaceFailed)
    }

    @Test("an empty list is success with nothing done")
    func nothingOpen() throws {
        var driver = try Self.driver()
        Self.survey(&driver, "- [x] T1 a\n")
        #expect(driver.outcome == RunOutcome(.done, "nothing open"))
    }

    @Test("what spoils an attempt is followed by another, and what no attempt can mend is not")
    func spoiledAttempts() throws {
        var child = try Self.driver(verify: [])
        Self.survey(&child, Self.list)
        child.step()
        var export = child
        export.child(.done)
        var land = export
        land.step(0, "commit \(Fixture.commit)\n")
        land.step()
        land.step()
        let again = "prepare a clone at bbbbbbbbbbbb"

        var lost = child
        lost.feed(.interrupted(command: lost.id, reason: "died"))
        #expect(lost.titles.last == again)
        var gated = export
        gated.step(5, ".git/hooks/x")
        #expect(gated.titles.last == again)
        var broken = export
        broken.step(1, "tree too large")
        #expect(broken.titles.last == again)
        var moved = land
        moved.step(4)
        Self.bury(&moved)
        #expect(moved.titles.last == "survey the repository")
        Self.survey(&moved, "- [ ] T001 write the parser\n")
        #expect(moved.outcome?.ending == .tasksFailed)
        #expect(moved.outcome?.detail.contains("was moved by someone else") == true)
        var refused = land
        refused.feed(
            .stepFinished(
                command: refused.id,
                result: StepResult(
                    exit: .refused(feature: "landlock"), output: "", duration: .zero)))
        #expect(refused.outcome?.ending == .confinement)
    }

    @Test("an open box without an id is not passed over in silence")
    func nameless() throws {
        var driver = try Self.driver()
        Self.survey(&driver, "- [ ] write the docs\n")
        #expect(driver.outcome == RunOutcome(.done, "nothing open; 1 open without an id"))
        #expect(driver.report.contains("open boxes without an id in lines 1"))
    }
}
