package import AuraModel

/// OpenAI's chat completions without a network, and the servers that are modelled on them.
///
/// Where those depart from it, a declared quirk says how. See
/// https://platform.openai.com/docs/api-reference/chat.
package enum ChatCompletions {
    /// Where requests are posted, below a base URL that ends in `/v1`.
    package static let path = "/chat/completions"

    /// The body of a streaming request to `model`; the same request makes the same bytes, whatever
    /// `conversation` holds.
    ///
    /// Thoughts are left out, because the API has no place for them (`send-reasoning` says that a
    /// server has); so are blank texts, and a message that has nothing else. What a tool failed
    /// with says so in words: its result has no mark for it.
    ///
    /// - Throws: `badRequest` when a tool's input holds a number that JSON cannot express.
    package static func body(
        of request: ModelRequest, model: String, quirks: Set<ProviderSettings.Quirk>,
        _ conversation: inout ConversationText
    ) throws(ModelFailure) -> [UInt8] {
        var system: [JSONValue] = []
        if !request.system.isBlank {
            system = [.object(["role": .string("system"), "content": .string(request.system)])]
        }
        let bound =
            quirks.contains(.maxTokens) ? "max_tokens" : "max_completion_tokens"
        var members: [String: JSONValue] = [
            "model": .string(model), "stream": .bool(true),
            bound: .integer(request.answerTokensMax),
        ]
        if !quirks.contains(.noStreamOptions) {
            members["stream_options"] = .object(["include_usage": .bool(true)])
        }
        if !request.tools.isEmpty { members["tools"] = .array(request.tools.map(tool)) }
        return try conversation.body(
            members, "messages", first: system, request.messages[...]
        ) { message throws(ModelFailure) in
            switch message.role {
            case .user: user(message.content)
            case .assistant: try assistant(message.content, quirks)
            }
        }
    }

    /// Results first, each a message of its own, as the API wants them behind the calls; then what
    /// else was said.
    private static func user(_ content: [ContentBlock]) -> [JSONValue] {
        var messages: [JSONValue] = []
        var words: [String] = []
        for block in content {
            switch block {
            case .toolResult(let id, let output, let isError):
                messages.append(
                    .object([
                        "role": .string("tool"), "tool_call_id": .string(id),
                        "content": .string(isError ? ToolWords.failed(output) : output),
                    ]))
            case .text(let text): if !text.isBlank { words.append(text) }
            case .thinking, .redactedThinking, .toolUse: break
            }
        }
        if !words.isEmpty {
            let parts = words.map {
                JSONValue.object(["type": .string("text"), "text": .string($0)])
            }
            let content = words.count == 1 ? JSONValue.string(words[0]) : .array(parts)
            messages.append(.object(["role": .string("user"), "content": content]))
        }
        return messages
    }

    private static func assistant(
        _ content: [ContentBlock], _ quirks: Set<ProviderSettings.Quirk>
    ) throws(ModelFailure) -> [JSONValue] {
        var words: [String] = []
        var thoughts = ""
        var calls: [JSONValue] = []
        for block in content {
            switch block {
            case .text(let text): if !text.isBlank { words.append(text) }
            case .thinking(let text, let signature): if signature.isEmpty { thoughts += text }
            case .toolUse(let id, let name, let input):
                let arguments = String(decoding: try input.body(), as: UTF8.self)
                calls.append(
                    .object([
                        "id": .string(id), "type": .string("function"),
                        "function": .object([
                            "name": .string(name), "arguments": .string(arguments),
                        ]),
                    ]))
            case .redactedThinking, .toolResult: break
            }
        }
        guard !words.isEmpty || !calls.isEmpty else { return [] }
        var members: [String: JSONValue] = ["role": .string("assistant")]
        members["content"] = words.isEmpty ? .null : .string(words.joined(separator: "\n\n"))
        if !calls.isEmpty { members["tool_calls"] = .array(calls) }
        if quirks.contains(.sendReasoning), !thoughts.isEmpty {
            members["reasoning_content"] = .string(thoughts)
        }
        return [.object(members)]
    }

    private static func tool(_ schema: ToolSchema) -> JSONValue {
        .object([
            "type": .string("function"),
            "function": .object([
                "name": .string(schema.name), "description": .string(schema.description),
                "parameters": schema.input,
            ]),
        ])
    }
}

/// What the OpenAI dialects need words for.
enum ToolWords {
    /// The result of a call that failed; the dialects have no mark for that.
    static func failed(_ output: String) -> String {
        output.isBlank ? "The tool failed." : "The tool failed:\n" + output
    }
}
