import ArgumentParser
import AuraModel

/// Puts an automaton's schedule in force.
struct Start: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Put an automaton's schedule in force.")

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        try Order.give("start", to: Target.automaton(name), session)
    }
}

/// Orders to an automaton.
enum Order {
    /// Gives an order and prints what it did; "already so" is success.
    static func give(_ order: String, to name: AutomatonName, _ session: Session) throws -> Int32 {
        let result: OrderResult = try session.client.post(
            "\(ControlPath.automata)/\(name)/\(order)")
        try show(result, session)
        return AuraExit.success.rawValue
    }

    /// Prints what an order did.
    static func show(_ result: OrderResult, _ session: Session) throws {
        try session.show(result) { [SafeText.line(result.message)] }
    }
}
