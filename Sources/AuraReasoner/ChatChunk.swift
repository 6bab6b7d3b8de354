internal import AuraModel

/// One chunk of a chat completion, as far as it is understood; unknown members are passed over.
struct ChatChunk {
    var model: String?
    var content: String?
    var refusal: String?
    var reasoning: String?
    var calls: [Call] = []
    var finish: String?
    var usage: OpenAIUsage?
    var error: ProviderError?

    /// A piece of a tool call.
    ///
    /// What is null counts as absent: some servers send that first.
    struct Call {
        var index: Int?
        var id: String?
        var name: String?
        var arguments: String?
        /// The arguments came as an object in place of its text.
        var hasObject = false
    }

    /// The chunk in `data`.
    init(_ data: [UInt8]) throws(JSONScanner.Malformed) {
        var scan = JSONScanner(data)
        guard try scan.enterObject() else { throw JSONScanner.Malformed() }
        while let key = try scan.nextKey() {
            switch key {
            case "model": model = try scan.text()
            case "choices": try readChoices(&scan)
            case "usage": usage = try OpenAIUsage(&scan)
            case "error":
                let value = try scan.value()
                if value != .null { error = ProviderError(value) }
            case "object":
                // vLLM's errors stand at the top of the chunk.
                if try scan.text() == "error" { error = ProviderError.inBody(data) }
            default: try scan.skip()
            }
        }
        try scan.end()
    }

    /// Only one choice is ever asked for: any other is somebody else's answer.
    private mutating func readChoices(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterArray() else { return }
        var isFirst = true
        while try scan.nextElement() {
            if isFirst { try readChoice(&scan) } else { try scan.skip() }
            isFirst = false
        }
    }

    private mutating func readChoice(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return }
        while let key = try scan.nextKey() {
            switch key {
            case "delta": try readDelta(&scan)
            case "finish_reason": finish = try scan.text()
            case "error":
                let value = try scan.value()
                if value != .null { error = ProviderError(value) }
            default: try scan.skip()
            }
        }
    }

    private mutating func readDelta(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return }
        while let key = try scan.nextKey() {
            switch key {
            case "content": content = try scan.text()
            case "refusal": refusal = try scan.text()
            // DeepSeek and vLLM call it the one, OpenRouter and Ollama the other.
            case "reasoning_content", "reasoning": reasoning = try scan.text() ?? reasoning
            case "tool_calls": try readCalls(&scan)
            default: try scan.skip()
            }
        }
    }

    private mutating func readCalls(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterArray() else { return }
        while try scan.nextElement() {
            guard try scan.enterObject() else { continue }
            var call = Call()
            while let key = try scan.nextKey() {
                switch key {
                case "index": call.index = try scan.whole()
                case "id": call.id = try scan.text()
                case "function": try readFunction(&scan, into: &call)
                default: try scan.skip()
                }
            }
            calls.append(call)
        }
    }

    private func readFunction(
        _ scan: inout JSONScanner, into call: inout Call
    ) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return }
        while let key = try scan.nextKey() {
            switch key {
            case "name": call.name = try scan.text()
            case "arguments":
                switch try scan.value() {
                case .string(let text): call.arguments = text
                case .null: break
                case let value:
                    call.hasObject = true
                    call.arguments = try? JSON.text(value)
                }
            default: try scan.skip()
            }
        }
    }
}

/// Usage as the OpenAI dialects say it: totals, with details of what is part of them.
struct OpenAIUsage {
    private var input: Int?
    private var output: Int?
    private var total: Int?
    private var cacheRead = 0
    private var cacheWrite = 0

    init?(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return nil }
        while let key = try scan.nextKey() {
            switch key {
            case "prompt_tokens", "input_tokens": input = try scan.whole()
            case "completion_tokens", "output_tokens": output = try scan.whole()
            case "total_tokens": total = try scan.whole()
            // DeepSeek's name for the tokens that its cache had.
            case "prompt_cache_hit_tokens": cacheRead = try scan.whole() ?? cacheRead
            case "prompt_tokens_details", "input_tokens_details": try readDetails(&scan)
            default: try scan.skip()
            }
        }
        guard input != nil || output != nil else { return nil }
    }

    private mutating func readDetails(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return }
        while let key = try scan.nextKey() {
            switch key {
            case "cached_tokens": cacheRead = try scan.whole() ?? cacheRead
            case "cache_write_tokens": cacheWrite = try scan.whole() ?? cacheWrite
            default: try scan.skip()
            }
        }
    }

    /// The tokens by price class.
    ///
    /// Some servers count reasoning into the total only: output is what the input leaves of it, if
    /// that is more. Never less than `before`: usage is cumulative.
    func tokens(after before: TokenUsage?) -> TokenUsage {
        let input = TokenBound.bounded(input ?? 0)
        let read = min(TokenBound.bounded(cacheRead), input)
        let written = min(TokenBound.bounded(cacheWrite), input - read)
        let rest = TokenBound.bounded((total ?? 0).subtractingReportingOverflow(input).partialValue)
        let output = max(TokenBound.bounded(output ?? 0), total == nil ? 0 : rest)
        return TokenUsage(
            input: max(input - read - written, before?.input ?? 0),
            cacheWrite: max(written, before?.cacheWrite ?? 0),
            cacheRead: max(read, before?.cacheRead ?? 0), output: max(output, before?.output ?? 0))
    }
}
