import ArgumentParser
import AuraModel

/// A run folded again.
struct Replay: Verb {
    static let configuration = CommandConfiguration(
        abstract:
            "Fold a run and its children again, without effects; compare every decision and state.",
        discussion: "Exit status 3 when something comes out differently.")

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String?
    @Option(help: "A file that `record export` wrote, perhaps on another machine.")
    var bundle: String?
    @OptionGroup var common: CommonOptions

    /// Ten minutes: a run of a thousand long answers is folded in one.
    private static let patience = Milliseconds.minutes(10)

    func perform(_ session: Session) throws -> Int32 {
        let verdicts: [ReplayVerdict]
        switch (run, bundle) {
        case (let run?, nil):
            let id = try Target.run(run, session.client)
            verdicts = try session.client.get(
                "\(ControlPath.runs)/\(id)/replay", patience: Self.patience)
        case (nil, let bundle?):
            verdicts = try session.client.post(
                ControlPath.replay, try ProofFile.bundle(bundle), patience: Self.patience)
        default:
            throw Failure(
                .usage, .badRequest, "name either a run or a bundle", hint: "aura-ctl help replay")
        }
        try session.show(verdicts) { ReplayText.lines(of: verdicts, session.style) }
        let isExact = verdicts.allSatisfy { $0.divergence == nil }
        return (isExact ? AuraExit.success : .inactive).rawValue
    }
}

extension Record {
    /// A run to take along.
    struct Export: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print a run with its children and what proves them, for another machine.",
            discussion: """
                `replay --bundle` folds it again, `record verify --bundle` checks that it was \
                recorded.
                """)

        @Argument(help: "The run.", completion: .custom(Completions.runs))
        var run: String
        @OptionGroup var common: CommonOptions

        func perform(_ session: Session) throws -> Int32 {
            let id = try Target.run(run, session.client)
            let bundle: RunBundle = try session.client.get("\(ControlPath.runs)/\(id)/export")
            Output.write(try JSON.text(bundle) + "\n")
            return AuraExit.success.rawValue
        }
    }
}

/// What came of replays.
enum ReplayText {
    /// A line for each run, and both sides of a difference.
    static func lines(of verdicts: [ReplayVerdict], _ style: Style) -> [String] {
        verdicts.flatMap { verdict -> [String] in
            guard let divergence = verdict.divergence else {
                return [
                    "\(style.paint("✔", .green)) \(verdict.run) comes out the same: "
                        + "\(verdict.transactions) transactions, \(verdict.commands) commands, "
                        + "\(verdict.states) states, \(verdict.requests) requests to a model"
                ]
            }
            let entry = divergence.sequence.map { " (entry #\($0))" } ?? ""
            return [
                "\(style.paint("✖", .red)) \(verdict.run) differs after transaction "
                    + "\(divergence.transaction)\(entry)",
                "  recorded: " + SafeText.line(divergence.recorded),
                "  replayed: " + SafeText.line(divergence.replayed),
            ]
        }
    }
}
