import AuraModel
import Testing

@testable import AuraSupervision

@Suite("Which runs are looked at")
struct RunLooksTests {
    private static let names = ["one", "two", "three"].map(KernelBench.name)
    private static let definitions = [
        KernelBench.definition(
            names[0], schedule: .every(interval("10m")),
            budget: .init(run: BudgetLimits(tokens: 90_000, wall: .minutes(30)))),
        KernelBench.definition(names[1], budget: .init(run: BudgetLimits(wall: .minutes(90)))),
        KernelBench.definition(names[2]),
    ]
    private static let settings = {
        var settings = KernelBench.settings
        settings.reasoners["main"] = ReasonerSettings(
            provider: .http(
                ProviderSettings(
                    name: "p", dialect: .anthropic, baseURL: "https://p.test", credential: nil,
                    limits: .init(concurrency: 2), retriesMax: 4)),
            model: "m", prices: .free)
        return settings
    }()

    @Test(
        "what is due by the index is what a look at every run finds, and decides the same",
        arguments: (1...20).map { UInt64($0) &* 0x9E37_79B9_7F4A_7C15 })
    func agreesWithAll(seed: UInt64) throws {
        var world = World(
            bench: try KernelBench(settings: Self.settings), chance: .init(state: seed))
        try world.bench.load(Self.definitions)
        for number in 1...400 {
            let flaw = try world.step()
            #expect(flaw == nil, "seed \(seed), event \(number)")
            if flaw != nil { return }
        }
        let rare: [Fact.Kind] = [.runParked, .runUnparked, .clockStepped]
        #expect(rare.filter { !world.seen.contains($0) }.isEmpty, "seed \(seed)")
    }

    @Test("a run that ends leaves no wake for the call that it waited with")
    func noWakeIsLeft() throws {
        var bench = try KernelBench(KernelBench.definition(), settings: Self.settings)
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()))
        let failure = ModelFailure(cause: .network, message: "x", retryAfter: .seconds(5))
        try bench.send(.modelEnded(run, 1, .failure(failure), chance: 0))
        let wake = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(wake <= bench.now + .seconds(5))
        try bench.send(.ordered(.stopRun(run), by: .daemon, ticket: 2))
        try bench.wait(.seconds(6))
        let next = bench.kernel.nextWake(after: bench.now)
        #expect(next.map { $0 > bench.now } ?? true, "it would wake for nothing, again and again")
    }

    @Test("when the first of a parked tree is back in line, the others wake nobody")
    func treesWakeTogether() throws {
        let ask = Act.ask(question: "q", deadline: .minutes(60))
        var bench = try KernelBench(KernelBench.definition())
        let root = try #require(try bench.startRun())
        let spawn = ["A", "B"].map { id in
            Act.spawn(request: SpawnRequest(task: TaskBrief(id: id, text: "t"), budget: .none))
        }
        try bench.propose(root, (1, spawn[0]), (2, spawn[1]))
        let children = bench.kernel.state.runs.keys.filter { $0 != root }.sorted()
        for child in children {
            try bench.attest(child)
            try bench.propose(child, (1, ask))
        }
        try bench.wait(CallPolicy.questionGrace)
        #expect(bench.kernel.state.index.parked.count == 3 && Self.misplaced(bench) == nil)
        try bench.send(.ordered(.answer(children[0], text: "yes"), by: .daemon, ticket: 2))
        #expect(bench.kernel.state.index.underWay.contains(root))
        #expect(Self.misplaced(bench) == nil)
    }

    /// What is wrong with the place of some run, or with when it wakes the kernel.
    private static func misplaced(_ bench: KernelBench) -> String? {
        let kernel = bench.kernel
        guard kernel.looks.changed.isEmpty, kernel.attempts.areSettled else {
            return "a run has no place after the turn"
        }
        for row in kernel.state.runs.values {
            let isOpen = kernel.looks.open.contains(row.id)
            let soonest = kernel.soonest(row, kernel.attempts[row.id])
            if soonest.map({ $0 <= bench.now }) == true, !isOpen { return "\(row) is not open" }
            if !isOpen, kernel.looks.due[row.id] != soonest { return "\(row) is misplaced" }
        }
        let runs = Set(kernel.state.runs.keys)
        guard kernel.looks.open.isSubset(of: runs), kernel.looks.due.count <= runs.count else {
            return "runs that are over have places"
        }
        let wakes = kernel.state.runs.values.compactMap {
            kernel.soonest($0, kernel.attempts[$0.id], graceAfter: bench.now)
        }
        return kernel.nextLook(after: bench.now) == wakes.min() ? nil : "it wakes otherwise"
    }

    /// A kernel, and what happens to it by chance.
    private struct World {
        var bench: KernelBench
        var chance: SeededGenerator
        var seen: Set<Fact.Kind> = []
        private var error = 0

        init(bench: KernelBench, chance: SeededGenerator) {
            self.bench = bench
            self.chance = chance
        }

        /// One event; what differs from a kernel that has just looked at every run.
        mutating func step() throws -> String? {
            guard let event = try nextEvent() else { return nil }
            var other = bench.kernel
            other.looks = RunLooks(changed: Set(other.state.runs.keys))
            try other.decide(event, at: bench.now)
            let turn = try other.takeTurn()
            let (entries, actions) = (bench.entries.count, bench.actions.count)
            try bench.send(event)
            seen.formUnion(turn.entries.map(\.fact.kind))
            let ours = Array(bench.entries.dropFirst(entries))
            guard ours == turn.entries else {
                return "\(event): \(ours) instead of \(turn.entries)"
            }
            let asked = bench.actions.dropFirst(actions).map { "\($0)" }
            guard asked == turn.actions.map({ "\($0)" }) else {
                return "\(event): \(asked) instead of \(turn.actions)"
            }
            return RunLooksTests.misplaced(bench)
        }

        // MARK: What happens

        private mutating func nextEvent() throws -> Event? {
            let runs = bench.kernel.state.runs.values.sorted { $0.id < $1.id }
            let run = runs.randomElement(using: &chance)
            switch below(60) {
            case 0..<18:
                passTime()
                return .tick
            case 18:
                if below(3) == 0 { try reboot() }
                return clock()
            case 19..<23: return order(run)
            case 23:
                return run.map {
                    .attemptEnded($0.id, $0.generation, .signalled(number: 9), detail: "")
                }
            default: return run.map { work($0) }
            }
        }

        /// As far as the next wake, or so.
        private mutating func passTime() {
            let wake = bench.kernel.nextWake(after: bench.now)
            if let wake, wake - bench.now < .minutes(60), below(2) == 0 {
                bench.now = max(bench.now, wake)
            } else {
                let most = [100, 2_000, 15_000, 200_000][below(4)]
                bench.now = bench.now + Milliseconds(below(most))
            }
        }

        /// What the worker of a run, or its provider, does next.
        private mutating func work(_ run: RunRow) -> Event {
            if run.phase == .launching {
                return below(3) == 0
                    ? .launched(run.id, run.generation)
                    : .attested(run.id, run.generation, KernelBench.attestation)
            }
            if below(2) == 0, let end = end(run) { return end }
            // Most workers wait for what they asked.
            let waits = bench.kernel.attempts[run.id]?.deadline == nil && !run.pending.isEmpty
            return waits && below(8) != 0 ? .tick : propose(run)
        }

        private mutating func below(_ bound: Int) -> Int {
            Int.random(in: 0..<bound, using: &chance)
        }

        private mutating func reboot() throws {
            let stored = bench.rows.mapValues {
                $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            }
            bench.kernel = Kernel(state: try State(rows: stored), settings: bench.inForce)
            try bench.send(.started(version: "1", boot: "boot"))
            try bench.load(RunLooksTests.definitions)
        }

        /// The wall clock is set, or the loop was held up by the disk.
        private mutating func clock() -> Event {
            let by = below(600_000) - 300_000
            if below(2) == 0 {
                bench.kernel.excuse(Milliseconds(abs(by)))
                return .tick
            }
            let real = bench.now.milliseconds
            bench.kernel.lastClock = ClockReading(wall: bench.now, boot: real, awake: real)
            bench.now = bench.now + Milliseconds(by)
            return .clock(ClockReading(wall: bench.now, boot: real, awake: real))
        }

        private mutating func order(_ run: RunRow?) -> Event {
            let name = RunLooksTests.names[below(3)]
            let orders: [Order?] = [
                .run(name), .run(name), .run(name), .run(name), .start(name), .start(name),
                .stop(name, StopOrder(grace: .seconds(below(60)))),
                run.map { .stopRun($0.id) }, run.map { .answer($0.id, text: "yes") },
            ]
            guard let order = orders[below(orders.count)] else { return .tick }
            return .ordered(order, by: Principal("eve"), ticket: 1)
        }

        private mutating func propose(_ run: RunRow) -> Event {
            let wait = Milliseconds.seconds(below(90))
            let acts: [Act] = [
                .wait(span: wait, reason: "w"), .ask(question: "q", deadline: .minutes(below(90))),
                .ask(question: "r", deadline: .minutes(below(9))),
                .ask(question: "q", deadline: wait), KernelBench.request(), KernelBench.request(),
                .spawn(
                    request: SpawnRequest(task: TaskBrief(id: "T", text: "t"), budget: .none)),
                .spawn(
                    request: SpawnRequest(
                        task: TaskBrief(id: "U", text: "u"), budget: BudgetLimits(wall: wait))),
                .finish(outcome: RunOutcome(below(2) == 0 ? .failed : .done, "f"), report: ""),
            ]
            var commands = [Command(id: run.commands + 1, act: acts[below(acts.count)])]
            // A new worker names the calls again that wait.
            for pending in run.pending where pending.call != nil {
                commands.insert(
                    Command(id: pending.intent.command, act: KernelBench.request()), at: 0)
            }
            var digests: [CommandID: RequestDigest] = [:]
            for command in commands {
                digests[command.id] = RequestDigest(sha256: "00", bytes: 1000)
            }
            let proposal = Proposal(basis: run.transactions, outcomes: [], commands: commands)
            return .proposed(run.id, run.generation, proposal, digests: digests)
        }

        private mutating func end(_ run: RunRow) -> Event? {
            guard let pending = run.pending.randomElement(using: &chance),
                case .reason = pending.intent.plan
            else { return nil }
            let after = below(3) == 0 ? Milliseconds.minutes(below(20)) : nil
            let failure = ModelFailure(cause: .overloaded, message: "x", retryAfter: after)
            let result: Result<ModelAnswer, ModelFailure> =
                below(2) == 0 ? .failure(failure) : KernelBench.answer(tokens: below(50))
            return .modelEnded(
                run.id, pending.intent.command, result, chance: UInt64(below(1 << 30)))
        }
    }
}
