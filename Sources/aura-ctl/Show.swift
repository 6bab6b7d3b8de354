import ArgumentParser
import AuraModel

/// One run in full.
struct Show: Verb {
    static let configuration = CommandConfiguration(abstract: "Show one run in full.")

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let id = try Target.run(run, session.client)
        let detail: RunDetail = try session.client.get("\(ControlPath.runs)/\(id)")
        try session.show(detail) {
            RunText.lines(of: detail, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}
