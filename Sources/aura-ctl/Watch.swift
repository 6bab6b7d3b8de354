import ArgumentParser
import AuraModel

/// Follows a run that is under way.
struct Watch: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Watch a run until it ends.",
        discussion: """
            On a terminal: what it does, what its models say while they say it, and what it has used of its budget. In \
            a pipe: a line for each entry of note. Its ending is the exit status; see `exit-status`. Ctrl-C leaves the \
            run going.
            """)

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @Option(help: "Watch at most so long: 90s, 10m.") var timeout: Span?
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let id = try Target.run(run, session.client)
        return try RunWatch.conclude(session, id, timeout: timeout?.span).status
    }
}
