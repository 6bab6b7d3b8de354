import AuraModel
import AuraReasoner
import Testing

@Suite("Reasoner over HTTP, by the OpenAI dialects")
struct OpenAIServerTests {
    private static let hello = "Hello there, wörld! \u{1f30d}"
    private static let usage = TokenUsage(input: 11, output: 6)

    private static let stops: [String: (StopReason, [ContentBlock])] = {
        let calls: [ContentBlock] = [
            .text("Both."),
            .toolUse(id: "call_1", name: "read_file", input: .object(["path": .string("a")])),
            .toolUse(id: "call_2", name: "list", input: .object([:])),
        ]
        var stops: [String: (StopReason, [ContentBlock])] = [
            "tools": (.toolUse, calls),
            "refusal": (.refusal, [.text("I cannot help with that.")]),
            "filtered": (.refusal, [.text("So.")]), "max-tokens": (.tokensMax, [.text("So.")]),
        ]
        for name in [
            "ok", "crlf", "one-byte", "close-delimited", "never-ends", "no-type", "padded",
            "ping-storm", "long-line",
        ] { stops[name] = (.endTurn, [.text(hello)]) }
        return stops
    }()

    private static let failures: [String: ModelFailure.Class] = [
        "no-stop": .network, "empty": .network, "wrong-type": .malformed, "garbage": .malformed,
        "half-close": .network, "cut-mid-stream": .network, "reset": .network,
        "huge-line": .malformed, "gzip": .network, "error-in-200": .rate, "400": .badRequest,
        "too-long": .contextOverflow, "401": .auth, "402": .quota, "403": .auth,
        "404": .badRequest, "413": .contextOverflow, "429": .rate, "429-ms": .rate,
        "500": .network, "503": .overloaded, "504": .timeout, "529": .overloaded,
        "redirect": .badRequest, "echo-key": .badRequest,
    ]

    @Test(
        "every behaviour of the fake ends as what it is, all of them at once",
        arguments: [ProviderSettings.Dialect.openaiChat, .openaiResponses])
    func catalogue(_ dialect: ProviderSettings.Dialect) throws {
        let server = try FakeServer(dialect: dialect)
        let names = Array(Self.stops.keys) + Self.failures.keys
        let settings = names.map { ($0, server.settings(model: $0)) }
        let loop = PollLoop()
        let reasoner = loop.reasoner([String: ReasonerSettings](uniqueKeysWithValues: settings))
        let outcomes = loop.ask(reasoner, names, .saying("Hi."))
        for (name, (stop, content)) in Self.stops {
            let expected = ModelAnswer(content: content, stop: stop, usage: Self.usage, model: name)
            #expect(outcomes[name] == .success(expected), "\(name)")
        }
        for (name, cause) in Self.failures {
            guard case .failure(let failure) = outcomes[name] else {
                Issue.record("\(name): \(String(describing: outcomes[name]))")
                continue
            }
            #expect(failure.cause == cause, "\(name): \(failure.message)")
            #expect(!failure.message.contains(FakeServer.key))
        }
    }

    @Test("chat completions with quirks: usage that is missing is not taken for none")
    func chatQuirks() throws {
        let server = try FakeServer(dialect: .openaiChat)
        let loop = PollLoop()
        let reasoner = loop.reasoner([
            "no-usage": server.settings(model: "no-usage"),
            "no-done": server.settings(model: "no-done", quirks: [.noDone]),
            "strict": server.settings(model: "index-zero"),
            "loose": server.settings(model: "index-zero", quirks: [.looseToolIndex]),
            "cached": server.settings(model: "cached"),
            "old": server.settings(model: "ok", quirks: [.maxTokens, .noStreamOptions]),
        ])
        let names = ["no-usage", "no-done", "strict", "loose", "cached", "old"]
        let outcomes = loop.ask(reasoner, names, .saying("Hi."))
        #expect(try outcomes["no-usage"]?.get().isUsageUnknown == true)
        #expect(try outcomes["no-done"]?.get().content == [.text(Self.hello)])
        #expect(throws: ModelFailure.self) { try outcomes["strict"]?.get() }
        #expect(try outcomes["loose"]?.get().content.count == 2)
        #expect(
            try outcomes["cached"]?.get().usage
                == TokenUsage(input: 300, cacheRead: 700, output: 6))
        #expect(try outcomes["old"]?.get().content == [.text(Self.hello)])
    }

    @Test(
        "the fakes refuse orphan results and unanswered calls; a conversation with calls is taken",
        arguments: [ProviderSettings.Dialect.openaiChat, .openaiResponses])
    func strictness(_ dialect: ProviderSettings.Dialect) throws {
        let server = try FakeServer(dialect: dialect)
        let loop = PollLoop()
        let reasoner = loop.reasoner(["ok": server.settings(model: "ok")])
        let call = ContentBlock.toolUse(id: "t", name: "read_file", input: .object([:]))
        let result = ContentBlock.toolResult(id: "t", content: "", isError: true)
        func isRefused(_ messages: [Message]) -> Bool {
            let request = ModelRequest(
                system: "s", messages: messages, tools: [], answerTokensMax: 10)
            guard case .failure(let failure) = loop.ask(reasoner, ["ok"], request)["ok"] else {
                return false
            }
            return failure.cause == .badRequest
        }
        let ask = Message(role: .user, content: [.text("Hi.")])
        #expect(isRefused([Message(role: .user, content: [result])]))
        let called = [ask, Message(role: .assistant, content: [.text("I look."), call])]
        #expect(isRefused(called + [ask]))
        #expect(!isRefused(called + [Message(role: .user, content: [result, .text("on")])]))
    }
}
