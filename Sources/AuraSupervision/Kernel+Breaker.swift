import AuraModel

/// The breaker of an automaton that burns without landing: a pause by the daemon, which ends by itself
/// or waits for an operator.
extension Kernel {
    mutating func openBreaker(of row: RunRow, _ outcome: RunOutcome, at now: Instant) throws {
        guard outcome.ending == .breaker, state.automata[row.automaton]?.pause == nil else {
            return
        }
        let breaker = state.definitions[row.definition]?.breaker ?? .standard
        let until = breaker.coolDown.map { now + $0 }
        try record(
            .breakerOpened(reason: outcome.detail, until: until), automaton: row.automaton, at: now)
    }

    /// When the first pause by a breaker ends by itself.
    var nextCoolDown: Instant? { state.coolingDown.values.min() }

    /// Puts schedules back in force whose breaker has cooled down.
    mutating func endCoolDowns(at now: Instant) throws {
        guard !state.coolingDown.isEmpty else { return }
        let over = state.coolingDown.filter { $0.value <= now }.map(\.key)
        for name in over.sorted() {
            // What came due meanwhile is decided as paused.
            try decideOccurrences(at: now)
            try record(.automatonResumed, automaton: name, at: now)
        }
    }
}
