internal import AuraModel

/// One event of the stream, as far as it is understood; unknown members are passed over.
enum AnthropicEvent: Decodable {
    case messageStart(model: String, usage: AnthropicUsage?)
    case blockStart(index: Int, block: Block)
    case blockDelta(index: Int, delta: Delta)
    case blockStop(index: Int)
    case messageDelta(stop: String?, usage: AnthropicUsage?)
    case messageStop
    case error(type: String, message: String)
    /// `ping`, and whatever the provider may add.
    case other

    enum Block: Decodable {
        case text(String)
        case thinking(text: String, signature: String)
        case redactedThinking(data: String)
        /// `input` is empty where the input arrives in pieces.
        case toolUse(id: String, name: String, input: JSONValue)
        case other
    }

    enum Delta: Decodable {
        case text(String)
        case thinking(String)
        case signature(String)
        case inputJSON(String)
        case other
    }

    private enum Key: String, CodingKey {
        case type, message, index, delta, usage, error
        case block = "content_block"
    }

    private struct Message: Decodable {
        var model: String
        var usage: AnthropicUsage?
    }

    private struct Stop: Decodable {
        var reason: String?

        private enum CodingKeys: String, CodingKey { case reason = "stop_reason" }
    }

    private struct Failure: Decodable {
        var type: String
        var message: String?
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        switch try values.decode(String.self, forKey: .type) {
        case "message_start":
            let message = try values.decode(Message.self, forKey: .message)
            self = .messageStart(model: message.model, usage: message.usage)
        case "content_block_start":
            self = .blockStart(
                index: try values.decode(Int.self, forKey: .index),
                block: try values.decode(Block.self, forKey: .block))
        case "content_block_delta":
            self = .blockDelta(
                index: try values.decode(Int.self, forKey: .index),
                delta: try values.decode(Delta.self, forKey: .delta))
        case "content_block_stop":
            self = .blockStop(index: try values.decode(Int.self, forKey: .index))
        case "message_delta":
            self = .messageDelta(
                stop: try values.decode(Stop.self, forKey: .delta).reason,
                usage: try values.decodeIfPresent(AnthropicUsage.self, forKey: .usage))
        case "message_stop": self = .messageStop
        case "error":
            let error = try values.decode(Failure.self, forKey: .error)
            self = .error(type: error.type, message: error.message ?? "")
        default: self = .other
        }
    }
}

extension AnthropicEvent.Block {
    private enum Key: String, CodingKey {
        case type, text, thinking, signature, data, id, name, input
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        switch try values.decode(String.self, forKey: .type) {
        case "text": self = .text(try values.decodeIfPresent(String.self, forKey: .text) ?? "")
        case "thinking":
            self = .thinking(
                text: try values.decodeIfPresent(String.self, forKey: .thinking) ?? "",
                signature: try values.decodeIfPresent(String.self, forKey: .signature) ?? "")
        case "redacted_thinking":
            self = .redactedThinking(data: try values.decode(String.self, forKey: .data))
        case "tool_use":
            self = .toolUse(
                id: try values.decode(String.self, forKey: .id),
                name: try values.decode(String.self, forKey: .name),
                input: try values.decodeIfPresent(JSONValue.self, forKey: .input) ?? .object([:]))
        default: self = .other
        }
    }
}

extension AnthropicEvent.Delta {
    private enum Key: String, CodingKey {
        case type, text, thinking, signature
        case json = "partial_json"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        switch try values.decode(String.self, forKey: .type) {
        case "text_delta": self = .text(try values.decode(String.self, forKey: .text))
        case "thinking_delta": self = .thinking(try values.decode(String.self, forKey: .thinking))
        case "signature_delta":
            self = .signature(try values.decode(String.self, forKey: .signature))
        case "input_json_delta": self = .inputJSON(try values.decode(String.self, forKey: .json))
        default: self = .other
        }
    }
}

/// Cumulative usage as sent: `message_start` has all of it, `message_delta` what changed.
struct AnthropicUsage: Decodable {
    var input: Int?
    var cacheWrite: Int?
    var cacheRead: Int?
    var output: Int?

    private enum CodingKeys: String, CodingKey {
        case input = "input_tokens"
        case cacheWrite = "cache_creation_input_tokens"
        case cacheRead = "cache_read_input_tokens"
        case output = "output_tokens"
    }

    /// A billion: a thousand times the largest context; keeps sums and products with prices in
    /// range.
    static let tokensMax = 1_000_000_000

    /// `usage` with what is said here in place of what it held.
    func overlaid(on usage: TokenUsage) -> TokenUsage {
        func bounded(_ said: Int?, _ before: Int) -> Int {
            min(max(said ?? before, 0), Self.tokensMax)
        }
        return TokenUsage(
            input: bounded(input, usage.input), cacheWrite: bounded(cacheWrite, usage.cacheWrite),
            cacheRead: bounded(cacheRead, usage.cacheRead), output: bounded(output, usage.output))
    }
}
