import AuraConfinement
import AuraModel
import AuraSystem

/// Workers' cages built ahead, for whichever run starts one next: while any worker lives and a little
/// longer.
///
/// A run's next attempt, the agents that it starts and the runs that follow one another then wait for
/// an exec and not for a cage. A spare is an improvement and never needed: whatever is in its way,
/// there is none, and a worker gets a cage of its own.
final class SpareWorkers {
    private struct Spare {
        let held: HeldCage
        let watch: UInt64
    }

    private let launcher: Launcher
    private let watches: Watches
    private let memory: MemoryPressure
    private let mounts = HostMounts()
    private var spares: [Spare] = []
    private let ending: EndingCages
    /// What the last launch was like: the next will be too.
    private var plan: CagePlan?
    private var lastUse = 0
    private var lookAt: Int?

    /// 2: the next attempt of a run whose worker dies, and the agent that another starts meanwhile.
    ///
    /// Three small processes with 1 MiB resident each; of many at once the rest is built when it is
    /// due, which takes the same work.
    static let countMax = 2
    /// 25 ms between a launch and a cage that is built ahead, and between two: ten times what a worker
    /// takes to start, which is not to be held up; while many are launched, a tenth of two processors.
    private static let pause = 25
    /// 2 minutes after the last worker: whoever starts none for so long can wait for the next.
    private static let idleMax = 120_000
    /// 5 seconds between looks at the host's memory.
    private static let interval = 5000

    /// No spare, until a first worker is launched.
    init(launcher: Launcher, watches: Watches, memory: MemoryPressure = MemoryPressure()) {
        self.launcher = launcher
        self.watches = watches
        self.memory = memory
        ending = EndingCages(watches: watches)
    }

    /// Whether none is left, nor any that was let go.
    var areGone: Bool { spares.isEmpty && ending.count == 0 }

    /// A cage for the worker of `plan` to begin in, with `tag` from now on; the one that was built
    /// first.
    ///
    /// Nil when there is none for such a plan. From the call on the next ones will be like it.
    func take(_ plan: CagePlan, tag: String) throws -> HeldCage? {
        self.plan = plan
        lastUse = SystemClock.monotonicMilliseconds()
        lookAt = lastUse + Self.pause
        if mounts.haveChanged() { try discardAll() }
        while !spares.isEmpty {
            let spare = spares.removeFirst()
            watches.remove(spare.watch)
            if spare.held.fits(plan), (try? spare.held.cage.assign(tag: tag)) != nil {
                return spare.held
            }
            try letGo(spare.held.cage)
        }
        return nil
    }

    /// When to look next, in monotonic milliseconds; nil while there is nothing to build or let go.
    var nextLook: Int? { lookAt }

    /// Builds what is missing, one at a time; lets all of them go when nobody needs one any more, and
    /// while the host is short of memory.
    func look(at now: Int, isInUse: Bool) throws {
        guard let lookAt, lookAt <= now else { return }
        if isInUse { lastUse = now }
        guard let plan, lastUse + Self.idleMax > now else {
            self.lookAt = nil
            return try discardAll()
        }
        self.lookAt = now + Self.interval
        if memory.isHigh { return try discardAll() }
        guard spares.count + ending.count < Self.countMax else { return }
        // What keeps it from being built will be said when a worker needs a cage.
        guard let held = try? HeldCage(plan, by: launcher) else { return }
        let watch = try watches.add(held.cage.processRaw) { [weak self] _ in
            // Killed from outside, or it could not be built: nobody has used it.
            try self?.discard(held.cage)
            return []
        }
        spares.append(Spare(held: held, watch: watch))
        if spares.count + ending.count < Self.countMax { self.lookAt = now + Self.pause }
    }

    /// Lets all of them go; none is built until the next launch.
    func end() throws {
        lookAt = nil
        try discardAll()
    }

    /// Ends a cage that is of no use.
    func letGo(_ cage: Cage) throws { try ending.take(cage) }

    private func discard(_ cage: Cage) throws {
        guard let place = spares.firstIndex(where: { $0.held.cage === cage }) else { return }
        watches.remove(spares.remove(at: place).watch)
        try letGo(cage)
    }

    private func discardAll() throws { for spare in spares { try discard(spare.held.cage) } }
}
