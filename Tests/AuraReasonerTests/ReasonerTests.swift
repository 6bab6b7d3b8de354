import AuraModel
import AuraReasoner
import Glibc
import Testing

@Suite("Reasoner over HTTP")
struct ReasonerTests {
    private static let hello = "Hello there, wörld! \u{1f30d}"
    private static let usage = TokenUsage(input: 11, output: 6)

    private static func answer(_ content: [ContentBlock], _ stop: StopReason) -> ModelAnswer {
        ModelAnswer(content: content, stop: stop, usage: usage, model: "")
    }

    private static let answers: [String: ModelAnswer] = {
        var answers: [String: ModelAnswer] = [:]
        for name in [
            "ok", "crlf", "one-byte", "slow", "close-delimited", "never-ends", "unknown-event",
            "no-type", "padded", "ping-storm", "long-line", "shrinking-usage",
        ] { answers[name] = answer([.text(hello)], .endTurn) }
        answers["tools"] = answer(
            [
                .text("Both."),
                .toolUse(
                    id: "toolu_fake_1", name: "read_file", input: .object(["path": .string("a")])),
                .toolUse(id: "toolu_fake_2", name: "list", input: .object([:])),
            ], .toolUse)
        answers["thinking"] = answer(
            [
                .thinking(text: "hm", signature: "c2ln"), .redactedThinking(data: "ZGF0YQ=="),
                .text("So."),
            ], .endTurn)
        answers["cut-tool"] = answer([.text("I write.")], .tokensMax)
        for (name, stop) in [
            ("refusal", StopReason.refusal), ("pause", .pause), ("max-tokens", .tokensMax),
            ("context-full", .contextOverflow),
        ] { answers[name] = answer([.text("So.")], stop) }
        return answers
    }()

    private static let failures: [String: ModelFailure.Class] = [
        "bad-tool": .malformed, "no-stop": .network, "no-usage": .malformed, "empty": .network,
        "error-after-200": .overloaded, "error-in-tool": .network, "two-starts": .malformed,
        "index-gap": .malformed, "reset": .network, "gzip": .network, "error-in-200": .rate,
        "429-absurd": .rate, "429-negative": .rate, "400-retry": .badRequest, "500-final": .network,
        "malformed": .malformed, "wrong-type": .malformed,
        "garbage": .malformed,
        "half-close": .network, "cut-mid-stream": .network, "huge-line": .malformed,
        "400": .badRequest, "too-long": .contextOverflow, "no-credit": .quota, "401": .auth,
        "402": .quota, "403": .auth, "404": .badRequest, "413": .contextOverflow, "429": .rate,
        "429-ms": .rate, "429-date": .rate, "500": .network, "503": .overloaded, "504": .timeout,
        "529": .overloaded, "redirect": .badRequest, "echo-key": .badRequest,
    ]

    @Test("every behaviour of the fake ends as what it is, all of them at once")
    func catalogue() throws {
        let server = try FakeServer()
        let names = Array(Self.answers.keys) + Self.failures.keys
        let settings = names.map { ($0, server.settings(model: $0)) }
        let loop = PollLoop()
        let reasoner = loop.reasoner([String: ReasonerSettings](uniqueKeysWithValues: settings))
        let outcomes = loop.ask(reasoner, names, .saying("Hi."))
        for (name, expected) in Self.answers {
            var expected = expected
            expected.model = name
            #expect(outcomes[name] == .success(expected), "\(name)")
        }
        var failures: [String: ModelFailure] = [:]
        for (name, cause) in Self.failures {
            guard case .failure(let failure) = outcomes[name] else {
                Issue.record("\(name): \(String(describing: outcomes[name]))")
                continue
            }
            failures[name] = failure
            #expect(failure.cause == cause, "\(name): \(failure.message)")
            #expect(!failure.message.contains(FakeServer.key))
        }
        #expect(failures["429"]?.retryAfter == .seconds(7))
        #expect(failures["429-ms"]?.retryAfter == Milliseconds(1500))
        #expect(failures["429-date"]?.retryAfter == .seconds(30))
        #expect(failures["429-absurd"]?.retryAfter == .seconds(366 * 86_400))
        #expect(failures["429-negative"]?.retryAfter == nil)
        #expect(failures["400-retry"]?.isTransient == true)
        #expect(failures["500-final"]?.isTransient == false)
        #expect(failures["cut-mid-stream"]?.begun == TokenUsage(input: 11, output: 1))
        #expect(failures["no-stop"]?.usage == Self.usage)
        #expect(failures["cut-mid-stream"]?.usage == nil)
        #expect(
            failures["echo-key"]?.message
                == "HTTP 400 invalid_request_error: your key is [key] (req_fake)")
    }

    @Test(
        "R17: silence ends a call by the idle deadline, length by the total one; a trickle goes on"
    )
    func deadlines() throws {
        let server = try FakeServer()
        // The trickle pauses for half a millisecond; a loaded machine adds to it.
        let idle = Milliseconds.seconds(2)
        let loop = PollLoop()
        let reasoner = loop.reasoner([
            "silent": server.settings(model: "stall", idle: idle),
            "silenced": server.settings(model: "stall-mid-stream", idle: idle),
            "trickle": server.settings(model: "slow", idle: idle),
            "long": server.settings(model: "slow", total: Milliseconds(200)),
        ])
        let outcomes = loop.ask(
            reasoner, ["silent", "silenced", "trickle", "long"], .saying("Hi."))
        let silence = ModelFailure(cause: .timeout, message: "no byte for 2s")
        #expect(outcomes["silent"] == .failure(silence))
        var silenced = silence
        silenced.begun = TokenUsage(input: 11, output: 1)
        #expect(outcomes["silenced"] == .failure(silenced))
        // Whether it had begun by then is chance.
        let long = outcomes["long"].flatMap {
            if case .failure(let failure) = $0 { failure } else { nil }
        }
        #expect(long?.cause == .timeout && long?.message == "no whole answer within 200ms")
        #expect(try outcomes["trickle"]?.get().content == [.text(Self.hello)])
    }

    @Test(
        "a cancelled call is heard of no more, leaves no descriptor watched, and had shown progress"
    )
    func cancel() throws {
        let server = try FakeServer()
        let loop = PollLoop()
        let reasoner = loop.reasoner([
            "silenced": server.settings(model: "stall-mid-stream"),
            "ok": server.settings(model: "ok"),
        ])
        let call = CallID(7)
        reasoner.start(call: call, reasoner: "silenced", request: .saying("Hi."), in: "run")
        let end = ContinuousClock.now + .seconds(30)
        while reasoner.progress(call) == 0, .now < end { loop.turn(reasoner, until: end) }
        #expect(reasoner.progress(call) ?? 0 > 0)
        #expect(!loop.watched.isEmpty)
        for descriptor in loop.watched.keys {
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        reasoner.cancel(call)
        #expect(reasoner.progress(call) == nil)
        #expect(loop.watched.isEmpty)
        reasoner.start(call: CallID(8), reasoner: "ok", request: .saying("Hi."), in: "run")
        #expect(Array(loop.run(reasoner, until: 1).keys) == [CallID(8)])
    }

    @Test(
        "R38: what cannot be asked fails by name: credential, key, server, scheme, reasoner"
    )
    func refusedAtOnce() throws {
        let server = try FakeServer()
        let keys: [String: String] = [
            "split": "two\nlines", "empty": "\n", "wrong": "sk-other", "right": FakeServer.key,
        ]
        func settings(_ credential: String, _ port: Int) -> ReasonerSettings {
            ReasonerSettings(
                provider: .anthropic(baseURL: "http://127.0.0.1:\(port)", credential: credential),
                model: "ok")
        }
        let loop = PollLoop()
        let reasoner = loop.reasoner(
            [
                "missing": settings("missing", server.port),
                "split": settings("split", server.port), "empty": settings("empty", server.port),
                "wrong": settings("wrong", server.port), "away": settings("right", 1),
                "ftp": ReasonerSettings(
                    provider: .anthropic(baseURL: "ftp://localhost", credential: "right"),
                    model: "ok"),
            ], credentials: { keys[$0].map { Array($0.utf8) } })
        #expect(reasoner.credentialProblem(of: "away") == nil)
        for name in ["missing", "split", "empty"] {
            #expect(reasoner.credentialProblem(of: name)?.contains("credential \(name)") == true)
        }
        let outcomes = loop.ask(
            reasoner, ["missing", "split", "empty", "wrong", "away", "ftp", "nobody"],
            .saying("Hi."))
        func failure(_ name: String) -> ModelFailure? {
            guard case .failure(let failure) = outcomes[name] else { return nil }
            return failure
        }
        #expect(failure("missing")?.cause == .auth)
        #expect(failure("missing")?.message.contains("LoadCredential=missing:") == true)
        for name in ["split", "empty", "wrong"] {
            #expect(failure(name)?.cause == .auth)
            #expect(failure(name)?.message.contains(keys[name] ?? "") == false)
        }
        #expect(failure("away")?.cause == .network)
        #expect(failure("ftp")?.cause == .badRequest)
        #expect(failure("nobody")?.message == "there is no reasoner nobody")
        #expect(try server.log().count == 1)
    }

    @Test(
        "calls that follow each other share a connection, and the same request has the same bytes")
    func connectionIsKept() throws {
        let server = try FakeServer()
        let loop = PollLoop()
        let reasoner = loop.reasoner(["ok": server.settings(model: "ok")])
        for _ in 0..<3 {
            #expect(loop.ask(reasoner, ["ok"], .saying("Hi.")).count == 1)
            // An answer is given out before the end of its framing has been read.
            loop.settle(reasoner)
        }
        let log = try server.log()
        #expect(log.count == 3)
        #expect(Set(log.map(\.connection)).count == 1)
        #expect(Set(log.map(\.sha256)).count == 1)
    }

    @Test(
        "the fake refuses orphan results, unanswered calls, and no room to answer"
    )
    func strictness() throws {
        let server = try FakeServer()
        let loop = PollLoop()
        let reasoner = loop.reasoner(["ok": server.settings(model: "ok")])
        let call = ContentBlock.toolUse(id: "t", name: "read_file", input: .object([:]))
        let result = ContentBlock.toolResult(id: "t", content: "", isError: false)
        func isRefused(_ messages: [Message], tokens: Int = 10) -> Bool {
            let request = ModelRequest(
                system: "", messages: messages, tools: [], answerTokensMax: tokens)
            guard case .failure(let failure) = loop.ask(reasoner, ["ok"], request)["ok"] else {
                return false
            }
            return failure.cause == .badRequest
        }
        let ask = Message(role: .user, content: [.text("Hi.")])
        #expect(!isRefused([ask]))
        #expect(isRefused([ask], tokens: 0))
        #expect(isRefused([]))
        #expect(isRefused([Message(role: .user, content: [result])]))
        #expect(isRefused([ask, Message(role: .assistant, content: [call]), ask]))
        let called = [ask, Message(role: .assistant, content: [call])]
        #expect(!isRefused(called + [Message(role: .user, content: [result, .text("on")])]))
        #expect(isRefused(called + [Message(role: .user, content: [.text("on"), result])]))
    }

    @Test("proxies of the environment do not get to see a request")
    func proxies() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY"] {
                setenv(name, "http://127.0.0.1:1", 1)
            }
            let server = try FakeServer()
            let loop = PollLoop()
            let reasoner = loop.reasoner(["ok": server.settings(model: "ok")])
            _ = try #require(loop.ask(reasoner, ["ok"], .saying("Hi."))["ok"]).get()
        }
    }
}
