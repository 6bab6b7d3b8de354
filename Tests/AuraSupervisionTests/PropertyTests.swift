import AuraModel
import AuraSupervision
import Testing

/// SplitMix64: a generator whose whole state is its seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

@Suite("The kernel under random events")
struct PropertyTests {
    private static let definitions = [
        KernelBench.definition(
            KernelBench.name("one"), schedule: .every(sevenSeconds),
            budget: .init(
                run: BudgetLimits(tokens: 9000, wall: .minutes(5)),
                day: BudgetLimits(tokens: 60_000))),
        KernelBench.definition(KernelBench.name("two"), budget: .init(run: .init(tokens: 4000))),
    ]

    @Test(
        "no budget is exceeded, no number is missing, and the rows are the fold of the log",
        arguments: (1...40).map { UInt64($0) &* 0x1234_5678_9ABC_DEF1 })
    func invariants(seed: UInt64) throws {
        var chance = SeededGenerator(state: seed)
        var bench = try KernelBench()
        try bench.load(Self.definitions)
        for _ in 0..<250 {
            try Self.disturb(&bench, &chance)
            try Self.check(bench, seed)
        }
        var state = State()
        var rows: [RowTable: [String: String]] = [:]
        for entry in bench.entries {
            try state.apply(entry)
            for write in try state.takeRows() {
                rows[write.table, default: [:]][write.key] = write.value
            }
        }
        #expect(rows == bench.rows, "seed \(seed)")
    }

    private static func check(_ bench: KernelBench, _ seed: UInt64) throws {
        #expect(bench.entries.map(\.sequence) == Array(1...bench.entries.count), "seed \(seed)")
        for row in bench.kernel.state.runs.values {
            #expect(row.reserved.tokens >= 0, "seed \(seed)")
            if let limit = row.budget.tokens {
                #expect(row.spent.tokens + row.reserved.tokens <= limit, "seed \(seed)")
            }
        }
        for day in bench.kernel.state.budgets.values {
            guard let limit = day.limits.tokens else { continue }
            #expect(day.spent.tokens + day.reserved.tokens <= limit, "seed \(seed)")
        }
    }

    private static func disturb(_ bench: inout KernelBench, _ chance: inout SeededGenerator) throws
    {
        let runs = bench.kernel.state.runs.values.sorted { $0.id < $1.id }
        let run = runs.randomElement(using: &chance)
        switch Int.random(in: 0..<12, using: &chance) {
        case 0: try bench.wait(Milliseconds(Int.random(in: 0...20_000, using: &chance)))
        case 1:
            let name = definitions[Int.random(in: 0...1, using: &chance)].name
            try bench.send(.ordered(.run(name), by: Principal("a"), ticket: 1))
        case 2:
            bench.now = bench.now + Milliseconds(Int.random(in: 0...200_000, using: &chance))
            try bench.restart(definitions[0], definitions[1])
        case 3:
            guard let run else { return }
            try bench.send(
                .attemptEnded(run.id, run.generation, .signalled(number: 9), detail: ""))
        case 4, 5:
            guard let run else { return }
            try bench.attest(run.id)
        case 6, 7, 8:
            guard let run else { return }
            let stale = Int.random(in: 0...3, using: &chance) == 0 ? 1 : 0
            try bench.propose(
                run.id, (run.commands + 1, act(&chance)), basis: run.transactions - stale,
                bytes: Int.random(in: 0...2000, using: &chance))
        case 9, 10:
            guard let run, let pending = run.pending.randomElement(using: &chance) else { return }
            // Never more than was held: a provider counts at most what the bound allows.
            let most = max(0, pending.reserved.tokens)
            let tokens = Int.random(in: 0...most, using: &chance)
            try bench.send(
                .modelEnded(run.id, pending.intent.command, KernelBench.answer(tokens: tokens)))
        default:
            guard let run else { return }
            try bench.send(.ordered(.stopRun(run.id), by: Principal("a"), ticket: 2))
        }
    }

    private static func act(_ chance: inout SeededGenerator) -> Act {
        switch Int.random(in: 0...5, using: &chance) {
        case 0, 1, 2: KernelBench.request(answer: Int.random(in: 1...500, using: &chance))
        case 3:
            .spawn(
                request: SpawnRequest(
                    task: TaskBrief(id: "T", text: "t"), budget: BudgetLimits(tokens: 5000)))
        case 4: .wait(span: .seconds(5), reason: "w")
        default: .finish(outcome: RunOutcome(.failed, "f"), report: "")
        }
    }
}
