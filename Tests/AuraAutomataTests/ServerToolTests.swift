import AuraModel
import Testing

@testable import AuraAutomata

/// Tools of servers, as the kernel and its model meet them.
@Suite struct ServerToolTests {
    private static let tool = ServedTool(
        name: "docs__lookup", server: "docs", tool: "lookup", description: "Looks a word up.",
        input: .object([
            "type": .string("object"), "required": .array([.string("word")]),
            "properties": .object([
                "word": .object(["type": .string("string"), "pattern": .string("^a")])
            ]),
        ]), mark: "m")

    private func driver(role: TaskBrief.Role? = nil, hasServers: Bool = true) throws -> Driver {
        var assignment = try Fixture.assignment(
            task: TaskBrief(id: "T1", text: "look", role: role), commands: false)
        if hasServers {
            assignment.definition.servers = [
                ServerDeclaration(name: "docs", argv: ["/opt/docs"], tools: ["lookup"]),
                ServerDeclaration(name: "other", argv: ["/opt/o"], tools: ["x"], tree: .write),
            ]
        }
        return Driver(assignment)
    }

    private func listed(_ driver: inout Driver, problem: String? = nil) throws {
        let other = ServedTool(
            name: "other__x", server: "other", tool: "x", description: "", input: .object([:]),
            mark: "n")
        let listings = [
            ServerListing(name: "docs", tools: [Self.tool]),
            ServerListing(name: "other", tools: problem == nil ? [other] : [], problem: problem),
        ]
        let lines = try listings.map { try JSON.text($0) }.joined(separator: "\n")
        driver.step(problem == nil ? 0 : 1, lines)
    }

    @Test("the tools stand in the record before the first request, and behind the others in it")
    func listing() throws {
        var driver = try driver()
        #expect(driver.titles == ["ask docs, other for tools"] && driver.request == nil)
        try listed(&driver)
        let plain = try #require(try self.driver(hasServers: false).request)
        let request = try #require(driver.request)
        #expect(
            request.tools.map(\.name) == plain.tools.map(\.name) + ["docs__lookup", "other__x"])
        #expect(request.system.contains("`docs__`, `other__`") && !plain.system.contains("__"))
        driver.answer([Fixture.read()])
        driver.result("text")
        #expect(driver.request?.system == request.system && driver.request?.tools == request.tools)
    }

    @Test("a server that is not there is told, and the others' tools are offered")
    func missing() throws {
        var driver = try driver()
        try listed(&driver, problem: "ended: it ended: status 1")
        #expect(driver.request?.tools.map(\.name).contains("docs__lookup") == true)
        #expect(driver.request?.tools.map(\.name).contains("other__x") == false)
        #expect("\(driver.said)".contains("- other: ended: it ended: status 1"))
    }

    @Test("a call names the server and what it said of the tool; what does not fit is not made")
    func call() throws {
        var driver = try driver()
        try listed(&driver)
        driver.answer([
            Fixture.use("docs__lookup", ["word": .integer(1)], id: "u1"),
            Fixture.use("docs__lookup", ["word": .string("b")], id: "u2"),
            Fixture.use("docs__hidden", [:], id: "u3"),
        ])
        guard case .tool(let call)? = driver.outstanding?.act else {
            Issue.record("no call: \(String(describing: driver.outstanding))")
            return
        }
        // What this house does not check, such as a pattern, the server does.
        #expect(
            call.use == "u2" && call.tool == .serverTool && call.served == ServedCall(Self.tool))
        #expect(EntryText.title(of: call) == #"docs.lookup {"word":"b"}"#)
        driver.result("found")
        let told = "\(driver.said)"
        #expect(told.contains("docs__lookup: /word is no string") && told.contains("found"))
        #expect(told.contains("There is no tool") && told.contains("docs__hidden"))
    }

    @Test("an interrupted call is told as indeterminate, an interrupted listing is made again")
    func interrupted() throws {
        var driver = try driver()
        driver.feed(.interrupted(command: driver.id, reason: "restart"))
        #expect(driver.titles == ["ask docs, other for tools", "ask docs, other for tools"])
        try listed(&driver)
        driver.answer([Fixture.use("docs__lookup", ["word": .string("a")])])
        driver.feed(.interrupted(command: driver.id, reason: "restart"))
        #expect("\(driver.said)".contains("indeterminate: aurad went away while the server"))
        for _ in 0...StepReading.interruptionsMax {
            var other = try self.driver()
            while other.outcome == nil {
                other.feed(.interrupted(command: other.id, reason: "restart"))
            }
            #expect(other.outcome?.ending == .workspaceFailed)
        }
    }

    @Test("a reviewer has no servers, and a chat has")
    func kinds() throws {
        #expect(try driver(role: .review).request != nil)
        var assignment = try Fixture.assignment(kind: .chat, hasWorkspace: false)
        assignment.definition.servers = [
            ServerDeclaration(name: "docs", argv: ["/opt/docs"], tools: ["lookup"])
        ]
        var chat = Driver(assignment)
        chat.feed(.messaged(turn: ConversationTests.turn()))
        #expect(chat.titles == ["ask docs for tools"])
        chat.step(0, try JSON.text(ServerListing(name: "docs", tools: [Self.tool])))
        #expect(chat.request?.tools.last?.name == "docs__lookup")
    }

    @Test("the parts of a foreign schema that are checked are those that can be")
    func schemas() throws {
        let foreign = JSONValue.object([
            "$schema": .string("x"), "type": .string("object"), "minLength": .string("many"),
            "properties": .object([
                "a": .object(["anyOf": .array([]), "type": .string("integer")]),
                "b": .object(["type": .integer(5)]), "c": .bool(true),
            ]),
        ])
        let checkable = JSONSchema.checkable(foreign)
        #expect(JSONSchema.flaw(in: checkable) == nil)
        func fits(_ members: [String: JSONValue]) -> Bool {
            JSONSchema.misfit(of: .object(members), in: checkable) == nil
        }
        #expect(fits(["a": .integer(1), "b": .null, "c": .null]) && !fits(["a": .string("1")]))
    }
}
