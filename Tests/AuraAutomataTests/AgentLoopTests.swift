import AuraModel
import Testing

@testable import AuraAutomata

@Suite struct AgentLoopTests {
    @Test("calls that only look are made together and answered in the order of the answer")
    func ordered() throws {
        var driver = try Fixture.child()
        driver.answer([
            .text("two files"), Fixture.read("a", id: "1"), Fixture.read("b", id: "2"),
        ])
        #expect(driver.titles == ["reason", "read_file", "read_file"])
        driver.result("B", of: 3, isError: true)
        driver.result("A", of: 2)
        #expect(driver.titles == ["reason", "read_file", "read_file", "reason"])
        #expect(
            driver.said == [
                .toolResult(id: "1", content: "A", isError: false),
                .toolResult(id: "2", content: "B", isError: true),
            ])
    }

    @Test("the prompt's prefix is the same bytes in every request")
    func stablePrefix() throws {
        var driver = try Fixture.child()
        let first = try #require(driver.request)
        driver.answer([Fixture.read()])
        driver.result("A")
        let second = try #require(driver.request)
        #expect(second.system == first.system && second.tools == first.tools)
        #expect(Array(second.messages.prefix(first.messages.count)) == first.messages)
    }

    @Test(
        "a call that cannot be carried out is answered at once, in words to act on",
        arguments: [
            (
                Fixture.use("teleport", [:]),
                "There is no tool \"teleport\". The tools are: read_file"
            ),
            (Fixture.use("read_file", [:]), "read_file: `path` is missing"),
            (Fixture.use("read_file", ["path": .integer(1)]), "read_file: `path` must be a string"),
            (
                Fixture.use("read_file", ["path": .string("a"), "from": .integer(1)]),
                "read_file: there is no field `from`; it takes path, offset, limit"
            ),
            (
                Fixture.use("wait", ["seconds": .integer(0), "reason": .string("r")]),
                "wait: `seconds` must be a whole number from 1 to 3600"
            ),
            (
                Fixture.use("finish", ["status": .string("maybe"), "summary": .string("")]),
                "finish: `status` must be one of done, failed"
            ),
        ])
    func refusedInput(use: ContentBlock, text: String) throws {
        var driver = try Fixture.child()
        driver.answer([use])
        #expect(driver.titles == ["reason", "reason"])
        guard case .toolResult("u", let content, true)? = driver.said.first else {
            Issue.record("no error result: \(driver.said)")
            return
        }
        #expect(content.hasPrefix(text))
    }

    @Test("R45: success is not accepted beside a failure that the model has not seen")
    func finishUnseen() throws {
        var driver = try Fixture.child()
        driver.answer([Fixture.read(), Fixture.finish()])
        driver.result("no such file", isError: true)
        #expect(driver.titles.last == "reason")
        driver.answer([Fixture.finish()])
        #expect(driver.outcome?.ending == .done)
    }

    @Test("a call that the token limit cut is not carried out")
    func cutCall() throws {
        var driver = try Fixture.child()
        driver.answer([Fixture.read()], stop: .tokensMax)
        #expect(driver.said == [.toolResult(id: "u", content: AgentPrompt.cutUse, isError: true)])
    }

    @Test("R45: the third equal call is answered with a nudge, and waiting is not a circle")
    func nudge() throws {
        var driver = try Fixture.child()
        for _ in 1...3 {
            driver.answer([Fixture.read()])
            driver.result("A")
        }
        #expect(driver.said.last == .text(AgentPrompt.repeatNudge))
        for _ in 1...6 {
            driver.answer([Fixture.use("wait", ["seconds": .integer(5), "reason": .string("ci")])])
            #expect(driver.titles.last == "wait 5000")
            driver.feed(.waited(command: driver.id))
            driver.answer([Fixture.read()])
            driver.result("A")
        }
        #expect(driver.outcome == nil)
    }

    @Test("R31: two calls in turns are a circle: a nudge after three rounds, the end after six")
    func alternation() throws {
        var driver = try Fixture.child()
        for call in 0..<12 {
            driver.answer([Fixture.read(call.isMultiple(of: 2) ? "a" : "b")])
            driver.result("x")
            if call == 5 { #expect(driver.said.last == .text(AgentPrompt.alternationNudge)) }
            if call == 10 { #expect(driver.outcome == nil) }
        }
        #expect(driver.outcome?.ending == .stalled)
        #expect(driver.outcome?.detail.contains("in turns") == true)
    }

    @Test("R31: one error from five different calls is a circle; three calls in turns are none")
    func sameError() throws {
        var driver = try Fixture.child()
        for call in 1...12 {
            driver.answer([Fixture.read("\(call % 3)")])
            driver.result("x")
        }
        #expect(driver.outcome == nil)
        for call in 1...5 {
            driver.answer([Fixture.read("gone-\(call)")])
            driver.result("no space is left", isError: true)
            if call == 3 { #expect(driver.said.last == .text(AgentPrompt.errorNudge)) }
        }
        #expect(driver.outcome?.ending == .stalled)
    }

    @Test("R35: a conversation that no longer fits is made shorter, never twice for nothing")
    func compaction() throws {
        var driver = try Fixture.child()
        let long = String(repeating: "line of output\n", count: 500)
        for turn in 1...8 {
            driver.answer([Fixture.read("\(turn)", id: "u\(turn)")])
            driver.result(long)
        }
        let before = try #require(driver.request)
        driver.fail(.contextOverflow)
        let after = try #require(driver.request)
        #expect(after.messages[0] == before.messages[0])
        #expect(after.messages.count == before.messages.count)
        #expect(after.messages.dropLast().suffix(5) == before.messages.dropLast().suffix(5))
        #expect(try JSON.encode(after).count < JSON.encode(before).count * 3 / 4)
        #expect(driver.said.last == .text(AgentPrompt.compacted))
        driver.fail(.contextOverflow)
        #expect(driver.outcome?.ending == .contextOverflow)
        #expect(driver.outcome?.detail.contains("nothing was done since") == true)
    }

    @Test("R35: after work it may be made shorter again, and its end names the files")
    func compactionAgain() throws {
        var driver = try Fixture.child()
        let long = String(repeating: "line of output\n", count: 500)
        for round in 1...2 {
            for turn in 1...8 {
                driver.answer([Fixture.read("\(round)/\(turn)", id: "r\(round)\(turn)")])
                driver.result(long)
            }
            driver.fail(.contextOverflow)
            #expect(driver.outcome == nil)
            driver.answer([
                Fixture.use(
                    "write_file", ["path": .string("new.txt"), "content": .string("\(round)")],
                    id: "w\(round)")
            ])
            driver.result("created")
        }
        driver.fail(.contextOverflow)
        driver.fail(.contextOverflow)
        #expect(driver.outcome?.ending == .contextOverflow)
        #expect(driver.outcome?.detail.hasSuffix("changed so far: new.txt") == true)
    }

    @Test("R36: what was asked and what was done stay when a conversation is made shorter")
    func cursor() throws {
        var driver = try Fixture.child()
        let long = String(repeating: "line of output\n", count: 500)
        for turn in 1...8 {
            driver.answer([
                .text("step \(turn)"),
                Fixture.use(
                    "write_file", ["path": .string("f\(turn)"), "content": .string("x")],
                    id: "u\(turn)"),
            ])
            driver.result("created f\(turn)\n\(long)")
        }
        driver.fail(.contextOverflow)
        let messages = try #require(driver.request?.messages)
        guard case .text(let task)? = messages.first?.content.first else {
            Issue.record("the task is gone")
            return
        }
        #expect(task.hasSuffix("add a line"))
        for turn in 1...8 {
            let call = messages[2 * turn - 1].content
            #expect(call.first == .text("step \(turn)") && call.count == 2)
            guard case .toolResult("u\(turn)", let found, false)? = messages[2 * turn].content.first
            else {
                Issue.record("call \(turn) has lost its result")
                return
            }
            #expect(found.hasPrefix("created f\(turn)\n"))
        }
    }

    @Test("failed model calls are retried after 1, 2, 4, 8 and 16 seconds, or as long as asked")
    func backoff() throws {
        var driver = try Fixture.child()
        for _ in 1...5 {
            driver.fail(.overloaded)
            driver.feed(.waited(command: driver.id))
        }
        let waits = driver.titles.filter { $0.hasPrefix("wait") }
        #expect(waits == ["wait 1000", "wait 2000", "wait 4000", "wait 8000", "wait 16000"])
        var asked = try Fixture.child()
        asked.fail(.rate, retryAfter: .minutes(90))
        #expect(asked.titles.last == "wait 5400000")
    }

    @Test(
        "R29: an interrupted model call is made again; an interrupted command is told to the model")
    func interrupted() throws {
        var driver = try Fixture.child()
        driver.feed(.interrupted(command: driver.id, reason: "restart"))
        #expect(driver.titles == ["reason", "reason"])
        driver.answer([Fixture.use("run_command", ["command": .string("make")])])
        driver.feed(.interrupted(command: driver.id, reason: "restart"))
        #expect(
            driver.said == [
                .toolResult(id: "u", content: AgentPrompt.interrupted("write_file"), isError: true)
            ])
    }

    @Test("a wrap-up is said with the next results, and an answer of the operator is a result")
    func wrapUpAndAsk() throws {
        var driver = try Fixture.child()
        driver.answer([Fixture.use("ask_operator", ["question": .string("which?")])])
        #expect(driver.titles.last == "ask which?")
        driver.feed(.wrapUp(reason: "80 % of tokens"))
        driver.feed(.operatorAnswered(command: driver.id, text: "the first"))
        #expect(
            driver.said == [
                .toolResult(id: "u", content: "the first", isError: false),
                .text(AgentPrompt.wrapUp("80 % of tokens")),
            ])
    }

    @Test(
        "a long result reaches the model as head and tail, with what was cut, in whole characters")
    func excerpt() throws {
        // Odd offsets: both cuts would fall into the middle of a character.
        let text = "a" + String(repeating: "é", count: 40_000)
        let cut = Excerpt.headAndTail(text, bytesMax: 32 << 10 | 1)
        #expect(cut.contains("[... 47234 of 80001 bytes cut here ...]"))
        #expect(!cut.unicodeScalars.contains("\u{FFFD}"))
        #expect(Excerpt.headAndTail("short", bytesMax: 5) == "short")
    }

    @Test("a child is told its task, the project's prompt and what earlier attempts left")
    func childPrompt() throws {
        let brief = TaskBrief(id: "T7", text: "add a line", notes: ["attempt 1: red"])
        let driver = Driver(
            try Fixture.assignment(kind: .devLoop, task: brief, verify: ["make test"]))
        #expect(driver.titles == ["reason"])
        let request = try #require(driver.request)
        #expect(request.system.contains("About this project:\nrepair it"))
        #expect(request.system.contains("- make test: /bin/sh -euc make test"))
        guard case .text(let text)? = driver.said.first else {
            Issue.record("no task: \(driver.said)")
            return
        }
        #expect(text.hasPrefix("Task T7:\nadd a line\n") && text.hasSuffix("attempt 1: red"))
    }
}
