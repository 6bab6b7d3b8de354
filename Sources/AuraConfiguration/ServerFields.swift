import AuraModel

/// Reads `servers`.
///
///     servers:
///       - name: docs
///         run: [/usr/bin/python3, /opt/tools/docs.py]   # or a shell line
///         tools: [lookup, search]        # those of its tools that agents may call
///         effect: read-only              # what a call may mean; `changes` if left out
///         tree: read                     # what it sees of /ws: none, read or write
///         network: true                  # the origins of `capabilities.fetch` with `proxy: true`
///         timeout: 30s                   # of one call; a minute if left out
enum ServerFields {
    /// 8 servers and 64 tools: each server is a process per run, each tool stands in every request.
    private static let countMax = 8
    private static let toolsMax = 64
    private static let toolNameMax = 128
    private static let timeoutRange = Milliseconds.seconds(1)...Milliseconds.minutes(60)
    private static let expectation =
        "a list of servers, such as `[{name: docs, run: [/opt/docs], tools: [lookup]}]`"
    private static let nameExpectation =
        "a name of small letters, digits and hyphens, "
        + "at most \(ServerDeclaration.nameLengthMax) characters"

    static func read(_ field: Field, _ report: inout Report) -> [ServerDeclaration]? {
        let servers = field.distinct(
            max: countMax, expected: expectation, hint: "begin each server with `- `", by: \.name,
            &report, read: server,
            twice: { ("a second server called `\($0.name)`", "give each a `name` of its own") })
        guard let servers else { return nil }
        if servers.map(\.tools.count).reduce(0, +) > toolsMax {
            report.add(
                field.node.place,
                "`\(field.path)`: found more than \(toolsMax) tools of all servers together",
                hint: "each stands in every request to the model")
        }
        return servers
    }

    private static func server(_ field: Field, _ report: inout Report) -> ServerDeclaration? {
        guard
            let fields = Fields(
                field, keys: ["name", "run", "tools", "effect", "tree", "network", "timeout"],
                expected: expectation, &report)
        else { return nil }
        let name = fields.required("name", expected: nameExpectation, &report)?
            .text(expected: nameExpectation, &report, isName)
        let argv = fields.required("run", expected: "a shell line or a list", &report)
            .flatMap { StepFields.program($0, &report) }
        let effect = fields["effect"]?.word(of: ServerDeclaration.Effect.allCases, &report)
        let tree = fields["tree"]?.word(of: ServerDeclaration.Tree.allCases, &report)
        let network = fields["network"]?.truth(&report)
        let timeout = fields["timeout"]?.duration(timeoutRange, &report)
        guard
            let place = fields.required(
                "tools", expected: "which of its tools agents may call",
                hint: "tools: [lookup]", &report)
        else { return nil }
        guard let name, let argv else { return nil }
        var server = ServerDeclaration(
            name: name, argv: argv, tools: [], effect: effect ?? .changes, tree: tree ?? .read,
            network: network ?? false, timeout: timeout ?? ServerDeclaration.standardTimeout)
        server.tools = tools(of: server, place, &report)
        return server
    }

    private static func tools(
        of server: ServerDeclaration, _ field: Field, _ report: inout Report
    ) -> [String] {
        let expected = "a list of the server's own names of tools, such as `[lookup]`"
        let items = field.items(max: toolsMax, expected: expected, &report)
        if items?.isEmpty == true { field.refuse(&report, expected: expected) }
        var names: [String: String] = [:]
        return (items ?? []).compactMap { item in
            guard let tool = item.line(max: toolNameMax, expected: "a tool's name", &report) else {
                return nil
            }
            guard let name = server.callName(of: tool) else {
                item.refuse(
                    &report,
                    expected: "a name that with `\(server.name)__` before it has at most "
                        + "\(ServerDeclaration.toolNameLengthMax) characters")
                return nil
            }
            if let other = names[name] {
                report.add(
                    item.node.place,
                    "`\(item.path)`: `\(tool)` and `\(other)` would both be called `\(name)`",
                    hint: "leave one of them out")
            }
            names[name] = tool
            return tool
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...ServerDeclaration.nameLengthMax).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
            }
    }
}
