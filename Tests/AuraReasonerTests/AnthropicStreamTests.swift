import AuraModel
import AuraReasoner
import Testing

@Suite("Anthropic streams")
struct AnthropicStreamTests {
    @Test(
        "each conformance stream is understood as expected: whole, byte by byte, cut anywhere",
        .enabled(if: Conformance.isExpected, "conformance files are absent"))
    func conformance() throws {
        for fixture in try Conformance.anthropic() {
            let expected = try Self.answer(expected: fixture.expected)
            let stream = AnthropicMessages.Stream()
            #expect(try fold([fixture.bytes])?.get() == expected, "\(fixture.name)")
            #expect(try fold(fixture.bytes.map { [$0] })?.get() == expected, "\(fixture.name)")
            #expect(cutsDiffering(fixture.bytes, stream, from: .success(expected)) == [])
        }
    }

    /// The expectation in our terms: empty texts and calls that were cut off are not kept.
    private static func answer(expected: JSONValue) throws -> ModelAnswer {
        guard case .array(let blocks) = expected["content"] else { throw Missing() }
        let content = try blocks.compactMap { block -> ContentBlock? in
            func text(_ key: String) throws -> String {
                guard let text = block[key]?.stringValue else { throw Missing() }
                return text
            }
            switch try text("type") {
            case "text": return try text("text").isEmpty ? nil : .text(try text("text"))
            case "thinking":
                return .thinking(text: try text("thinking"), signature: try text("signature"))
            case "tool_use":
                guard let input = block["input"], input != .null else { return nil }
                return .toolUse(id: try text("id"), name: try text("name"), input: input)
            default: throw Missing()
            }
        }
        func tokens(_ key: String) -> Int { expected["usage"]?[key]?.integerValue ?? 0 }
        let stops: [String: StopReason] = [
            "end_turn": .endTurn, "tool_use": .toolUse, "max_tokens": .tokensMax,
            "refusal": .refusal,
        ]
        guard let stop = stops[expected["stop_reason"]?.stringValue ?? ""] else { throw Missing() }
        return ModelAnswer(
            content: content, stop: stop,
            usage: TokenUsage(
                input: tokens("input_tokens"), cacheWrite: tokens("cache_creation_input_tokens"),
                cacheRead: tokens("cache_read_input_tokens"), output: tokens("output_tokens")),
            model: expected["model"]?.stringValue ?? "")
    }

    private struct Missing: Error {}

    // MARK: - By hand

    private static func stream(_ events: [String]) -> [UInt8] {
        Array(events.map { "data: \($0)\n\n" }.joined().utf8)
    }

    private static let start = """
        {"type":"message_start","message":{"model":"m",\
        "usage":{"input_tokens":5,"output_tokens":1}}}
        """
    private static let tool = """
        {"type":"content_block_start","index":0,\
        "content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}
        """
    private static let closed = #"{"type":"content_block_stop","index":0}"#
    private static let end = #"{"type":"message_stop"}"#

    private static func delta(json: String) throws -> String {
        let piece = try JSON.text(json)
        return #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","#
            + #""partial_json":\#(piece)}}"#
    }

    private static func stop(_ reason: String, output: String = "9") -> String {
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)"},"#
            + #""usage":{"output_tokens":\#(output)}}"#
    }

    private static func failure(_ events: [String]) -> ModelFailure? {
        guard case .failure(let failure) = fold([stream(events)]) else { return nil }
        return failure
    }

    @Test("a tool call without input gets an empty object")
    func emptyInput() throws {
        let events = [Self.start, Self.tool, Self.closed, Self.stop("tool_use"), Self.end]
        #expect(
            try fold([Self.stream(events)])?.get().content
                == [.toolUse(id: "t", name: "n", input: .object([:]))])
    }

    @Test(
        "a tool call whose input is no JSON object is malformed, and charged as the provider said",
        arguments: ["{\"a\":", "[]", "nonsense", String(repeating: "[", count: 100_000)])
    func badInput(_ input: String) throws {
        let events = [
            Self.start, Self.tool, try Self.delta(json: input), Self.closed,
            Self.stop("tool_use"), Self.end,
        ]
        let failure = Self.failure(events)
        #expect(failure?.cause == .malformed)
        #expect(failure?.usage == TokenUsage(input: 5, output: 9))
    }

    @Test("input that nests too deep is refused before anyone recurses into it")
    func deepInput() throws {
        let depth = JSONScanner.depthMax
        for (extra, isKept) in [(0, true), (1, false)] {
            let nested = String(repeating: "{\"[\":", count: depth - 1 + extra)
            let input = nested + "{}" + String(repeating: "}", count: depth - 1 + extra)
            let events = [
                Self.start, Self.tool, try Self.delta(json: input), Self.closed,
                Self.stop("tool_use"), Self.end,
            ]
            #expect((Self.failure(events) == nil) == isKept)
        }
    }

    @Test(
        "streams that break the order of the API are malformed",
        arguments: [
            [start, start], [tool], [start, closed], [start, tool, closed, closed],
            [start, tool, tool], [start, end], [end], [start, stop("because"), end],
            [start, stop("tool_use"), end], [start, "nonsense"], [start, "{}"],
            [start, #"{"type":"content_block_delta","index":0}"#],
        ])
    func disorder(_ events: [String]) {
        #expect(Self.failure(events)?.cause == .malformed)
    }

    @Test("a stream that ends early is a network failure, without usage unless it was final")
    func truncated() {
        let begun = TokenUsage(input: 5, output: 1)
        #expect(Self.failure([Self.start, Self.tool]) == network(nil, begun: begun))
        #expect(Self.failure([]) == network(nil))
        #expect(
            Self.failure([Self.start, Self.stop("end_turn")])
                == network(TokenUsage(input: 5, output: 9)))
        let cut = Self.stream([Self.start]) + Array("event: message_stop\ndata: {\"typ".utf8)
        #expect(fold([cut]) == .failure(network(nil, begun: begun)))
    }

    private func network(_ usage: TokenUsage?, begun: TokenUsage? = nil) -> ModelFailure {
        ModelFailure(
            cause: .network, message: "the stream ended before the answer did", usage: usage,
            begun: begun)
    }

    @Test(
        "absurd usage is bounded, so that sums and prices cannot overflow",
        arguments: [("-5", 0), ("9000000000000000000", 1_000_000_000)])
    func absurdUsage(_ said: String, _ taken: Int) throws {
        let events = [Self.start, Self.stop("end_turn", output: said), Self.end]
        #expect(try fold([Self.stream(events)])?.get().usage.output == taken)
    }

    @Test("an error inside of a stream is classified by its type, and ends it")
    func errorInStream() {
        let error =
            #"{"type":"error","error":{"type":"overloaded_error","message":"Over\nloaded"}}"#
        #expect(
            Self.failure([Self.start, error, Self.stop("end_turn"), Self.end])
                == ModelFailure(
                    cause: .overloaded, message: "in the stream: overloaded_error: Over loaded",
                    begun: TokenUsage(input: 5, output: 1)))
    }

    // MARK: - Mutated

    @Test(
        "mutated streams end in an answer or a failure and never trap",
        .enabled(if: Conformance.isExpected, "conformance files are absent"))
    func mutated() throws {
        let seed = UInt64.random(in: 1 ... .max)
        print("mutated streams: seed \(seed)")
        var chance = Chance(seed: seed)
        let sources = try Conformance.anthropic().map(\.bytes).filter { $0.count < 4096 }
        let interesting = Array("{}[]\":,\\\n\r0-9eE.tfnu\u{0}\u{7f}".utf8) + [0x80, 0xc3, 0xff]
        for round in 0..<20_000 {
            var bytes = sources[chance.below(sources.count)]
            for _ in 0...chance.below(4) {
                let place = chance.below(bytes.count)
                switch chance.below(5) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: chance.next())
                case 1: bytes[place] = interesting[chance.below(interesting.count)]
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + chance.below(40)))
                case 3:
                    let from = chance.below(bytes.count)
                    let piece = bytes[from..<min(bytes.count, from + chance.below(200))]
                    bytes.insert(contentsOf: piece, at: place)
                default: bytes.insert(interesting[chance.below(interesting.count)], at: place)
                }
                if bytes.isEmpty { bytes = [0x0a] }
            }
            let cut = chance.below(bytes.count)
            guard fold([Array(bytes[..<cut]), Array(bytes[cut...])]) != nil else {
                Issue.record("seed \(seed), round \(round): no end")
                return
            }
        }
    }
}

/// SplitMix64: the same seed draws the same numbers.
struct Chance {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { bound > 0 ? Int(next() % UInt64(bound)) : 0 }
}
