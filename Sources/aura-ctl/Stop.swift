import ArgumentParser
import AuraModel

/// Stops an automaton's schedule, or one run.
struct Stop: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Stop an automaton, or one run, and see the run to its end.",
        discussion: """
            `aura-ctl cancel RUN` is the same. What a run has landed before stays. For a run the exit status is 0 \
            once it is over, however it ended.
            """,
        aliases: ["cancel"])

    @Argument(help: "An automaton or a run.", completion: .custom(Completions.targets))
    var target: String
    @Flag(help: "Do not wait until the run is over.") var noWait = false
    @Option(help: "Wait at most so long: 90s, 10m.") var timeout: Span?
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        switch try Target.read(target, session.client) {
        case .automaton(let name): return try Order.give("stop", to: name, session)
        case .run(let run):
            // Only what the stop brings about is shown, not the run's whole story.
            let before: DaemonStatus = try session.client.get(ControlPath.status)
            let result: OrderResult = try session.client.post("\(ControlPath.runs)/\(run)/stop")
            guard !noWait else {
                try Order.show(result, session)
                return AuraExit.success.rawValue
            }
            if !session.isJSON { try Order.show(result, session) }
            let end = try RunWatch.conclude(
                session, run, after: before.sequence, timeout: timeout?.span)
            return end.run == nil ? end.status : AuraExit.success.rawValue
        }
    }
}

/// A span of time on the command line.
struct Span: ExpressibleByArgument {
    var span: Milliseconds

    init?(argument: String) {
        guard let count = try? DurationText.parse(argument) else { return nil }
        span = Milliseconds(count)
    }
}
