package import AuraModel

/// The events of one answer, folded as they come: one state machine for each dialect.
///
/// Ends exactly once: with an answer or with a failure. Later events are passed over. A failure
/// carries usage only when the provider has said the final one; without it the ledger charges what
/// it reserved, which is never too little.
package protocol AnswerStream: Sendable {
    /// The answer or the failure, once there is one.
    var result: Result<ModelAnswer, ModelFailure>? { get }
    /// The usage that the beginning of the stream told, while the final one is not there.
    var begun: TokenUsage? { get }

    /// What the model has said, thoughts and calls apart, since this was last asked.
    ///
    /// Only to be shown: what counts is the answer.
    mutating func takeProse() -> String

    /// Takes the next event; `result` tells whether it was the last.
    mutating func take(_ event: SSEEvent)
    /// Says that no event will come any more; `partial` is the last one if its blank line was
    /// missing.
    mutating func end(partial: SSEEvent?)
    /// Ends the fold with a failure that was found outside of the events.
    mutating func fail(_ cause: ModelFailure.Class, _ message: String)
}

/// Bounds on what a stream can make its reader keep, and what the dialects share.
enum AnswerBounds {
    /// 1024: no answer in use has a tenth of it; a server that opens blocks or calls without end is
    /// cut off.
    static let blocksMax = 1024

    /// The input of a tool call from its text; none at all is an empty object.
    ///
    /// Nil for anything but a whole JSON object of bounded depth.
    static func input(_ text: String) -> JSONValue? {
        if text.allSatisfy(\.isWhitespace) { return .object([:]) }
        guard let value = try? JSONScanner.value(Array(text.utf8)), case .object = value
        else { return nil }
        return value
    }
}

extension ProviderSettings {
    /// Where requests are posted.
    package var url: String {
        var base = baseURL[...]
        while base.last == "/" { base.removeLast() }
        return switch dialect {
        case .anthropic: base + AnthropicMessages.path
        case .openaiChat: base + ChatCompletions.path
        case .openaiResponses: base + OpenAIResponses.path
        }
    }

    /// The body of a streaming request to `model`; the same request makes the same bytes, and is
    /// cheap when it goes on from the one before it in `conversation`.
    ///
    /// - Throws: `badRequest` when a tool's input holds a number that JSON cannot express.
    package func body(
        of request: ModelRequest, model: String, _ conversation: inout ConversationText
    ) throws(ModelFailure) -> [UInt8] {
        switch dialect {
        case .anthropic:
            try AnthropicMessages.body(of: request, model: model, &conversation)
        case .openaiChat:
            try ChatCompletions.body(of: request, model: model, quirks: quirks, &conversation)
        case .openaiResponses:
            try OpenAIResponses.body(of: request, model: model, quirks: quirks, &conversation)
        }
    }

    /// The fold of an answer of `model` before its first event.
    package func stream(model: String) -> any AnswerStream {
        switch dialect {
        case .anthropic: AnthropicMessages.Stream()
        case .openaiChat: ChatCompletions.Stream(model: model, quirks: quirks)
        case .openaiResponses: OpenAIResponses.Stream(model: model)
        }
    }

    /// The headers that carry the key and the dialect's version.
    func headers(key: [UInt8]) -> [[UInt8]] {
        var fields: [[UInt8]] = []
        switch dialect {
        case .anthropic:
            if !key.isEmpty { fields.append(Array("x-api-key: ".utf8) + key) }
            fields.append(Array("anthropic-version: \(AnthropicMessages.version)".utf8))
        case .openaiChat, .openaiResponses:
            if !key.isEmpty { fields.append(Array("authorization: Bearer ".utf8) + key) }
        }
        return fields
            + headers.sorted { $0.key < $1.key }.map { Array("\($0.key): \($0.value)".utf8) }
    }
}

extension String {
    /// Whether there is nothing to read in it; providers refuse such texts.
    var isBlank: Bool { allSatisfy(\.isWhitespace) }
}
