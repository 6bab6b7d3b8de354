import ArgumentParser
import AuraModel

/// Lets due firings pass by without a run.
struct Pause: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Let an automaton's firings pass without a run, until `resume`.",
        discussion: """
            Each firing that passes is written down as skipped. Runs under way go on, and `run` still starts one by \
            hand. `stop` goes further: it ends the runs, too, and takes the schedule out of force.
            """)

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        try Order.give("pause", to: Target.automaton(name), session)
    }
}

/// Ends a pause.
struct Resume: Verb {
    static let configuration = CommandConfiguration(
        abstract: "End a pause: the automaton fires again from now on.",
        discussion: "What passed during the pause is not made up for; see `backfill`.")

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        try Order.give("resume", to: Target.automaton(name), session)
    }
}
