import ArgumentParser
import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import Glibc

/// Automatons that are due at the same second: the real kernel and the real record, decided,
/// committed.
///
/// What leaves the process is left out: the rows end with the commit after which aurad would
/// launch.
struct ScheduleBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule",
        abstract: "Firings of the same second: the last commit of 10,000, the lateness of 1,000.")

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(help: "Rounds; medians are printed.")
    var rounds = 5

    @Option(help: "Directory on the file system to measure; scratch files in it are removed.")
    var directory = "/var/tmp"

    @Option(help: "Instead: so much trouble in simulated time, until something is lost or doubled.")
    var simulate: Int?

    @Option(help: "Seed of the simulation.")
    var seed: UInt64 = 1

    @Option(help: "Python with APScheduler, to measure beside.")
    var python: String?

    /// Milliseconds: 10,000 firings due at once are decided, and 99 of 100 among 1,000 start, by then.
    private static let decideTarget = 250.0
    private static let latenessTarget = 5.0
    /// Each world of the simulation is given up for a fresh one after so much, so that what it
    /// remembers stays small.
    private static let listLength = 400

    func run() throws {
        if let simulate { return try simulateTime(simulate) }
        var report = BenchReport(bench: "schedule")
        var decided: [Double] = []
        var admitted: [Double] = []
        var lateness: [Double] = []
        for _ in 0..<rounds {
            decided.append(try fire(10_000, startsPerMinuteMax: 120).total)
            admitted.append(try fire(10_000, startsPerMinuteMax: 10_000).total)
            lateness.append(try fireOnTime(1_000))
        }
        report.results.append(
            BenchResult(
                name: "decide-10000-vs-target", value: decided.median ?? 0, unit: "ms",
                baseline: "target, as aurad ships: 120 starts a minute",
                baselineValue: Self.decideTarget))
        report.results.append(
            BenchResult(
                name: "admit-10000-vs-target", value: admitted.median ?? 0, unit: "ms",
                baseline: "target, without a bound on starts", baselineValue: Self.decideTarget))
        report.results.append(
            BenchResult(
                name: "lateness-1000-p99-vs-target", value: lateness.median ?? 0, unit: "ms",
                baseline: "target", baselineValue: Self.latenessTarget))
        if let python {
            let theirs = try SchedulerBaseline.lateness(python: python, count: 1_000)
            report.results.append(
                BenchResult(
                    name: "lateness-vs-apscheduler", value: lateness.median ?? 0, unit: "ms",
                    baseline: "APScheduler 3, 1,000 jobs in memory, nothing durable",
                    baselineValue: theirs))
        }
        try report.print(output)
        if python == nil {
            StandardError.write("note: lateness-vs-apscheduler is left out without --python")
        }
    }

    // MARK: Firings of one second

    private struct Bench {
        var kernel: Kernel
        let store: RecordStore
        let scratch: ScratchDirectory
        /// All automatons are due then.
        let due: Instant
    }

    private func prepare(
        _ count: Int, startsPerMinuteMax: Int, due: Instant
    ) throws -> Bench {
        let scratch = try ScratchDirectory(in: directory)
        let bounds = RecordBounds(mapBytes: 4 << 30, mapBytesMax: 4 << 30)
        let store = try RecordStore(directory: scratch.path + "/record", bounds: bounds)
        let settings = Settings(
            stateDirectory: "/", socket: "/", operatorGroup: nil, user: nil,
            definitionsDirectory: "/", libexecDirectory: "/", runsMax: 4,
            startsPerMinuteMax: startsPerMinuteMax,
            reasoners: [
                "main": ReasonerSettings(provider: .scripted(file: ""), model: "m")
            ])
        var kernel = Kernel(state: State(), settings: settings, host: "bench")
        let schedule = Schedule.every(try Interval("24h"))
        let loaded = try (0..<count).map { index in
            guard let name = AutomatonName("automaton-\(index)") else {
                throw BenchFailure("no name")
            }
            let definition = Definition(
                name: name, kind: .taskRun, schedule: schedule, reasoner: "main", prompt: "work")
            return DefinitionsRead.Loaded(
                digest: "digest-\(index)", definition: definition, zone: .utc)
        }
        let before = due + Milliseconds(-60_000)
        try kernel.decide(.started(version: "bench", boot: ""), at: before)
        try kernel.decide(.definitionsRead(.init(loaded: loaded, refused: [])), at: before)
        let turn = try kernel.takeTurn()
        try store.append(turn.entries, rows: turn.rows)
        return Bench(kernel: kernel, store: store, scratch: scratch, due: due)
    }

    /// Milliseconds from the turn's beginning to the end of its commit.
    private func fire(
        _ count: Int, startsPerMinuteMax: Int
    ) throws -> (total: Double, decided: Int) {
        let due = Instant(milliseconds: 1_800_000_000_000 / 86_400_000 * 86_400_000)
        var bench = try prepare(count, startsPerMinuteMax: startsPerMinuteMax, due: due)
        defer { bench.scratch.remove() }
        let begin = ContinuousClock.now
        try bench.kernel.decide(.tick, at: due)
        let turn = try bench.kernel.takeTurn()
        try bench.store.append(turn.entries, rows: turn.rows)
        let span = ContinuousClock.now - begin
        let decided = turn.entries.count { $0.fact.kind == .occurrenceDecided }
        guard decided == count else { throw BenchFailure("\(decided) of \(count) were decided") }
        return (Self.milliseconds(span), decided)
    }

    /// The 99th percentile of the time from the due second to the commit, woken by the timer of
    /// aurad.
    ///
    /// Firings are decided one turn after another as aurad does it; each one's lateness ends with
    /// the commit of the turn that decided it.
    private func fireOnTime(_ count: Int) throws -> Double {
        // The wall clock decides when; the schedule is moved so that its next beat is now.
        let due = Instant(milliseconds: 1_800_000_000_000 / 86_400_000 * 86_400_000)
        var bench = try prepare(count, startsPerMinuteMax: 10_000, due: due)
        defer { bench.scratch.remove() }
        let timer = try TimerDescriptor(.realtime)
        let reactor = try Reactor()
        try reactor.add(timer.raw, interest: .readable, token: 1)
        let real = SystemClock.realtimeMilliseconds() + 100
        try timer.arm(atMilliseconds: real)
        _ = try reactor.wait(timeoutMilliseconds: 10_000)
        let offset = due.milliseconds - real
        var lateness: [Double] = []
        while lateness.count < count {
            let now = Instant(milliseconds: SystemClock.realtimeMilliseconds() + offset)
            try bench.kernel.decide(.tick, at: now)
            let turn = try bench.kernel.takeTurn()
            try bench.store.append(turn.entries, rows: turn.rows)
            let late = Double(Self.realtimeMicroseconds() - real * 1000) / 1000
            let decided = turn.entries.count { $0.fact.kind == .occurrenceDecided }
            lateness += Array(repeating: late, count: decided)
        }
        return lateness.sorted()[count * 99 / 100]
    }

    private static func realtimeMicroseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * 1_000_000 + Int(time.tv_nsec) / 1000
    }

    private static func milliseconds(_ span: Duration) -> Double {
        Double(span.components.seconds) * 1000 + Double(span.components.attoseconds) / 1e15
    }

    // MARK: Simulated time

    private func simulateTime(_ count: Int) throws {
        let begin = ContinuousClock.now
        var world = seed
        var total = SimulatedTime.Tally()
        while total.troubles < count {
            let list = SimulatedTrouble.list(seed: world, count: Self.listLength)
            // Every other world decides before its time what it can.
            let isForeseeing = world % 2 == 0
            do {
                // Every 16th: what waits is waited for, and the record is folded once more.
                let tally = try SimulatedTime.play(
                    list, isAudited: world % 16 == 0, isForeseeing: isForeseeing)
                total.add(tally)
            } catch let flaw as SimulatedFlaw {
                StandardError.write("seed \(world): \(flaw); looking for the shortest that fails")
                let fails = { SimulatedTime.flaw(in: $0, isForeseeing: isForeseeing) }
                let shortest = SimulatedTrouble.shortest(list) { fails($0) != nil }
                for trouble in shortest { print("    \(trouble)") }
                print("    finds: \(fails(shortest).map { "\($0)" } ?? "nothing")")
                throw BenchFailure(
                    "seed \(world): \(flaw). What is printed above is the shortest that fails. "
                        + "Again: aura-bench schedule --simulate 1 --seed \(world)")
            }
            world += 1
        }
        let seconds = (ContinuousClock.now - begin).components.seconds
        print(
            "seeds \(seed)...\(world - 1): \(total.troubles) troubles, \(total.crashes) of them "
                + "turns cut short, \(total.decided) decisions, \(total.started) starts; "
                + "\(total.lost) automatons lost track; none lost, none doubled; \(seconds) s, "
                + "digest \(String(total.digest, radix: 16))"
        )
    }
}
