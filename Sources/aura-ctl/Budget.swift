import ArgumentParser
import AuraModel

/// What may be spent, what is, and what is held.
struct Budget: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show each budget in force: its window, what is spent of it, and what is held.",
        discussion: """
            A model call is made only when every budget above it has room for what it may cost at worst. \
            That is held until the provider says what it did cost.
            """)

    @Argument(help: "An automaton; all if left out.", completion: .custom(Completions.automata))
    var name: String?
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        var query: [(String, String)] = []
        if let name { query.append(("automaton", try Target.automaton(name).text)) }
        let levels: [BudgetLevel] = try session.client.get(ControlPath.budget, query)
        try session.show(levels) {
            BudgetTable.lines(levels, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}
