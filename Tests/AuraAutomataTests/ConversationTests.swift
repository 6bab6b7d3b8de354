import AuraModel
import Testing

@testable import AuraAutomata

/// The kinds that talk: a chat's turn, and a spec-gen with its questions.
@Suite struct ConversationTests {
    static func turn(_ text: String = "what is there?", earlier: [ChatExchange] = []) -> ChatTurn {
        ChatTurn(
            thread: .main, number: earlier.count + 1, message: ChatMessage(id: "m", text: text),
            by: .daemon, earlier: earlier, omitted: 0)
    }

    static func chat(edits: Bool? = nil, hasWorkspace: Bool = true) throws -> Driver {
        var assignment = try Fixture.assignment(
            kind: .chat, hasWorkspace: hasWorkspace, verify: edits == true ? ["make"] : [],
            commands: false)
        assignment.definition.capabilities.edits = edits
        return Driver(assignment)
    }

    @Test("prose is the answer, and an earlier message without one gets none made up")
    func answer() throws {
        var driver = try Self.chat(hasWorkspace: false)
        let earlier = [
            ChatExchange(number: 1, text: "one", answer: "1"),
            ChatExchange(number: 2, text: "two", answer: nil),
        ]
        driver.feed(.messaged(turn: Self.turn(earlier: earlier)))
        #expect(driver.request?.messages.map(\.role) == [.user, .assistant, .user])
        #expect(driver.said == [.text("two"), .text("what is there?")])
        #expect(driver.request?.tools.map(\.name) == ["read_file", "list_files", "search"])
        driver.answer([.text("I look."), Fixture.read()])
        driver.result("text")
        driver.answer([.text("A text,\nof a line.")], stop: .endTurn)
        #expect(driver.outcome?.ending == .done)
        #expect(driver.report == "A text,\nof a line.")
    }

    @Test("edits land on the thread's branch only when granted and verified")
    func edits() throws {
        var driver = try Self.chat(edits: true)
        driver.feed(.messaged(turn: Self.turn()))
        driver.step(0, "base \(Fixture.base)\n")
        driver.step()
        driver.answer([.text("Done.")], stop: .endTurn)
        driver.step(0, "commit \(Fixture.commit)\n")
        driver.step()
        driver.step(1, "red")
        #expect(driver.outstanding.map { Driver.title($0.act) } == "reason")
        driver.answer([.text("Now it is.")], stop: .endTurn)
        driver.step(0, "commit \(Fixture.tip)\n")
        driver.step()
        driver.step()
        #expect(driver.titles.last == "land dddddddddddd on aura/fixer/main")
        driver.step()
        #expect(driver.outcome?.ending == .done)
        #expect(driver.report.hasPrefix("Now it is."))
        driver = try Self.chat()
        driver.feed(.messaged(turn: Self.turn()))
        driver.step(0, "base \(Fixture.base)\n")
        driver.step()
        driver.answer([.text("Done.")], stop: .endTurn)
        #expect(driver.titles.suffix(2) == ["reason", "finish done"])
    }

    // MARK: spec-gen

    static func writer() throws -> Driver {
        var assignment = try Fixture.assignment(kind: .specGen, commands: false)
        assignment.definition.spec = .init(requirements: "r.md", directory: "specs/001-x")
        return Driver(assignment)
    }

    /// From the survey to the first draft.
    static func toDraft(_ driver: inout Driver, old: String = "") {
        driver.step(0, "base \(Fixture.base)\nbranch \(Fixture.tip)\n")
        driver.step(0, old)
        driver.step(0, "file 4 r.md\nneed\n")
        driver.step()
    }

    static func submit(_ driver: inout Driver, verify: String?, question: String? = nil) {
        func list(_ text: String?) -> JSONValue { .array(text.map { [.string($0)] } ?? []) }
        let acceptance = list("US1-AC1")
        let task: JSONValue = .object([
            "id": .string("T001"), "title": .string("do"), "accept": acceptance,
            "verify": list(verify),
        ])
        let criterion: JSONValue = .object([
            "id": .string("US1-AC1"), "given": .string("a"), "when": .string("b"),
            "then": .string("c"),
        ])
        let story: JSONValue = .object([
            "id": .string("US1"), "title": .string("s"), "priority": .string("P1"),
            "acceptance": .array([criterion]),
        ])
        let requirement: JSONValue = .object([
            "id": .string("FR-001"), "text": .string("r"), "acceptance": acceptance,
        ])
        let questions = question.map {
            JSONValue.array([.object(["id": .string("Q1"), "question": .string($0)])])
        }
        driver.answer([
            Fixture.use(
                "submit_spec",
                [
                    "title": .string("t"), "plan": .string("p"), "stories": .array([story]),
                    "requirements": .array([requirement]), "tasks": .array([task]),
                    "questions": questions ?? .null,
                ])
        ])
    }

    @Test(
        "a question parks the run, the lint sends a draft back, and the four files are one commit")
    func specGen() throws {
        var driver = try Self.writer()
        Self.toDraft(&driver)
        #expect(driver.titles[2] == "read r.md at \(Fixture.tip.prefix(12))")
        Self.submit(&driver, verify: "true", question: "How many?")
        #expect(driver.titles.last == "ask How many?")
        driver.feed(.interrupted(command: driver.id, reason: "crash"))
        #expect(driver.titles.suffix(2) == ["ask How many?", "ask How many?"])
        driver.feed(.operatorAnswered(command: driver.id, text: "three"))
        Self.submit(&driver, verify: nil)
        #expect("\(driver.said)".contains("T001 has no verify"))
        Self.submit(&driver, verify: "true")
        guard case .step(.export(_, _, let overlay, _, _))? = driver.outstanding?.act else {
            Issue.record("no export")
            return
        }
        #expect(overlay.map(\.path) == SpecFiles.names.map { "specs/001-x/" + $0 })
        #expect(overlay[0].content.contains("**Q1** How many? **Answer:** three"))
        let printed = overlay.map { "file \($0.content.utf8.count) \($0.path)\n\($0.content)\n" }
        driver.step(0, "commit \(Fixture.commit)\n")
        driver.step()
        #expect(driver.titles.last == "land cccccccccccc on aura/fixer/001-x")
        driver.step()
        #expect(driver.outcome?.ending == .done)
        // The same requirements again: the receipt says so, and no model is asked.
        var again = try Self.writer()
        again.step(0, "base \(Fixture.base)\nbranch \(Fixture.tip)\n")
        again.step(0, printed.joined())
        again.step(0, "file 4 r.md\nneed\n")
        #expect(again.outcome?.ending == .done && again.request == nil)
    }

    @Test("nothing is guessed: no answer, or drafts that never hold together, are no success")
    func failures() throws {
        var driver = try Self.writer()
        Self.toDraft(&driver)
        Self.submit(&driver, verify: "true", question: "How many?")
        driver.feed(.operatorAnswered(command: driver.id, text: nil))
        #expect(driver.outcome?.ending == .unanswered)
        driver = try Self.writer()
        Self.toDraft(&driver)
        for _ in 1...SpecGen.flawedMax { Self.submit(&driver, verify: nil) }
        #expect(driver.outcome?.ending == .failed)
        driver = try Self.writer()
        Self.toDraft(&driver)
        driver.answer([Fixture.finish()])
        #expect(driver.outcome == nil, "`finish` without a specification is no success")
    }

    @Test("a dev-loop that demands a receipt does not build without")
    func demand() throws {
        var assignment = try Fixture.assignment(kind: .devLoop, verify: ["make"])
        assignment.definition.workspace?.isLinted = true
        var driver = Driver(assignment)
        DevLoopTests.survey(&driver, DevLoopTests.list)
        driver.step(0, "")
        #expect(driver.outcome?.ending == .workspaceFailed)
        #expect(driver.outcome?.detail.contains("lint receipt") == true)
    }
}
