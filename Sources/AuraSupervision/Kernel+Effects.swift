import AuraModel

/// Outcomes of what the daemon did for a run.
extension Kernel {
    /// Before the answer, so that the kernel knows when it decides what the answer is for.
    ///
    /// A day warns only the run that brings it to four fifths: later ones know by their budget.
    mutating func warnOfBudget(_ id: RunID, before: Set<String>, at now: Instant) throws {
        for owner in state.lineage(of: id) {
            guard let row = state.runs[owner], !row.wrapUpSent,
                let part = Ledger.nearlyUsed(row, at: now)
            else { continue }
            try wrapUp(owner, part, at: now)
        }
        for part in daysNearlyUsed(by: id).subtracting(before).sorted() {
            for owner in state.lineage(of: id) where state.runs[owner]?.wrapUpSent == false {
                try transact(
                    .wrapUp(reason: "four fifths of \(part) are used"), on: owner, at: now)
            }
        }
    }

    /// The days' budgets that the run is charged to and that are four fifths used.
    func daysNearlyUsed(by id: RunID) -> Set<String> {
        let days = ledger.levels(for: id).filter { $0.kind != .run }
        return Set(days.compactMap { level in level.nearlyUsed.map { "\(level.text) of \($0)" } })
    }

    /// Wall time runs out in silence too: a child may wait for one long command.
    mutating func warnOfWallTime(at now: Instant) throws {
        placeRuns(at: now)
        let isDue = { (row: RunRow) in
            row.isUnderWay && wrapUpDue(of: row).map { $0 <= now } == true
        }
        for id in openRuns(where: isDue) where state.runs[id].map(isDue) == true {
            try wrapUp(id, "wall time", at: now)
        }
    }

    /// When four fifths of a run's wall time are used; nil without such a budget, or when it was told.
    func wrapUpDue(of row: RunRow) -> Instant? {
        guard !row.wrapUpSent, let wall = row.budget.wall, let end = deadline(of: row) else {
            return nil
        }
        return end + Milliseconds(-wall.count / BudgetLevel.wrapUpDenominator)
    }

    /// Tells a run and everything below it.
    private mutating func wrapUp(_ id: RunID, _ part: String, at now: Instant) throws {
        for child in (state.index.children[id] ?? []).sorted()
        where state.runs[child]?.wrapUpSent == false {
            try wrapUp(child, part, at: now)
        }
        try transact(
            .wrapUp(reason: "four fifths of the budget of \(part) are used"), on: id, at: now)
    }

    /// Ends waits and questions whose time has come.
    mutating func endWaits(at now: Instant) throws {
        let isOver = { (pending: RunRow.Pending) in
            pending.intent.plan.until.map { $0 <= now } == true
        }
        placeRuns(at: now)
        for id in openRuns(where: { !$0.isInLine && $0.pending.contains(where: isOver) }) {
            for pending in state.runs[id]?.pending ?? [] where isOver(pending) {
                let command = pending.intent.command
                if case .ask = pending.intent.plan {
                    try transact(.operatorAnswered(command: command, text: nil), on: id, at: now)
                } else {
                    try transact(.waited(command: command), on: id, at: now)
                }
            }
        }
    }
}
