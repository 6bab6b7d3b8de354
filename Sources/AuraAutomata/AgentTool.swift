import AuraModel

/// What a model can call by name: a tool that is performed outside, or one that the kernel answers.
enum AgentTool: Hashable, Sendable, Encodable {
    case performed(ToolName)
    /// A tool of a server that the definition declares.
    case served(ServedTool)
    /// Ends the agent's work with a status; prose never does.
    case finish
    case wait
    case askOperator
    /// spec-gen: hands in the whole specification.
    case submitSpec

    /// The tools of an assignment, in the order in which the model is told of them.
    ///
    /// Commands and requests are left out when the definition does not grant them; a reviewer only
    /// reads.
    static func offered(_ assignment: Assignment) -> [Self] {
        if assignment.task?.role == .review { return looking + [.finish] }
        let capabilities = assignment.definition.capabilities
        let granted = performed(assignment).filter { tool in
            switch tool.effect {
            case .external: capabilities.fetch?.isEmpty == false
            case .pure, .workspace, .command:
                capabilities.commands || !ToolName.ofCommands.contains(tool)
            }
        }
        return granted.map { .performed($0) } + [.finish, .wait, .askOperator]
    }

    /// What changes nothing.
    private static let looking: [Self] = [
        .performed(.readFile), .performed(.listFiles), .performed(.search),
    ]

    /// What there is by the rules of the assignment, in the form that suits its model.
    private static func performed(_ assignment: Assignment) -> [ToolName] {
        guard assignment.rules > KernelRules.first else {
            return [.readFile, .listFiles, .search, .editFile, .writeFile, .runCommand]
        }
        let edits: [ToolName] =
            switch assignment.edits {
            case .exact: [.editFile, .writeFile]
            case .patch: [.applyPatch, .writeFile]
            case .whole: [.writeFile]
            }
        return [.readFile, .listFiles, .search] + edits + ToolName.ofCommands + [.fetch]
    }

    /// The tools of a chat: those that change nothing, and what is granted beside.
    ///
    /// It ends with prose, and whoever is asked sits at the other end.
    static func ofChat(_ assignment: Assignment) -> [Self] {
        let capabilities = assignment.definition.capabilities
        return performed(assignment).filter { tool in
            if ToolName.ofCommands.contains(tool) { return capabilities.commands }
            return switch tool.effect {
            case .pure: true
            case .workspace, .command: capabilities.edits == true
            case .external: capabilities.fetch?.isEmpty == false
            }
        }.map { .performed($0) }
    }

    /// The tools of a spec-gen: it reads, and hands in.
    static let ofSpecGen: [Self] = looking + [.submitSpec, .finish]

    /// The name by which the model calls it.
    var name: String {
        switch self {
        case .performed(let tool): tool.rawValue
        case .served(let tool): tool.name
        case .finish: "finish"
        case .wait: "wait"
        case .askOperator: "ask_operator"
        case .submitSpec: "submit_spec"
        }
    }
}

/// A tool call as it stands in the model's answer.
struct ToolUse: Hashable, Sendable, Encodable {
    var id: String
    var name: String
    var input: JSONValue
    /// The answer's token limit cut it short: its input may be a part only.
    var isCut: Bool
}

extension ToolName {
    /// What a run has that may run commands.
    static let ofCommands: [Self] = [.runCommand, .commandOutput, .killCommand]
}

extension ToolUse {
    /// The paths that the call names, from the root of the workspace.
    var paths: [String] {
        var named = PatchPaths.named(in: input["patch"]?.stringValue ?? "").map { $0[...] }
        if let path = input["path"]?.stringValue { named.append(path[...]) }
        return named.map { path in
            var path = path.hasPrefix("/ws/") ? path.dropFirst("/ws/".count) : path
            while path.hasPrefix("./") { path = path.dropFirst(2) }
            // A directory is in itself.
            return path.hasSuffix("/") ? String(path) : "\(path)/"
        }
    }
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
