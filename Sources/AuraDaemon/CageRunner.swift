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
        let startedAt: Int
        var watch: LimitWatch
        let disk: DiskMeter?
        let conclude: (StepResult) -> [Event]
        var output: OutputTail
        var watches: [UInt64] = []
        /// Why it was killed, once it was for a limit.
        var verdict: StepResult.Exit?
        var isCancelled = false

        init(
            cage: Cage, plan: StepPlans.Plan, conclude: @escaping (StepResult) -> [Event]
        ) {
            self.cage = cage
            self.conclude = conclude
            output = plan.output
            disk = plan.disk
            startedAt = SystemClock.monotonicMilliseconds()
            watch = LimitWatch(timeout: plan.timeout, limits: plan.limits, at: startedAt)
        }

        var isEnding: Bool { verdict != nil || isCancelled }
    }

    private let launcher: Launcher
    private let watches: Watches
    private var jobs: [Key: Job] = [:]
    private let proxies: Proxies
    private var background = BackgroundJobs()

    /// 256 KiB: what one turn reads of one program's output.
    private static let readBytesMax = 256 << 10

    /// A runner without jobs.
    init(launcher: Launcher, watches: Watches, proxies: Proxies) {
        self.launcher = launcher
        self.watches = watches
        self.proxies = proxies
    }

    /// Starts `plan`.
    ///
    /// `conclude` makes the events of its end, unless it is cancelled first. The output of one in the
    /// background can be read meanwhile.
    func run(
        _ key: Key, _ plan: StepPlans.Plan, inBackground: Bool = false,
        conclude: @escaping (StepResult) -> [Event]
    ) -> [Event] {
        do {
            let job = Job(
                cage: try launcher.launch(plan.cage), plan: plan, conclude: conclude)
            jobs[key] = job
            if inBackground { background.began(key) }
            if plan.cage.hasProxy {
                try proxies.begin(key, job.cage.takeBroker(), plan.proxied)
            }
            let reading = try watches.add(job.cage.outputRaw) { [weak self] _ in
                try self?.read(key, job)
                return []
            }
            let ending = try watches.add(job.cage.processRaw) { [weak self] _ in
                try self?.finish(key, job) ?? []
            }
            job.watches = [reading, ending]
            return []
        } catch {
            return conclude(
                StepResult(exit: .refused(feature: "\(error)"), output: "", duration: .zero))
        }
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
        for (key, job) in jobs where key.run == run {
            job.isCancelled = true
            try job.cage.kill()
        }
    }

    /// Kills every job; harmless when called again.
    func endAll() throws {
        for job in jobs.values where !job.isCancelled {
            job.isCancelled = true
            try job.cage.kill()
        }
    }

    /// Whether nothing runs.
    var isIdle: Bool { jobs.isEmpty }

    /// Whether anything of `run` still lives.
    func serves(_ run: RunID) -> Bool { jobs.keys.contains { $0.run == run } }

    /// Monotonic milliseconds at which the limits of a job are to be looked at next.
    var nextDeadline: Int? {
        let looks = jobs.values.filter { !$0.isEnding }.map(\.watch.nextLook)
        return (looks + [background.nextDeadline].compactMap { $0 }).min()
    }

    /// Kills every job that is beyond one of its limits.
    func killOverdue() throws {
        let now = SystemClock.monotonicMilliseconds()
        for job in jobs.values where !job.isEnding && job.watch.nextLook <= now {
            job.verdict = job.watch.look(at: now, job.cage.use(), disk: job.disk?.look(at: now))
            if job.verdict != nil { try job.cage.kill() }
        }
    }

    private func read(_ key: Key, _ job: Job) throws {
        guard let bytes = try job.cage.readOutput(bytesMax: Self.readBytesMax) else { return }
        if bytes.isEmpty, let reading = job.watches.first {
            watches.remove(reading)
        }
        keep(bytes, of: key, job)
        job.watch.heard(at: SystemClock.monotonicMilliseconds())
    }

    private func keep(_ bytes: [UInt8], of key: Key, _ job: Job) {
        job.output.append(bytes)
        background.put(bytes, of: key)
    }

    private func finish(_ key: Key, _ job: Job) throws -> [Event] {
        guard let end = try job.cage.finish() else { return [] }
        for watch in job.watches { watches.remove(watch) }
        jobs[key] = nil
        let requests = proxies.end(key)
        guard !job.isCancelled else { return requests }
        while let bytes = try job.cage.readOutput(bytesMax: Self.readBytesMax), !bytes.isEmpty {
            keep(bytes, of: key, job)
        }
        let exit = job.verdict ?? StepResult.Exit(end, job.cage.limit)
        let duration = Milliseconds(SystemClock.monotonicMilliseconds() - job.startedAt)
        var output = job.output.text()
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
        case .refused(let feature, let detail, _):
            self = .refused(feature: detail.isEmpty ? feature : "\(feature) (\(detail))")
        }
    }
}
