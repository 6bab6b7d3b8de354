import AuraModel
import AuraReasoner
import Testing

@Suite("Responses streams")
struct ResponsesStreamTests {
    private static func fold(_ events: [String]) -> Result<ModelAnswer, ModelFailure>? {
        let bytes = Array(events.map { "data: \($0)\n\n" }.joined().utf8)
        return AuraReasonerTests.fold([bytes], OpenAIResponses.Stream(model: "m"))
    }

    private static func added(_ place: Int, _ item: String) -> String {
        #"{"type":"response.output_item.added","output_index":\#(place),"item":\#(item)}"#
    }

    private static func done(_ place: Int, _ item: String) -> String {
        #"{"type":"response.output_item.done","output_index":\#(place),"item":\#(item)}"#
    }

    private static func delta(_ kind: String, _ place: Int, _ text: String) -> String {
        #"{"type":"response.\#(kind).delta","output_index":\#(place),"delta":"\#(text)"}"#
    }

    private static func ended(_ kind: String, _ more: String = "") -> String {
        """
        {"type":"response.\(kind)","response":{"model":"m-1",\(more)"usage":{"input_tokens":20,\
        "input_tokens_details":{"cached_tokens":8},"output_tokens":5,"total_tokens":25}}}
        """
    }

    private static let reasoning =
        #"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"c2Vj"}"#
    private static let call =
        #"{"type":"function_call","call_id":"c1","name":"ls","arguments":"{\"n\":1}"}"#

    @Test("text, encrypted reasoning and calls become blocks, and go back as they came")
    func whole() throws {
        let answer = try #require(
            Self.fold([
                #"{"type":"response.created","response":{"model":"m-1","usage":null}}"#,
                Self.added(0, Self.reasoning), Self.done(0, Self.reasoning),
                Self.added(1, #"{"type":"message","content":[]}"#),
                Self.delta("output_text", 1, "Hel"), Self.delta("output_text", 1, "lo"),
                Self.done(
                    1, #"{"type":"message","content":[{"type":"output_text","text":"Hello"}]}"#),
                Self.added(2, #"{"type":"function_call","call_id":"c1","name":"ls"}"#),
                Self.delta("function_call_arguments", 2, #"{\"n\":"#), Self.done(2, Self.call),
                #"{"type":"response.sparkle","n":[1]}"#, Self.ended("completed"),
            ])
        ).get()
        #expect(answer.stop == .toolUse)
        #expect(answer.model == "m-1")
        #expect(answer.usage == TokenUsage(input: 12, cacheRead: 8, output: 5))
        #expect(answer.content.count == 3)
        #expect(
            answer.content.dropFirst() == [
                .text("Hello"), .toolUse(id: "c1", name: "ls", input: .object(["n": .integer(1)])),
            ])
        let request = ModelRequest(
            system: "s",
            messages: [
                Message(role: .user, content: [.text("Hi.")]),
                Message(role: .assistant, content: answer.content),
                Message(
                    role: .user, content: [.toolResult(id: "c1", content: "a", isError: true)]),
            ], tools: [], answerTokensMax: 9)
        var conversation = ConversationText()
        let body = try OpenAIResponses.body(
            of: request, model: "m", quirks: [.encryptedReasoning], &conversation)
        let expected = [
            #"{"include":["reasoning.encrypted_content"],"input":["#,
            #"{"content":[{"text":"Hi.","type":"input_text"}],"role":"user","type":"message"},"#,
            #"{"encrypted_content":"c2Vj","id":"rs_1","summary":[],"type":"reasoning"},"#,
            #"{"content":[{"text":"Hello","type":"output_text"}],"role":"assistant","#,
            #""type":"message"},"#,
            #"{"arguments":"{\"n\":1}","call_id":"c1","name":"ls","type":"function_call"},"#,
            #"{"call_id":"c1","output":"The tool failed:\na","type":"function_call_output"}],"#,
            #""instructions":"s","max_output_tokens":9,"model":"m","store":false,"stream":true}"#,
        ].joined()
        #expect(String(decoding: body, as: UTF8.self) == expected)
    }

    @Test("an answer that broke off keeps what is whole; what failed is classified")
    func endings() throws {
        let text = [
            Self.added(0, #"{"type":"message"}"#), Self.delta("output_text", 0, "So"),
            Self.added(1, #"{"type":"function_call","call_id":"c","name":"ls"}"#),
        ]
        let cut = try #require(
            Self.fold(
                text + [
                    Self.ended(
                        "incomplete", #""incomplete_details":{"reason":"max_output_tokens"},"#)
                ])
        ).get()
        #expect(cut.content == [.text("So")])
        #expect(cut.stop == .tokensMax)
        func failure(_ events: [String]) -> ModelFailure? {
            guard case .failure(let failure)? = Self.fold(events) else { return nil }
            return failure
        }
        let failed = failure(
            text + [
                Self.ended(
                    "failed", #""error":{"code":"rate_limit_exceeded","message":"slow"},"#)
            ])
        #expect(failed?.cause == .rate)
        #expect(failed?.usage?.total == 25)
        let error = #"{"type":"error","code":"server_error","message":"oh","param":null}"#
        #expect(failure(text + [error])?.cause == .network)
        #expect(failure(text)?.cause == .network)
        #expect(failure([text[0], text[0]])?.cause == .malformed)
        #expect(failure([text[1]])?.cause == .malformed)
        #expect(failure(text + [Self.ended("completed")])?.cause == .malformed)
    }

    @Test("a refusal is one, however the response ended")
    func refusal() throws {
        let item = #"{"type":"message","content":[{"type":"refusal","refusal":"No."}]}"#
        let answer = try #require(
            Self.fold([Self.added(0, item), Self.done(0, item), Self.ended("completed")])
        ).get()
        #expect(answer.content == [.text("No.")])
        #expect(answer.stop == .refusal)
    }
}
