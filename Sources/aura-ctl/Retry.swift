import ArgumentParser
import AuraModel

/// Starts a run anew, with what it was given.
struct Retry: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Start a finished run anew, with the same inputs.",
        discussion: """
            It is a run of its own, by the definition that is in force now, which checks the inputs again. With --wait \
            the run is shown until it ends, and its ending is the exit status.
            """)

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @Flag(help: "Watch the run until it ends.") var wait = false
    @Option(help: "With --wait, watch at most so long: 90s, 10m.") var timeout: Span?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if timeout != nil, !wait { throw ValidationError("--timeout goes with --wait") }
    }

    func perform(_ session: Session) throws -> Int32 {
        let id = try Target.run(run, session.client)
        let detail: RunDetail = try session.client.get("\(ControlPath.runs)/\(id)")
        let row = detail.run
        if let parent = row.parent {
            throw Failure(
                .usage, .badRequest, "run \(id.short) is a part of run \(parent.short)",
                hint: "aura-ctl retry \(parent.short)")
        }
        guard row.isFinished else {
            throw Failure(
                .retryLater, .conflict, "run \(id.short) is not over",
                hint: "aura-ctl stop \(id.short)")
        }
        let order = RunOrder(inputs: row.inputs ?? [:])
        return try Run.start(row.automaton, order, wait: wait, timeout: timeout, session)
    }
}
