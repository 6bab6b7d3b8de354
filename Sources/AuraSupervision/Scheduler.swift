package import AuraModel

/// Occurrences: each planned firing is decided exactly once, with its reason.
extension Kernel {
    /// A minute: a firing decided later than this was missed, not late; the daemon was not running.
    static let lateness = Milliseconds.minutes(1)

    /// 1000: missed firings that get a row each; a longer absence of a fast schedule is summed up.
    static let missedRowsMax = 1000

    /// The first nominal instant of `row` that is not decided yet; nil when its schedule is not in force.
    package func nextOccurrence(of row: AutomatonRow) -> Instant? {
        guard row.isActive, row.isLoaded, let definition = state.definitions[row.definition],
            let zone = zones[definition.zone]
        else { return nil }
        return definition.schedule.next(afterMilliseconds: row.cursor.milliseconds, in: zone)
            .map { Instant(milliseconds: $0) }
    }

    mutating func decideOccurrences(at now: Instant) throws {
        for name in state.automata.keys.sorted() {
            var decided = 0
            while let row = state.automata[name], let nominal = nextOccurrence(of: row),
                nominal <= now
            {
                if decided >= Self.missedRowsMax {
                    let reason = "aurad was not running; all firings until now, too many to list"
                    try decide(nominal: now, of: name, .missed(reason: reason), at: now)
                } else if now - nominal > Self.lateness {
                    let reason = "aurad was not running"
                    try decide(nominal: nominal, of: name, .missed(reason: reason), at: now)
                } else {
                    try fire(name, nominal: nominal, at: now)
                }
                decided += 1
            }
        }
    }

    private mutating func decide(
        nominal: Instant, of name: AutomatonName, _ decision: OccurrenceDecision, at now: Instant
    ) throws {
        try record(
            .occurrenceDecided(nominal: nominal, decision: decision), automaton: name, at: now)
    }

    private mutating func fire(_ name: AutomatonName, nominal: Instant, at now: Instant) throws {
        if let reason = refusalToAdmit(name, at: now) {
            return try decide(nominal: nominal, of: name, .skipped(reason: reason), at: now)
        }
        let run = RunID(at: now, sequence: nextSequence)
        try decide(nominal: nominal, of: name, .started(run: run), at: now)
        try admit(run, of: name, trigger: .schedule(nominal: nominal), at: now)
    }

    /// Why no top-level run of the automaton may begin now; nil when one may.
    func refusalToAdmit(_ name: AutomatonName, at now: Instant) -> String? {
        let underWay = state.runs.values.first { $0.automaton == name && $0.parent == nil }
        if let underWay { return "run \(underWay.id) is still under way" }
        guard let row = state.automata[name], let definition = state.definitions[row.definition]
        else { return "its definition is gone" }
        return Ledger(state: state).refusal(
            ofRunBy: name, on: day(of: definition, at: now), limits: definition.budget.day)
    }

    /// The civil day of the automaton's zone, as `2026-11-21`.
    package func day(of definition: Definition, at now: Instant) -> String {
        let zone = zones[definition.zone] ?? .utc
        return CivilTime(at: now.milliseconds / 1000, in: zone).date.description
    }
}
