import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// Keeps the record from growing for ever: carries prunings into turns, deletes what they let go of
/// a little at a time, and says when it is time for the next one.
final class RecordCare {
    private let store: RecordStore
    private let rule: PruneRule?
    /// What the turn that holds its fact will carry out.
    private var plan: PrunePlan?
    private var nextSweep = 0
    private var nextLook: Int?
    private var postponed = 0
    private var hasFailed = false

    /// An eighth of a second between two commits that delete, while runs are under way: they take
    /// two milliseconds, so work loses a fiftieth.
    private static let busyMilliseconds = 125
    /// 10 s: a disk that takes no commit is no better sooner.
    private static let failedMilliseconds = 10_000
    /// An hour: what is to go has been kept for days.
    private static let lookMilliseconds = 3_600_000
    /// 24 looks: on a host that is never quiet a day passes, then it is done all the same.
    private static let postponedMax = 24

    /// The care of `store`; `rule`: what is pruned without an order.
    init(store: RecordStore, rule: PruneRule?) {
        self.store = store
        self.rule = rule
        nextLook = rule.map { _ in SystemClock.monotonicMilliseconds() }
    }

    /// Whether entries that were pruned are still being deleted.
    var isPruning: Bool { plan != nil || store.isSweeping }

    /// Takes a plan whose fact is about to be decided; an error: not now.
    func take(_ plan: PrunePlan) -> APIError? {
        guard !isPruning, plan.from == store.pruned else {
            return APIError(
                .conflict, "the record is being pruned already", hint: "aura-ctl status")
        }
        self.plan = plan
        return nil
    }

    /// What is to be carried out with `turn`.
    func plan(for turn: Kernel.Turn) -> PrunePlan? {
        let isThere = turn.entries.contains { entry in
            if case .recordPruned = entry.fact { true } else { false }
        }
        guard isThere else { return nil }
        defer { plan = nil }
        return plan
    }

    /// Monotonic milliseconds of the next work; nil when there is none.
    var nextWake: Int? {
        guard store.isSweeping else { return nextLook }
        return min(nextSweep, nextLook ?? nextSweep)
    }

    /// What the record needs besides being written, while nothing is wrong with it: deletes a little
    /// of what was pruned, and has `service` prune when that is due.
    func work(isBusy: Bool, _ service: ControlService) {
        sweep(isBusy: isBusy)
        guard let rule = dueRule(isBusy: isBusy) else { return }
        Task.detached(executorPreference: PoolExecutor.shared) {
            do {
                let order = PruneOrder(rule: rule, isDryRun: false)
                _ = try await service.prune(order, by: .daemon)
            } catch {
                StandardError.write("aurad: the record was not pruned: \(error); ignoring")
            }
        }
    }

    private func sweep(isBusy: Bool) {
        let now = SystemClock.monotonicMilliseconds()
        guard store.isSweeping, nextSweep <= now else { return }
        do throws(RecordError) {
            try store.sweep()
            // As long again as it took belongs to whoever asks something meanwhile.
            let end = SystemClock.monotonicMilliseconds()
            nextSweep = isBusy ? now + Self.busyMilliseconds : end + max(1, end - now)
            hasFailed = false
        } catch {
            nextSweep = now + Self.failedMilliseconds
            if !hasFailed {
                StandardError.write("aurad: pruned entries stay for now: \(error); ignoring")
            }
            hasFailed = true
        }
    }

    /// The rule to prune by now; nil when it is not time, or not quiet enough.
    private func dueRule(isBusy: Bool) -> PruneRule? {
        let now = SystemClock.monotonicMilliseconds()
        guard let rule, let look = nextLook, look <= now else { return nil }
        nextLook = now + Self.lookMilliseconds
        guard !isBusy || postponed >= Self.postponedMax else {
            postponed += 1
            return nil
        }
        postponed = 0
        return isPruning ? nil : rule
    }
}
