import AuraModel
import Testing

@testable import aura_ctl

@Suite("A run's story")
struct StoryTests {
    private static let run = RunID(at: Instant(milliseconds: 1000), sequence: 7)

    private static func story(of facts: [Fact]) throws -> [String] {
        let admitted = RunAdmitted(
            trigger: .order(by: .daemon), kind: .taskRun, definition: "d", task: nil,
            budget: .none, day: "2026-11-21")
        let row = RunRow(
            id: run, automaton: try #require(AutomatonName("fixer")),
            admitted: admitted, at: Instant(milliseconds: 1000))
        var story = RunStory(of: row, width: 60, Style(isColoured: false))
        for (index, fact) in facts.enumerated() {
            story.take(
                Entry(
                    sequence: index + 1, at: Instant(milliseconds: 2500), principal: .daemon,
                    automaton: row.automaton, automatonSequence: index + 1, run: run, parent: nil,
                    generation: 1, fact: fact, previous: ""))
        }
        return story.lines.map { line in
            String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private static func tool(_ name: ToolName, _ input: [String: JSONValue]) -> [Fact] {
        let call = ToolCall(use: "u", tool: name, input: .object(input))
        return [
            .commanded(basis: 1, intents: [Intent(command: 1, plan: .tool(call: call))]),
            .transacted(
                index: 1,
                transaction: .toolFinished(
                    command: 1, result: ToolResult(output: "ok", isError: false, place: .worker))),
        ]
    }

    @Test("an edit shows what went and what came, without the lines that stay")
    func edit() throws {
        let lines = try Self.story(
            of: Self.tool(
                .editFile,
                [
                    "path": .string("a.c"), "old": .string("int a;\nint b;\nint c;"),
                    "new": .string("int a;\nlong b;\nint c;"),
                ]))
        #expect(
            lines == [
                "      1.5s  edit_file a.c", "             -int b;", "             +long b;",
            ])
    }

    @Test("a file of many lines is cut, and a line is cut to the terminal")
    func cuts() throws {
        let content = (1...50).map { "\($0)" }.joined(separator: "\n")
        let lines = try Self.story(
            of: Self.tool(.writeFile, ["path": .string("a"), "content": .string(content)]))
        #expect(lines.count == 42 && lines.last == "             … 10 lines more")
        let wide = try Self.story(
            of: Self.tool(
                .writeFile,
                ["path": .string("a"), "content": .string(String(repeating: "日", count: 99))]))
        #expect(wide.allSatisfy { TextWidth.of($0) <= 60 })
    }

    @Test(
        "a failed verify shows the end of what it printed; the model's words and their cost are there"
    )
    func verify() throws {
        let declaration = StepDeclaration.shell("make test", name: "tests")
        let output = (1...40).map { "line \($0)" }.joined(separator: "\n")
        let answer = ModelAnswer(
            content: [.text("I mend it.")], stop: .endTurn,
            usage: TokenUsage(input: 10, output: 2), model: "m")
        let lines = try Self.story(of: [
            .settled(command: 1, amount: Amount(tokens: 12, microDollars: 500), estimated: false),
            .transacted(index: 1, transaction: .modelAnswered(command: 1, answer: answer)),
            .commanded(
                basis: 1,
                intents: [
                    Intent(command: 2, plan: .step(request: .verify(step: declaration)))
                ]),
            .transacted(
                index: 2,
                transaction: .stepFinished(
                    command: 2,
                    result: StepResult(
                        exit: .exited(code: 1), output: output, duration: .seconds(1)))),
        ])
        #expect(lines[0].contains("$0.0005") && lines[1] == "             | I mend it.")
        #expect(lines[2].contains("verify") && lines[3] == "             … 10 lines before")
        #expect(lines.last == "             | line 40" && lines.count == 34)
    }
}
