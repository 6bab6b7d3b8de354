import ArgumentParser
import AuraModel

/// How the daemon or one automaton is.
struct Status: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show how the daemon, or one automaton, is.",
        discussion:
            "Exit status 0: active; 3: inactive; 4: there is no such automaton; 74: the record takes "
            + "no entries.")

    @Argument(
        help: "An automaton; the daemon and all automata if left out.",
        completion: .custom(Completions.automata))
    var name: String?
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        guard let name else {
            let status: DaemonStatus = try session.client.get(ControlPath.status)
            try session.show(status) {
                DaemonText.lines(of: status, width: session.width, session.style, session.times)
            }
            return (status.trouble == nil ? AuraExit.success : .inputOutput).rawValue
        }
        let path = "\(ControlPath.automata)/\(try Target.automaton(name))"
        let status: AutomatonStatus = try session.client.get(path)
        try session.show(status) {
            AutomatonText.lines(of: status, width: session.width, session.style, session.times)
        }
        let isActive = status.row.isActive && status.row.isLoaded
        return (isActive ? AuraExit.success : .inactive).rawValue
    }
}
