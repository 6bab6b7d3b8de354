import ArgumentParser
import AuraModel
import Glibc

/// Stops an automaton's schedule, or one run.
struct Stop: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Stop an automaton, or one run, and see the run to its end.",
        discussion: """
            `aura-ctl cancel RUN` is the same. Runs of an automaton that are under way are killed at once; with \
            --grace they are told to wrap up first, with --drain they go on to their end. What a run has landed before \
            stays. For a run the exit status is 0 once it is over, however it ended.
            """,
        aliases: ["cancel"])

    @Argument(help: "An automaton or a run.", completion: .custom(Completions.targets))
    var target: String
    @Flag(help: "Of an automaton: what is under way goes on to its end.") var drain = false
    @Option(help: "Of an automaton: what is under way has so long to wrap up: 30s, 5m.")
    var grace: Span?
    @Flag(help: "Do not wait until the run is over.") var noWait = false
    @Option(help: "Wait at most so long: 90s, 10m.") var timeout: Span?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if drain, grace != nil { throw ValidationError("either --drain or --grace") }
    }

    func perform(_ session: Session) throws -> Int32 {
        switch try Target.read(target, session.client) {
        case .automaton(let name): return try stop(name, session)
        case .run(let run):
            guard !drain, grace == nil else {
                throw Failure(
                    .usage, .badRequest, "--drain and --grace are for automatons",
                    hint: "aura-ctl stop NAME --drain")
            }
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

    /// Half a second between two looks at what is still under way.
    private static let restMicroseconds: UInt32 = 500_000

    private func stop(_ name: AutomatonName, _ session: Session) throws -> Int32 {
        let path = "\(ControlPath.automata)/\(name)"
        let how = StopOrder(grace: grace?.span, drain: drain ? true : nil)
        let result: OrderResult = try session.client.post("\(path)/stop", how)
        try Order.show(result, session)
        guard drain || grace != nil, !noWait else { return AuraExit.success.rawValue }
        let end = timeout.map { Clock.monotonic().count + $0.span.count }
        while true {
            let status: AutomatonStatus = try session.client.get(path)
            guard status.runs.contains(where: { !$0.isFinished }) else {
                return AuraExit.success.rawValue
            }
            if let end, end <= Clock.monotonic().count { return AuraExit.waitTimedOut.rawValue }
            usleep(Self.restMicroseconds)
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
