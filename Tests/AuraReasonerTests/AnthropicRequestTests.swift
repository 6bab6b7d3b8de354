import AuraModel
import AuraReasoner
import Testing

@Suite("Anthropic requests and errors")
struct AnthropicRequestTests {
    @Test(
        "a request has these bytes: marks on tools, system and the last two user messages"
    )
    func golden() throws {
        let request = ModelRequest(
            system: "Be brief/kind.",
            messages: [
                Message(role: .user, content: [.text("a\nb")]),
                Message(
                    role: .assistant,
                    content: [
                        .thinking(text: "hm", signature: "c2ln"), .redactedThinking(data: "ZA=="),
                        .text("  "),
                        .toolUse(id: "t1", name: "ls", input: .object(["n": .integer(1)])),
                    ]),
                Message(
                    role: .user,
                    content: [.toolResult(id: "t1", content: "none", isError: true), .text("go")]),
            ],
            tools: [
                ToolSchema(name: "ls", description: "Lists.", input: .object([:])),
                ToolSchema(name: "cat", description: "Reads.", input: .object([:])),
            ], answerTokensMax: 64)
        let mark = #""cache_control":{"type":"ephemeral"},"#
        let expected = [
            #"{"max_tokens":64,"messages":["#,
            #"{"content":[{\#(mark)"text":"a\nb","type":"text"}],"role":"user"},"#,
            #"{"content":[{"signature":"c2ln","thinking":"hm","type":"thinking"},"#,
            #"{"data":"ZA==","type":"redacted_thinking"},"#,
            #"{"id":"t1","input":{"n":1},"name":"ls","type":"tool_use"}],"role":"assistant"},"#,
            #"{"content":[{"content":"none","is_error":true,"tool_use_id":"t1","#,
            #""type":"tool_result"},"#,
            #"{\#(mark)"text":"go","type":"text"}],"role":"user"}],"#,
            #""model":"m","stream":true,"#,
            #""system":[{\#(mark)"text":"Be brief/kind.","type":"text"}],"#,
            #""tools":[{"description":"Lists.","input_schema":{},"name":"ls"},"#,
            #"{\#(mark)"description":"Reads.","input_schema":{},"name":"cat"}]}"#,
        ].joined()
        var conversation = ConversationText()
        let body = try AnthropicMessages.body(of: request, model: "m", &conversation)
        #expect(String(decoding: body, as: UTF8.self) == expected)
        #expect(TokenBound.inputTokens(requestBytes: body.count) > body.count)
    }

    @Test("the bytes before a turn stay what they were when the next turn is asked, marks aside")
    func stablePrefix() throws {
        var request = ModelRequest(
            system: "s", messages: [Message(role: .user, content: [.text("one")])], tools: [],
            answerTokensMax: 8)
        let mark = #""cache_control":{"type":"ephemeral"},"#
        var conversation = ConversationText()
        func bare() throws -> String {
            let body = try AnthropicMessages.body(of: request, model: "m", &conversation)
            return String(decoding: body, as: UTF8.self).replacing(mark, with: "")
        }
        let first = try bare().prefix { $0 != "]" }
        request.messages.append(Message(role: .assistant, content: [.text("two")]))
        request.messages.append(Message(role: .user, content: [.text("three")]))
        #expect(try bare().hasPrefix(first))
    }

    @Test(
        "an HTTP error without a readable body is classified by its status",
        arguments: [
            (401, ModelFailure.Class.auth), (403, .auth), (402, .quota), (400, .badRequest),
            (404, .badRequest), (413, .contextOverflow), (429, .rate), (500, .network),
            (502, .network), (503, .overloaded), (504, .timeout), (529, .overloaded),
            (301, .badRequest), (204, .network),
        ])
    func statuses(_ status: Int, _ cause: ModelFailure.Class) {
        let failure = ProviderError.failure(
            head: ResponseHead(status: status), body: Array("<html>".utf8))
        #expect(failure.cause == cause)
        #expect(failure.message.hasPrefix("HTTP \(status)"))
    }

    @Test("an error's message is one bounded line with status, type, words and request id")
    func message() {
        let body = """
            {"type":"error","error":{"type":"invalid_request_error","message":"a\\nb\\u001b[2J"},\
            "request_id":"req_1"}
            """
        #expect(
            ProviderError.failure(head: ResponseHead(status: 400), body: Array(body.utf8))
                == ModelFailure(
                    cause: .badRequest,
                    message: "HTTP 400 invalid_request_error: a b [2J (req_1)"))
        let long = "{\"error\":{\"message\":\"\(String(repeating: "x", count: 10_000))\"}}"
        #expect(
            ProviderError.failure(head: ResponseHead(status: 500), body: Array(long.utf8))
                .message.count == ProviderError.messageCharactersMax)
    }

    @Test(
        "retry hints are read as milliseconds, seconds or a date, and nonsense is none",
        arguments: [
            (["retry-after-ms": "1500.2", "retry-after": "9"], 1501), (["retry-after": "7"], 7000),
            (["retry-after": "0.5"], 500), (["retry-after": "-3"], nil),
            (["retry-after": "nan"], nil), (["retry-after": "soon"], nil),
            (["retry-after": "1e300"], 366 * 86_400_000), (["retry-after": "86400"], 86_400_000),
            (
                [
                    "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
                    "date": "Wed, 21 Oct 2026 07:28:00 GMT",
                ], 30_000
            ),
            (["retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"], nil), ([:], nil),
        ] as [([String: String], Int?)])
    func retryAfter(_ headers: [String: String], _ milliseconds: Int?) {
        let failure = ProviderError.failure(
            head: ResponseHead(status: 429, headers: headers), body: [])
        #expect(failure.retryAfter == milliseconds.map { Milliseconds($0) })
    }
}
