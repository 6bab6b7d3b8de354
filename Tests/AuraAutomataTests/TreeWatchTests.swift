import AuraModel
import Testing

@testable import AuraAutomata

/// R31: progress is what changes the tree, however busy an agent is.
struct TreeWatchTests {
    private static func look(_ turn: Int) -> ContentBlock { Fixture.read("file-\(turn)") }

    private static func command(_ turn: Int) -> ContentBlock {
        Fixture.use("run_command", ["command": .string("make \(turn)")])
    }

    /// Plays turns of one call each, of which it is known whether they changed the tree.
    private static func play(
        _ turns: ClosedRange<Int>, in driver: inout Driver, changed: Bool? = false,
        _ use: (Int) -> ContentBlock
    ) {
        for turn in turns where driver.outcome == nil {
            driver.answer([use(turn)])
            driver.feed(
                .toolFinished(
                    command: driver.id,
                    result: ToolResult(
                        output: "\(turn)", place: .siblingCage, treeChanged: changed)))
        }
    }

    @Test("R31: 12 turns that change nothing are told, and the end comes at 30 % of the turns")
    func stalls() throws {
        for use in [Self.look, Self.command] {
            var driver = try Fixture.child(limits: Definition.Limits(turns: 100))
            Self.play(1...11, in: &driver, use)
            #expect(!driver.said.contains(.text(AgentPrompt.changeNudge)))
            Self.play(12...12, in: &driver, use)
            #expect(driver.said.last == .text(AgentPrompt.changeNudge))
            Self.play(13...29, in: &driver, use)
            #expect(driver.outcome == nil)
            Self.play(30...30, in: &driver, use)
            #expect(driver.outcome?.ending == .stalled)
            #expect(driver.outcome?.detail.contains("30 turns") == true)
        }
    }

    @Test("R31: an agent with few turns has 12 more after it was told")
    func few() throws {
        var driver = try Fixture.child(limits: Definition.Limits(turns: 40))
        Self.play(1...23, in: &driver, Self.look)
        #expect(driver.outcome == nil)
        Self.play(24...24, in: &driver, Self.look)
        #expect(driver.outcome?.ending == .stalled)
    }

    @Test("R31: an edit and a command that changed something, or may have, begin the count anew")
    func changes() throws {
        let edit = Fixture.use(
            "edit_file", ["path": .string("a"), "old": .string("x"), "new": .string("y")])
        for (use, changed) in [(edit, nil), (Self.command(0), true), (Self.command(0), nil)] {
            var driver = try Fixture.child(limits: Definition.Limits(turns: 100))
            for _ in 1...3 {
                Self.play(1...25, in: &driver, Self.look)
                #expect(driver.outcome == nil)
                Self.play(1...1, in: &driver, changed: changed) { _ in use }
            }
            Self.play(1...12, in: &driver, Self.look)
            #expect(driver.said.last == .text(AgentPrompt.changeNudge))
        }
    }

    @Test("R31: waiting is no turn without a change")
    func waits() throws {
        var driver = try Fixture.child(limits: Definition.Limits(turns: 200))
        for turn in 1...60 {
            driver.answer([Fixture.use("wait", ["seconds": .integer(5), "reason": .string("ci")])])
            driver.feed(.waited(command: driver.id))
            if turn.isMultiple(of: 6) { Self.play(turn...turn, in: &driver, Self.look) }
        }
        #expect(driver.outcome == nil)
    }

    @Test("R31: who reads for a living, or began under older rules, is not stopped")
    func others() throws {
        var old = try Fixture.child(
            limits: Definition.Limits(turns: 100), rules: KernelRules.together)
        Self.play(1...60, in: &old, Self.look)
        #expect(old.outcome == nil)
        var assignment = try Fixture.assignment(
            hasWorkspace: true, limits: Definition.Limits(turns: 100))
        assignment.task = TaskBrief(id: "T001", text: "look", role: .review)
        var reviewer = Driver(assignment)
        Self.play(1...60, in: &reviewer, Self.look)
        #expect(reviewer.outcome == nil)
    }
}
