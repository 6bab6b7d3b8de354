import AuraConfiguration
import AuraModel
import Testing

/// What stands in `schedule` beside the expression.
@Suite struct FiringPolicyTests {
    @Test("every option of a schedule arrives in the definition")
    func everyOption() throws {
        let (definition, diagnostics) = Self.read(
            """
            cron: "0 2 * * *"
              overlap-policy: {allow: 3}
              catch-up: {all: 5}
              starting-deadline: 10m
              window: {from: "22:00", to: "06:00"}
              jitter: 5m
              expect: 26h
            """)
        #expect(diagnostics == [])
        let expected = FiringPolicy(
            overlap: .allow(most: 3), catchUp: .all(most: 5), startingDeadline: .minutes(10),
            window: .init(from: 22 * 60, to: 6 * 60), jitter: .minutes(5), expect: .minutes(26 * 60)
        )
        #expect(definition?.firing == expected)
    }

    @Test("words and a chain are read, and a schedule without options has none")
    func words() throws {
        #expect(Self.read("{every: 1h}").0.map { $0.firing == nil } == true)
        let queued = Self.read("{every: 1h, overlap-policy: queue-one, catch-up: latest}").0
        #expect(queued?.firing == FiringPolicy(overlap: .queueOne, catchUp: .latest))
        let plain = Self.read("{every: 1h, overlap-policy: cancel-other, catch-up: none}").0
        #expect(plain?.firing == FiringPolicy(overlap: .cancelOther))
        let chain = Self.read("{after: {automaton: first, on: failure}}").0
        let first = try #require(AutomatonName("first"))
        #expect(chain?.firing?.after == .init(automaton: first, on: .failure))
        #expect(chain?.schedule == .manual)
    }

    @Test("a wrong option says what was found and expected, and where", arguments: broken)
    func says(_ schedule: String, _ says: String) {
        let (definition, diagnostics) = Self.read(schedule)
        #expect(definition == nil)
        #expect(diagnostics.map(\.description).joined(separator: "\n") == says)
    }

    private static let broken = [
        (
            "{every: 1h, overlap-policy: queue}",
            """
            a.yaml:6:31: error: `schedule.overlap-policy`: found `queue`, expected one of `skip`, \
            `queue-one`, `cancel-other`
            """
        ),
        (
            "{every: 1h, catch-up: {all: 101}}",
            """
            a.yaml:6:31: error: `schedule.catch-up.all`: found `101`, expected a whole number, 1 to 100
            """
        ),
        (
            "{every: 1h, window: {from: \"24:00\", to: \"06:00\"}}",
            """
            a.yaml:6:30: error: `schedule.window.from`: found `24:00`, expected a time of day such \
            as `22:00`
              hint: put it in quotes
            """
        ),
        (
            "{every: 1h, window: {from: \"06:00\", to: \"06:00\"}}",
            """
            a.yaml:6:43: error: `schedule.window.to`: found `06:00`, expected another time than \
            `from`: it would never be open
            """
        ),
        (
            "{every: 1h, after: {automaton: first}}",
            """
            a.yaml:6:22: error: `schedule.after` stands beside `schedule.every`, but a chain has no \
            time of its own
              hint: keep one of the two
            """
        ),
        (
            "{every: 1h, jitter: 2d}",
            "a.yaml:6:23: error: `schedule.jitter`: found `2d`, expected a duration of 1s to 1d"
        ),
    ]

    private static func read(_ schedule: String) -> (Definition?, [Diagnostic]) {
        DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                schedule:
                  \(schedule)
                budget: {run: {usd: 1}}
                """)
    }
}
