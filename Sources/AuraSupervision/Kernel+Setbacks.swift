import AuraModel

/// Runs that end, and what follows by `supervision`: another run after a pause, a longer pause, or the
/// quarantine of what fails again and again.
///
/// An order is never held up: it shows whether the cause is gone, and if so it lifts the quarantine.
extension Kernel {
    /// The run `row` of an automaton ended so, after `wall`.
    ///
    /// A chat runs when it is told something, and never by itself.
    mutating func supervise(
        _ row: RunRow, _ outcome: RunOutcome, wall: Milliseconds, at now: Instant
    ) throws {
        guard row.kind != .chat, let automaton = state.automata[row.automaton],
            automaton.isLoaded,
            let policy = state.definitions[automaton.definition]?.supervised
        else { return }
        if outcome.isSuccess, automaton.pause?.quarantine != nil {
            try settleHeld(row.automaton, at: now)
            try record(.automatonResumed, automaton: row.automaton, at: now)
        }
        guard automaton.isActive, state.automata[row.automaton]?.pause == nil else { return }
        if outcome.isSuccess, policy.restart == .always {
            try hold(
                RunsHeld(
                    until: now + policy.backoff.delay(afterFailures: 0, salt: salt(row)),
                    failures: 0, since: now, restarts: true, inputs: row.inputs),
                row.automaton, at: now)
        }
        guard policy.isFailure(outcome.ending) else { return }
        try takeSetback(row, outcome, wall, automaton, policy, at: now)
    }

    private mutating func takeSetback(
        _ row: RunRow, _ outcome: RunOutcome, _ wall: Milliseconds, _ automaton: AutomatonRow,
        _ policy: Supervision, at now: Instant
    ) throws {
        let before = wall < policy.resetAfter ? automaton.setback : nil
        var failure = Self.failure(row, outcome, deathsMax: 1, at: now)
        // Nothing was recorded since the run's end.
        failure.sequence = state.daemon.sequence
        let all = (before?.recent ?? []) + [failure]
        let counted = all.filter { now - $0.at < policy.intensity.within }
        if counted.count >= policy.intensity.failures {
            let span = DurationText.format(policy.intensity.within.count)
            let reason =
                "\(counted.count) runs failed in a row within \(span), the last as "
                + EntryText.text(of: outcome)
            return try record(
                .quarantined(
                    Quarantine(reason: reason, failures: counted, inputs: row.inputs)),
                automaton: row.automaton, at: now)
        }
        let failures = (before?.held.failures ?? 0) + 1
        let isPoison = row.quarantine != nil
        try hold(
            RunsHeld(
                until: now + policy.backoff.delay(afterFailures: failures, salt: salt(row)),
                failures: failures, since: failures > 1 ? before?.held.since ?? now : now,
                restarts: policy.restart != .never && !isPoison, failure: failure,
                inputs: row.inputs),
            row.automaton, at: now)
    }

    private mutating func hold(
        _ held: RunsHeld, _ name: AutomatonName, at now: Instant
    ) throws {
        try record(.runsHeld(held), automaton: name, at: now)
    }

    /// Chance that is the same whenever it is drawn: other runs and other hosts have another.
    private func salt(_ row: RunRow) -> String { "\(row.id) \(host)" }

    private static func failure(
        _ row: RunRow, _ outcome: RunOutcome, deathsMax: Int, at now: Instant
    ) -> RunFailure {
        RunFailure(
            run: row.id, at: now,
            outcome: RunOutcome(outcome.ending, SafeText.brief(outcome.detail)),
            deaths: (row.deaths ?? []).suffix(deathsMax))
    }

    /// What is to be said of an automaton that backs off; nil where it does not.
    func setbackNote(_ row: AutomatonRow, at now: Instant) -> String? {
        guard let until = state.holding[row.name], let held = row.setback?.held else { return nil }
        let what = held.restarts ? "runs again in" : "starts nothing for"
        let span = HumanText.span(max(.zero, until - now))
        var note = "\(what) \(span)" + (held.cause.map { ", \($0)" } ?? "")
        if let limit = state.definitions[row.definition]?.supervised.intensity,
            held.failures > 0
        {
            note +=
                "; at \(limit.failures) within \(DurationText.format(limit.within.count)) it is "
                + "quarantined"
        }
        return note + (held.reason.map { ": \($0)" } ?? "")
    }

    // MARK: Workers that die

    /// How many workers of a run may die in a row: one, when the run before has shown that it is not
    /// chance.
    func workerAttempts(of row: RunRow) -> Int {
        if row.parent == nil, row.kind != .chat,
            state.automata[row.automaton]?.setback?.recent.last?.outcome.ending.isCrash == true
        {
            return 1
        }
        return state.definitions[row.definition]?.supervised.workerAttempts
            ?? Supervision.standard.workerAttempts
    }

    /// What the run is for kills its workers: a message or a delivery is not tried again, and what
    /// comes after it is not told of it.
    mutating func quarantineCause(
        of row: RunRow, _ outcome: RunOutcome, at now: Instant
    ) throws {
        let subject: String
        switch row.trigger {
        case .message(let thread, let number, _): subject = "message \(number) of thread \(thread)"
        case .delivery(_, let id): subject = "delivery \(id)"
        case .schedule, .order, .parent, .chain, .change, .restart: return
        }
        let failure = Self.failure(row, outcome, deathsMax: RunRow.deathsMax, at: now)
        try record(
            .quarantined(
                Quarantine(reason: outcome.detail, failures: [failure], subject: subject)),
            run: row.id, at: now)
    }

    // MARK: Pauses that end

    /// When the first pause after a failure ends.
    var nextHoldEnd: Instant? { areDefinitionsRead ? state.holding.values.min() : nil }

    /// Starts what is to run again, and lets the schedules of the others go on.
    mutating func endHolds(at now: Instant) throws {
        guard areDefinitionsRead, !state.holding.isEmpty else { return }
        for name in state.holding.filter({ $0.value <= now }).map(\.key).sorted() {
            // What came due meanwhile is decided in the pause.
            try settleHeld(name, at: now)
            guard let row = state.automata[name], let held = row.setback?.held, held.restarts,
                row.isActive, row.isLoaded, let definition = state.definitions[row.definition],
                hasRoom(name, definition)
            else {
                letGo(of: name)
                continue
            }
            guard hasToken(at: now) else {
                letGo(of: name, until: (starts.first ?? now) + .minutes(1))
                continue
            }
            try restart(name, held, definition, at: now)
        }
    }

    private mutating func restart(
        _ name: AutomatonName, _ held: RunsHeld, _ definition: Definition, at now: Instant
    ) throws {
        if let reason = refusal(of: now, definition, at: now) {
            var later = held
            later.failure = nil
            later.reason = reason
            later.until = now + max(.minutes(1), definition.supervised.backoff.max)
            return try hold(later, name, at: now)
        }
        var inputs: [String: JSONValue]?
        do throws(InputFault) {
            inputs = try RunInputs.complete(held.inputs ?? [:], definition.inputs ?? [])
        } catch {
            // The definition was edited: what the run before was given fits no more.
            return letGo(of: name)
        }
        starts.append(now)
        try admit(
            RunID(at: now, sequence: nextSequence), of: name,
            trigger: .restart(failures: held.failures), inputs: inputs, at: now)
    }

    /// An hour: firings of an automaton in quarantine are told once in it, all together.
    static let quarantineLook = Milliseconds.minutes(60)

    /// Before when firings of an automaton are not looked at: what it may not start is told at once
    /// for many.
    func lull(of row: AutomatonRow) -> Instant? {
        if let until = state.holding[row.name] { return until }
        guard let pause = row.pause, pause.quarantine != nil else { return nil }
        return max(pause.since, row.cursor) + Self.quarantineLook
    }

    /// Why an automaton starts nothing by itself after failures; nil when it does.
    func heldReason(_ row: AutomatonRow) -> String? {
        if row.pause?.quarantine != nil { return Self.paused(row) }
        guard let until = state.holding[row.name], let held = row.setback?.held else { return nil }
        return "it backs off until \(HumanText.dateTime(until))Z"
            + (held.cause.map { " \($0)" } ?? "")
    }

    /// What came due while the automaton was held is decided, in one entry where it is much.
    mutating func settleHeld(_ name: AutomatonName, at now: Instant) throws {
        guard let row = state.automata[name], row.isActive, row.isLoaded,
            let definition = state.definitions[row.definition], let reason = heldReason(row)
        else { return }
        let latest = now + Milliseconds(-delay(definition).count)
        let span = LateFirings(
            after: row.cursor, before: latest + Milliseconds(1), upTo: latest, rowsMax: 1
        ) { firing(of: row, definition, after: $0) }
        for (from, through) in sums(of: span, row, definition) {
            try record(
                .firingsMissed(from: from, through: through, reason: reason), automaton: name,
                at: now)
        }
        for nominal in span.late {
            try decide(nominal, of: name, .skipped(reason: reason), at: now)
        }
    }
}
