import ArgumentParser
import AuraModel

/// Something to know for a run that is at work.
struct Tell: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Tell something to a run that is at work.",
        discussion: """
            The model reads it with its next call, and a run that waits goes on at once. A dev-loop \
            passes it on to the agents that are at work for it. `aura-ctl show RUN` says whether it \
            was read.
            """)

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @Argument(help: "What it is to know.") var text: String
    @Option(
        help: "Your name for the message: sent again under the same one, it is not told twice.")
    var id: String?
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let target = try Target.run(run, session.client)
        let result: OrderResult = try session.client.post(
            "\(ControlPath.runs)/\(target)/tell",
            ChatMessage(id: id ?? Chat.newID(), text: text))
        try Order.show(result, session)
        return AuraExit.success.rawValue
    }
}
