import AuraConfiguration
import AuraModel
import Testing

/// The tool servers of a definition.
@Suite struct ServerFieldsTests {
    private func read(_ servers: String, kind: String = "task-run") -> (Definition?, [String]) {
        let (definition, diagnostics) = DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: fixer
                kind: \(kind)
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                servers: \(servers)
                """)
        return (definition, diagnostics.map(\.description))
    }

    @Test("what is not said is the careful one")
    func values() throws {
        let short = read("[{name: docs, run: [/opt/docs, --stdio], tools: [lookup, a.b]}]")
        #expect(short.1 == [])
        let server = ServerDeclaration(
            name: "docs", argv: ["/opt/docs", "--stdio"], tools: ["lookup", "a.b"])
        #expect(short.0?.servers == [server])
        #expect(server.effect == .changes && server.tree == .read && !server.network)
        let long = read(
            "[{name: docs, run: exec /opt/docs, tools: [x], effect: read-only, tree: none, "
                + "network: true, timeout: 5s}]")
        #expect(
            long.0?.servers == [
                ServerDeclaration(
                    name: "docs", argv: ["/bin/sh", "-euc", "exec /opt/docs"], tools: ["x"],
                    effect: .readOnly, tree: .none, network: true, timeout: .seconds(5))
            ], "\(long.1)")
    }

    @Test(
        "what cannot be is refused with its place",
        arguments: [
            ("{name: Docs, run: [x], tools: [y]}", "small letters"),
            ("{name: docs, run: [x]}", "`servers[0].tools` is missing"),
            ("{name: docs, run: [x], tools: []}", "expected a list of the server's own names"),
            ("{name: docs, run: [], tools: [y]}", "found an empty list"),
            ("{name: docs, run: [x], tools: [y], effects: z}", "did you mean `effect`"),
            ("{name: docs, run: [x], tools: [y], effect: pure}", "one of `read-only`, `changes`"),
            ("{name: docs, run: [x], tools: [a.b, a_b]}", "would both be called `docs__a_b`"),
            ("{name: a, run: [x], tools: [y]}, {name: a, run: [x], tools: [y]}", "a second server"),
            (
                "{name: docs, run: [x], tools: [\(String(repeating: "x", count: 60))]}",
                "at most 64 characters"
            ),
        ])
    func errors(item: String, said: String) {
        let messages = read("[\(item)]").1
        #expect(
            messages.count == 1 && messages.first?.hasPrefix("a.yaml:6:") == true, "\(messages)")
        #expect(messages.first?.contains(said) == true, "\(messages)")
    }

    @Test("a spec-gen and a task-run of commands have no agent that could call them")
    func kinds() {
        let one = "[{name: docs, run: [x], tools: [y]}]"
        #expect(
            read(one, kind: "spec-gen").1.contains { $0.contains("means nothing to a spec-gen") })
        #expect(read(one + "\nrun: [make]").1.contains { $0.contains("a task-run of commands") })
    }
}
