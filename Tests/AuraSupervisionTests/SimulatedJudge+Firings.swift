import AuraModel
import AuraSupervision

/// One decision, and what a turn owes.
extension SimulatedJudge {
    mutating func judge(
        _ nominal: Int, _ decision: OccurrenceDecision, of name: AutomatonName, by: Principal
    ) throws {
        guard let item = known[name] else { throw flaw(name, "is not known") }
        let isOrdered = item.waiting[nominal] ?? (by != .daemon)
        if item.waiting[nominal] != nil {
            item.waiting[nominal] = nil
            switch decision {
            case .started, .skipped, .cancelled: break
            case .queued, .missed: throw flaw(name, "\(nominal) waited, then \(decision)")
            }
        } else if isOrdered {
            guard case .queued = decision, item.marks[nominal].map(\.isBackfillable) ?? true,
                nominal <= now
            else { throw flaw(name, "\(nominal) was backfilled: \(decision)") }
        } else {
            try judgeFresh(nominal, decision, item)
        }
        if case .queued = decision { item.waiting[nominal] = isOrdered }
        if case .started = decision { try judgeStart(nominal, item, isOrdered: isOrdered) }
        item.marks[nominal] = Mark(decision: decision)
    }

    /// The first decision about a firing, or the first since it is planned again.
    private mutating func judgeFresh(
        _ nominal: Int, _ decision: OccurrenceDecision, _ item: Known
    ) throws {
        let name = item.definition.name
        let chain = item.definition.firingPolicy.after
        if let mark = item.marks[nominal], !(mark.isMissed && mark.isOpen) {
            throw flaw(name, "\(nominal), \(mark.decision), was decided again: \(decision)")
        }
        guard !item.isSummed(nominal) || item.marks[nominal] != nil else {
            throw flaw(name, "\(nominal) is in a sum and was decided again: \(decision)")
        }
        guard item.isActive, item.isLoaded else { throw flaw(name, "is not in force: \(decision)") }
        if chain != nil, item.definition.schedule == .manual {
            item.turn.owedChains -= 1
            return
        }
        guard isPlanned(nominal, item) else { throw flaw(name, "\(nominal) was never planned") }
        guard nominal > item.floor else {
            throw flaw(name, "\(nominal) is from before \(item.floor): \(decision)")
        }
        let late = now - nominal - item.delay
        try judgeTime(nominal, decision, item, late: late)
    }

    private mutating func judgeTime(
        _ nominal: Int, _ decision: OccurrenceDecision, _ item: Known, late: Int
    ) throws {
        let name = item.definition.name
        if late > Self.lateness, item.turn.room == nil {
            item.turn.room = FiringPolicy.countMax - item.waiting.count
        }
        var isRight = late >= 0
        switch decision {
        case .missed:
            isRight = isRight && late > Self.lateness
            item.turn.missed.append(nominal)
        case .queued(let reason) where reason.hasSuffix("caught up on"):
            isRight = isRight && late > Self.lateness
            item.turn.caught.append(nominal)
        case .skipped where item.isPaused:
            // In a pause a schedule that ends skips what waits for its delay.
            isRight = nominal <= now
            if late < 0 { item.turn.cancelled.append(nominal) }
        case .queued, .started, .skipped:
            isRight = isRight && late <= Self.lateness && !item.isPaused
            item.turn.onTime.append(nominal)
        case .cancelled:
            isRight = late <= Self.lateness && nominal <= now
            item.turn.cancelled.append(nominal)
        }
        guard isRight else {
            throw flaw(name, "\(nominal) was decided \(late) ms after its time: \(decision)")
        }
    }

    private mutating func judgeStart(_ nominal: Int, _ item: Known, isOrdered: Bool) throws {
        let (name, policy) = (item.definition.name, item.definition.firingPolicy)
        started += 1
        starts = starts.filter { now - $0 < 60_000 } + [now]
        guard starts.count <= SimulatedTime.startsMax else {
            throw flaw(name, "\(starts.count) starts in a minute")
        }
        let most = if case .allow(let most) = policy.overlap { most } else { 1 }
        guard item.live.count < most else {
            throw flaw(name, "\(nominal) started beside \(item.live.count) runs")
        }
        guard !item.isPaused else { throw flaw(name, "\(nominal) started in a pause") }
        guard !isOrdered else { return }
        if let deadline = policy.startingDeadline, now - nominal > deadline.count {
            throw flaw(name, "\(nominal) started after its deadline")
        }
        if let window = policy.window, let zone = zones[item.definition.zone] {
            let civil = CivilTime(at: Instant(milliseconds: now).second, in: zone)
            guard window.isOpen(atMinute: civil.hour * 60 + civil.minute) else {
                throw flaw(name, "\(nominal) started outside of its window")
            }
        }
    }

    // MARK: What a turn owes

    /// The newest missed firings are caught up on, as many as declared, and none else.
    func judgeCatchUp(_ name: AutomatonName) throws {
        guard let item = known[name] else { return }
        let (turn, policy) = (item.turn, item.definition.firingPolicy)
        guard turn.owedChains == 0 else {
            throw flaw(name, "\(turn.owedChains) finished runs have not fired it")
        }
        guard turn.cancelled.isEmpty || turn.ended else {
            throw flaw(name, "\(turn.cancelled) were cancelled, but it is in force")
        }
        let late = (turn.missed + turn.caught).sorted()
        if let end = turn.sumEnd, let first = late.first, first <= end {
            throw flaw(name, "\(first) has a row of its own, newer ones are summed up")
        }
        // Firings by the rules before and after were decided one after the other.
        guard !turn.ended, oldZones == nil else { return }
        let isOver = policy.catchUp == .latest && !turn.onTime.isEmpty
        let most = isOver ? 0 : min(policy.catchUp.most, turn.room ?? 0)
        let due = late.suffix(most).filter { nominal in
            policy.startingDeadline.map { now - nominal <= $0.count } ?? true
        }
        guard due == turn.caught.sorted() else {
            throw flaw(name, "of \(late) were caught up on \(turn.caught), not \(due)")
        }
    }

    /// What the wall clock has passed since the last turn has a row.
    mutating func judgePassed(_ name: AutomatonName, _ state: State) throws {
        guard let item = known[name], let row = state.automata[name] else { return }
        defer {
            item.passed = now
            item.row = row
            item.lived = min(item.lived.lowerBound, now)...max(item.lived.upperBound, now)
        }
        if row.misses?.count ?? 0 >= AutomatonRow.missesMax { item.isForgetful = true }
        if max(row.unplanned?.count ?? 0, row.settled?.count ?? 0) >= AutomatonRow.settledMax {
            item.isLost = true
        }
        guard item.isActive, item.isLoaded, let zone = zones[item.definition.zone] else { return }
        let due = now - item.delay
        let from = item.passed - item.delay
        guard let old = oldZones?[item.definition.zone], old != zone else {
            return try ask(name, item, zone, after: from, through: due)
        }
        try ask(name, item, old, after: from, through: due)
        // By the new rules nothing is planned anew before what was decided by the old ones.
        let newest = item.marks.filter { !$0.value.isOpen }.keys.max() ?? .min
        let summed = item.sums.values.max() ?? .min
        try ask(name, item, zone, after: max(newest, summed, item.floor), through: due)
    }

    /// Every firing that is planned after `after` and up to `through` has a row: the first of them
    /// are looked at, and the last.
    func ask(
        _ name: AutomatonName, _ item: Known, _ zone: ZoneRules, after: Int, through: Int
    ) throws {
        let begin = max(after, item.floor)
        for start in [begin, through - 30 * 3_600_000, through - 1_800_000] where start >= begin {
            var cursor = start
            for _ in 0..<40 {
                guard let next = item.definition.schedule.next(afterMilliseconds: cursor, in: zone),
                    next <= through
                else { break }
                cursor = next
                guard !hasRow(next, item), !isSettled(next, item), !item.isLost else { continue }
                throw flaw(name, "\(next) passed and has no row")
            }
        }
    }

    private func hasRow(_ nominal: Int, _ item: Known) -> Bool {
        if let mark = item.marks[nominal], !mark.isOpen || item.isForgetful { return true }
        return item.isSummed(nominal)
    }

    /// Whether the clock is where it was under another schedule, whose firings were decided there.
    private func isSettled(_ nominal: Int, _ item: Known) -> Bool {
        guard item.foreign.contains(where: { $0.contains(nominal) }), let row = item.row
        else { return false }
        return nominal <= row.cursor.milliseconds
            || (row.settled ?? []).contains {
                $0.after.milliseconds < nominal && nominal <= $0.through.milliseconds
            }
    }
}

extension SimulatedJudge.Mark {
    /// Nobody backfills what has started or waits.
    var isBackfillable: Bool {
        switch decision {
        case .started, .queued: false
        case .skipped, .missed, .cancelled: true
        }
    }
}
