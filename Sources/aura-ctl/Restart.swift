import ArgumentParser
import AuraModel

/// Stops an automaton with its runs and puts its schedule in force again.
struct Restart: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Stop an automaton and its runs, and start it again.")

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        try Order.give("restart", to: Target.automaton(name), session)
    }
}
