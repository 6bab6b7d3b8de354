import ArgumentParser
import AuraModel

/// The operator's answer to a run that asked.
struct Answer: Verb {
    static let configuration = CommandConfiguration(abstract: "Answer a run that asks.")

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @Argument(help: "The answer.") var text: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let id = try Target.run(run, session.client)
        let result: OrderResult = try session.client.post(
            "\(ControlPath.runs)/\(id)/answer", OperatorAnswer(text: text))
        try Order.show(result, session)
        return AuraExit.success.rawValue
    }
}
