package import AuraModel

extension AnthropicMessages {
    /// The body of a streaming request to `model`; the same request makes the same bytes, whatever
    /// `conversation` holds.
    ///
    /// Keys are sorted. Cache marks stand on the last tool, on the system prompt and on the last
    /// two user messages: the prefix that the next turn repeats, and the one that this turn
    /// repeats. Blank texts are left out, because the provider refuses them and they say nothing;
    /// so is a message that has nothing else.
    ///
    /// - Throws: `badRequest` when a tool's input holds a number that JSON cannot express.
    package static func body(
        of request: ModelRequest, model: String, _ conversation: inout ConversationText
    ) throws(ModelFailure) -> [UInt8] {
        var members: [String: JSONValue] = [
            "model": .string(model),
            "max_tokens": .integer(request.answerTokensMax),
            "stream": .bool(true),
        ]
        if !request.system.isBlank {
            members["system"] = .array([marked(text(request.system))])
        }
        if !request.tools.isEmpty {
            var tools = request.tools.map(tool)
            tools.append(marked(tools.removeLast()))
            members["tools"] = .array(tools)
        }
        let messages = request.messages
        let marks = marks(in: messages)
        let unmarked = messages[..<(marks.last ?? messages.count)]
        let rest = messages.indices[unmarked.endIndex...].flatMap {
            message(messages[$0], isMarked: marks.contains($0))
        }
        return try conversation.body(members, "messages", unmarked, last: rest) {
            message($0, isMarked: false)
        }
    }

    /// 2: with the tools' and the system's that makes `cacheMarksMax`.
    private static let messageMarksMax = 2

    /// The messages that carry a mark, the last one first.
    private static func marks(in messages: [Message]) -> [Int] {
        let places = messages.indices.reversed().lazy.filter {
            messages[$0].role == .user && messages[$0].content.contains { block($0) != nil }
        }
        return Array(places.prefix(messageMarksMax))
    }

    /// A message, unless it has nothing to say.
    private static func message(_ message: Message, isMarked: Bool) -> [JSONValue] {
        var blocks = message.content.compactMap(block)
        guard !blocks.isEmpty else { return [] }
        if isMarked { blocks.append(marked(blocks.removeLast())) }
        return [.object(["role": .string(message.role.rawValue), "content": .array(blocks)])]
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
