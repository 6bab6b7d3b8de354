internal import AuraModel

/// One event of the stream, as far as it is understood; unknown members are passed over.
enum AnthropicEvent {
    case messageStart(model: String, usage: AnthropicUsage?)
    case blockStart(index: Int, block: Block)
    case blockDelta(index: Int, delta: Delta)
    case blockStop(index: Int)
    case messageDelta(stop: String?, usage: AnthropicUsage?)
    case messageStop
    case error(type: String, message: String)
    /// `ping`, and whatever the provider may add.
    case other

    enum Block {
        case text(String)
        case thinking(text: String, signature: String)
        case redactedThinking(data: String)
        /// `input` is empty where the input arrives in pieces.
        case toolUse(id: String, name: String, input: JSONValue)
        case other
    }

    enum Delta {
        case text(String)
        case thinking(String)
        case signature(String)
        case inputJSON(String)
        case other
    }

    /// The event in `data`.
    init(_ data: [UInt8]) throws(JSONScanner.Malformed) {
        var scan = JSONScanner(data)
        var parts = Parts()
        guard try scan.enterObject() else { throw JSONScanner.Malformed() }
        while let key = try scan.nextKey() {
            switch key {
            case "type": parts.type = try scan.text()
            case "index": parts.index = try scan.whole()
            case "delta": parts.delta = try Members(&scan)
            case "content_block": parts.block = try Members(&scan)
            case "usage": parts.usage = try AnthropicUsage(&scan)
            case "message": parts.message = try Message(&scan)
            case "error": parts.error = try Members(&scan)
            default: try scan.skip()
            }
        }
        try scan.end()
        self = try parts.event()
    }

    /// All that any kind of event has.
    private struct Parts {
        var type: String?
        var index: Int?
        var message: Message?
        var block: Members?
        var delta: Members?
        var usage: AnthropicUsage?
        var error: Members?

        func event() throws(JSONScanner.Malformed) -> AnthropicEvent {
            switch try required(type) {
            case "message_start":
                let message = try required(message)
                return .messageStart(model: try required(message.model), usage: message.usage)
            case "content_block_start":
                return .blockStart(
                    index: try required(index), block: try required(block).block())
            case "content_block_delta":
                return .blockDelta(
                    index: try required(index), delta: try required(delta).delta())
            case "content_block_stop": return .blockStop(index: try required(index))
            case "message_delta":
                return .messageDelta(stop: try required(delta).stopReason, usage: usage)
            case "message_stop": return .messageStop
            case "error":
                let error = try required(error)
                return .error(type: try required(error.type), message: error.message ?? "")
            default: return .other
            }
        }
    }

    private struct Message {
        var model: String?
        var usage: AnthropicUsage?

        init?(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
            guard try scan.enterObject() else { return nil }
            while let key = try scan.nextKey() {
                switch key {
                case "model": model = try scan.text()
                case "usage": usage = try AnthropicUsage(&scan)
                default: try scan.skip()
                }
            }
        }
    }

    /// The members of a block, a delta or an error: one is read like the other.
    private struct Members {
        var type: String?
        var text: String?
        var thinking: String?
        var signature: String?
        var data: String?
        var id: String?
        var name: String?
        var input: JSONValue?
        var json: String?
        var stopReason: String?
        var message: String?

        init?(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
            guard try scan.enterObject() else { return nil }
            while let key = try scan.nextKey() {
                switch key {
                case "type": type = try scan.text()
                case "text": text = try scan.text()
                case "partial_json": json = try scan.text()
                case "thinking": thinking = try scan.text()
                case "signature": signature = try scan.text()
                case "data": data = try scan.text()
                case "id": id = try scan.text()
                case "name": name = try scan.text()
                case "input": input = try scan.value()
                case "stop_reason": stopReason = try scan.text()
                case "message": message = try scan.text()
                default: try scan.skip()
                }
            }
        }

        func block() throws(JSONScanner.Malformed) -> Block {
            switch try required(type) {
            case "text": .text(text ?? "")
            case "thinking": .thinking(text: thinking ?? "", signature: signature ?? "")
            case "redacted_thinking": .redactedThinking(data: try required(data))
            case "tool_use":
                .toolUse(
                    id: try required(id), name: try required(name), input: input ?? .object([:]))
            default: .other
            }
        }

        func delta() throws(JSONScanner.Malformed) -> Delta {
            switch try required(type) {
            case "text_delta": .text(try required(text))
            case "thinking_delta": .thinking(try required(thinking))
            case "signature_delta": .signature(try required(signature))
            case "input_json_delta": .inputJSON(try required(json))
            default: .other
            }
        }
    }
}

/// `value`, which an event of this kind has to have.
func required<Value>(_ value: Value?) throws(JSONScanner.Malformed) -> Value {
    guard let value else { throw JSONScanner.Malformed() }
    return value
}

/// Cumulative usage as sent: `message_start` has all of it, `message_delta` what changed.
struct AnthropicUsage {
    var input: Int?
    var cacheWrite: Int?
    var cacheRead: Int?
    var output: Int?

    init?(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return nil }
        while let key = try scan.nextKey() {
            switch key {
            case "input_tokens": input = try scan.whole()
            case "cache_creation_input_tokens": cacheWrite = try scan.whole()
            case "cache_read_input_tokens": cacheRead = try scan.whole()
            case "output_tokens": output = try scan.whole()
            default: try scan.skip()
            }
        }
    }

    /// `usage` with what is said here in place of what it held.
    ///
    /// After a first final figure output only grows: it is cumulative, and a smaller one would be a
    /// mistake in our favour.
    func overlaid(on usage: TokenUsage, isFinal: Bool) -> TokenUsage {
        TokenUsage(
            input: TokenBound.bounded(input ?? usage.input),
            cacheWrite: TokenBound.bounded(cacheWrite ?? usage.cacheWrite),
            cacheRead: TokenBound.bounded(cacheRead ?? usage.cacheRead),
            output: max(isFinal ? usage.output : 0, TokenBound.bounded(output ?? usage.output)))
    }
}
