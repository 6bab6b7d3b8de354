import AuraConfinement
import AuraModel
import AuraSystem

/// Cages built ahead: for each run whose agent has run a command, one for the next.
///
/// While the model thinks about what to run, the cage to run it in is built; the command then starts
/// in the time of an exec. A spare is an improvement and never needed: whatever is in its way, there
/// is none, and a command gets a cage of its own.
final class SpareCages {
    private struct Spare {
        let held: HeldCage
        let builtAt: Int
        var watch: UInt64 = 0
    }

    private let launcher: Launcher
    private let watches: Watches
    private let memory: MemoryPressure
    private var spares: [RunID: Spare] = [:]
    private let ending: EndingCages
    private var lookedAt = 0

    /// 16 in all: three processes and some 2 MiB each; more runs than that think at once only where
    /// a few milliseconds are no matter.
    private static let countMax = 16
    /// 2 minutes: what was built sees the host's mounts as they were then, and an agent that has run
    /// nothing for so long may run nothing more.
    private static let ageMax = 120_000
    /// 5 seconds between looks at their age and at the host's memory.
    private static let interval = 5000

    /// No spare yet.
    init(launcher: Launcher, watches: Watches, memory: MemoryPressure = MemoryPressure()) {
        self.launcher = launcher
        self.watches = watches
        self.memory = memory
        ending = EndingCages(watches: watches)
    }

    /// Whether none is left, nor any that was let go.
    var areGone: Bool { spares.isEmpty && ending.count == 0 }

    /// Whether anything of `run` still lives.
    func serves(_ run: RunID) -> Bool {
        spares[run] != nil || ending.serves(run)
    }

    /// Builds one for the next command of `run`, if `plan` is like that of the last one.
    func prepare(_ plan: CagePlan, for run: RunID) throws {
        guard spares[run] == nil, spares.count + ending.count < Self.countMax, !memory.isHigh
        else { return }
        // What keeps it from being built will be said when a command needs a cage.
        guard let held = try? HeldCage(plan, by: launcher) else { return }
        var spare = Spare(held: held, builtAt: SystemClock.monotonicMilliseconds())
        spare.watch = try watches.add(held.cage.processRaw) { [weak self] _ in
            // Killed from outside, or it could not be built: nobody has used it.
            try self?.discard(run)
            return []
        }
        if spares.isEmpty { lookedAt = spare.builtAt }
        spares[run] = spare
    }

    /// The spare of `run`, for the command of `plan` to begin in it; it has `tag` from now on.
    ///
    /// Nil when there is none, or none for such a plan: that one is let go.
    func take(_ plan: CagePlan, tag: String, for run: RunID) throws -> HeldCage? {
        guard let spare = spares[run] else { return nil }
        guard spare.held.fits(plan), (try? spare.held.cage.assign(tag: tag)) != nil else {
            try discard(run)
            return nil
        }
        spares[run] = nil
        watches.remove(spare.watch)
        return spare.held
    }

    /// Lets the spare of `run` go.
    func discard(_ run: RunID) throws {
        guard let spare = spares.removeValue(forKey: run) else { return }
        watches.remove(spare.watch)
        try letGo(spare.held.cage, of: run)
    }

    /// Ends a cage of `run` that is of no use.
    func letGo(_ cage: Cage, of run: RunID) throws { try ending.take(cage, of: run) }

    /// Lets all of them go.
    func discardAll() throws { for run in spares.keys { try discard(run) } }

    /// When to look next, in monotonic milliseconds; nil while there is none.
    var nextLook: Int? { spares.isEmpty ? nil : lookedAt + Self.interval }

    /// Lets go what is old, and everything while the host is short of memory.
    func look(at now: Int) throws {
        guard let nextLook, nextLook <= now else { return }
        lookedAt = now
        if memory.isHigh { return try discardAll() }
        for (run, spare) in spares where spare.builtAt + Self.ageMax <= now { try discard(run) }
    }
}
