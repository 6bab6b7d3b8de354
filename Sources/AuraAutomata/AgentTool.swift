import AuraModel

/// What a model can call by name: a tool that is performed outside, or one that the kernel answers.
enum AgentTool: Hashable, Sendable {
    case performed(ToolName)
    /// Ends the agent's work with a status; prose never does.
    case finish
    case wait
    case askOperator

    /// Every tool there is, in the order in which the model is told of them.
    static let all: [Self] =
        ToolName.allCases.map { .performed($0) } + [.finish, .wait, .askOperator]

    /// The tools of a run.
    ///
    /// Commands are left out when the definition does not grant them.
    static func offered(_ capabilities: Definition.Capabilities) -> [Self] {
        all.filter { $0 != .performed(.runCommand) || capabilities.commands }
    }

    /// The name by which the model calls it.
    var name: String {
        switch self {
        case .performed(let tool): tool.rawValue
        case .finish: "finish"
        case .wait: "wait"
        case .askOperator: "ask_operator"
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
