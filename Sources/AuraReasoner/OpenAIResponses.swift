package import AuraModel

/// OpenAI's responses API without a network: each answer is a list of items.
///
/// Nothing is stored at the provider: the whole conversation goes with each request. See
/// https://platform.openai.com/docs/api-reference/responses.
package enum OpenAIResponses {
    /// Where requests are posted, below a base URL that ends in `/v1`.
    package static let path = "/responses"

    /// What marks a redacted thought as a reasoning item of this dialect; its JSON follows.
    static let reasoningMark = "openai-reasoning:"

    /// The body of a streaming request to `model`; the same request makes the same bytes, whatever
    /// `conversation` holds.
    ///
    /// Blank texts are left out, and thoughts but for this dialect's own encrypted ones. What a
    /// tool failed with says so in words: its result has no mark for it.
    ///
    /// - Throws: `badRequest` when a tool's input holds a number that JSON cannot express.
    package static func body(
        of request: ModelRequest, model: String, quirks: Set<ProviderSettings.Quirk>,
        _ conversation: inout ConversationText
    ) throws(ModelFailure) -> [UInt8] {
        var members: [String: JSONValue] = [
            "model": .string(model), "stream": .bool(true), "store": .bool(false),
            "max_output_tokens": .integer(request.answerTokensMax),
        ]
        if !request.system.isBlank { members["instructions"] = .string(request.system) }
        if quirks.contains(.encryptedReasoning) {
            members["include"] = .array([.string("reasoning.encrypted_content")])
        }
        if !request.tools.isEmpty { members["tools"] = .array(request.tools.map(tool)) }
        return try conversation.body(members, "input", request.messages[...]) {
            message throws(ModelFailure) in
            var items: [JSONValue] = []
            for block in message.content { items += try item(block, of: message.role) }
            return items
        }
    }

    private static func item(
        _ block: ContentBlock, of role: Role
    ) throws(ModelFailure) -> [JSONValue] {
        switch block {
        case .text(let text):
            guard !text.isBlank else { return [] }
            let type = role == .user ? "input_text" : "output_text"
            let part = JSONValue.object(["type": .string(type), "text": .string(text)])
            return [
                .object([
                    "type": .string("message"), "role": .string(role.rawValue),
                    "content": .array([part]),
                ])
            ]
        case .thinking: return []
        case .redactedThinking(let data):
            guard data.hasPrefix(reasoningMark),
                let item = try? JSONScanner.value(
                    Array(data.utf8.dropFirst(reasoningMark.utf8.count)))
            else { return [] }
            return [item]
        case .toolUse(let id, let name, let input):
            return [
                .object([
                    "type": .string("function_call"), "call_id": .string(id),
                    "name": .string(name),
                    "arguments": .string(String(decoding: try input.body(), as: UTF8.self)),
                ])
            ]
        case .toolResult(let id, let output, let isError):
            return [
                .object([
                    "type": .string("function_call_output"), "call_id": .string(id),
                    "output": .string(isError ? ToolWords.failed(output) : output),
                ])
            ]
        }
    }

    private static func tool(_ schema: ToolSchema) -> JSONValue {
        .object([
            "type": .string("function"), "name": .string(schema.name),
            "description": .string(schema.description), "parameters": schema.input,
            // Without it the schema would have to be of the narrower sort that this API can force.
            "strict": .bool(false),
        ])
    }
}
