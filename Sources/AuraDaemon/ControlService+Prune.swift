import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// Pruning, found out here and done by the turn loop.
extension ControlService {
    /// Prunes by the order's rule until it asks for no more, or tells what that would take.
    func prune(_ order: PruneOrder, by principal: Principal) async throws -> PruneReport {
        if let age = order.rule.olderThan, age < PruneRule.ageMin {
            throw APIError(
                .badRequest, "nothing younger than a day is pruned",
                hint: "aura-ctl record prune --older-than 90d")
        }
        guard order.rule != PruneRule() else {
            throw APIError(
                .badRequest, "the order says neither how old nor how much",
                hint: "aura-ctl record prune --older-than 90d")
        }
        var report = PruneReport(
            through: (try daemonRow())?.pruned ?? 0, bytes: try reader.bytesInUse())
        while let plan = try plan(order) {
            report.through = plan.fact.through
            report.entries += plan.fact.entries
            report.runs += plan.fact.runs
            report.occurrences += plan.fact.occurrences
            guard !order.isDryRun else { break }
            _ = try await inbox.prune(plan, by: principal).get()
            // The next plan may depend on how much room this one made.
            while try await status().isPruning == true {
                try await PoolExecutor.sleep(for: Self.sweepInterval)
            }
        }
        return report
    }

    /// How often it looks whether the last part is done.
    private static let sweepInterval = Duration.milliseconds(20)

    /// What is to go next; nil: nothing.
    ///
    /// Only what the journal has and a checkpoint covers: it can still be proven.
    private func plan(_ order: PruneOrder) throws -> PrunePlan? {
        let bytes = try reader.bytesInUse()
        guard let cutoff = order.rule.cutoff(bytes: bytes, at: SystemClock.now()),
            let signed = try daemonRow()?.checkpoint
        else { return nil }
        let fold = RecordFold()
        return try reader.prunePlan(
            before: cutoff, last: min(try reader.journalCursor(), signed - 1),
            entriesMax: order.isDryRun ? .max : RecordReader.pruneEntriesMax,
            begin: fold.begin, fold: fold.take)
    }

    func daemonRow() throws -> DaemonRow? {
        try reader.row(.daemon, "aurad").map { try JSON.decode(DaemonRow.self, from: $0.utf8) }
    }
}
