import AuraModel
import AuraReasoner
import Testing

@Suite("Conversation texts")
struct ConversationTextTests {
    @Test(
        "what was written before changes no byte: grown, cut, changed, in every dialect",
        arguments: [
            ProviderSettings.Dialect.anthropic, .openaiChat, .openaiResponses,
        ])
    func sameBytes(dialect: ProviderSettings.Dialect) throws {
        let seed = UInt64.random(in: 0 ... .max)
        var chance = SplitMix(state: seed)
        let provider = ProviderSettings(
            name: "p", dialect: dialect, baseURL: "https://api.example.com/v1",
            credential: nil)
        var request = ModelRequest(system: "s", messages: [], tools: [], answerTokensMax: 8)
        var conversation = ConversationText()
        for turn in 0..<500 {
            Self.change(&request, turn, &chance)
            var fresh = ConversationText()
            let expected = try provider.body(of: request, model: "m", &fresh)
            let body = try provider.body(of: request, model: "m", &conversation)
            #expect(body == expected, "seed \(seed), turn \(turn)")
        }
    }

    private static func change(
        _ request: inout ModelRequest, _ turn: Int, _ chance: inout SplitMix
    ) {
        let count = request.messages.count
        switch Int.random(in: 0..<10, using: &chance) {
        case 0: request.messages.removeLast(Int.random(in: 0...count, using: &chance))
        case 1 where count > 0:
            request.messages[Int.random(in: 0..<count, using: &chance)] = message(turn, &chance)
        case 2: request.system = request.system.isEmpty ? "s" : ""
        default: request.messages.append(message(turn, &chance))
        }
    }

    private static func message(_ turn: Int, _ chance: inout SplitMix) -> Message {
        let blocks: [ContentBlock] = [
            .text("said \"\(turn)\"\n"), .text("  "), .thinking(text: "t", signature: "c2ln"),
            .redactedThinking(data: #"openai-reasoning:{"id":"r"}"#),
            .toolUse(
                id: "t\(turn)", name: "ls", input: .object(["b": .integer(turn), "a": .null])),
            .toolResult(id: "t\(turn)", content: "a\tb", isError: turn % 3 == 0),
        ]
        let count = Int.random(in: 0...3, using: &chance)
        return Message(
            role: Bool.random(using: &chance) ? .user : .assistant,
            content: (0..<count).compactMap { _ in blocks.randomElement(using: &chance) })
    }
}

/// The generator of Steele, Lea and Flood: one word of state, so that a seed tells everything.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
