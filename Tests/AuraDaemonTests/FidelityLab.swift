import AuraAutomata
import AuraModel
import AuraReasoner
import AuraSupervision
import AuraSystem
import Crypto
import Glibc
import Testing

@testable import AuraDaemon

/// The path of a request, whole: the daemon's kernel, a worker's fold, the redactor, the frames,
/// the reasoner and a provider over HTTP.
///
/// Only tools, cages and the disk are played.
final class FidelityLab {
    static let name = AutomatonName("fixer")

    let server: FakeServer
    let settings: Settings
    let definition: Definition
    private(set) var entries: [Entry] = []
    private var kernel: Kernel
    private var now = Instant(milliseconds: 1_800_000_000_000)
    private let loop = PollLoop()
    private let reasoner: Reasoner
    private let redactor: Redactor
    private let directory: String
    private var fold: Fold?
    private var planned: [CommandID: ToolCall] = [:]
    private var sentByWorker: ModelRequest?
    private var knownToDaemon: ModelRequest?
    private var hash = RequestHash()
    private var calls: UInt64 = 0
    private var actions: [Action] = []

    /// What a tool finds.
    var find: (ToolCall) -> String = { "found by \($0.tool.rawValue)" }
    /// What becomes of the call with this number, in place of the provider's answer.
    var failures: [UInt64: ModelFailure] = [:]
    /// What is done when that call has been answered.
    var then: [UInt64: (FidelityLab) throws -> Void] = [:]

    struct Failure: Error { let what: String }

    init(dialect: ProviderSettings.Dialect, script: String) throws {
        server = try FakeServer(script: script, dialect: dialect)
        guard let name = Self.name else { throw Failure(what: "the name") }
        let settings = Settings(
            stateDirectory: "/nowhere", socket: "/nowhere", operatorGroup: nil, user: nil,
            definitionsDirectory: "/nowhere", libexecDirectory: "/nowhere", runsMax: 1,
            reasoners: ["main": server.settings(model: "some-model")])
        self.settings = settings
        definition = Definition(
            name: name, kind: .taskRun, reasoner: "main", prompt: "Put things in order.")
        directory = try Scratch.makeDirectory("fidelity")
        mkdir(directory + "/credentials", 0o700)
        let path = directory + "/credentials/fake"
        try FileSystem.writeAtomically(Array((FakeServer.key + "\n").utf8), to: path)
        chmod(path, 0o600)
        let credentials = Credentials(configurationDirectory: directory)
        redactor = Redactor(credentials: credentials)
        reasoner = loop.reasoner(settings.reasoners) { credentials.secret($0) }
        kernel = Kernel(state: State(), settings: settings)
        try send(.started(version: "1", boot: "boot"))
        let loaded = DefinitionsRead.Loaded(
            digest: try JSON.text(definition), definition: definition, zone: .utc)
        try send(.definitionsRead(DefinitionsRead(loaded: [loaded], refused: [])))
        try send(.ordered(.run(name), by: Principal("ann"), ticket: 1))
    }

    deinit { try? FileSystem.removeTree(directory) }

    var run: RunID? {
        entries.lazy.compactMap { entry -> RunID? in
            if case .runAdmitted = entry.fact { entry.run } else { nil }
        }.first
    }

    /// Works until nothing is to be done any more.
    func work() throws {
        while true {
            if !actions.isEmpty {
                try perform(actions.removeFirst())
            } else if let wake = kernel.nextWake(after: now), kernel.state.runs.count > 0 {
                now = max(now, wake)
                try send(.tick)
            } else {
                return
            }
        }
    }

    func send(_ event: Event) throws {
        try kernel.decide(redactor.clean(event), at: now)
        let turn = try kernel.takeTurn()
        entries += turn.entries
        actions += turn.actions
    }

    private func perform(_ action: Action) throws {
        switch action {
        case .launch(let run, let generation):
            guard let row = kernel.state.runs[run] else { return }
            fold = Fold(
                Assignment(
                    run: run, generation: generation, definition: definition, task: nil,
                    history: history, rules: row.rules ?? 1, edits: row.edits ?? .exact))
            (sentByWorker, knownToDaemon, hash) = (nil, nil, RequestHash())
            let attestation = Attestation(
                noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0,
                namespaces: [:])
            try send(.attested(run, generation, attestation))
            try propose(run, generation, [])
        case .deliver(let run, let generation, let basis):
            let recorded = kernel.state.runs[run]?.commands ?? 0
            try fold?.take(
                Array(history.dropFirst(basis)), after: basis, recorded: recorded)
            try propose(run, generation, [])
        case .perform(let run, let generation, let commands):
            fold?.confirm()
            try propose(run, generation, commands.compactMap { outcome(of: $0) })
        case .tool(let run, let command, let call):
            guard !call.isBackground else { return }
            let result = ToolResult(output: find(call), place: .siblingCage)
            try send(.toolEnded(run, command, result))
            if call.tool == .killCommand, let job = call.input["command"]?.integerValue {
                try send(.toolEnded(run, job, result))
            }
        case .reason(let run, let command, let name, let request):
            try ask(run, command, name, request)
        case .endAttempt: fold = nil
        default: break
        }
    }

    private func ask(
        _ run: RunID, _ command: CommandID, _ name: String, _ request: ModelRequest
    ) throws {
        calls += 1
        reasoner.start(
            call: CallID(calls), reasoner: name, request: request, in: run.text)
        guard let said = loop.run(reasoner, until: 1)[CallID(calls)] else {
            throw Failure(what: "no answer")
        }
        if let act = then[calls] { try act(self) }
        let result = failures[calls].map { Result.failure($0) } ?? said
        try send(.modelEnded(run, command, result, chance: 0))
    }

    private var history: [Transaction] {
        entries.compactMap { entry in
            if case .transacted(_, let transaction) = entry.fact { transaction } else { nil }
        }
    }

    // MARK: The worker

    private func outcome(of command: CommandID) -> Transaction? {
        planned.removeValue(forKey: command).map { call in
            .toolFinished(
                command: command, result: ToolResult(output: find(call), place: .worker))
        }
    }

    private func round(_ outcomes: [Transaction], _ commands: [Command]) -> Proposal.Round {
        for command in commands {
            guard case .tool(let call) = command.act, call.tool.place == .worker else { continue }
            planned[command.id] = call
        }
        return Proposal.Round(outcomes: outcomes, commands: commands)
    }

    private func propose(
        _ run: RunID, _ generation: Generation, _ outcomes: [Transaction]
    ) throws {
        guard var fold else { return }
        planned = [:]
        _ = fold.suppose(outcomes)
        var rounds = [round(outcomes, fold.open)]
        while true {
            let pure = rounds[rounds.count - 1].commands.filter { command in
                if case .tool(let call) = command.act { call.tool.isPerformedAtOnce } else { false }
            }
            let found = pure.compactMap { outcome(of: $0.id) }
            if found.isEmpty { break }
            rounds.append(round(found, fold.suppose(found)))
        }
        self.fold = fold
        let whole = Proposal(
            basis: fold.basis, outcomes: outcomes, commands: rounds[0].commands,
            further: Array(rounds.dropFirst()))
        let frame = try JSON.encode(whole.abridged(after: sentByWorker))
        sentByWorker = whole.request ?? sentByWorker
        let abridged = try JSON.decode(Proposal.self, from: frame)
        guard let proposal = abridged.completed(with: knownToDaemon) else {
            throw Failure(what: "a proposal that cannot be completed")
        }
        knownToDaemon = proposal.request ?? knownToDaemon
        var digests: [CommandID: RequestDigest] = [:]
        for command in proposal.rounds.flatMap(\.commands) {
            guard case .reason(let request) = command.act else { continue }
            digests[command.id] = try hash.digest(of: request, kept: proposal.keptMessages)
        }
        try send(.proposed(run, generation, proposal, digests: digests))
    }
}

extension FidelityLab {
    /// The SHA-256 of every body that was sent, rebuilt from the entries alone.
    ///
    /// The kernel folds what is recorded; each try has the bound on its answer that the record names.
    func rebuilt() throws -> [String] {
        guard let run, let reasoner = settings.reasoners["main"], let block = reasoner.block else {
            throw Failure(what: "no run")
        }
        // As they are stored and read again.
        let stored = try entries.map { try JSON.decode(Entry.self, from: try JSON.encode($0)) }
        let history = try RunHistory(of: run, in: stored) { [definition] _ in definition }
        var automaton = Automaton(assignment: history.assignment)
        var requests: [CommandID: ModelRequest] = [:]
        for transaction in history.assignment.history {
            for command in automaton.step(transaction) {
                if case .reason(let request) = command.act { requests[command.id] = request }
            }
        }
        var digests: [String] = []
        func send(_ command: CommandID, _ tokens: Int) throws {
            guard var request = requests[command] else {
                throw Failure(what: "the fold makes no request \(command)")
            }
            request.answerTokensMax = tokens
            var conversation = ConversationText()
            let body = try block.body(of: request, model: reasoner.model, &conversation)
            digests.append(HexText.text(SHA256.hash(data: body)))
        }
        for entry in stored {
            switch entry.fact {
            case .commanded(_, let intents, _):
                for intent in intents {
                    guard case .reason(let digest, _, _, let tokens, _) = intent.plan else {
                        continue
                    }
                    guard let request = requests[intent.command] else { continue }
                    let whole = SHA256.hash(data: try JSON.encode(request))
                    #expect(HexText.text(whole) == digest, "command \(intent.command)")
                    try send(intent.command, tokens)
                }
            case .callPlaced(let call): try send(call.command, call.answerTokensMax)
            default: break
            }
        }
        return digests
    }
}
