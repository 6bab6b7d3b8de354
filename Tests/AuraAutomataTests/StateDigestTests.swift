import AuraModel
import Testing

@testable import AuraAutomata

@Suite("Digests of a kernel's state")
struct StateDigestTests {
    private func driver() throws -> Driver {
        Driver(
            try Fixture.assignment(
                task: TaskBrief(id: "T001", text: "add a line"), hasWorkspace: false))
    }

    private func answer(_ command: CommandID, _ text: String) -> Transaction {
        .modelAnswered(
            command: command,
            answer: ModelAnswer(
                content: [.text(text), Fixture.read("a", id: "u")], stop: .toolUse,
                usage: TokenUsage(input: 1, output: 1), model: "m"))
    }

    @Test("are the same of the same fold, and of no other")
    func folds() throws {
        var (one, same, other) = (try driver(), try driver(), try driver())
        var seen = [try StateDigest.of(one.automaton)]
        for step in 0..<3 {
            let news =
                step % 2 == 0
                ? answer(one.id, "look")
                : .toolFinished(
                    command: one.id, result: ToolResult(output: "text", place: .worker))
            one.feed(news)
            same.feed(news)
            seen.append(try StateDigest.of(one.automaton))
            #expect(try seen.last == StateDigest.of(same.automaton))
        }
        #expect(Set(seen).count == seen.count)
        // The same commands, but one word of what the model said.
        other.feed(answer(other.id, "see"))
        #expect(try StateDigest.of(other.automaton) != seen[1])
    }

    @Test("do not depend on the order in which a set or a dictionary was filled")
    func unordered() throws {
        let assignment = try Fixture.assignment(kind: .devLoop)
        var digests: Set<String> = []
        for seed in 0..<20 {
            var loop = DevLoop(assignment: assignment)
            // Room in advance lays them out otherwise as well.
            loop.green.reserveCapacity(seed * 7)
            for number in (0..<40).map({ (7 * $0 + seed) % 40 }) {
                loop.green.insert("commit-\(number)")
                loop.stale["task-\(number)"] = "commit-\(number)"
            }
            digests.insert(try StateDigest.of(.devLoop(loop)))
        }
        #expect(digests.count == 1)
    }

    /// Whoever gives a kernel's state another part finds this failing: then `StateDigest.version` is
    /// to be raised, so that older records are not compared with the new shape.
    @Test("have the shape of their version")
    func golden() throws {
        var driver = try driver()
        driver.feed(answer(driver.id, "look"))
        let agent = try StateDigest.of(driver.automaton)
        #expect(agent == "1:fb023a0202604f86bcad27d7a077bde4")
        let loop = try StateDigest.of(
            Automaton(assignment: try Fixture.assignment(kind: .devLoop)))
        #expect(loop == "1:a7b9c325cb0cb3e7fb853beffc211ffb")
    }
}
