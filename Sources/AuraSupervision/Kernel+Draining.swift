import AuraModel

/// Stops that leave runs under way some time: their own, or so much.
extension Kernel {
    /// The runs under way of a stopped automaton are not killed at once.
    mutating func letEnd(
        _ name: AutomatonName, _ live: Set<RunID>, _ how: StopOrder, by principal: Principal,
        at now: Instant
    ) throws -> OrderResult {
        let runs = HumanText.plural(live.count, "run")
        guard how.drain != true, let grace = how.grace else {
            return OrderResult(
                changed: true, message: "\(name) stopped; \(runs) under way go on to their end")
        }
        let reason = "stopped by \(principal)"
        for id in live.sorted() {
            try record(
                .stopRequested(reason: reason, until: now + grace), run: id, by: principal, at: now)
            for run in tree(of: id) where state.runs[run]?.wrapUpSent == false {
                try transact(.wrapUp(reason: reason), on: run, by: principal, at: now)
            }
        }
        return OrderResult(
            changed: true,
            message: "\(name) stopped; \(runs) under way have \(HumanText.span(grace)) to wrap up")
    }

    /// Ends the runs that were told to wrap up and have not done so in their time.
    mutating func endStoppedRuns(at now: Instant) throws {
        guard areDefinitionsRead else { return }
        placeRuns(at: now)
        let isOver = { (row: RunRow) in !row.isInLine && row.stopBy.map { $0 <= now } == true }
        for id in openRuns(where: isOver) {
            let reason = state.runs[id]?.stopReason ?? "stopped"
            try finish(id, RunOutcome(.cancelled, reason), at: now)
        }
    }
}
