import AuraModel
import AuraSupervision

/// A kernel on a bench: a clock that the test moves, and everything it recorded and asked for.
struct KernelBench {
    var kernel: Kernel
    var now = Instant(milliseconds: 1_800_000_000_000)
    var entries: [Entry] = []
    var rows: [RowTable: [String: String]] = [:]
    var actions: [Action] = []

    static let name = name("nightly")

    static func name(_ text: String) -> AutomatonName {
        guard let name = AutomatonName(text) else { preconditionFailure("\(text) is a name") }
        return name
    }

    static let settings = Settings(
        stateDirectory: "/nowhere", socket: "/nowhere", operatorGroup: nil, user: nil,
        definitionsDirectory: "/nowhere", libexecDirectory: "/nowhere", runsMax: 2,
        reasoners: [
            "main": ReasonerSettings(
                provider: .scripted(file: "none"), model: "m",
                prices: PriceTable(
                    input: 1_000_000, cacheWrite: 1_000_000, cacheRead: 1_000_000,
                    output: 1_000_000))
        ])

    var inForce = Self.settings

    init(_ definitions: Definition..., settings: Settings = Self.settings) throws {
        inForce = settings
        kernel = Kernel(state: State(), settings: settings)
        try send(.started(version: "1", boot: "boot"))
        try load(definitions)
    }

    static func definition(
        _ name: AutomatonName = name, schedule: Schedule = .manual,
        budget: Definition.Budget = .init()
    ) -> Definition {
        Definition(
            name: name, kind: .taskRun, schedule: schedule, reasoner: "main", prompt: "do it",
            budget: budget)
    }

    mutating func load(_ definitions: [Definition]) throws {
        let loaded = try definitions.map {
            DefinitionsRead.Loaded(digest: try JSON.text($0), definition: $0, zone: .utc)
        }
        var read = DefinitionsRead(loaded: loaded, refused: [])
        read.zones = ["UTC": .utc]
        try send(.definitionsRead(read))
    }

    /// One event, one turn.
    mutating func send(_ event: Event) throws {
        try kernel.decide(event, at: now)
        let turn = try kernel.takeTurn()
        entries += turn.entries
        actions += turn.actions
        for write in turn.rows { rows[write.table, default: [:]][write.key] = write.value }
    }

    mutating func wait(_ span: Milliseconds) throws {
        now = now + span
        try send(.tick)
    }

    /// The process dies and another one reads the rows.
    mutating func restart(_ definitions: Definition..., boot: String = "boot") throws {
        let stored = rows.mapValues { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
        kernel = Kernel(state: try State(rows: stored), settings: inForce)
        actions = []
        try send(.started(version: "1", boot: boot))
        try load(definitions)
    }

    /// Orders a run and brings its worker up.
    mutating func startRun(_ name: AutomatonName = name) throws -> RunID? {
        try send(.ordered(.run(name), by: Principal("alice"), ticket: 1))
        guard let run = kernel.state.runs.values.first(where: { $0.automaton == name })?.id
        else { return nil }
        try attest(run)
        return run
    }

    mutating func attest(_ run: RunID) throws {
        let generation = kernel.state.runs[run]?.generation ?? 0
        try send(.attested(run, generation, Self.attestation))
    }

    mutating func propose(
        _ run: RunID, _ acts: (CommandID, Act)..., outcomes: [Transaction] = [],
        basis: Int? = nil, bytes: Int = 1000, digest: String = "00"
    ) throws {
        guard let row = kernel.state.runs[run] else { return }
        let commands = acts.map { Command(id: $0.0, act: $0.1) }
        var digests: [CommandID: RequestDigest] = [:]
        for command in commands {
            digests[command.id] = RequestDigest(sha256: digest, bytes: bytes)
        }
        let proposal = Proposal(
            basis: basis ?? row.transactions, outcomes: outcomes, commands: commands)
        try send(.proposed(run, row.generation, proposal, digests: digests))
    }

    static let attestation = Attestation(
        noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0, namespaces: [:])

    static func request(answer: Int = 100) -> Act {
        .reason(
            request: ModelRequest(system: "", messages: [], tools: [], answerTokensMax: answer))
    }

    static func answer(tokens: Int) -> Result<ModelAnswer, ModelFailure> {
        .success(
            ModelAnswer(
                content: [.text("ok")], stop: .endTurn, usage: TokenUsage(output: tokens),
                model: "m"))
    }

    /// When the schedule of the bench's own automaton fires next.
    var nextFiring: Instant? {
        kernel.state.automata[Self.name].flatMap { kernel.status(of: $0, at: now)?.next }
    }

    /// How the run ended, as its row in the record says.
    func outcome(_ run: RunID) throws -> RunOutcome? {
        try rows[.runs]?[run.text].flatMap { try JSON.decode(RunRow.self, from: $0.utf8).outcome }
    }

    func decisions() throws -> [OccurrenceDecision] {
        try (rows[.occurrences] ?? [:]).sorted { $0.key < $1.key }.map {
            try JSON.decode(OccurrenceRow.self, from: $0.value.utf8).decision
        }
    }

    func count(_ kind: Fact.Kind) -> Int { entries.count { $0.fact.kind == kind } }

    var launches: Int {
        actions.count { action in
            if case .launch = action { return true }
            return false
        }
    }
}

/// An interval that the test knows to be good.
func interval(_ text: String) -> Interval {
    guard let interval = try? Interval(text) else { preconditionFailure("\(text) is an interval") }
    return interval
}

let minute = interval("1m")
let second = interval("1s")
let sevenSeconds = interval("7s")
