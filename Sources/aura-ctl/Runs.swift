import ArgumentParser
import AuraModel

/// Runs, newest first.
struct Runs: Verb {
    static let configuration = CommandConfiguration(
        abstract: "List runs, newest first.",
        discussion: """
            `aura-ctl runs --outcome failed-verify --since yesterday`; `aura-ctl exit-status` lists the outcomes.
            """)

    @Argument(help: "An automaton; all if left out.", completion: .custom(Completions.automata))
    var name: String?
    @Option(name: .shortAndLong, help: "At most so many.") var number = 20
    @Option(help: "Only those that are active, queued, waiting or finished.")
    var state: RunStanding?
    @Option(help: "Only those that ended so: done, budget, failed-verify and so on.")
    var outcome: RunOutcome.Ending?
    @Option(
        parsing: .unconditional,
        help: "Only those admitted since: yesterday, `2026-11-20 02:00`, -2h.")
    var since: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if number < 1 { throw ValidationError("-n is at least 1") }
    }

    func perform(_ session: Session) throws -> Int32 {
        var query = [("limit", String(number))]
        if let name { query.append(("automaton", try Target.automaton(name).text)) }
        if let state { query.append(("state", state.rawValue)) }
        if let outcome { query.append(("outcome", outcome.rawValue)) }
        if let since {
            let instant = try TimePoint.read(since, now: Clock.now(), in: Zone.local())
            query.append(("since", String(instant.milliseconds)))
        }
        let runs: [RunRow] = try session.client.get(ControlPath.runs, query)
        try session.show(runs) {
            RunText.table(runs, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}

extension RunStanding: ExpressibleByArgument {}
extension RunOutcome.Ending: ExpressibleByArgument {}
