import ArgumentParser
import AuraModel

/// All automata.
struct List: Verb {
    static let configuration = CommandConfiguration(abstract: "List the automata.")

    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let automata: [AutomatonStatus] = try session.client.get(ControlPath.automata)
        try session.show(automata) {
            AutomatonText.table(automata, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}
