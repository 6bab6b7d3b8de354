import AuraConfiguration
import AuraModel
import Testing

/// How a dev-loop lands, who reviews, when it stops itself.
@Suite struct LoopFieldsTests {
    static let start = """
        automaton: a
        kind: dev-loop
        reasoner: main
        budget: {run: {usd: 1}}
        verify: [make test]

        """

    static func read(_ rest: String) -> (Definition?, [Diagnostic]) {
        DefinitionReader.read(file: "a.yaml", text: start + rest)
    }

    @Test("everything that a dev-loop can declare is read")
    func whole() throws {
        let (definition, diagnostics) = Self.read(
            """
            workspace: {repository: /r, protected: [ci/**, check.sh], identity: A B <a@b>}
            land: {mode: push, remote: /srv/m.git}
            review: {reasoner: other, prompt: Look., rounds: 1}
            breaker: {failures: 5, spend-factor: 4, cool-down: operator}
            escalate: [strong, other]
            limits: {parallel: 3}
            """)
        let read = try #require(definition, "\(diagnostics)")
        #expect(read.landing == .init(.push, remote: "/srv/m.git"))
        #expect(read.review == .init(reasoner: "other", prompt: "Look.", rounds: 1))
        #expect(read.breaker == .init(failures: 5, spendFactor: 4, coolDown: nil))
        #expect(read.reasoners == ["main", "other", "strong"])
        #expect(read.limits.parallel == 3)
        #expect(read.workspace?.protected == ["ci/**", "check.sh"])
        #expect(read.workspace?.identity == "A B <a@b>")
        #expect(
            Self.read("workspace: {repository: /r}\nland: merge-ff").0?.landing.mode == .mergeFF)
    }

    @Test(
        "a wrong value says where, and what was expected",
        arguments: [
            ("land: merge", "a.yaml:7:7", "one of `branch`, `merge-ff`, `push`"),
            ("land: push", "a.yaml:7:7", "a remote beside it"),
            ("land: {mode: branch, remote: /m}", "a.yaml:7:30", "means nothing to `branch`"),
            ("review: {rounds: 9}", "a.yaml:7:18", "0 to 5"),
            ("breaker: {failures: 0}", "a.yaml:7:21", "1 to 1_000"),
            ("breaker: {cool-down: soon}", "a.yaml:7:22", "breaker.cool-down"),
            ("escalate: strong", "a.yaml:7:11", "a list of reasoners"),
        ])
    func wrong(line: String, place: String, expected: String) throws {
        let (_, diagnostics) = Self.read("workspace: {repository: /r}\n" + line)
        let first = try #require(diagnostics.first)
        #expect("\(first.file):\(first.line):\(first.column)" == place, "\(first)")
        #expect(first.message.contains(expected), "\(first)")
    }

    @Test(
        "paths that lead out of the repository protect nothing, and are refused",
        arguments: ["/etc", "../x", "a/../../b"])
    func outside(glob: String) {
        #expect(Self.read("workspace: {repository: /r, protected: [\(glob)]}").0 == nil)
    }
}
