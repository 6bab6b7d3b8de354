import AuraModel

/// Makes a conversation that no longer fits its model shorter, by rule and without a model: what
/// older tool calls said goes, what was asked, thought and done stays.
///
/// A fold of the same transactions makes the same, so the record tells what the model saw.
struct Compaction: Hashable, Sendable, Encodable {
    /// 6 messages, three turns, stay as they are: the work under way.
    static let keptMessages = 6

    /// 256 bytes of a result stay: a line or two tells what the call found.
    static let resultBytesMax = 256

    /// A quarter has to go, or the next turn would stand at the same wall.
    static let leastShareOf = 4

    /// 5 files are named to whoever takes over.
    static let filesShownMax = 5

    /// Whether no call has had an effect since the conversation was made shorter.
    private var isInVain = false

    /// Work was done: there is something for which to make room again.
    mutating func sawSuccess(of tool: String) {
        if ToolName(rawValue: tool)?.effect != .pure { isInVain = false }
    }

    /// Makes `messages` shorter by a quarter at least; else says why the run ends here, and what
    /// was changed until then: the work itself is in its tree.
    mutating func shorten(_ messages: inout [Message], turns: Int) -> String? {
        let start = "the conversation of \(turns) turns no longer fits the model, and "
        guard !isInVain else {
            return start + "nothing was done since it was made shorter; " + Self.changes(messages)
        }
        let shorter = messages.enumerated().map { [count = messages.count] place, message in
            guard place > 0, place < count - Self.keptMessages else { return message }
            return Message(role: message.role, content: message.content.map(Self.cut))
        }
        let before = Self.size(messages)
        guard before > 0, before - Self.size(shorter) >= before / Self.leastShareOf else {
            return start + "making it shorter would not help; " + Self.changes(messages)
        }
        isInVain = true
        messages = shorter
        return nil
    }

    private static func changes(_ messages: [Message]) -> String {
        var files: [String] = []
        for block in messages.flatMap(\.content) {
            guard case .toolUse(_, let name, let input) = block,
                ToolName(rawValue: name)?.effect == .workspace
            else { continue }
            let patched = PatchPaths.named(in: input["patch"]?.stringValue ?? "")
            let named = input["path"]?.stringValue.map { [$0] } ?? patched
            files += named.filter { !files.contains($0) }
        }
        guard !files.isEmpty else { return "no file was changed" }
        let shown = files.suffix(filesShownMax).map { Excerpt.line($0) }.joined(separator: ", ")
        return "changed so far: \(shown)"
            + (files.count > filesShownMax ? " and \(files.count - filesShownMax) more" : "")
    }

    private static func cut(_ block: ContentBlock) -> ContentBlock {
        guard case .toolResult(let id, let content, let isError) = block,
            content.utf8.count > resultBytesMax * 2
        else { return block }
        let head =
            Excerpt.headAndTail(content, bytesMax: resultBytesMax)
            .split(separator: "\n", omittingEmptySubsequences: false).first ?? ""
        let note = AgentPrompt.removedOutput(bytes: content.utf8.count)
        return .toolResult(
            id: id, content: "\(head.prefix(resultBytesMax))\n\(note)", isError: isError)
    }

    private static func size(_ messages: [Message]) -> Int {
        messages.flatMap(\.content).reduce(0) { $0 + size($1) }
    }

    private static func size(_ block: ContentBlock) -> Int {
        switch block {
        case .text(let text): text.utf8.count
        case .thinking(let text, let signature): text.utf8.count + signature.utf8.count
        case .redactedThinking(let data): data.utf8.count
        case .toolUse(_, let name, let input): name.utf8.count + size(input)
        case .toolResult(_, let content, _): content.utf8.count
        }
    }

    private static func size(_ value: JSONValue) -> Int {
        switch value {
        case .null, .bool, .integer, .number: 8
        case .string(let text): text.utf8.count
        case .array(let elements): elements.reduce(0) { $0 + size($1) }
        case .object(let members): members.reduce(0) { $0 + $1.key.utf8.count + size($1.value) }
        }
    }
}
