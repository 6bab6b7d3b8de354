import ArgumentParser
import AuraModel

/// Firings of the past and what became of each.
struct Occurrences: Verb {
    static let configuration = CommandConfiguration(
        abstract: "List an automaton's past firings and what became of each, newest first.")

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @Option(name: .shortAndLong, help: "At most so many.") var number = 20
    @Option(help: ArgumentHelp("Only firings from this time on.", valueName: "time"))
    var from: String?
    @Option(help: ArgumentHelp("Only firings up to this time.", valueName: "time"))
    var to: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if number < 1 { throw ValidationError("-n is at least 1") }
    }

    func perform(_ session: Session) throws -> Int32 {
        let name = try Target.automaton(name)
        var query = [("limit", String(number))]
        for (key, text) in [("from", from), ("to", to)] {
            guard let text else { continue }
            let time = try TimePoint.read(text, now: Clock.now(), in: Zone.local())
            query.append((key, String(time.milliseconds)))
        }
        let rows: [OccurrenceRow] = try session.client.get(
            "\(ControlPath.automata)/\(name)/occurrences", query)
        try session.show(rows) {
            OccurrenceText.table(rows, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}
