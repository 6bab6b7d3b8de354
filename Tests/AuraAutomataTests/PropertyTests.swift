import AuraAutomata
import AuraModel
import Testing

@Suite struct PropertyTests {
    static func assignments() throws -> [Assignment] {
        [
            try Fixture.assignment(task: TaskBrief(id: "T1", text: "t")),
            try Fixture.assignment(verify: ["a", "b"]),
            try Fixture.assignment(hasWorkspace: false),
            try Fixture.assignment(kind: .devLoop, verify: ["a"]),
            try CommandRunTests.assignment(run: ["a", "b"]), try CommandRunTests.assignment(),
            try Fixture.assignment(kind: .chat), try Fixture.assignment(kind: .specGen),
        ]
    }

    /// Any transaction at all, more often than not one that fits the outstanding command.
    static func transaction(_ outstanding: Command?, _ chance: inout Chance) -> Transaction {
        let last = outstanding?.id ?? 0
        let command = chance.below(8) == 0 ? chance.below(last + 3) - 1 : last
        let steer = chance.below(20)
        if steer == 0 { return .wrapUp(reason: "r") }
        if steer == 1 { return .interrupted(command: command, reason: "r") }
        if steer == 2 { return .started(trigger: .order(by: .daemon)) }
        if steer == 4 {
            return .told(message: ChatMessage(id: "m", text: "hurry"), by: .daemon)
        }
        if steer == 3 { return .messaged(turn: ConversationTests.turn()) }
        let kind =
            switch (chance.below(10), outstanding?.act) {
            case (0, _), (_, .finish?), (_, nil): chance.below(6)
            case (_, .reason?): 0
            case (_, .tool?): 1
            case (_, .step?): 2
            case (_, .spawn?): 3
            case (_, .ask?): 4
            case (_, .wait?): 5
            }
        switch kind {
        case 0: return model(command, &chance)
        case 1:
            return .toolFinished(
                command: command,
                result: ToolResult(
                    output: chance.pick(["a", "b", ""]), isError: chance.below(3) == 0,
                    isDenied: chance.below(9) == 0, place: .worker))
        case 2:
            let list = "- [ ] T1 a\n- [ ] T2 b\n  after: T1\n- [ ] T3 c\n  verify: x\n"
            let output = chance.pick([
                "base \(Fixture.base)\n\(list)", "commit \(Fixture.commit)", "", "x",
            ])
            let fit = "base \(Fixture.base)\n\(list)\ncommit \(Fixture.commit)\n"
            return .stepFinished(
                command: command,
                result: Driver.stepResult(
                    chance.pick([0, 0, 0, 0, 0, 1, 3, 4, 5, 6, 7]),
                    chance.below(4) == 0 ? output : fit))
        case 3:
            let ending =
                chance.below(2) == 0 ? .done : chance.pick(Array(RunOutcome.Ending.allCases))
            return .childFinished(
                command: command, run: Fixture.run, outcome: RunOutcome(ending, "d"), report: "r")
        case 4:
            return .operatorAnswered(command: command, text: chance.below(3) == 0 ? nil : "yes")
        default: return .waited(command: command)
        }
    }

    static func model(_ command: CommandID, _ chance: inout Chance) -> Transaction {
        if chance.below(6) == 0 {
            let causes: [ModelFailure.Class] = [.rate, .network, .malformed, .timeout, .auth]
            return .modelFailed(
                command: command,
                failure: ModelFailure(
                    cause: chance.pick(causes), message: "m",
                    retryAfter: chance.pick([nil, Milliseconds(-5), Milliseconds(Int.max)])))
        }
        let blocks: [ContentBlock] = [
            .text(""), .text("hm"), .thinking(text: "t", signature: "s"), Fixture.read(),
            Fixture.use("run_command", ["command": .string("ls")]), Fixture.use("nope", [:]),
            Fixture.use("run_command", ["command": .string("d"), "background": .bool(true)]),
            Fixture.use("kill_command", ["command": .integer(3)]),
            Fixture.use("wait", ["seconds": .integer(1), "reason": .string("r")]),
            Fixture.use("ask_operator", ["question": .string("?")]), Fixture.finish(),
            Fixture.use("write_file", [:]), Fixture.finish("failed"),
        ]
        let content = (0..<chance.below(4)).map { _ in chance.pick(blocks) }
        let stops: [StopReason] = [.toolUse, .toolUse, .toolUse, .endTurn, .tokensMax, .pause]
        return .modelAnswered(
            command: command,
            answer: ModelAnswer(
                content: content, stop: chance.pick(stops), usage: TokenUsage(), model: "m"))
    }

    @Test(
        "whatever happens: ids without gaps, one finish at most, nothing after it, same on refold")
    func anything() throws {
        for assignment in try Self.assignments() {
            for seed in 1...150 {
                var chance = Chance(seed: UInt64(seed))
                var driver = Driver(assignment)
                for _ in 0..<60 {
                    driver.feed(Self.transaction(driver.outstanding, &chance))
                }
                let place = "seed \(seed), \(driver.titles)"
                #expect(
                    driver.commands.map(\.id) == Array(1..<driver.commands.count + 1), "\(place)")
                let finishes = driver.titles.indices.filter {
                    driver.titles[$0].hasPrefix("finish ")
                }
                #expect(finishes.isEmpty || finishes == [driver.titles.count - 1], "\(place)")
                var again = Automaton(assignment: assignment)
                #expect(driver.history.flatMap { again.step($0) } == driver.commands, "\(place)")
                #expect(again == driver.automaton, "\(place)")
            }
        }
    }

    @Test("a second answer to a settled command changes nothing")
    func late() throws {
        let driver = try DevLoopTests.happyPath()
        var automaton = Automaton(
            assignment: try Fixture.assignment(kind: .devLoop, verify: ["make test"]))
        var commands: [Command] = []
        for transaction in driver.history {
            commands += automaton.step(transaction)
            commands += automaton.step(transaction)
        }
        #expect(commands == driver.commands)
    }

    @Test("a run interrupted between any two transactions goes on as if it had not been")
    func refold() throws {
        let assignment = try Fixture.assignment(kind: .devLoop, verify: ["make test"])
        let whole = try DevLoopTests.happyPath()
        for cut in 0...whole.history.count {
            var folded = Automaton(assignment: assignment)
            let before = whole.history.prefix(cut).flatMap { folded.step($0) }
            let after = whole.history.dropFirst(cut).flatMap { folded.step($0) }
            #expect(before + after == whole.commands, "cut at \(cut)")
        }
    }
}
