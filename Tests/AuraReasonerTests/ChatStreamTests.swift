import AuraModel
import AuraReasoner
import Testing

@Suite("Chat completion streams")
struct ChatStreamTests {
    @Test(
        "each conformance stream is understood as expected: whole, byte by byte, cut anywhere",
        .enabled(if: Conformance.isExpected, "conformance files are absent"))
    func conformance() throws {
        for fixture in try Conformance.openai() {
            let stream = ChatCompletions.Stream(model: "", quirks: [])
            let whole = try #require(fold([fixture.bytes], stream))
            try Self.check(whole, fixture.expected, "\(fixture.name)")
            #expect(fold(fixture.bytes.map { [$0] }, stream) == whole, "\(fixture.name)")
            #expect(cutsDiffering(fixture.bytes, stream, from: whole) == [], "\(fixture.name)")
        }
    }

    private static func check(
        _ result: Result<ModelAnswer, ModelFailure>, _ expected: JSONValue, _ name: String
    ) throws {
        if let error = expected["error"], error != .null {
            guard case .failure(let failure) = result else {
                Issue.record("\(name) has no failure")
                return
            }
            #expect(failure.cause == .network, "\(name)")
            #expect(failure.isTransient, "\(name)")
            return
        }
        let answer = try result.get()
        var content: [ContentBlock] = []
        for key in ["text", "refusal"] {
            if let text = expected[key]?.stringValue, !text.isEmpty { content.append(.text(text)) }
        }
        if case .array(let calls)? = expected["tool_calls"] {
            content += calls.map {
                .toolUse(
                    id: $0["id"]?.stringValue ?? "", name: $0["name"]?.stringValue ?? "",
                    input: $0["input"] ?? .null)
            }
        }
        #expect(answer.content == content, "\(name)")
        let stops: [String: StopReason] = [
            "stop": .endTurn, "tool_calls": .toolUse, "length": .tokensMax,
        ]
        let isRefusal = expected["refusal"]?.stringValue != nil
        let stop = stops[expected["stop_reason"]?.stringValue ?? ""]
        #expect(answer.stop == (isRefusal ? .refusal : stop), "\(name)")
        #expect(answer.model == expected["model"]?.stringValue, "\(name)")
        let total = expected["usage"]?["total_tokens"]?.integerValue
        #expect(answer.usage.total == total ?? 0, "\(name)")
        #expect((answer.isUsageUnknown == true) == (total == nil), "\(name)")
    }

    // MARK: - By hand

    typealias Quirk = ProviderSettings.Quirk

    private static func answer(_ chunks: [String], _ quirks: Set<Quirk> = []) -> Result<
        ModelAnswer, ModelFailure
    >? {
        let bytes = Array(chunks.map { "data: \($0)\n\n" }.joined().utf8)
        return AuraReasonerTests.fold([bytes], ChatCompletions.Stream(model: "m", quirks: quirks))
    }

    private static func chunk(_ delta: String, finish: String = "null") -> String {
        #"{"model":"m","choices":[{"index":0,"delta":{\#(delta)},"finish_reason":\#(finish)}]}"#
    }

    private static func call(_ members: String) -> String {
        chunk(#""tool_calls":[{\#(members)}]"#)
    }

    private static let finished = chunk("", finish: #""tool_calls""#)
    private static let stopped = chunk("", finish: #""stop""#)
    private static let two: [ContentBlock] = [
        .toolUse(id: "a", name: "ls", input: .object([:])),
        .toolUse(id: "b", name: "cat", input: .object(["n": .integer(1)])),
    ]

    @Test("a quirk that is declared makes the answer whole, undeclared it is malformed")
    func quirks() throws {
        let noIndex = [
            Self.call(#""id":"a","function":{"name":"ls","arguments":"{}"}"#),
            Self.call(#""id":"b","function":{"name":"cat","arguments":"{\"n\":"}"#),
            Self.call(#""function":{"arguments":"1}"}"#), Self.finished, "[DONE]",
        ]
        let sameIndex = [
            Self.call(#""index":0,"id":"a","function":{"name":"ls","arguments":"{}"}"#),
            Self.call(#""index":0,"id":"b","function":{"name":"cat","arguments":"{\"n\":1}"}"#),
            Self.finished, "[DONE]",
        ]
        let objects = [
            Self.call(#""index":0,"id":"a","function":{"name":"ls","arguments":{}}"#),
            Self.call(#""index":1,"id":"b","function":{"name":"cat","arguments":{"n":1}}"#),
            Self.finished, "[DONE]",
        ]
        let good = [
            Self.call(#""index":0,"id":"a","function":{"name":"ls","arguments":""}"#),
            Self.call(#""index":1,"id":"b","function":{"name":"cat","arguments":null}"#),
            Self.call(#""index":1,"id":null,"function":{"name":null,"arguments":"{\"n\":1}"}"#),
        ]
        let cases: [([String], Quirk)] = [
            (noIndex, .looseToolIndex), (sameIndex, .looseToolIndex), (objects, .objectArguments),
            (good + [Self.stopped, "[DONE]"], .stopAfterTools),
            (good + ["[DONE]"], .noFinishReason), (good + [Self.finished], .noDone),
        ]
        for (chunks, quirk) in cases {
            let answer = try #require(Self.answer(chunks, [quirk])).get()
            #expect(answer.content == Self.two, "\(quirk)")
            #expect(answer.stop == .toolUse, "\(quirk)")
            guard case .failure(let failure)? = Self.answer(chunks) else {
                Issue.record("\(quirk) is taken undeclared")
                continue
            }
            let cause: ModelFailure.Class = quirk == .noDone ? .network : .malformed
            #expect(failure.cause == cause, "\(quirk)")
        }
    }

    @Test("reasoning, comments, a lone first chunk and usage in details are understood")
    func reasoning() throws {
        let usage = """
            {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":5,"total_tokens":130,\
            "prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":10}}}
            """
        let answer = try #require(
            Self.answer([
                #"{"choices":[]}"#, Self.chunk(#""reasoning_content":"hm","content":null"#),
                Self.chunk(#""content":"So","tool_calls":[]"#), Self.stopped, usage, "[DONE]",
            ])
        ).get()
        #expect(answer.content == [.thinking(text: "hm", signature: ""), .text("So")])
        #expect(
            answer.usage == TokenUsage(input: 30, cacheWrite: 10, cacheRead: 60, output: 30))
    }

    @Test(
        "an error inside of the stream is classified by whatever it names",
        arguments: [
            (#"{"error":{"message":"x","type":"server_error"}}"#, ModelFailure.Class.network),
            (#"{"error":{"message":"x","code":429}}"#, .rate),
            (#"{"error":{"message":"x","code":"502"}}"#, .network),
            (#"{"error":{"message":"x","code":"insufficient_quota"}}"#, .quota),
            (#"{"error":{"message":"x","code":"context_length_exceeded"}}"#, .contextOverflow),
            (#"{"error":"all gone"}"#, .network),
            (
                #"{"object":"error","message":"maximum context length is 5","code":400}"#,
                .contextOverflow
            ),
            (
                #"{"error":{"code":503,"message":"x"},"choices":[{"finish_reason":"error"}]}"#,
                .overloaded
            ),
        ])
    func errors(_ chunk: String, _ cause: ModelFailure.Class) {
        guard case .failure(let failure)? = Self.answer([Self.chunk(#""content":"a""#), chunk])
        else {
            Issue.record("no failure")
            return
        }
        #expect(failure.cause == cause)
        #expect(failure.message.hasPrefix("in the stream: "))
    }
}
