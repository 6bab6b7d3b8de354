/// A tool call that the model made.
package struct ToolCall: Hashable, Sendable, Codable {
    /// The provider's id of the call; its result is answered under it.
    package var use: String
    package var tool: ToolName
    package var input: JSONValue
    /// What an edit will change, found before it is allowed to happen: after a crash the two hashes
    /// prove whether it did.
    ///
    /// Empty for a call that changes no file.
    package var images: [FileImage]
    /// Whose tool it is; nil for one of our own.
    package var served: ServedCall?

    /// A call; `images` are filled in by the worker that will perform it.
    package init(
        use: String, tool: ToolName, input: JSONValue, images: [FileImage] = [],
        served: ServedCall? = nil
    ) {
        self.use = use
        self.tool = tool
        self.input = input
        self.images = images
        self.served = served
    }
}

/// A file before and after an edit, by SHA-256 in hex; nil means that the file does not exist.
package struct FileImage: Hashable, Sendable, Codable {
    /// Relative to the workspace.
    package var path: String
    package var before: String?
    package var after: String?

    /// The image of one file.
    package init(path: String, before: String?, after: String?) {
        self.path = path
        self.before = before
        self.after = after
    }
}

/// The tools that a model can be given, each with the one place where it runs and its effect class.
package enum ToolName: String, Sendable, Codable, CaseIterable {
    case readFile = "read_file"
    case listFiles = "list_files"
    case search
    case editFile = "edit_file"
    case writeFile = "write_file"
    case applyPatch = "apply_patch"
    case runCommand = "run_command"
    case commandOutput = "command_output"
    case killCommand = "kill_command"
    case fetch
    /// A tool of a server that the definition declares; `ToolCall.served` says which.
    case serverTool = "server_tool"

    /// Where the call is performed.
    package enum Place: String, Sendable, Codable {
        case worker
        case siblingCage = "sibling-cage"
        /// In aurad itself: requests, and what is about a command in a sibling cage.
        case aurad
    }

    /// What a crash in the middle of the call means: see the effect classes in README.
    package enum Effect: String, Sendable, Codable {
        /// May be performed again.
        case pure
        /// Pre- and post-image hashes prove whether it happened.
        case workspace
        /// Unknown after a crash: `interrupted`, and the kernel is told.
        case command
        /// At most once, elsewhere: unknown after a crash is told, and never made again by itself.
        case external
    }

    /// Where this tool runs: the one table of the house.
    package var place: Place {
        switch self {
        case .readFile, .listFiles, .search, .editFile, .writeFile, .applyPatch: .worker
        case .runCommand, .serverTool: .siblingCage
        case .commandOutput, .killCommand, .fetch: .aurad
        }
    }

    /// Whether the worker performs it without asking for leave: it changes nothing, and what it
    /// finds is in the record before anything follows from it.
    package var isPerformedAtOnce: Bool { place == .worker && effect == .pure }

    /// What an interruption of this tool means.
    package var effect: Effect {
        switch self {
        case .readFile, .listFiles, .search, .commandOutput: .pure
        case .editFile, .writeFile, .applyPatch: .workspace
        case .runCommand, .killCommand: .command
        case .fetch, .serverTool: .external
        }
    }
}

extension ToolCall {
    /// Whether the call only begins a command, which then goes on beside the conversation.
    package var isBackground: Bool {
        tool == .runCommand && input["background"]?.boolValue == true
    }
}

/// What came of a tool call, as the model will read it.
package struct ToolResult: Hashable, Sendable, Codable {
    package var output: String
    package var isError: Bool
    /// Whether the call asked for what the definition does not grant (a path outside, say).
    package var isDenied: Bool
    package var place: ToolName.Place
    /// Of a command: whether the agent's tree changed between the ends of the two commands before
    /// it; nil when that is not known.
    package var treeChanged: Bool?

    /// A result.
    package init(
        output: String, isError: Bool = false, isDenied: Bool = false, place: ToolName.Place,
        treeChanged: Bool? = nil
    ) {
        self.output = output
        self.isError = isError
        self.isDenied = isDenied
        self.place = place
        self.treeChanged = treeChanged
    }
}
