package import AuraModel

extension AnthropicMessages {
    /// The body of a streaming request to `model`; the same request makes the same bytes.
    ///
    /// Keys are sorted. Cache marks stand on the last tool, on the system prompt and on the last
    /// two user messages: the prefix that the next turn repeats, and the one that this turn
    /// repeats. Blank texts are left out, because the provider refuses them and they say nothing;
    /// so is a message that has nothing else.
    ///
    /// - Throws: `badRequest` when a tool's input holds a number that JSON cannot express.
    package static func body(of request: ModelRequest, model: String) throws(ModelFailure)
        -> [UInt8]
    {
        var members: [String: JSONValue] = [
            "model": .string(model),
            "max_tokens": .integer(request.answerTokensMax),
            "stream": .bool(true),
            "messages": .array(messages(of: request)),
        ]
        if !request.system.isBlank {
            members["system"] = .array([marked(text(request.system))])
        }
        if !request.tools.isEmpty {
            var tools = request.tools.map(tool)
            tools.append(marked(tools.removeLast()))
            members["tools"] = .array(tools)
        }
        return try JSONValue.object(members).body()
    }

    /// 2: with the tools' and the system's that makes `cacheMarksMax`.
    private static let messageMarksMax = 2

    private static func messages(of request: ModelRequest) -> [JSONValue] {
        var marksLeft = messageMarksMax
        var reversed: [JSONValue] = []
        for message in request.messages.reversed() {
            var blocks = message.content.compactMap(block)
            guard !blocks.isEmpty else { continue }
            if message.role == .user, marksLeft > 0 {
                blocks.append(marked(blocks.removeLast()))
                marksLeft -= 1
            }
            reversed.append(
                .object(["role": .string(message.role.rawValue), "content": .array(blocks)]))
        }
        return reversed.reversed()
    }

    private static func block(_ block: ContentBlock) -> JSONValue? {
        switch block {
        case .text(let words): words.isBlank ? nil : text(words)
        // Another dialect's thoughts: they have no signature, or are encrypted by somebody else.
        case .thinking(_, let signature) where signature.isEmpty: nil
        case .redactedThinking(let data) where data.hasPrefix(OpenAIResponses.reasoningMark): nil
        case .thinking(let words, let signature):
            .object([
                "type": .string("thinking"), "thinking": .string(words),
                "signature": .string(signature),
            ])
        case .redactedThinking(let data):
            .object(["type": .string("redacted_thinking"), "data": .string(data)])
        case .toolUse(let id, let name, let input):
            .object([
                "type": .string("tool_use"), "id": .string(id), "name": .string(name),
                "input": input,
            ])
        case .toolResult(let id, let content, let isError):
            toolResult(id: id, content: content, isError: isError)
        }
    }

    private static func toolResult(id: String, content: String, isError: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "type": .string("tool_result"), "tool_use_id": .string(id),
            "content": .string(content),
        ]
        if isError { members["is_error"] = .bool(true) }
        return .object(members)
    }

    private static func tool(_ schema: ToolSchema) -> JSONValue {
        .object([
            "name": .string(schema.name), "description": .string(schema.description),
            "input_schema": schema.input,
        ])
    }

    private static func text(_ words: String) -> JSONValue {
        .object(["type": .string("text"), "text": .string(words)])
    }

    private static func marked(_ value: JSONValue) -> JSONValue {
        guard case .object(var members) = value else { return value }
        members["cache_control"] = .object(["type": .string("ephemeral")])
        return .object(members)
    }
}
