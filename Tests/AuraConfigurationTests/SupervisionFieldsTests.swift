import AuraConfiguration
import AuraModel
import Testing

@Suite("What follows when a run ends")
struct SupervisionFieldsTests {
    private static func read(
        _ supervision: String, kind: String = "task-run\nprompt: p"
    ) -> (Definition?, [Diagnostic]) {
        DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: a
                kind: \(kind)
                reasoner: r
                budget: {run: {tokens: 1}}
                supervision: \(supervision)
                """)
    }

    @Test("every key is read, and what is not said is as usual")
    func whole() throws {
        let (definition, _) = Self.read(
            "{restart: always, backoff: {initial: 50ms, max: 2s, factor: 3, jitter: 5%}, "
                + "reset-after: 1m, intensity: {failures: 3, within: 30s}, worker-attempts: 2, "
                + "deadlines: {launch: 1s, first-frame: 2s, silence: 3s}}")
        let expected = Supervision(
            restart: .always,
            backoff: .init(initial: Milliseconds(50), max: .seconds(2), factor: 3, jitter: 5),
            resetAfter: .minutes(1), intensity: .init(failures: 3, within: .seconds(30)),
            workerAttempts: 2,
            deadlines: .init(
                launch: .seconds(1), firstFrame: .seconds(2), silence: .seconds(3)))
        #expect(definition?.supervision == expected)
        let (short, _) = Self.read("{restart: on-failure}")
        #expect(short?.supervised == Supervision(restart: .onFailure))
        let (slow, _) = Self.read("{backoff: {initial: 2h}}")
        #expect(slow?.supervised.backoff.max == .minutes(120))
    }

    @Test(
        "what is no plan is refused at its place",
        arguments: [
            ("{restart: sometimes}", 6, 24, "one of `never`, `on-failure`, `always`"),
            ("{backoff: {initial: 2m, max: 1m}}", 6, 34, "is longer than `max`"),
            ("{backoff: {jitter: 101%}}", 6, 33, "a share of a pause, 0% to 100%"),
            ("{intensity: {failures: 21}}", 6, 37, "1 to 20"),
            ("{deadlines: {launch: 1ms}}", 6, 35, "100ms to 1h"),
        ])
    func refused(_ text: String, _ line: Int, _ column: Int, _ words: String) {
        let (definition, diagnostics) = Self.read(text)
        #expect(definition == nil)
        let first = diagnostics.first
        #expect(first?.line == line && first?.column == column, "\(diagnostics)")
        #expect(first?.message.contains(words) == true, "\(diagnostics)")
    }

    @Test("a chat runs when it is told something: nothing restarts it, but its workers have limits")
    func chat() {
        let (restarted, diagnostics) = Self.read("{restart: always}", kind: "chat")
        #expect(restarted == nil)
        #expect(diagnostics.first?.message.contains("means nothing to a chat") == true)
        #expect(Self.read("{worker-attempts: 2}", kind: "chat").0 != nil)
    }
}
