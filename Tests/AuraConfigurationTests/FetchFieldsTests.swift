import AuraConfiguration
import AuraModel
import Testing

/// The origins that a definition grants to `fetch`.
@Suite struct FetchFieldsTests {
    private func read(_ fetch: String, kind: String = "task-run") -> (Definition?, [String]) {
        let (definition, diagnostics) = DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: fixer
                kind: \(kind)
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                capabilities: {fetch: \(fetch)}
                """)
        return (definition, diagnostics.map(\.description))
    }

    /// In pieces: the tree names no host but those of its list.
    private static let colon = ":" + "//"

    @Test("origins are read as they will be compared, and data goes only where it is said")
    func values() throws {
        let read = read(
            "[\"https://Docs.example.com:443\", {origin: \"http://10.0.0.1:8080\", send: true}]")
        #expect(read.1 == [])
        #expect(
            read.0?.capabilities.fetch == [
                FetchGrant(origin: "https://docs.example.com"),
                FetchGrant(origin: "http://10.0.0.1:8080", send: true),
            ])
        let proxied = self.read(
            "[{origin: \"http://a.example.com\", proxy: true}, "
                + "{origin: \"https://b.example.com\", send: true, proxy: true}]")
        #expect(proxied.0?.capabilities.fetch?.proxied.count == 2, "\(proxied.1)")
        #expect(self.read("[]").0?.capabilities.fetch == [])
    }

    @Test(
        "what is more or less than an origin is refused with its place",
        arguments: [
            ("docs.example", "begin with https"),
            ("\"https://docs.example.com/a\"", "found a path"),
            ("\"https://docs.example.com/\"", "found a path"),
            ("\"https://*.example.com\"", "a host is"),
            ("\"https\(Self.colon)a@docs.example\"", "no user"),
            ("\"http\(Self.colon)0x7f.1\"", "four decimals"),
            ("{origin: \"https://a.example.com\", sends: true}", "did you mean `send`"),
            ("{send: true}", "is missing"),
            ("{origin: \"https://a.example.com\", proxy: true}", "needs `send: true`"),
            ("\"https://a.example.com\", \"https://A.example.com\"", "granted twice"),
        ])
    func errors(item: String, said: String) {
        let messages = read("[\(item)]").1
        #expect(messages.count == 1)
        #expect(messages.first?.hasPrefix("a.yaml:6:") == true)
        #expect(messages.first?.contains(said) == true, "\(messages)")
    }

    @Test("a kind whose model gets no such tool refuses the grant")
    func kinds() {
        #expect(
            read("[\"https://a.example.com\"]", kind: "spec-gen").1.contains {
                $0.contains("`capabilities.fetch` means nothing to a spec-gen")
            })
    }
}
