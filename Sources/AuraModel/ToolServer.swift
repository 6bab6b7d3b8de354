/// A program of the operator's that offers tools over its standard input and output, by the Model
/// Context Protocol: what a definition says of it.
package struct ServerDeclaration: Hashable, Sendable, Codable {
    /// What a call of one of its tools may mean.
    package enum Effect: String, Hashable, Sendable, Codable, CaseIterable {
        /// Nothing: a call whose outcome is unknown is made again.
        case readOnly = "read-only"
        /// Anything: such a call is told as indeterminate, and never made again by itself.
        case changes
    }

    /// What the server sees of the run's tree.
    package enum Tree: String, Hashable, Sendable, Codable, CaseIterable {
        case none
        case read
        /// Where the run itself may write.
        case write
    }

    /// Part of the names by which a model calls its tools.
    package var name: String
    package var argv: [String]
    /// Those of its tools that a model may call, by the server's own names; no other is.
    package var tools: [String]
    package var effect: Effect
    package var tree: Tree
    /// Whether it reaches, by a proxy, what commands of the run reach; only while it is asked.
    package var network: Bool
    /// The longest that one call may take.
    package var timeout: Milliseconds

    /// A server that may change things elsewhere, reads the tree, and has no network unless said
    /// otherwise.
    package init(
        name: String, argv: [String], tools: [String], effect: Effect = .changes,
        tree: Tree = .read, network: Bool = false, timeout: Milliseconds = standardTimeout
    ) {
        self.name = name
        self.argv = argv
        self.tools = tools
        self.effect = effect
        self.tree = tree
        self.network = network
        self.timeout = timeout
    }

    /// A minute: a tool that takes longer says so in its declaration.
    package static let standardTimeout = Milliseconds.minutes(1)
    /// 24 characters: most of a tool's name is left for the tool.
    package static let nameLengthMax = 24
    /// 64 characters: what providers take as a tool's name.
    package static let toolNameLengthMax = 64

    /// For an operator: `docs: lookup, search (read-only; /ws: read; no network)`.
    package var summary: String {
        let network = network ? "the origins with `proxy`" : "no network"
        return "\(name): \(tools.joined(separator: ", ")) "
            + "(\(effect.rawValue); /ws: \(tree.rawValue); \(network))"
    }

    /// The name by which a model calls `tool`: letters, digits, `_` and `-`.
    ///
    /// Nil when it would be longer than providers take.
    package func callName(of tool: String) -> String? {
        let plain = tool.unicodeScalars.map { scalar in
            scalar.isASCII
                && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                    || scalar == "_" || scalar == "-")
                ? String(scalar) : "_"
        }
        let name = "\(self.name)__\(plain.joined())"
        return name.utf8.count <= Self.toolNameLengthMax ? name : nil
    }
}

/// A tool of a server, as the record keeps it and a model is told of it.
package struct ServedTool: Hashable, Sendable, Codable {
    /// By which the model calls it.
    package var name: String
    package var server: String
    /// The server's own name of it.
    package var tool: String
    package var description: String
    /// What it takes, a JSON schema of an object.
    package var input: JSONValue
    /// SHA-256 of what the server said of it, in hex: one that is started anew has to say the same.
    package var mark: String

    /// A tool.
    package init(
        name: String, server: String, tool: String, description: String, input: JSONValue,
        mark: String
    ) {
        self.name = name
        self.server = server
        self.tool = tool
        self.description = description
        self.input = input
        self.mark = mark
    }
}

/// What a server offers to a run, or why it offers nothing: a line of a step's output.
package struct ServerListing: Hashable, Sendable, Codable {
    package var name: String
    package var tools: [ServedTool]
    /// Why its tools, or some of them, are not there.
    package var problem: String?

    /// A listing.
    package init(name: String, tools: [ServedTool], problem: String? = nil) {
        self.name = name
        self.tools = tools
        self.problem = problem
    }

    /// The listings in the output of a step, in order; what is none is left out.
    package static func read(_ output: String) -> [ServerListing] {
        output.utf8.split(separator: UInt8(ascii: "\n")).compactMap {
            try? JSON.decode(ServerListing.self, from: $0)
        }
    }
}

/// Which tool of which server a call is for, and what the server said of it when it was listed.
package struct ServedCall: Hashable, Sendable, Codable {
    package var server: String
    package var tool: String
    package var mark: String

    /// A call of `tool`.
    package init(_ tool: ServedTool) {
        server = tool.server
        self.tool = tool.tool
        mark = tool.mark
    }
}

/// Why a server could not answer: a word for whoever counts, and a sentence.
package struct ServerFlaw: Error, Hashable, Sendable {
    /// The kinds of trouble with a server.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// It ended.
        case ended
        /// What it wrote is no message, or not the one that has to come.
        case garbled
        /// It wrote more than anybody reads.
        case flood
        /// It did not answer in time.
        case silent
        /// It does not read what it is told.
        case unread
        /// It offers other tools than it did.
        case changed
        /// It speaks no version of the protocol that is known here.
        case version
        /// It was not started.
        case refused
    }

    package var kind: Kind
    package var text: String

    /// A flaw.
    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }
}
