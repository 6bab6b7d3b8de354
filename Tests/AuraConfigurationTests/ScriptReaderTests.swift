import AuraConfiguration
import AuraModel
import Testing

@Suite struct ScriptReaderTests {
    @Test("the form that Script documents is read whole") func whole() {
        let (script, diagnostics) = ScriptReader.read(
            file: "s.yaml",
            text: """
                conversations:
                  - match: "T001"
                    turns:
                      - text: "I look first."
                        tools:
                          - {name: read_file, input: {path: calc.sh}}
                          - name: finish
                        usage: {input: 1200, output: 80, cache-read: 7, cache-write: 9}
                        stop: tokens-max
                        delay: 200ms
                      - failure: {cause: rate, message: "slow down", retry-after: 5s}
                      - stall: true
                      - text: "Again."
                        repeat: true
                  - turns: []
                """)
        #expect(diagnostics == [])
        let turns: [ScriptedTurn] = [
            .init(
                play: .answer(
                    text: "I look first.",
                    tools: [
                        .init(name: "read_file", input: .object(["path": .string("calc.sh")])),
                        .init(name: "finish"),
                    ], stop: .tokensMax,
                    usage: .init(input: 1200, cacheWrite: 9, cacheRead: 7, output: 80)),
                delay: Milliseconds(200)),
            .init(
                play: .failure(
                    .init(cause: .rate, message: "slow down", retryAfter: .seconds(5)))),
            .init(play: .stall),
            .init(
                play: .answer(text: "Again.", tools: [], stop: nil, usage: .init()),
                repeats: true),
        ]
        #expect(
            script
                == Script(conversations: [
                    .init(match: "T001", turns: turns), .init(match: nil, turns: []),
                ]))
    }

    @Test("plain scalars have the types of the core schema, quoted ones are texts")
    func coreSchema() throws {
        let (script, diagnostics) = ScriptReader.read(
            file: "s.yaml",
            text: """
                conversations:
                  - turns:
                      - tools:
                          - name: x
                            input:
                              nulls: [null, ~, Null]
                              truths: [true, False, yes]
                              whole: [0, -7, +8, 0x1F, 0o17, 010, 9223372036854775808]
                              decimal: [1.5, -.5, 2., 1e3, 1.e-1]
                              text: ["7", 'true', 1.2.3, "", 1e, 0x, .]
                              block: |
                                7
                """)
        #expect(diagnostics == [])
        let play = try #require(script?.conversations.first?.turns.first?.play)
        guard case .answer(_, let tools, _, _) = play else {
            Issue.record("not an answer")
            return
        }
        let expected: [String: JSONValue] = [
            "nulls": .array([.null, .null, .null]),
            "truths": .array([.bool(true), .bool(false), .string("yes")]),
            "whole": .array([
                .integer(0), .integer(-7), .integer(8), .integer(31), .integer(15), .integer(10),
                .number(9_223_372_036_854_775_808),
            ]),
            "decimal": .array([
                .number(1.5), .number(-0.5), .number(2), .number(1000), .number(0.1),
            ]),
            "text": .array(
                ["7", "true", "1.2.3", "", "1e", "0x", "."].map { .string($0) }),
            "block": .string("7"),
        ]
        #expect(tools.map(\.input) == [.object(expected)])
    }
}
