import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem

/// Runs commands and steps, each in a cage of its own, and keeps their deadlines.
final class CageRunner {
    /// Names a command of a run.
    struct Key: Hashable {
        var run: RunID
        var command: CommandID
    }

    private final class Job {
        let cage: Cage
        let spool: OutputSpool
        let tag: CageTag.Job
        var watch: LimitWatch
        let disk: DiskMeter?
        let conclude: (StepResult) -> [Event]
        /// What one built ahead for the next command is to be like; nil: none is built.
        let next: CagePlan?
        /// Of one that was taken over: how it begins anew in a cage of this daemon's.
        let again: (() throws -> StepPlans.Plan)?
        var watches: [UInt64] = []
        /// Why it was killed, once it was for a limit.
        var verdict: StepResult.Exit?
        var isCancelled = false

        init(
            cage: Cage, spool: OutputSpool, tag: CageTag.Job, disk: DiskMeter?,
            next: CagePlan? = nil, again: (() throws -> StepPlans.Plan)? = nil,
            conclude: @escaping (StepResult) -> [Event]
        ) {
            self.cage = cage
            self.spool = spool
            self.tag = tag
            self.disk = disk
            self.conclude = conclude
            self.next = next
            self.again = again
            watch = LimitWatch(timeout: tag.timeout, limits: tag.limits, at: tag.startedAt)
        }

        var isEnding: Bool { verdict != nil || isCancelled }
    }

    private let launcher: Launcher
    private let watches: Watches
    private let store: CageStore
    private var jobs: [Key: Job] = [:]
    private let proxies: Proxies
    /// Handed over by an earlier daemon, until they are claimed.
    private var kept: [Key: KeptCage] = [:]
    /// Have ended: kept, by name, until their outcome is in the record.
    private var ended: [Key: String] = [:]
    private var background = BackgroundJobs()
    private let spares: SpareCages

    /// 256 KiB: what one turn reads of one program's output.
    private static let readBytesMax = 256 << 10

    /// A runner without jobs.
    init(launcher: Launcher, watches: Watches, store: CageStore, proxies: Proxies) {
        self.launcher = launcher
        self.watches = watches
        self.store = store
        self.proxies = proxies
        spares = SpareCages(launcher: launcher, watches: watches)
    }

    /// Starts `plan`, in the cage that waits for it if there is one.
    ///
    /// `conclude` makes the events of its end, unless it is cancelled first. The output of one in the
    /// background can be read meanwhile.
    func run(
        _ key: Key, _ plan: StepPlans.Plan, inBackground: Bool = false,
        conclude: @escaping (StepResult) -> [Event]
    ) -> [Event] {
        var opened: Cage?
        do {
            let tag = CageTag(
                key, plan, at: SystemClock.monotonicMilliseconds(), inBackground: inBackground)
            guard let bounds = tag.job else { preconditionFailure("the tag of a command") }
            let spool = try OutputSpool(headMax: bounds.head)
            let cage = try open(plan.cage, tag: tag.text, spool, for: key)
            opened = cage
            let job = Job(
                cage: cage, spool: spool, tag: bounds, disk: plan.disk,
                next: plan.isOneOfMany ? plan.cage : nil, conclude: conclude)
            try follow(key, job, proxied: plan.proxied)
            if inBackground { background.began(key) }
            return []
        } catch {
            if let opened { giveUp(key, opened) }
            return refuse(key, "\(error)", conclude)
        }
    }

    /// A cage in which `plan` begins once it is kept, and that is written down; the one built ahead if
    /// there is one.
    private func open(
        _ plan: CagePlan, tag: String, _ spool: OutputSpool, for key: Key
    ) throws -> Cage {
        if let held = try spares.take(plan, tag: tag, for: key.run) {
            if try held.begin(plan, keep: { try keep($0, spool, as: key) }) { return held.cage }
            store.beginnings.forget(key)
            store.drop(held.cage.name)
            try spares.letGo(held.cage, of: key.run)
        }
        let cage = try launcher.prepare(plan, tag: tag)
        try keep(cage, spool, as: key)
        cage.begin()
        return cage
    }

    /// In this order: what is written down as begun and is not kept would be lost.
    private func keep(_ cage: Cage, _ spool: OutputSpool, as key: Key) throws {
        store.keep(cage, spool: spool)
        do { try store.beginnings.note(key) } catch {
            store.drop(cage.name)
            try spares.letGo(cage, of: key.run)
            throw error
        }
    }

    /// Notes a command that an earlier daemon has handed over: whose it is, or nil when it is none.
    ///
    /// One that was not let begin is not taken: it begins anew, in a cage of its own.
    func receive(_ cage: KeptCage) throws -> (key: Key, process: Int)? {
        guard let command = cage.tag.command, cage.tag.job != nil else { return nil }
        let key = Key(run: cage.tag.run, command: command)
        if let begun = store.beginnings.earlier, begun[key.run]?.contains(command) != true {
            try cage.cage.kill()
            store.drop(cage.cage.name)
            return nil
        }
        kept[key] = cage
        return (key, Int(cage.cage.processID.raw))
    }

    /// Goes on with a command of an earlier daemon as if this one had started it.
    ///
    /// The time without output counts from now; all other time from its start.
    ///
    /// `grants`: of its proxy, which has told of so many `requests` of the run. `again`: its plan, in
    /// case that nothing has run in its cage.
    func takeOver(
        _ key: Key, proxied grants: [FetchGrant], after requests: Int,
        again: @escaping () throws -> StepPlans.Plan,
        conclude: @escaping (StepResult) -> [Event]
    ) -> [Event] {
        guard let found = kept.removeValue(forKey: key), let tag = found.tag.job else { return [] }
        do {
            let spool = try OutputSpool(
                adopting: try found.descriptors.take(.spool), headMax: tag.head)
            let now = SystemClock.monotonicMilliseconds()
            let disk = tag.diskPath.flatMap { path in
                tag.diskMax.map { DiskMeter(path: path, bytesMax: $0, measuredAt: now) }
            }
            let job = Job(
                cage: found.cage, spool: spool, tag: tag, disk: disk, again: again,
                conclude: conclude)
            job.watch.resume(at: now)
            store.keep(job.cage, spool: spool)
            try store.beginnings.note(key)
            let log = tag.isInBackground ? try OutputLog(spool) : nil
            try follow(key, job, proxied: grants, after: requests)
            if let log { background.goesOn(key, after: log) }
            // Written down, and perhaps killed before it could say it.
            job.cage.begin()
            return []
        } catch {
            giveUp(key, found.cage)
            return refuse(key, "taking it over: \(error)", conclude)
        }
    }

    /// Ends what an earlier daemon has handed over and no run wants.
    func endUnclaimed() throws {
        for found in kept.values {
            try found.cage.kill()
            store.drop(found.cage.name)
        }
        kept = [:]
        store.beginnings.forgetAll { jobs[$0] != nil || ended[$0] != nil }
    }

    /// The outcome of a command is in the record: nobody will want it again.
    func settle(_ key: Key) {
        if let name = ended.removeValue(forKey: key) { store.drop(name) }
        store.beginnings.forget(key)
    }

    private func follow(
        _ key: Key, _ job: Job, proxied grants: [FetchGrant], after requests: Int = 0
    ) throws {
        do {
            if job.cage.hasProxy {
                try proxies.begin(key, job.cage.proxySocket(), grants, after: requests)
            }
            let reading = try watches.add(job.cage.outputRaw) { [weak self] _ in
                try self?.read(key, job)
                return []
            }
            job.watches.append(reading)
            let ending = try watches.add(job.cage.processRaw) { [weak self] _ in
                try self?.finish(key, job) ?? []
            }
            job.watches.append(ending)
            jobs[key] = job
        } catch {
            for watch in job.watches { watches.remove(watch) }
            _ = proxies.end(key)
            throw error
        }
    }

    /// Tells why nothing came of a command.
    private func refuse(
        _ key: Key, _ why: String, _ conclude: (StepResult) -> [Event]
    ) -> [Event] {
        let exit = StepResult.Exit.refused(feature: why)
        return conclude(StepResult(exit: exit, output: "", duration: .zero))
            + background.ended(key, exit)
    }

    /// Ends a command that cannot be followed; like one that has ended it is kept until that is in
    /// the record.
    private func giveUp(_ key: Key, _ cage: Cage) {
        ended[key] = cage.name
        // What cannot be watched either has been killed all the same.
        try? spares.letGo(cage, of: key.run)
    }

    /// Reads the output of a command in the background for the call `caller`.
    func follow(
        _ key: Key, for caller: CommandID, from offset: Int, wait: Milliseconds
    ) -> [Event] {
        background.read(
            key, for: caller, from: offset, wait: wait, at: SystemClock.monotonicMilliseconds())
    }

    /// Kills a command in the background; the call `caller` is answered when it is gone.
    func kill(_ key: Key, for caller: CommandID) throws -> [Event] {
        if background.isRunning(key) { try jobs[key]?.cage.kill() }
        return background.read(
            key, for: caller, from: nil, wait: Self.deathMax,
            at: SystemClock.monotonicMilliseconds())
    }

    /// A minute: what is killed is gone in milliseconds; a disk may hold it for longer.
    private static let deathMax = Milliseconds.minutes(1)

    /// Answers the calls that have waited long enough for a command.
    func takeAnswers() -> [Event] {
        background.takeDue(at: SystemClock.monotonicMilliseconds())
    }

    /// Kills what serves `run`; nothing more is heard of it.
    func cancel(_ run: RunID) throws {
        background.forget(run)
        for key in ended.keys where key.run == run { settle(key) }
        try spares.discard(run)
        for (key, job) in jobs where key.run == run {
            job.isCancelled = true
            try job.cage.kill()
        }
    }

    /// Kills every job; harmless when called again.
    func endAll() throws {
        try spares.discardAll()
        for job in jobs.values where !job.isCancelled {
            job.isCancelled = true
            try job.cage.kill()
        }
    }

    /// Whether nothing runs.
    var isIdle: Bool { jobs.isEmpty && spares.areGone }

    /// Whether anything of `run` still lives.
    func serves(_ run: RunID) -> Bool {
        jobs.keys.contains { $0.run == run } || spares.serves(run)
    }

    /// Monotonic milliseconds at which the limits of a job are to be looked at next.
    var nextDeadline: Int? {
        let looks = jobs.values.filter { !$0.isEnding }.map(\.watch.nextLook)
        return (looks + [background.nextDeadline, spares.nextLook].compactMap { $0 }).min()
    }

    /// Kills every job that is beyond one of its limits.
    func killOverdue() throws {
        let now = SystemClock.monotonicMilliseconds()
        for job in jobs.values where !job.isEnding && job.watch.nextLook <= now {
            job.verdict = job.watch.look(at: now, job.cage.use(), disk: job.disk?.look(at: now))
            if job.verdict != nil { try job.cage.kill() }
        }
        try spares.look(at: now)
    }

    private func read(_ key: Key, _ job: Job) throws {
        guard let count = try keep(job, of: key) else { return }
        if count == 0, let reading = job.watches.first {
            watches.remove(reading)
        }
        job.watch.heard(at: SystemClock.monotonicMilliseconds())
    }

    /// Nothing has run in the cage: it was not built yet when the daemon that had launched it went
    /// away, and a service manager then removes control groups in which there is nothing.
    private func beginAnew(
        _ key: Key, _ job: Job, _ plan: () throws -> StepPlans.Plan
    ) -> [Event] {
        // In this order: what is written down as begun and is not kept would be lost.
        store.beginnings.forget(key)
        store.drop(job.cage.name)
        do {
            return run(
                key, try plan(), inBackground: job.tag.isInBackground, conclude: job.conclude)
        } catch {
            return refuse(key, "\(error)", job.conclude)
        }
    }

    /// How many bytes there were; 0 at the end of the output, nil when nothing is there now.
    private func keep(_ job: Job, of key: Key) throws -> Int? {
        let before = job.spool.count
        let count = try job.spool.fill(from: job.cage.outputRaw, bytesMax: Self.readBytesMax)
        if job.tag.isInBackground {
            background.put(try job.spool.read(before..<job.spool.count), of: key)
        }
        return count
    }

    private func finish(_ key: Key, _ job: Job) throws -> [Event] {
        guard let end = try job.cage.finish() else { return [] }
        for watch in job.watches { watches.remove(watch) }
        jobs[key] = nil
        let requests = proxies.end(key)
        guard !job.isCancelled else {
            store.drop(job.cage.name)
            store.beginnings.forget(key)
            return requests
        }
        if let again = job.again, job.verdict == nil, !job.cage.isStarted {
            return requests + beginAnew(key, job, again)
        }
        if let next = job.next { try spares.prepare(next, for: key.run) }
        ended[key] = job.cage.name
        while let count = try keep(job, of: key), count > 0 {}
        let exit = job.verdict ?? StepResult.Exit(end, job.cage.limit)
        let duration = Milliseconds(SystemClock.monotonicMilliseconds() - job.tag.startedAt)
        var kept = OutputTail(head: job.tag.head, tail: job.tag.tail)
        try kept.take(job.spool)
        var output = kept.text()
        if case .exited = exit, let limit = job.cage.limit {
            // It failed by itself, perhaps for this: whoever reads the output should know.
            output += "\n[\(limit.text)]\n"
        }
        return requests
            + job.conclude(StepResult(exit: exit, output: output, duration: duration))
            + background.ended(key, exit)
    }
}

extension StepResult.Exit {
    /// `limit`: what the cage ran into.
    init(_ end: CageExit, _ limit: LimitHit?) {
        switch end {
        case .exited(let code): self = .exited(code: Int(code))
        case .signalled(let number): self = .signalled(number: Int(number), limit: limit)
        case .refused(let feature, let detail, let code):
            self = .refused(feature: CageExit.text(refused: feature, detail, code))
        }
    }
}
