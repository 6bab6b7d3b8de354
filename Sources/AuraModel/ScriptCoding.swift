extension ScriptedTurn: Codable {
    private enum Key: String, CodingKey {
        case text, tools, stop, usage, failure, stall, delay
        case repeats = "repeat"
    }

    /// A span as text with a unit, or as whole milliseconds.
    private struct Span: Codable {
        var span: Milliseconds

        init(_ span: Milliseconds) { self.span = span }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let count = try? container.decode(Int.self) {
                span = Milliseconds(count)
                return
            }
            let text = try container.decode(String.self)
            do {
                span = Milliseconds(try DurationText.parse(text))
            } catch {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: error.description)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(span)
        }
    }

    private struct Usage: Codable {
        var input: Int?
        var output: Int?
        var cacheRead: Int?
        var cacheWrite: Int?

        private enum CodingKeys: String, CodingKey {
            case input, output
            case cacheRead = "cache-read"
            case cacheWrite = "cache-write"
        }

        init(_ usage: TokenUsage) {
            input = usage.input
            output = usage.output
            cacheRead = usage.cacheRead
            cacheWrite = usage.cacheWrite
        }

        var tokens: TokenUsage {
            TokenUsage(
                input: input ?? 0, cacheWrite: cacheWrite ?? 0, cacheRead: cacheRead ?? 0,
                output: output ?? 0)
        }
    }

    private struct Failure: Codable {
        var cause: ModelFailure.Class
        var message: String?
        var usage: Usage?
        var retryAfter: Span?

        private enum CodingKeys: String, CodingKey {
            case cause, message, usage
            case retryAfter = "retry-after"
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        delay = try values.decodeIfPresent(Span.self, forKey: .delay)?.span
        repeats = try values.decodeIfPresent(Bool.self, forKey: .repeats) ?? false
        if try values.decodeIfPresent(Bool.self, forKey: .stall) ?? false {
            play = .stall
        } else if let failure = try values.decodeIfPresent(Failure.self, forKey: .failure) {
            play = .failure(
                ModelFailure(
                    cause: failure.cause, message: failure.message ?? "scripted failure",
                    usage: failure.usage?.tokens, retryAfter: failure.retryAfter?.span))
        } else {
            play = .answer(
                text: try values.decodeIfPresent(String.self, forKey: .text),
                tools: try values.decodeIfPresent([ScriptedTool].self, forKey: .tools) ?? [],
                stop: try values.decodeIfPresent(StopReason.self, forKey: .stop),
                usage: try values.decodeIfPresent(Usage.self, forKey: .usage)?.tokens
                    ?? TokenUsage())
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encodeIfPresent(delay, forKey: .delay)
        if repeats { try values.encode(true, forKey: .repeats) }
        switch play {
        case .stall: try values.encode(true, forKey: .stall)
        case .failure(let failure):
            try values.encode(
                Failure(
                    cause: failure.cause, message: failure.message,
                    usage: failure.usage.map(Usage.init),
                    retryAfter: failure.retryAfter.map(Span.init)), forKey: .failure)
        case .answer(let text, let tools, let stop, let usage):
            try values.encodeIfPresent(text, forKey: .text)
            if !tools.isEmpty { try values.encode(tools, forKey: .tools) }
            try values.encodeIfPresent(stop, forKey: .stop)
            if usage != TokenUsage() { try values.encode(Usage(usage), forKey: .usage) }
        }
    }
}
