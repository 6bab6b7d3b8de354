import AuraModel
import Testing

@Suite("Scripts")
struct ScriptTests {
    static let json = """
        {"conversations": [
          {"match": "T001", "turns": [
            {"text": "I look first.",
             "tools": [{"name": "read_file", "input": {"path": "calc.sh"}}],
             "usage": {"input": 1200, "output": 80, "cache-read": 7}, "delay": "200ms"},
            {"failure": {"cause": "rate", "message": "slow down", "retry-after": "5s"}}]},
          {"match": "T002", "turns": [
            {"stall": true, "delay": 5},
            {"text": "Again.", "repeat": true}]}
        ]}
        """

    static func script() throws -> Script { try JSON.decode(Script.self, from: Array(json.utf8)) }

    static func request(_ opening: String, answered: Int) -> ModelRequest {
        var messages = [Message(role: .user, content: [.text(opening)])]
        for _ in 0..<answered {
            messages.append(Message(role: .assistant, content: [.text("so")]))
            messages.append(Message(role: .user, content: [.text("and T002?")]))
        }
        return ModelRequest(system: "", messages: messages, tools: [], answerTokensMax: 100)
    }

    @Test("the turn is chosen by the first user message and the number of answers, nothing else")
    func choice() throws {
        let script = try Self.script()
        let (turn, index) = try script.turn(for: Self.request("Do T001.", answered: 0))
        #expect(index == 0)
        #expect(turn.delay == Milliseconds(200))
        #expect(
            try turn.result(index: index, model: "m")?.get()
                == ModelAnswer(
                    content: [
                        .text("I look first."),
                        .toolUse(
                            id: "toolu_script_1_1", name: "read_file",
                            input: .object(["path": .string("calc.sh")])),
                    ], stop: .toolUse, usage: TokenUsage(input: 1200, cacheRead: 7, output: 80),
                    model: "m"))
        let second = try script.turn(for: Self.request("Do T001.", answered: 1)).turn
        #expect(
            second.play
                == .failure(
                    ModelFailure(cause: .rate, message: "slow down", retryAfter: .seconds(5))))
        #expect(try script.turn(for: Self.request("Do T002.", answered: 0)).turn.play == .stall)
    }

    @Test("a repeating turn plays for every later one, a script without it ends by name")
    func ends() throws {
        let script = try Self.script()
        #expect(try script.turn(for: Self.request("T002", answered: 9)).index == 9)
        #expect(throws: failure("script has no turn 3 for \"T001\"")) {
            try script.turn(for: Self.request("T001", answered: 2))
        }
        #expect(throws: failure("script has no conversation for \"Other\"")) {
            try script.turn(for: Self.request("Other\nmore", answered: 0))
        }
    }

    @Test("a script survives its own JSON")
    func coding() throws {
        let script = try Self.script()
        #expect(try JSON.decode(Script.self, from: Array(JSON.text(script).utf8)) == script)
    }

    @Test("the token bound covers a token for each byte and does not overflow")
    func bound() {
        #expect(TokenBound.inputTokens(requestBytes: 10) >= 10)
        #expect(TokenBound.inputTokens(requestBytes: .max) == .max)
    }

    private func failure(_ message: String) -> ModelFailure {
        ModelFailure(cause: .badRequest, message: message)
    }
}
