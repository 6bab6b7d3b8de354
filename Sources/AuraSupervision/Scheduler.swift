package import AuraModel

/// Occurrences: each planned firing is decided, and ends in exactly one way.
///
/// An automaton has one place in `due`: the earliest instant at which something of it must be
/// looked at. A turn looks at those that are due and at no others.
extension Kernel {
    /// A minute: a firing decided within it is on time; a later one was missed, and `catch-up`
    /// decides.
    package static let lateness = Milliseconds.minutes(1)

    /// 20 missed firings, a screen of them, get a row each besides those that are caught up on; the
    /// older ones are summed up in one row: after a month ten thousand automatons must not write
    /// for minutes.
    package static let missedRowsMax = 20

    /// 10,000 runs in line for slots: each is held in memory; a firing beyond is skipped.
    package static let runsWaitingMax = 10_000

    /// The first nominal instant of `row` that is not decided yet; nil when its schedule is not in
    /// force.
    package func nextOccurrence(of row: AutomatonRow) -> Instant? {
        guard row.isActive, row.isLoaded, let definition = state.definitions[row.definition]
        else { return nil }
        return firing(of: row, definition, after: row.cursor)
    }

    /// The first nominal instant after `instant` that has not been decided in another time of the
    /// clock.
    func firing(of row: AutomatonRow, _ definition: Definition, after instant: Instant) -> Instant?
    {
        guard let zone = zones[definition.zone] else { return nil }
        var after = instant
        while let next = definition.schedule.next(afterMilliseconds: after.milliseconds, in: zone) {
            let nominal = Instant(milliseconds: next)
            guard
                let span = row.settled?.first(where: {
                    $0.after < nominal && nominal <= $0.through
                })
            else { return nominal }
            after = span.through
        }
        return nil
    }

    /// What `definition` delays each firing by on this host.
    func delay(_ definition: Definition) -> Milliseconds {
        definition.firing?.delay(of: definition.name, on: host) ?? .zero
    }

    /// Decides everything that is due by `now`, then starts what waited, as the bounds allow.
    ///
    /// Nothing before the definitions were read.
    mutating func decideOccurrences(at now: Instant) throws {
        guard areDefinitionsRead else { return }
        refresh()
        while let first = due.first, first.due <= now {
            // Out of the heap: if looking changes nothing about it, it must not come up for ever.
            due.set(first.key, nil)
            try look(at: first.key, now)
            refresh()
        }
        try startWaiting(at: now)
    }

    /// Puts what changed where it belongs in the heaps.
    mutating func refresh() {
        for name in takeChanged() {
            guard let row = state.automata[name], row.isLoaded,
                let definition = state.definitions[row.definition]
            else {
                due.set(name, nil)
                ready.set(name, nil)
                follow(name, nil)
                watch(name, nil)
                continue
            }
            follow(name, definition.firing?.after?.automaton)
            watch(name, definition)
            let wakes = [
                nextOccurrence(of: row).map { next in
                    lull(of: row).map { max($0, next + delay(definition)) }
                        ?? next + delay(definition)
                },
                row.waiting.flatMap { Self.soonestDeadline($0, definition) },
                overdueAt(row, definition),
            ]
            due.set(name, wakes.compactMap { $0 }.min())
            let waits = row.waiting?.first.map { max($0.since, row.lastFinished ?? $0.since) }
            let mayStart = state.holding[name] == nil && hasRoom(name, definition)
            ready.set(name, mayStart ? waits : nil)
        }
    }

    private mutating func follow(_ name: AutomatonName, _ leader: AutomatonName?) {
        guard following[name] != leader else { return }
        if let old = following[name] { followers[old]?.remove(name) }
        following[name] = leader
        if let leader { followers[leader, default: []].insert(name) }
    }

    private func overdueAt(_ row: AutomatonRow, _ definition: Definition) -> Instant? {
        guard row.isActive, row.isOverdue != true, let expect = definition.firing?.expect,
            let since = expectedSince(row)
        else { return nil }
        // The first instant at which it has taken longer.
        return since + Milliseconds(expect.count + 1)
    }

    private func expectedSince(_ row: AutomatonRow) -> Instant? {
        [row.lastSuccess, row.activeSince].compactMap { $0 }.max()
    }

    private static func soonestDeadline(
        _ waiting: [AutomatonRow.Waiting], _ definition: Definition
    ) -> Instant? {
        guard let deadline = definition.firing?.startingDeadline else { return nil }
        return waiting.filter { $0.by == nil }.map { $0.nominal + Milliseconds(deadline.count + 1) }
            .min()
    }

    private mutating func look(at name: AutomatonName, _ now: Instant) throws {
        guard let row = state.automata[name], let definition = state.definitions[row.definition]
        else { return }
        if let at = overdueAt(row, definition), at <= now, let since = expectedSince(row),
            let expect = definition.firing?.expect
        {
            try record(.successOverdue(since: since, expect: expect), automaton: name, at: now)
        }
        if let deadline = definition.firing?.startingDeadline {
            for item in row.waiting ?? [] where item.by == nil && now - item.nominal > deadline {
                try decide(
                    item.nominal, of: name, .skipped(reason: Self.pastDeadline(deadline)), at: now)
            }
        }
        if let next = nextOccurrence(of: row), next + delay(definition) <= now {
            try decideFirings(of: row, definition, at: now)
        }
    }

    static func pastDeadline(_ deadline: Milliseconds) -> String {
        "its starting deadline of \(DurationText.format(deadline.count)) has passed"
    }

    mutating func decide(
        _ nominal: Instant, of name: AutomatonName, _ decision: OccurrenceDecision,
        cause: FiringCause? = nil, by principal: Principal = .daemon, at now: Instant
    ) throws {
        try record(
            .occurrenceDecided(nominal: nominal, decision: decision, cause: cause),
            automaton: name, by: principal, at: now)
    }

    // MARK: Missed and on time

    private mutating func decideFirings(
        of row: AutomatonRow, _ definition: Definition, at now: Instant
    ) throws {
        if heldReason(row) != nil { return try settleHeld(row.name, at: now) }
        let delay = delay(definition)
        let latest = now + Milliseconds(-delay.count)
        let span = LateFirings(
            after: row.cursor, before: latest + Milliseconds(-Self.lateness.count), upTo: latest,
            rowsMax: Self.missedRowsMax + definition.firingPolicy.catchUp.most
        ) { firing(of: row, definition, after: $0) }
        if row.pause == nil {
            try miss(span, of: row, definition, at: now)
        } else {
            try skipPaused(span, of: row, definition, at: now)
        }
        for nominal in span.onTime { try fire(row.name, nominal, definition, at: now) }
    }

    private mutating func miss(
        _ span: LateFirings, of row: AutomatonRow, _ definition: Definition, at now: Instant
    ) throws {
        let policy = definition.firingPolicy
        let late = span.late
        let room = FiringPolicy.countMax - (row.waiting?.count ?? 0)
        var most = min(policy.catchUp.most, room)
        if policy.catchUp == .latest, !span.onTime.isEmpty { most = 0 }
        let caught = late.suffix(most).filter { nominal in
            policy.startingDeadline.map { now - nominal <= $0 } ?? true
        }
        for (from, through) in sums(of: span, row, definition) {
            let why = cause(ofMissing: through + delay(definition), by: now)
            try record(
                .firingsMissed(
                    from: from, through: through,
                    reason: "\(why); too many to write down one by one"),
                automaton: row.name, at: now)
        }
        for nominal in late {
            let why = cause(ofMissing: nominal + delay(definition), by: now)
            if caught.contains(nominal) {
                try decide(
                    nominal, of: row.name, .queued(reason: "\(why); it is caught up on"), at: now)
            } else {
                let reason = "\(why); \(Self.noCatchUp(nominal, policy, span, at: now))"
                try decide(nominal, of: row.name, .missed(reason: reason), at: now)
            }
        }
    }

    /// The schedule of `name` goes out of force: what it planned up to now gets its row.
    ///
    /// Late firings were missed; what is due, or waits for its delay, is cancelled.
    mutating func closeSchedule(
        of name: AutomatonName, _ reason: String, at now: Instant
    ) throws {
        try settleHeld(name, at: now)
        guard let row = state.automata[name], row.isActive, row.isLoaded,
            let definition = state.definitions[row.definition]
        else { return }
        let span = LateFirings(
            after: row.cursor, before: now + Milliseconds(1), upTo: now,
            rowsMax: Self.missedRowsMax
        ) { firing(of: row, definition, after: $0) }
        for (from, through) in sums(of: span, row, definition) {
            try record(
                .firingsMissed(from: from, through: through, reason: reason), automaton: name,
                at: now)
        }
        for nominal in span.late {
            let expected = nominal + delay(definition)
            if row.pause != nil {
                try decide(nominal, of: name, .skipped(reason: Self.paused(row)), at: now)
            } else if now - expected > Self.lateness {
                let why = cause(ofMissing: expected, by: now)
                try decide(nominal, of: name, .missed(reason: "\(why); \(reason)"), at: now)
            } else {
                try decide(nominal, of: name, .cancelled(reason: reason), at: now)
            }
        }
    }

    /// What is summed up, without the spans whose firings have rows of another time of the clock.
    func sums(
        of span: LateFirings, _ row: AutomatonRow, _ definition: Definition
    ) -> [(from: Instant, through: Instant)] {
        guard let from = span.summedFrom, let through = span.summedThrough else { return [] }
        var sums: [(from: Instant, through: Instant)] = []
        var start: Instant? = from
        for settled in (row.settled ?? []).sorted(by: { $0.after < $1.after })
        where settled.after < through {
            guard let begin = start, settled.through >= begin else { continue }
            if begin <= settled.after { sums.append((begin, settled.after)) }
            start = firing(of: row, definition, after: settled.through)
        }
        if let start, start <= through { sums.append((start, through)) }
        return sums
    }

    private static func noCatchUp(
        _ nominal: Instant, _ policy: FiringPolicy, _ span: LateFirings, at now: Instant
    ) -> String {
        if let deadline = policy.startingDeadline, now - nominal > deadline {
            return pastDeadline(deadline)
        }
        return switch policy.catchUp {
        case .none: "its `catch-up` is none"
        case .latest: "its `catch-up` is for the latest firing only"
        case .all(let most): "its `catch-up` is for the newest \(HumanText.plural(most, "firing"))"
        }
    }

    private mutating func skipPaused(
        _ span: LateFirings, of row: AutomatonRow, _ definition: Definition, at now: Instant
    ) throws {
        for (from, through) in sums(of: span, row, definition) {
            try record(
                .firingsMissed(from: from, through: through, reason: Self.paused(row)),
                automaton: row.name, at: now)
        }
        for nominal in span.late {
            try decide(nominal, of: row.name, .skipped(reason: Self.paused(row)), at: now)
        }
    }

    static func paused(_ row: AutomatonRow) -> String {
        guard let pause = row.pause else { return "paused" }
        let since = "since \(HumanText.dateTime(pause.since))Z"
        guard let reason = pause.reason else { return "paused by \(pause.by.name) \(since)" }
        let what = pause.quarantine == nil ? "breaker open" : "quarantined"
        return "\(what) \(since): \(SafeText.brief(reason)); "
            + (pause.until.map { "again from \(HumanText.dateTime($0))Z, or at once with " }
                ?? "until ") + "aura-ctl resume \(row.name)"
    }

    /// Why nothing was decided about a firing when it was due.
    private func cause(ofMissing expected: Instant, by now: Instant) -> String {
        if let absence = state.daemon.absences?.last(where: {
            $0.from <= expected && expected <= $0.to
        }) {
            return "aurad was not running until \(HumanText.dateTime(absence.to))Z"
        }
        for step in (state.daemon.steps ?? []).reversed() {
            let before = step.at + Milliseconds(-(step.by.count &+ step.asleep.count))
            guard before <= expected, expected <= step.at else { continue }
            return step.asleep.count > step.by.count
                ? "the machine was asleep" : "the clock was set forward over it"
        }
        return "aurad could not look at it in time"
    }

    // MARK: Telling

    /// The firings of all automatons after `from` and up to `to` that are planned, in order.
    package func plannedFirings(after from: Instant, to: Instant, limit: Int) -> [PlannedFiring] {
        var heap = DueHeap<AutomatonName>()
        var next: [AutomatonName: Instant] = [:]
        func plan(_ row: AutomatonRow, after: Instant) -> (nominal: Instant, expected: Instant)? {
            guard row.isActive, row.isLoaded, let definition = state.definitions[row.definition],
                let nominal = firing(of: row, definition, after: after)
            else { return nil }
            return (nominal, nominal + delay(definition))
        }
        for row in state.automata.values {
            guard let first = plan(row, after: max(row.cursor, from)) else { continue }
            next[row.name] = first.nominal
            heap.set(row.name, first.expected)
        }
        var firings: [PlannedFiring] = []
        while firings.count < limit, let first = heap.first, first.due <= to,
            let nominal = next[first.key], let row = state.automata[first.key]
        {
            firings.append(
                PlannedFiring(automaton: first.key, nominal: nominal, expected: first.due))
            let following = plan(row, after: nominal)
            next[first.key] = following?.nominal
            heap.set(first.key, following?.expected)
        }
        return firings
    }

    /// The civil day of the automaton's zone, as `2026-11-21`.
    package func day(of definition: Definition, at now: Instant) -> String {
        let zone = zones[definition.zone] ?? .utc
        return CivilTime(at: now.second, in: zone).date.description
    }
}
