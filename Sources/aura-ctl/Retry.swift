import ArgumentParser
import AuraModel

/// Starts a run anew, with what it was given.
struct Retry: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Start a finished run anew, with the same inputs.",
        discussion: """
            It is a run of its own, by the definition that is in force now, which checks the inputs again. With --wait \
            the run is shown until it ends, and its ending is the exit status. A run of a chat: its message is said \
            again, also one that is quarantined.
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
        if case .message(let thread, let number, _) = row.trigger {
            return try say(number, of: thread, to: row.automaton, session)
        }
        let order = RunOrder(inputs: row.inputs ?? [:])
        return try Run.start(row.automaton, order, wait: wait, timeout: timeout, session)
    }

    /// The same text as a message of its own: the old one keeps its end.
    private func say(
        _ number: Int, of thread: ThreadName, to name: AutomatonName, _ session: Session
    ) throws -> Int32 {
        let path = "\(ControlPath.automata)/\(name)"
        let rows: [MessageRow] = try session.client.get(
            "\(path)/messages",
            [("thread", thread.text), ("after", "\(number - 1)"), ("limit", "1")])
        guard let row = rows.first, row.number == number else {
            throw Failure(
                .unknown, .notFound, "message \(number) of thread \(thread) is not in the record",
                hint: "aura-ctl chat \(name) --thread \(thread) --history")
        }
        let message = ChatMessage(id: Chat.newID(), text: row.message.text)
        let result: OrderResult = try session.client.post(
            "\(path)/say", ChatOrder(thread: thread, message: message))
        guard wait, let run = result.run else {
            try Order.show(result, session)
            return AuraExit.success.rawValue
        }
        if !session.isJSON { try Order.show(result, session) }
        return try RunWatch.conclude(session, run, timeout: timeout?.span).status
    }
}
