import AuraModel

/// Which runs have to be looked at: a turn looks at those and at no others.
///
/// A run is looked at when something of it has come due, as automatons are. What bears on that is its
/// row and its attempt, and whatever changes one of them says so.
struct RunLooks: Sendable {
    /// Runs of which something changed since they were last placed.
    var changed: Set<RunID> = []
    /// When the earliest is due that any of the others waits for.
    var due = DueHeap<RunID>()
    /// Runs of which something has come due, or needs no time to: looked at in every turn until
    /// they change.
    ///
    /// What is due need not happen by time alone: nobody parks a question while another run of its
    /// tree works.
    var open: Set<RunID> = []
}

extension Kernel {
    /// Those of the open runs for which `holds` is true, in order.
    ///
    /// `placeRuns` has to go before: what was decided since may have opened others.
    func openRuns(where holds: (RunRow) -> Bool) -> [RunID] {
        looks.open.isEmpty ? [] : looks.open.filter { state.runs[$0].map(holds) == true }.sorted()
    }

    /// Takes note of the runs that `entry` changed.
    mutating func noteChange(by entry: Entry) {
        switch entry.fact {
        case .clockStepped: looks.changed.formUnion(state.runs.keys)
        // When the others of its tree are looked at depends on whether the first one is parked.
        case .runParked, .runUnparked: looks.changed.formUnion(entry.run.map(tree) ?? [])
        default: if let run = entry.run { looks.changed.insert(run) }
        }
    }

    /// Finds the place of each run that changed, and opens what has come due by `now`.
    mutating func placeRuns(at now: Instant) {
        if !attempts.areSettled { looks.changed.formUnion(attempts.takeChanged()) }
        if !looks.changed.isEmpty {
            let changed = looks.changed
            looks.changed = []
            for id in changed { place(id) }
        }
        while let first = looks.due.first, first.due <= now {
            looks.due.set(first.key, nil)
            looks.open.insert(first.key)
        }
    }

    private mutating func place(_ id: RunID) {
        let row = state.runs[id]
        let attempt = attempts[id]
        let isOpen =
            row.map { isChildInLine($0) || attempt?.isOwedNews(of: $0.transactions) == true }
            ?? false
        if isOpen { looks.open.insert(id) } else { looks.open.remove(id) }
        looks.due.set(id, isOpen ? nil : soonest(row, attempt))
    }

    /// A child needs no slot: it starts with the next turn.
    private func isChildInLine(_ row: RunRow) -> Bool { row.parent != nil && row.phase == .queued }

    /// When something of a run comes due by itself; nil when only an event can bring that.
    ///
    /// A question wakes nobody once its grace is over, which `graceAfter` is to tell.
    func soonest(
        _ row: RunRow?, _ attempt: Attempt?, graceAfter: Instant = Instant(milliseconds: .min)
    ) -> Instant? {
        var soonest = attempt?.deadline
        func take(_ instant: Instant?) {
            guard let instant else { return }
            soonest = min(soonest ?? instant, instant)
        }
        guard let row else { return soonest }
        // Nothing comes due of what waits for a slot.
        guard !row.isInLine else { return soonest }
        if row.isParked {
            take(unparkDue(of: row))
        } else {
            take(wrapUpDue(of: row))
            take(nextStart(of: row))
            if let end = graceEnd(of: row), end > graceAfter { take(end) }
        }
        take(deadline(of: row))
        take(row.stopBy)
        for pending in row.pending { take(pending.intent.plan.until) }
        return soonest
    }

    /// When some run has something due by itself next.
    func nextLook(after now: Instant) -> Instant? {
        var wakes = [looks.due.first?.due]
        for id in looks.open {
            wakes.append(soonest(state.runs[id], attempts[id], graceAfter: now))
        }
        return wakes.compactMap { $0 }.min()
    }
}
