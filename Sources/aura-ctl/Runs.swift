import ArgumentParser
import AuraModel

/// Runs, newest first.
struct Runs: Verb {
    static let configuration = CommandConfiguration(abstract: "List runs, newest first.")

    @Argument(help: "An automaton; all if left out.", completion: .custom(Completions.automata))
    var name: String?
    @Option(name: .shortAndLong, help: "At most so many.") var number = 20
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if number < 1 { throw ValidationError("-n is at least 1") }
    }

    func perform(_ session: Session) throws -> Int32 {
        var query = [("limit", String(number))]
        if let name { query.append(("automaton", try Target.automaton(name).text)) }
        let runs: [RunRow] = try session.client.get(ControlPath.runs, query)
        try session.show(runs) {
            RunText.table(runs, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}
