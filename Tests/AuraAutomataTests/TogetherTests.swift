import AuraModel
import Testing

@testable import AuraAutomata

/// Calls that are made together, and commands that go on in the background.
@Suite struct TogetherTests {
    private func command(_ line: String, id: String, inBackground: Bool = false) -> ContentBlock {
        var input: [String: JSONValue] = ["command": .string(line)]
        if inBackground { input["background"] = .bool(true) }
        return Fixture.use("run_command", input, id: id)
    }

    private func ids(_ blocks: [ContentBlock]) -> [String] {
        blocks.compactMap { block in
            if case .toolResult(let id, _, _) = block { id } else { nil }
        }
    }

    @Test(
        "looking is done together, what changes something waits for it, refusals keep their place")
    func order() throws {
        var driver = try Fixture.child()
        driver.answer([
            Fixture.read("a", id: "1"), Fixture.use("teleport", [:], id: "2"),
            Fixture.read("b", id: "3"), Fixture.use("search", ["pattern": .string("x")], id: "4"),
            Fixture.use("write_file", ["path": .string("c"), "content": .string("")], id: "5"),
            Fixture.read("c", id: "6"),
        ])
        #expect(driver.titles == ["reason", "read_file"])
        driver.result("A")
        #expect(driver.titles.dropFirst(2) == ["read_file", "search"])
        driver.feed(.interrupted(command: 4, reason: "restart"))
        driver.result("B", of: 3)
        #expect(driver.titles.last == "write_file")
        driver.result("written")
        driver.result("C")
        #expect(driver.titles.last == "reason")
        #expect(ids(driver.said) == ["1", "2", "3", "4", "5", "6"])
        let failed = driver.said.filter { block in
            if case .toolResult(_, _, true) = block { true } else { false }
        }
        #expect(ids(failed) == ["2", "4"])
    }

    @Test("commands run one after the other unless the definition lets them run together")
    func commands() throws {
        for (together, expected) in [(nil, 1), (2, 2), (8, 3)] {
            var driver = try Fixture.child(
                limits: Definition.Limits(parallelCommands: together))
            driver.answer(["a", "b", "c"].map { command($0, id: $0) })
            #expect(driver.titles.count - 1 == expected)
            while driver.titles.last != "reason" {
                // The newest first: the order of ends is nobody's.
                for id in (2...driver.id).reversed() { driver.result("\(id)", of: id) }
            }
            #expect(ids(driver.said) == ["a", "b", "c"])
        }
    }

    @Test("a run of before calls were made together makes them one after the other for ever")
    func firstRules() throws {
        var driver = try Fixture.child(rules: KernelRules.first)
        let names = driver.request?.tools.map(\.name)
        #expect(
            names == [
                "read_file", "list_files", "search", "edit_file", "write_file", "run_command",
                "finish", "wait", "ask_operator",
            ])
        let run = driver.request?.tools.first { $0.name == "run_command" }
        #expect(run?.input["properties"]?["background"] == nil)
        #expect(driver.request?.system.contains("nothing stays running after a command") == true)
        driver.answer([Fixture.read("a", id: "1"), Fixture.read("b", id: "2")])
        #expect(driver.titles == ["reason", "read_file"])
        driver.result("A")
        driver.result("B")
        #expect(ids(driver.said) == ["1", "2"])
    }

    @Test("a background command is answered at once, and its end is told with the next message")
    func background() throws {
        var driver = try Fixture.child()
        driver.answer([
            command("serve", id: "1", inBackground: true), command("curl", id: "2"),
        ])
        #expect(driver.titles == ["reason", "run_command", "run_command"])
        driver.result("page", of: 3)
        #expect(
            driver.said == [
                .toolResult(id: "1", content: AgentPrompt.jobBegun(2), isError: false),
                .toolResult(id: "2", content: "page", isError: false),
            ])
        // It still runs: that is no success.
        driver.answer([Fixture.finish()])
        #expect(driver.outcome == nil)
        driver.answer([
            Fixture.use(
                "command_output", ["command": .integer(2), "wait_seconds": .integer(5)], id: "3")
        ])
        #expect(driver.titles.last == "command_output")
        driver.result("[status 1]\nport in use", of: 2)
        driver.result("[command 2 has ended]")
        guard case .text(let text)? = driver.said.last else {
            Issue.record("not told: \(driver.said)")
            return
        }
        #expect(
            text.hasPrefix("Background command 2 (serve) has ended") && text.hasSuffix("in use"))
        driver.answer([Fixture.finish()])
        #expect(driver.outcome?.ending == .done)
    }

    @Test("a background command that a crash took is told as lost, and no longer in the way")
    func lost() throws {
        var driver = try Fixture.child()
        driver.answer((1...5).map { command("s\($0)", id: "\($0)", inBackground: true) })
        #expect(driver.titles.filter { $0 == "run_command" }.count == AgentLoop.jobsMax)
        guard case .toolResult("5", let text, true)? = driver.said.last else {
            Issue.record("the fifth was begun: \(driver.said)")
            return
        }
        #expect(text.hasPrefix("Not begun: 4 commands"))
        for id in 2...5 { driver.feed(.interrupted(command: id, reason: "restart")) }
        driver.answer([Fixture.read()])
        driver.result("A")
        #expect(
            driver.said.contains(
                .text(
                    AgentPrompt.jobLost(
                        2,
                        ToolUse(
                            id: "1", name: "run_command",
                            input: .object(["command": .string("s1")]),
                            isCut: false)))))
        driver.answer([Fixture.finish()])
        #expect(driver.outcome?.ending == .done)
    }

    @Test("a run that ends in the step that begins a background command leaves no gap")
    func endsBeside() throws {
        var driver = try Fixture.child(limits: Definition.Limits(turns: 1))
        driver.answer([command("serve", id: "1", inBackground: true)])
        #expect(driver.titles == ["reason", "run_command", "finish turns"])
        #expect(driver.commands.map(\.id) == [1, 2, 3])
    }

    @Test("each model is offered its own way to change files, and whole files beside it")
    func editForms() throws {
        for (form, names) in [
            (EditForm.exact, ["edit_file", "write_file"]), (.patch, ["apply_patch", "write_file"]),
            (.whole, ["write_file"]),
        ] {
            let tools = try Fixture.child(edits: form).request?.tools.map(\.name) ?? []
            let all = ["edit_file", "apply_patch", "write_file"]
            #expect(Set(tools.filter(all.contains)) == Set(names))
        }
        #expect(EditForm.standard(model: "gpt-5.2") == .patch)
        #expect(EditForm.standard(model: "openai/gpt-4.1-mini") == .patch)
        #expect(EditForm.standard(model: "claude-sonnet-4-5") == .exact)
        #expect(EditForm.standard(model: "qwen3-coder") == .exact)
    }
}
