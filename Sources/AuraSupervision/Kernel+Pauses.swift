package import AuraModel

/// What operators order about firings.
extension Kernel {
    mutating func pause(
        _ name: AutomatonName, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        guard try known(name).pause == nil else {
            return OrderResult(changed: false, message: "\(name) is paused already")
        }
        try record(.automatonPaused, automaton: name, by: principal, at: now)
        return OrderResult(
            changed: true, message: "\(name) paused; what fires is skipped until it is resumed")
    }

    mutating func resume(
        _ name: AutomatonName, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        let row = try known(name)
        guard let pause = row.pause else {
            return OrderResult(changed: false, message: "\(name) is not paused")
        }
        try settleHeld(name, at: now)
        // What came due in the pause is decided in it.
        try decideOccurrences(at: now)
        try record(.automatonResumed, automaton: name, by: principal, at: now)
        guard pause.quarantine != nil else {
            return OrderResult(changed: true, message: "\(name) resumed")
        }
        let policy = state.definitions[row.definition]?.supervised ?? .standard
        if policy.restart != .never, row.isActive {
            let inputs = pause.quarantine?.inputs
            try record(
                .runsHeld(
                    RunsHeld(
                        until: now, failures: 0, since: now, restarts: true, inputs: inputs)),
                automaton: name, by: principal, at: now)
        }
        return OrderResult(changed: true, message: "\(name) is out of quarantine")
    }

    /// Lets firings of the past wait for a start, each as if it were caught up on.
    mutating func backfill(
        _ name: AutomatonName, _ nominals: [Instant], by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        let row = try known(name)
        guard let definition = state.definitions[row.definition], let zone = zones[definition.zone]
        else { throw APIError(.unavailable, "the definition of \(name) has not been read") }
        if row.pause != nil {
            throw APIError(.conflict, "\(name) is paused", hint: "aura-ctl resume \(name)")
        }
        let room = FiringPolicy.countMax - (row.waiting?.count ?? 0)
        guard nominals.count <= room else {
            throw APIError(
                .badRequest,
                "\(HumanText.plural(nominals.count, "firing")) in that range, at most \(room) can "
                    + "wait at once", hint: "backfill a shorter range, then the next")
        }
        var count = 0
        for nominal in Set(nominals).sorted() {
            let before = nominal.milliseconds - 1
            guard nominal <= row.cursor, nominal <= now,
                definition.schedule.next(afterMilliseconds: before, in: zone)
                    == nominal.milliseconds,
                row.waiting?.contains(where: { $0.nominal == nominal }) != true
            else { continue }
            let reason = "backfill ordered by \(principal)"
            try decide(nominal, of: name, .queued(reason: reason), by: principal, at: now)
            count += 1
        }
        guard count > 0 else {
            return OrderResult(
                changed: false, message: "there is nothing to backfill in that range")
        }
        return OrderResult(
            changed: true, message: "\(HumanText.plural(count, "firing")) of \(name) will start")
    }

    /// The nominal instants of `name` from `range.from` to `range.to`, at most one more than may
    /// wait.
    package func nominals(
        of name: AutomatonName, in range: BackfillRange
    ) -> [Instant] {
        guard let row = state.automata[name], let definition = state.definitions[row.definition],
            let zone = zones[definition.zone]
        else { return [] }
        var found: [Instant] = []
        var after = range.from.milliseconds &- 1
        while found.count <= FiringPolicy.countMax,
            let next = definition.schedule.next(afterMilliseconds: after, in: zone),
            next <= range.to.milliseconds
        {
            found.append(Instant(milliseconds: next))
            after = next
        }
        return found
    }
}
