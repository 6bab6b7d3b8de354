import AuraModel
import Testing

@testable import AuraAutomata

/// The tool `fetch`, as the model meets it.
@Suite struct FetchToolTests {
    private static let grants = [FetchGrant(origin: "https://docs.example.com")]

    private func driver(_ grants: [FetchGrant]?) throws -> Driver {
        var assignment = try Fixture.assignment(
            kind: .chat, hasWorkspace: false, verify: [], commands: false)
        assignment.definition.capabilities.fetch = grants
        var driver = Driver(assignment)
        driver.feed(.messaged(turn: ConversationTests.turn()))
        return driver
    }

    @Test("it is offered only where origins are granted, and names them")
    func offered() throws {
        let granted = try driver(Self.grants)
        #expect(granted.request?.tools.map(\.name).contains("fetch") == true)
        #expect(granted.request?.system.contains("https://docs.example.com (GET, HEAD).") == true)
        for grants in [nil, []] as [[FetchGrant]?] {
            let without = try driver(grants)
            #expect(without.request?.tools.map(\.name).contains("fetch") == false)
            #expect(without.request?.system.contains("fetch") == false)
        }
        var assignment = try Fixture.assignment(
            kind: .taskRun, hasWorkspace: false, verify: [], commands: true)
        assignment.definition.capabilities.fetch = Self.grants
        #expect(AgentTool.offered(assignment).contains(.performed(.fetch)))
        // A reviewer only reads.
        assignment.task = TaskBrief(id: "T1", text: "", role: .review)
        #expect(!AgentTool.offered(assignment).contains(.performed(.fetch)))
    }

    @Test("what became of an interrupted request is for the model to find out")
    func interrupted() throws {
        var driver = try driver(Self.grants)
        let use = ContentBlock.toolUse(
            id: "u1", name: "fetch", input: .object(["url": .string("https://docs.example.com/")]))
        driver.answer([use])
        let command = try #require(driver.commands.last)
        guard case .tool(let call) = command.act else {
            Issue.record("no call: \(command)")
            return
        }
        #expect(call.tool == .fetch && call.tool.place == .aurad && call.tool.effect == .external)
        driver.feed(.interrupted(command: command.id, reason: "indeterminate"))
        let told = driver.request?.messages.last?.content.first
        guard case .toolResult("u1", let text, true) = told else {
            Issue.record("told \(String(describing: told))")
            return
        }
        #expect(text.hasPrefix("indeterminate"))
    }
}
