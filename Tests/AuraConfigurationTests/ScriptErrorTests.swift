import AuraConfiguration
import Testing

/// What a user is told about a script: whole texts.
@Suite struct ScriptErrorTests {
    @Test("a wrong script says what was found and expected, and where", arguments: broken)
    func says(_ broken: Broken) {
        let (value, diagnostics) = ScriptReader.read(file: "s.yaml", text: broken.text)
        #expect(value == nil)
        broken.check(diagnostics)
    }

    private static let broken = [
        Broken(
            "a turn is one thing",
            text: """
                conversations:
                  - turns:
                      - {stall: true, text: never}
                      - {failure: {cause: rates}, tools: []}
                """,
            says: """
                s.yaml:3:29: error: `conversations[0].turns[0].text` is never played beside \
                `stall`
                  hint: keep one of the two
                s.yaml:4:27: error: `conversations[0].turns[1].failure.cause`: found `rates`, \
                expected one of `auth`, `quota`, `rate`, `overloaded`, `bad-request`, \
                `context-overflow`, `network`, `timeout`, `malformed`, `refused`
                  hint: did you mean `rate`?
                s.yaml:4:42: error: `conversations[0].turns[1].tools` is never played beside \
                `failure`
                  hint: keep one of the two
                """),
        Broken(
            "mistyped keys and words are named",
            text: """
                conversations:
                  - match: T1
                    turns:
                      - {txt: hello}
                      - {text: a, stop: tool_use}
                      - tools: [{nam: finish}]
                """,
            says: """
                s.yaml:4:10: error: unknown key `txt` in `conversations[0].turns[0]`, expected \
                one of `text`, `tools`, `usage`, `stop`, `failure`, `stall`, `delay`, `repeat`
                  hint: did you mean `text`?
                s.yaml:5:25: error: `conversations[0].turns[1].stop`: found `tool_use`, \
                expected one of `end-turn`, `tool-use`, `tokens-max`, `stop-sequence`, `pause`, \
                `refusal`, `context-overflow`
                  hint: did you mean `tool-use`?
                s.yaml:6:18: error: unknown key `nam` in `conversations[0].turns[2].tools[0]`, \
                expected one of `name`, `input`
                  hint: did you mean `name`?
                """),
        Broken(
            "a number that JSON lacks is refused",
            text: """
                conversations:
                  - turns:
                      - tools: [{name: x, input: {a: [.inf, 1]}}]
                """,
            says: """
                s.yaml:3:39: error: `conversations[0].turns[0].tools[0].input.a[0]`: found \
                `.inf`, expected a number that JSON can hold
                  hint: quote a text
                """),
    ]
}
