import ArgumentParser
import AuraModel

/// Starts a run now, beside the schedule.
struct Run: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Start a run now.",
        discussion: """
            With --wait the run is shown until it ends, and its ending is the exit status; see `exit-status`. Ctrl-C
            leaves the run going.
            """)

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @Flag(help: "Watch the run until it ends.") var wait = false
    @Option(help: "With --wait, watch at most so long: 90s, 10m.") var timeout: Span?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if timeout != nil, !wait { throw ValidationError("--timeout goes with --wait") }
    }

    func perform(_ session: Session) throws -> Int32 {
        let name = try Target.automaton(name)
        let result: OrderResult = try session.client.post("\(ControlPath.automata)/\(name)/run")
        guard wait, let run = result.run else {
            try Order.show(result, session)
            return AuraExit.success.rawValue
        }
        if !session.isJSON { try Order.show(result, session) }
        return try RunWatch.conclude(session, run, timeout: timeout?.span).status
    }
}
