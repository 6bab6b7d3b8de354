import AuraModel
import AuraReasoner

/// Streams of every dialect with bytes changed, lost, doubled and put in at random.
///
/// Whatever comes, a stream has to end in an answer or a failure, and in the same one however it is
/// cut.
struct MutatedStreams {
    private struct Source {
        var bytes: [UInt8]
        var start: any AnswerStream
    }

    private let sources: [Source]
    /// SplitMix64's whole state.
    private var state: UInt64
    private(set) var answers = 0
    private(set) var failures = 0

    init(seed: UInt64) {
        state = seed
        let all = Set(ProviderSettings.Quirk.allCases)
        sources = [
            Source(bytes: Array(Self.anthropic.utf8), start: AnthropicMessages.Stream()),
            Source(
                bytes: Array(Self.chat.utf8),
                start: ChatCompletions.Stream(model: "m", quirks: [])),
            Source(
                bytes: Array(Self.chat.utf8),
                start: ChatCompletions.Stream(model: "m", quirks: all)),
            Source(bytes: Array(Self.responses.utf8), start: OpenAIResponses.Stream(model: "m")),
        ]
    }

    /// Plays `count` streams; the number of the first one that had no end or two, nil if all is
    /// well.
    mutating func play(_ count: Int) -> Int? {
        for round in 0..<count {
            let source = sources[below(sources.count)]
            var bytes = source.bytes
            mutate(&bytes)
            let cut = below(bytes.count)
            guard let result = Self.end([bytes[..<cut], bytes[cut...]], source.start) else {
                return round
            }
            // The other way to cut it costs as much again: now and then is often enough.
            if round % 16 == 0, Self.end([bytes[...]], source.start) != result { return round }
            if case .success = result { answers += 1 } else { failures += 1 }
        }
        return nil
    }

    private static let interesting =
        Array("{}[]\":,\\\n\r0-9eE.tfnu\u{0}\u{7f}".utf8) + [0x80, 0xc3, 0xff]

    private mutating func mutate(_ bytes: inout [UInt8]) {
        for _ in 0...below(4) {
            let place = below(bytes.count)
            switch below(5) {
            case 0: bytes[place] = UInt8(below(256))
            case 1: bytes[place] = Self.interesting[below(Self.interesting.count)]
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + below(40)))
            case 3:
                let from = below(bytes.count)
                let piece = bytes[from..<min(bytes.count, from + below(200))]
                bytes.insert(contentsOf: piece, at: place)
            default: bytes.insert(Self.interesting[below(Self.interesting.count)], at: place)
            }
            if bytes.isEmpty { bytes = [0x0a] }
        }
    }

    private static func end(
        _ pieces: [ArraySlice<UInt8>], _ start: any AnswerStream
    ) -> Result<ModelAnswer, ModelFailure>? {
        var parser = SSEParser()
        var stream = start
        do {
            for piece in pieces {
                for event in try parser.push(Array(piece)) { stream.take(event) }
            }
            stream.end(partial: try parser.finish())
        } catch {
            stream.fail(.malformed, "not a valid stream")
        }
        return stream.result
    }

    private mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return bound > 0 ? Int((mixed ^ (mixed >> 31)) % UInt64(bound)) : 0
    }

    // MARK: - Sources

    private static let anthropic = """
        event: message_start
        data: {"type":"message_start","message":{"model":"m","usage":{"input_tokens":5,"output_tokens":1}}}

        data: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}

        data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}

        data: {"type":"content_block_stop","index":0}

        data: {"type":"content_block_start","index":1,\
        "content_block":{"type":"tool_use","id":"t","name":"ls","input":{}}}

        data: {"type":"content_block_delta","index":1,\
        "delta":{"type":"input_json_delta","partial_json":"{\\"n\\": [1, 2.5e3]}"}}

        data: {"type":"content_block_stop","index":1}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}

        data: {"type":"message_stop"}


        """

    private static let chat = """
        data: {"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"H\\u00e9"}}]}

        : keep alive

        data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"ls","arguments":""}}]}}]}

        data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"n\\":1}"}}]}}]}

        data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}

        data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}

        data: [DONE]


        """

    private static let responses = """
        event: response.created
        data: {"type":"response.created","response":{"model":"m","usage":null}}

        data: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}

        data: {"type":"response.output_text.delta","output_index":0,"delta":"Hi"}

        data: {"type":"response.output_item.done","output_index":0,\
        "item":{"type":"message","content":[{"type":"output_text","text":"Hi"}]}}

        event: response.completed
        data: {"type":"response.completed","response":{"usage":{"input_tokens":9,"output_tokens":2}}}


        """
}
