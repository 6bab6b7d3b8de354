import AuraModel

/// What a model can call by name: a tool that is performed outside, or one that the kernel answers.
enum AgentTool: Hashable, Sendable {
    case performed(ToolName)
    /// Ends the agent's work with a status; prose never does.
    case finish
    case wait
    case askOperator
    /// spec-gen: hands in the whole specification.
    case submitSpec

    /// Every tool there is, in the order in which the model is told of them.
    static let all: [Self] =
        ToolName.allCases.map { .performed($0) } + [.finish, .wait, .askOperator]

    /// The tools of a run.
    ///
    /// Commands and requests are left out when the definition does not grant them; a reviewer only
    /// reads.
    static func offered(
        _ capabilities: Definition.Capabilities, role: TaskBrief.Role? = nil
    ) -> [Self] {
        if role == .review {
            return all.filter { tool in
                switch tool {
                case .performed(let name): name.effect == .pure
                case .finish: true
                case .wait, .askOperator, .submitSpec: false
                }
            }
        }
        return all.filter { tool in
            switch tool {
            case .performed(.runCommand): capabilities.commands
            case .performed(.fetch): capabilities.fetch?.isEmpty == false
            case .performed, .finish, .wait, .askOperator, .submitSpec: true
            }
        }
    }

    /// The tools of a chat: those that change nothing, and what is granted beside.
    ///
    /// It ends with prose, and whoever is asked sits at the other end.
    static func ofChat(_ capabilities: Definition.Capabilities) -> [Self] {
        ToolName.allCases.filter { tool in
            switch tool.effect {
            case .pure: true
            case .workspace: capabilities.edits == true
            case .command: capabilities.commands
            case .external: capabilities.fetch?.isEmpty == false
            }
        }.map { .performed($0) }
    }

    /// The tools of a spec-gen: it reads, and hands in.
    static let ofSpecGen: [Self] =
        ToolName.allCases.filter { $0.effect == .pure }.map { .performed($0) }
        + [.submitSpec, .finish]

    /// The name by which the model calls it.
    var name: String {
        switch self {
        case .performed(let tool): tool.rawValue
        case .finish: "finish"
        case .wait: "wait"
        case .askOperator: "ask_operator"
        case .submitSpec: "submit_spec"
        }
    }
}

/// A tool call as it stands in the model's answer.
struct ToolUse: Hashable, Sendable {
    var id: String
    var name: String
    var input: JSONValue
    /// The answer's token limit cut it short: its input may be a part only.
    var isCut: Bool
}

extension ModelAnswer {
    /// The tool calls of an answer.
    ///
    /// The last block of an answer that hit the token limit is a part only.
    var uses: [ToolUse] {
        content.enumerated().compactMap { place, block in
            guard case .toolUse(let id, let name, let input) = block else { return nil }
            let isLast = place == content.count - 1
            return ToolUse(id: id, name: name, input: input, isCut: isLast && stop == .tokensMax)
        }
    }

    /// What it says.
    var prose: String {
        content.compactMap { block -> String? in
            guard case .text(let text) = block else { return nil }
            return text
        }.joined(separator: "\n")
    }

    /// What may go back to the provider, who refuses empty text, even his own.
    var sendable: [ContentBlock] {
        content.filter { block in
            guard case .text(let text) = block else { return true }
            return text.contains { !$0.isWhitespace }
        }
    }
}
