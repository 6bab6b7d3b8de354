/// Who said a message.
package enum Role: String, Sendable, Codable { case user, assistant }

/// One block of a message, as the Messages API has them.
package enum ContentBlock: Hashable, Sendable {
    case text(String)
    /// Kept with its signature: a provider refuses a tool loop whose thinking was altered.
    case thinking(text: String, signature: String)
    case redactedThinking(data: String)
    case toolUse(id: String, name: String, input: JSONValue)
    case toolResult(id: String, content: String, isError: Bool)
}

extension ContentBlock: Codable {
    private enum Key: String, CodingKey {
        case type, text, thinking, signature, data, id, name, input, content, isError
    }

    private enum Tag: String, Codable {
        case text, thinking, redactedThinking = "redacted-thinking"
        case toolUse = "tool-use"
        case toolResult = "tool-result"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        switch try values.decode(Tag.self, forKey: .type) {
        case .text: self = .text(try values.decode(String.self, forKey: .text))
        case .thinking:
            self = .thinking(
                text: try values.decode(String.self, forKey: .thinking),
                signature: try values.decode(String.self, forKey: .signature))
        case .redactedThinking:
            self = .redactedThinking(data: try values.decode(String.self, forKey: .data))
        case .toolUse:
            self = .toolUse(
                id: try values.decode(String.self, forKey: .id),
                name: try values.decode(String.self, forKey: .name),
                input: try values.decode(JSONValue.self, forKey: .input))
        case .toolResult:
            self = .toolResult(
                id: try values.decode(String.self, forKey: .id),
                content: try values.decode(String.self, forKey: .content),
                isError: try values.decode(Bool.self, forKey: .isError))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        switch self {
        case .text(let text):
            try values.encode(Tag.text, forKey: .type)
            try values.encode(text, forKey: .text)
        case .thinking(let text, let signature):
            try values.encode(Tag.thinking, forKey: .type)
            try values.encode(text, forKey: .thinking)
            try values.encode(signature, forKey: .signature)
        case .redactedThinking(let data):
            try values.encode(Tag.redactedThinking, forKey: .type)
            try values.encode(data, forKey: .data)
        case .toolUse(let id, let name, let input):
            try values.encode(Tag.toolUse, forKey: .type)
            try values.encode(id, forKey: .id)
            try values.encode(name, forKey: .name)
            try values.encode(input, forKey: .input)
        case .toolResult(let id, let content, let isError):
            try values.encode(Tag.toolResult, forKey: .type)
            try values.encode(id, forKey: .id)
            try values.encode(content, forKey: .content)
            try values.encode(isError, forKey: .isError)
        }
    }
}

/// One message of a conversation.
package struct Message: Hashable, Sendable, Codable {
    package var role: Role
    package var content: [ContentBlock]

    /// A message of `content` said by `role`.
    package init(role: Role, content: [ContentBlock]) {
        self.role = role
        self.content = content
    }
}

/// A tool as the model is told of it.
package struct ToolSchema: Hashable, Sendable, Codable {
    package var name: String
    package var description: String
    /// JSON Schema of the input object.
    package var input: JSONValue

    /// A tool's schema.
    package init(name: String, description: String, input: JSONValue) {
        self.name = name
        self.description = description
        self.input = input
    }
}

/// All that a provider is asked in one call.
///
/// Deterministic: a fold of the same transactions makes the same.
package struct ModelRequest: Hashable, Sendable, Codable {
    package var system: String
    package var messages: [Message]
    package var tools: [ToolSchema]
    package var answerTokensMax: Int

    /// A request.
    package init(system: String, messages: [Message], tools: [ToolSchema], answerTokensMax: Int) {
        self.system = system
        self.messages = messages
        self.tools = tools
        self.answerTokensMax = answerTokensMax
    }
}

/// Why a model stopped.
package enum StopReason: String, Sendable, Codable {
    case endTurn = "end-turn"
    case toolUse = "tool-use"
    case tokensMax = "tokens-max"
    case stopSequence = "stop-sequence"
    case pause
    case refusal
    case contextOverflow = "context-overflow"
}

/// A whole answer of a model.
package struct ModelAnswer: Hashable, Sendable, Codable {
    package var content: [ContentBlock]
    package var stop: StopReason
    package var usage: TokenUsage
    /// The model that answered, as the provider names it.
    package var model: String
    /// True when the provider said no usage: what was held is charged, and `usage` is zero.
    package var isUsageUnknown: Bool?

    /// An answer.
    package init(
        content: [ContentBlock], stop: StopReason, usage: TokenUsage, model: String,
        isUsageUnknown: Bool? = nil
    ) {
        self.content = content
        self.stop = stop
        self.usage = usage
        self.model = model
        self.isUsageUnknown = isUsageUnknown
    }
}

/// Why a call to a provider gave no answer.
///
/// Classified once, by the provider's adapter.
package struct ModelFailure: Hashable, Sendable, Codable, Error {
    /// What went wrong, as far as anyone acts on the difference.
    package enum Class: String, Sendable, Codable {
        case auth
        case quota
        case rate
        case overloaded
        case badRequest = "bad-request"
        case contextOverflow = "context-overflow"
        case network
        case timeout
        case malformed
        case refused
    }

    package var cause: Class
    /// One line for an operator: status, the provider's own message, never a secret.
    package var message: String
    /// What was consumed before it failed, where the provider said so.
    package var usage: TokenUsage?
    /// What it said at the beginning of an answer that broke off: its input is settled, its output
    /// is not.
    package var begun: TokenUsage?
    /// How long the provider asked us to wait.
    package var retryAfter: Milliseconds?
    /// The provider's own word on whether to ask again, where it gave one.
    package var shouldRetry: Bool?
    /// How often the call was made, once the daemon has given it up; nil in records from before it
    /// made calls again by itself.
    package var tries: Int?

    /// A classified failure.
    package init(
        cause: Class, message: String, usage: TokenUsage? = nil, begun: TokenUsage? = nil,
        retryAfter: Milliseconds? = nil, shouldRetry: Bool? = nil
    ) {
        self.cause = cause
        self.message = message
        self.usage = usage
        self.begun = begun
        self.retryAfter = retryAfter
        self.shouldRetry = shouldRetry
    }

    /// Whether the same request may succeed later.
    package var isTransient: Bool {
        if let shouldRetry { return shouldRetry }
        return switch cause {
        case .rate, .overloaded, .network, .timeout, .malformed: true
        case .auth, .quota, .badRequest, .contextOverflow, .refused: false
        }
    }
}
