import AuraModel
import AuraSupervision

/// A world of automatons that spend: providers fail in every way, budgets are small, the daemon dies.
///
/// Providers here count honestly, never more than a byte of UTF-8 makes tokens and never a longer
/// answer than was allowed; then no budget may ever be exceeded by what is spent and held.
struct SimulatedSpending {
    /// What broke, with the seed that breaks it again.
    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    private struct Call {
        var reasoner: String
        var answerTokens: Int
        var bytes: Int
    }

    /// A conversation: its bytes, and the tokens that they really are.
    private struct Talk {
        var bytes: Int
        var tokens: Int
    }

    private let seed: UInt64
    private var chance: SimulatedChance
    private let settings: Settings
    private let definitions: [Definition]
    private var kernel: Kernel
    private var now = Instant(milliseconds: 1_800_000_000_000)
    private var entries: [Entry] = []
    private var rows: [RowTable: [String: String]] = [:]
    private var calls: [CallName: Call] = [:]
    private var talks: [RunID: Talk] = [:]
    /// What was sent to each provider since the last restart, for its limit in a minute.
    private var sent: [String: [Instant]] = [:]
    /// Runs whose kernel said that they are done.
    private var done: Set<RunID> = []
    private(set) var callsMade = 0
    /// Runs that held a slot when all had begun.
    private(set) var runsAtOnce = 0

    private struct CallName: Hashable, Comparable {
        var run: RunID
        var command: CommandID

        static func < (left: Self, right: Self) -> Bool {
            left.run == right.run ? left.command < right.command : left.run < right.run
        }
    }

    private static let requestsPerMinute = 40
    private static let concurrency = 5

    init(seed: UInt64, automata count: Int, runsMax: Int = 4) throws {
        self.seed = seed
        var chance = SimulatedChance(state: seed)
        let prices = PriceTable(
            input: 3_000_000, cacheWrite: 3_750_000, cacheRead: 300_000, output: 15_000_000)
        func reasoner(_ provider: String, _ fallbacks: [String]) -> ReasonerSettings {
            ReasonerSettings(
                provider: .http(
                    ProviderSettings(
                        name: provider, dialect: .anthropic, baseURL: "https://example.com",
                        credential: nil,
                        limits: .init(
                            requestsPerMinute: Self.requestsPerMinute,
                            tokensPerMinute: 300_000,
                            concurrency: count > 50 ? nil : Self.concurrency),
                        retriesMax: 6)),
                model: "m", prices: prices, fallbacks: fallbacks)
        }
        settings = Settings(
            stateDirectory: "/nowhere", socket: "/nowhere", operatorGroup: nil, user: nil,
            definitionsDirectory: "/nowhere", libexecDirectory: "/nowhere", runsMax: runsMax,
            reasoners: ["main": reasoner("a", ["other"]), "other": reasoner("b", [])],
            dayBudget: BudgetLimits(tokens: 60_000 * count, microDollars: 150_000 * count))
        definitions = (0..<count).compactMap { number in
            AutomatonName("n\(number)").map { name in
                Definition(
                    name: name, kind: .taskRun, schedule: .manual,
                    reasoner: chance.below(4) == 0 ? "other" : "main", prompt: "spend",
                    budget: .init(
                        run: BudgetLimits(
                            tokens: 2_000 + chance.below(60_000),
                            microDollars: 20_000 + chance.below(400_000),
                            wall: .minutes(5 + chance.below(600))),
                        day: BudgetLimits(
                            tokens: 5_000 + chance.below(150_000),
                            calls: 3 + chance.below(60))))
            }
        }
        self.chance = chance
        kernel = Kernel(state: State(), settings: settings)
        try begin()
    }

    /// Lets `count` things happen, checking every invariant after each.
    mutating func run(events count: Int) throws {
        for _ in 0..<count {
            try disturb()
            try check()
        }
        try compareWithFold()
    }

    /// Every automaton is run and every worker speaks, so that as many as may are under way.
    mutating func fill() throws {
        for definition in definitions {
            try send(.ordered(.run(definition.name), by: Principal("a"), ticket: 1))
        }
        for row in live() where row.phase == .launching { try attest(row) }
        runsAtOnce = kernel.state.index.underWay.count
        for row in live() where row.phase == .running { try propose(row) }
        try check()
    }

    // MARK: - What happens

    private func live() -> [RunRow] { kernel.state.runs.values.sorted { $0.id < $1.id } }

    private mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[chance.below(elements.count)]
    }

    private mutating func disturb() throws {
        switch chance.below(20) {
        case 0, 1:
            guard let definition = pick(definitions) else { return }
            try send(.ordered(.run(definition.name), by: Principal("a"), ticket: 1))
        case 2, 3: try wait()
        case 4:
            guard chance.below(8) == 0 else { return try wait() }
            try restart()
        case 5:
            guard let row = pick(live()), chance.below(6) == 0 else { return }
            try send(.ordered(.stopRun(row.id), by: Principal("a"), ticket: 2))
        case 6:
            guard let row = pick(live()), chance.below(4) == 0 else { return }
            try send(.attemptEnded(row.id, row.generation, .signalled(number: 9), detail: ""))
        case 7, 8, 9:
            for row in live() where row.phase == .launching { try attest(row) }
        case 10, 11, 12, 13:
            guard let row = pick(live().filter { $0.phase == .running }) else { return }
            try propose(row)
        default:
            guard let name = pick(calls.keys.sorted()) else { return }
            try end(name)
        }
    }

    private mutating func wait() throws {
        let spans = [10, 700, 5_000, 40_000, 3_600_000]
        var until = now + Milliseconds(1 + chance.below(spans[chance.below(spans.count)]))
        if chance.below(2) == 0, let wake = kernel.nextWake(after: now), wake > now { until = wake }
        now = min(until, now + .minutes(600))
        try send(.tick)
    }

    private mutating func begin() throws {
        try send(.started(version: "1", boot: "b"))
        let loaded = definitions.map {
            DefinitionsRead.Loaded(digest: $0.name.text, definition: $0, zone: .utc)
        }
        try send(.definitionsRead(DefinitionsRead(loaded: loaded, refused: [])))
    }

    private mutating func restart() throws {
        if chance.below(2) == 0 { try send(.stopping(reason: "SIGTERM")) }
        let stored = rows.mapValues { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        kernel = Kernel(state: try State(rows: stored), settings: settings)
        calls = [:]
        sent = [:]
        try begin()
    }

    private mutating func attest(_ row: RunRow) throws {
        try send(
            .attested(
                row.id, row.generation,
                Attestation(
                    noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0,
                    namespaces: [:])))
    }

    /// The worker says what it wants: what waits already once more, or something new.
    private mutating func propose(_ row: RunRow) throws {
        var talk = talks[row.id] ?? Talk(bytes: 200 + chance.below(3000), tokens: 50)
        var commands: [Command] = []
        let request = ModelRequest(
            system: "", messages: [], tools: [], answerTokensMax: 100 + Int(row.commands) * 7 % 900)
        var digests: [CommandID: RequestDigest] = [:]
        if let pending = row.pending.first {
            guard case .reason = pending.intent.plan else { return }
            commands = [Command(id: pending.intent.command, act: .reason(request: request))]
        } else if chance.below(12) == 0 {
            let isDone = chance.below(2) == 0
            if isDone { done.insert(row.id) }
            commands = [
                Command(
                    id: row.commands + 1,
                    act: .finish(outcome: RunOutcome(isDone ? .done : .failed, "x"), report: ""))
            ]
        } else {
            let more = chance.below(4000)
            talk.bytes += more
            talk.tokens += chance.below(more + 1)
            commands = [Command(id: row.commands + 1, act: .reason(request: request))]
        }
        talks[row.id] = talk
        for command in commands {
            digests[command.id] = RequestDigest(sha256: "\(command.id)", bytes: talk.bytes)
        }
        let proposal = Proposal(basis: row.transactions, outcomes: [], commands: commands)
        try send(.proposed(row.id, row.generation, proposal, digests: digests))
    }

    /// A provider ends a call: as it should, or in one of its many other ways.
    private mutating func end(_ name: CallName) throws {
        guard let call = calls.removeValue(forKey: name) else { return }
        let talk = talks[name.run] ?? Talk(bytes: call.bytes, tokens: 0)
        let input = min(talk.tokens + chance.below(100), call.bytes + 1024)
        let read = chance.below(input + 1)
        var usage = TokenUsage(input: input - read, cacheRead: read)
        if chance.below(3) == 0 { try send(.modelBegan(name.run, name.command, usage)) }
        let luck = UInt64(chance.below(1 << 40))
        let causes: [ModelFailure.Class] = [
            .auth, .quota, .rate, .overloaded, .network, .timeout, .malformed, .badRequest,
            .contextOverflow, .refused,
        ]
        let kind = chance.below(10)
        usage.output = chance.below(call.answerTokens + 1)
        let result: Result<ModelAnswer, ModelFailure>
        if kind < 6 {
            result = .success(
                ModelAnswer(
                    content: [.text("a")], stop: .endTurn,
                    usage: kind == 0 ? TokenUsage() : usage, model: "m",
                    isUsageUnknown: kind == 0 ? true : nil))
            talks[name.run]?.tokens = input
        } else {
            var failure = ModelFailure(cause: causes[chance.below(causes.count)], message: "x")
            if kind == 6 { failure.usage = usage }
            if kind == 7 { failure.begun = TokenUsage(input: input, output: 1) }
            if chance.below(3) == 0 {
                failure.retryAfter = .seconds(chance.below(3) == 0 ? chance.below(9000) : 2)
            }
            result = .failure(failure)
        }
        try send(.modelEnded(name.run, name.command, result, chance: luck))
    }

    private mutating func send(_ event: Event) throws {
        try kernel.decide(event, at: now)
        let turn = try kernel.takeTurn()
        entries += turn.entries
        for write in turn.rows { rows[write.table, default: [:]][write.key] = write.value }
        for action in turn.actions { try take(action) }
    }

    private mutating func take(_ action: Action) throws {
        switch action {
        case .reason(let run, let command, let reasoner, let request):
            let name = CallName(run: run, command: command)
            guard calls[name] == nil else { throw broken("call \(command) of \(run) made twice") }
            calls[name] = Call(
                reasoner: reasoner, answerTokens: request.answerTokensMax,
                bytes: talks[run]?.bytes ?? 0)
            callsMade += 1
            let held = kernel.state.runs[run]?.pending.first { $0.intent.command == command }
            guard let held, held.reserved.calls == 1 else {
                throw broken("call \(command) of \(run) is made without a reservation")
            }
            sent[reasoner, default: []].append(now)
        case .abandonCall(let run, let command):
            calls[CallName(run: run, command: command)] = nil
        case .cancelEffects(let run):
            for name in calls.keys where name.run == run { calls[name] = nil }
        default: break
        }
    }

    // MARK: - What has to hold

    private func broken(_ what: String) -> Broken {
        Broken(description: "seed \(seed), after entry \(entries.count): \(what)")
    }

    private mutating func check() throws {
        for level in kernel.budgets(of: nil, at: now) where level.kind != .automaton {
            try checkFits(level.used, level.limits, "\(level.kind) \(level.run?.text ?? "")")
        }
        for day in kernel.state.budgets.values {
            try checkFits(day.spent + day.reserved, day.limits, "\(day.automaton) \(day.day)")
        }
        for (name, times) in sent {
            let recent = times.filter { now - $0 < .minutes(1) }
            sent[name] = recent
            guard recent.count <= Self.requestsPerMinute else {
                throw broken("\(recent.count) requests to \(name) within a minute")
            }
            let most = settings.reasoners[name]?.block?.limits.concurrency ?? .max
            guard calls.values.count(where: { $0.reasoner == name }) <= most else {
                throw broken("more than \(most) calls of \(name) at once")
            }
        }
    }

    private func checkFits(_ used: Amount, _ limits: BudgetLimits, _ what: String) throws {
        var used = used
        // Time passes by itself; what bounds it is another check's matter.
        used.wall = .zero
        guard used.tokens >= 0, used.microDollars >= 0, used.calls >= 0 else {
            throw broken("\(what) is below nothing: \(used)")
        }
        if let part = limits.firstExceeded(by: used) { throw broken("\(what) exceeds \(part)") }
    }

    /// The rows are the fold of the log, the ledger is the sum of what was settled, and nothing is
    /// done that its own kernel did not call so.
    private func compareWithFold() throws {
        var state = State()
        var folded: [RowTable: [String: String]] = [:]
        var settled: [String: Amount] = [:]
        for entry in entries {
            if case .settled(_, let amount, _) = entry.fact, let run = entry.run,
                let row = state.runs[run]
            {
                settled["\(row.automaton)/\(row.day)", default: .zero] =
                    settled["\(row.automaton)/\(row.day)", default: .zero] + amount
            }
            if case .runFinished(let outcome, _, _) = entry.fact, outcome.isSuccess,
                entry.run.map({ !done.contains($0) }) ?? true
            {
                throw broken("a run succeeded that did not say so")
            }
            try state.apply(entry)
            for write in try state.takeRows() {
                folded[write.table, default: [:]][write.key] = write.value
            }
        }
        guard folded == rows else { throw broken("the rows are not the fold of the log") }
        for (key, text) in rows[.budgets] ?? [:] {
            let row = try JSON.decode(BudgetRow.self, from: text.utf8)
            var spent = row.spent
            spent.wall = .zero
            guard spent == settled[key, default: .zero] else {
                throw broken(
                    "\(key) has spent \(spent), but \(settled[key, default: .zero]) settled")
            }
        }
    }
}
