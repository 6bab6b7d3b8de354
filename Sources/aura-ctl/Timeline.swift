import ArgumentParser
import AuraModel

/// What is going to fire.
struct Timeline: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show what all automata are going to do in the coming day, hour by hour.",
        discussion: """
            TIME is 02:00, `tomorrow 02:00`, `2026-11-20 02:00`, 2026-11-20T02:00:00Z or +2h, in the local zone.
            """)

    @Option(help: ArgumentHelp("Begin at this time; now if left out.", valueName: "time"))
    var from: String?
    @Option(help: "How many hours.") var hours = 24
    @OptionGroup var common: CommonOptions

    /// 744: a month; beyond it is what `calendar` is for.
    static let hoursMax = 744

    func validate() throws {
        guard (1...Self.hoursMax).contains(hours) else {
            throw ValidationError("--hours is 1 to \(Self.hoursMax)")
        }
    }

    func perform(_ session: Session) throws -> Int32 {
        let now = Clock.now()
        let from = try from.map { try TimePoint.read($0, now: now, in: Zone.local()) } ?? now
        let to = from + Milliseconds.minutes(60 * hours)
        let query = [("from", String(from.milliseconds)), ("to", String(to.milliseconds))]
        let firings: [PlannedFiring] = try session.client.get(ControlPath.timeline, query)
        if session.isJSON {
            try session.show(firings) { [] }
            return AuraExit.success.rawValue
        }
        // Who does not fire is asked for as often as who does.
        let automata: [AutomatonStatus] = try session.client.get(ControlPath.automata)
        let text = TimelineText(
            firings: firings, automata: automata, from: from, to: to, width: session.width)
        try session.show(firings) { text.lines(session.style, session.times) }
        return AuraExit.success.rawValue
    }
}
