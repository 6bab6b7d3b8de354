import ArgumentParser
import AuraModel

/// Starts runs for firings of the past.
struct Backfill: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Start a run for each firing of a past range that had none.",
        discussion: """
            Both ends belong to the range. What has started once is not started again.

              aura-ctl backfill nightly --from '2026-11-18 00:00' --to '2026-11-20 23:59'
              aura-ctl backfill nightly --from -2d --to now
            """)

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @Option(help: ArgumentHelp("The beginning of the range.", valueName: "time")) var from: String
    @Option(help: ArgumentHelp("The end of the range.", valueName: "time")) var to: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let name = try Target.automaton(name)
        let zone = Zone.local()
        let now = Clock.now()
        let range = BackfillRange(
            from: try TimePoint.read(from, now: now, in: zone),
            to: try TimePoint.read(to, now: now, in: zone))
        guard range.from <= range.to else {
            throw Failure(
                .usage, .badRequest,
                "the range ends (\(session.times.absolute(range.to))) before it begins "
                    + "(\(session.times.absolute(range.from)))")
        }
        let result: OrderResult = try session.client.post(
            "\(ControlPath.automata)/\(name)/backfill", range)
        try Order.show(result, session)
        return AuraExit.success.rawValue
    }
}
