import ArgumentParser
import AuraModel

/// Why an automaton ran, or did not.
struct Explain: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Say why an automaton did, or did not, run at a time.",
        discussion: """
            TIME is 02:00 (today), `yesterday 02:00`, `2026-11-20 02:00`, 2026-11-20T02:00:00Z or -2h, in the local \
            zone. Without it the newest firing and the next one are told.

            The numbers are entries of the record: `aura-ctl record cat --after 411` begins with #412.
            """)

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @Argument(help: "The time; quotes are not needed.") var time: [String] = []
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let name = try Target.automaton(name)
        var query: [(String, String)] = []
        var asked: Instant?
        if !time.isEmpty {
            let at = try TimePoint.read(
                time.joined(separator: " "), now: Clock.now(), in: Zone.local())
            asked = at
            query = [("at", String(at.milliseconds))]
        }
        let explanation: Explanation = try session.client.get(
            "\(ControlPath.automata)/\(name)/explain", query)
        try session.show(explanation) {
            ExplanationText.lines(
                of: explanation, asked: asked, width: session.width, session.style, session.times)
        }
        return AuraExit.success.rawValue
    }
}
