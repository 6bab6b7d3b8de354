/// Model turns that were written down beforehand: what `provider: scripted` plays.
///
/// Stateless: the turn is chosen from the request alone, so a request that is asked again after a
/// crash gets the same answer, and one script serves any number of conversations at once. The first
/// conversation whose `match` occurs in the request's first user message is played; the number of
/// assistant messages already in the request is the index of the turn.
///
/// As YAML (and as JSON, where `delay` and `retry-after` may also be whole milliseconds):
///
///     conversations:
///       - match: "T001"                  # absent: any conversation
///         turns:
///           - text: "I look first."
///             tools:
///               - {name: read_file, input: {path: calc.sh}}
///             usage: {input: 1200, output: 80, cache-read: 0, cache-write: 0}
///             stop: tool-use             # absent: tool-use with tools, else end-turn
///             delay: 200ms
///           - failure: {cause: rate, message: "slow down", retry-after: 5s}
///           - stall: true                # never answers: ends by the idle deadline
///           - text: "Again."
///             repeat: true               # plays for every later turn too
package struct Script: Hashable, Sendable, Codable {
    package var conversations: [ScriptedConversation]

    /// A script of `conversations`, the first that matches being played.
    package init(conversations: [ScriptedConversation]) { self.conversations = conversations }

    /// The turn that answers `request`, with its index in the conversation.
    ///
    /// - Throws: `badRequest` that names the turn and the conversation when the script has none.
    package func turn(
        for request: ModelRequest
    ) throws(ModelFailure) -> (turn: ScriptedTurn, index: Int) {
        let opening = Self.opening(of: request)
        let index = request.messages.count { $0.role == .assistant }
        guard let conversation = conversations.first(where: { $0.matches(opening) }) else {
            throw ModelFailure(
                cause: .badRequest,
                message: "script has no conversation for \(Self.quoted(opening))")
        }
        guard let turn = conversation.turn(at: index) else {
            let name = conversation.match ?? opening
            throw ModelFailure(
                cause: .badRequest,
                message: "script has no turn \(index + 1) for \(Self.quoted(name))")
        }
        return (turn, index)
    }

    private static func opening(of request: ModelRequest) -> String {
        let first = request.messages.first { $0.role == .user }
        return (first?.content ?? []).compactMap { block in
            if case .text(let text) = block { text } else { nil }
        }.joined(separator: "\n")
    }

    /// 60: enough to know a conversation again in a one-line message.
    private static let quotedCharactersMax = 60

    private static func quoted(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count > quotedCharactersMax
            ? "\"\(line.prefix(quotedCharactersMax))...\"" : "\"\(line)\""
    }
}

/// The turns of one conversation.
package struct ScriptedConversation: Hashable, Sendable, Codable {
    /// Text that must occur in the first user message; nil matches every conversation.
    package var match: String?
    package var turns: [ScriptedTurn]

    /// A conversation of `turns`.
    package init(match: String?, turns: [ScriptedTurn]) {
        self.match = match
        self.turns = turns
    }

    fileprivate func matches(_ opening: String) -> Bool {
        guard let match, !match.isEmpty else { return true }
        return opening.contains(match)
    }

    fileprivate func turn(at index: Int) -> ScriptedTurn? {
        if let last = turns.firstIndex(where: \.repeats), index >= last { return turns[last] }
        return index < turns.count ? turns[index] : nil
    }
}

/// A tool call as a script gives it; its id is made from its place in the conversation.
package struct ScriptedTool: Hashable, Sendable, Codable {
    package var name: String
    /// An object, as the tool's schema has it (or not, to try what happens).
    package var input: JSONValue

    /// A call of `name` with `input`.
    package init(name: String, input: JSONValue = .object([:])) {
        self.name = name
        self.input = input
    }

    private enum Key: String, CodingKey { case name, input }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        name = try values.decode(String.self, forKey: .name)
        input = try values.decodeIfPresent(JSONValue.self, forKey: .input) ?? .object([:])
    }
}

/// One turn of a scripted model.
package struct ScriptedTurn: Hashable, Sendable {
    /// What the turn is.
    package enum Play: Hashable, Sendable {
        /// `stop` nil: tool-use when there are tools, else end-turn.
        case answer(text: String?, tools: [ScriptedTool], stop: StopReason?, usage: TokenUsage)
        case failure(ModelFailure)
        /// Silence until the reasoner's idle deadline.
        case stall
    }

    package var play: Play
    /// Time from the request to its answer; nil is as soon as possible.
    package var delay: Milliseconds?
    /// Whether this turn also answers every later request of the conversation.
    package var repeats: Bool

    /// A turn; at once and only once unless given.
    package init(play: Play, delay: Milliseconds? = nil, repeats: Bool = false) {
        self.play = play
        self.delay = delay
        self.repeats = repeats
    }

    /// The answer or failure of this turn, at `index` of its conversation; nil when it stalls.
    ///
    /// Tool ids are unique in a conversation and the same whenever the same turn is played.
    package func result(index: Int, model: String) -> Result<ModelAnswer, ModelFailure>? {
        switch play {
        case .stall: return nil
        case .failure(let failure): return .failure(failure)
        case .answer(let text, let tools, let stop, let usage):
            var content: [ContentBlock] = []
            if let text, !text.isEmpty { content.append(.text(text)) }
            for (number, tool) in tools.enumerated() {
                content.append(
                    .toolUse(
                        id: "toolu_script_\(index + 1)_\(number + 1)", name: tool.name,
                        input: tool.input))
            }
            return .success(
                ModelAnswer(
                    content: content, stop: stop ?? (tools.isEmpty ? .endTurn : .toolUse),
                    usage: usage, model: model))
        }
    }
}
