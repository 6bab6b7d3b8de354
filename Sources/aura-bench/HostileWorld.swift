import AuraModel
import AuraSupervision

/// A daemon's kernel with one run whose worker has begun to talk.
///
/// A value: each worker gets a copy of the same beginning.
struct HostileWorld {
    private var kernel: Kernel
    private var talk: WorkerTalk
    /// How the run ended; nil while it goes on.
    private(set) var ending: RunOutcome.Ending?
    private let run: RunID
    private static let now = Instant(milliseconds: 1_800_000_000_000)
    private static let attestation = Attestation(
        noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0, namespaces: [:])

    /// A worker of each kind that has attested itself, one that has not, and one that has proposed
    /// already.
    static func all() throws -> [Self] {
        var worlds = try AutomatonKind.allCases.map { try Self(kind: $0, isAttested: true) }
        worlds.append(try Self(kind: .taskRun, isAttested: false))
        for first in try SoundFrames.beginnings().map({ try JSON.encode($0) }) {
            var world = try Self(kind: .taskRun, isAttested: true)
            guard try !world.take(first) else { throw BenchFailure("a sound frame was refused") }
            worlds.append(world)
        }
        return worlds
    }

    private init(kind: AutomatonKind, isAttested: Bool) throws {
        guard let name = AutomatonName("hostile") else { throw BenchFailure("no name") }
        let settings = Settings(
            stateDirectory: "/nowhere", socket: "/nowhere", operatorGroup: nil, user: nil,
            definitionsDirectory: "/nowhere", libexecDirectory: "/nowhere", runsMax: 2,
            reasoners: [
                "main": ReasonerSettings(
                    provider: .scripted(file: "none"), model: "m",
                    prices: PriceTable(
                        input: 3_000_000, cacheWrite: 3_000_000, cacheRead: 300_000,
                        output: 15_000_000))
            ])
        let definition = Definition(
            name: name, kind: kind, reasoner: "main", prompt: "do it",
            workspace: .init(repository: "/nowhere"), verify: [.shell("make test")],
            capabilities: .init(fetch: [FetchGrant(origin: "https://docs.example.com", send: true)]
            ),
            spec: kind == .specGen ? .init(requirements: nil, directory: "specs/001-a") : nil)
        kernel = Kernel(state: State(), settings: settings)
        talk = WorkerTalk()
        var read = DefinitionsRead(
            loaded: [.init(digest: "00", definition: definition, zone: .utc)], refused: [])
        read.zones = ["UTC": .utc]
        let order: Order
        if kind == .chat, let thread = ThreadName("main") {
            order = .say(name, thread, ChatMessage(id: "1", text: "hello"))
        } else {
            order = .run(name)
        }
        for event in [
            Event.started(version: "1", boot: "boot"), .definitionsRead(read),
            .ordered(order, by: Principal("a"), ticket: 1),
        ] { try kernel.decide(event, at: Self.now) }
        _ = try kernel.takeTurn()
        guard let run = kernel.state.runs.keys.first else {
            throw BenchFailure("no run of \(kind)")
        }
        self.run = run
        guard isAttested else { return }
        let frame = try JSON.encode(FrameUp.attest(attestation: Self.attestation))
        guard try !take(frame) else { throw BenchFailure("an attestation was refused") }
    }

    /// Takes a frame as aurad does; true when it ended the run.
    mutating func take(_ frame: [UInt8]) throws -> Bool {
        let word: WorkerTalk.Word
        do throws(WorkerTalk.Flaw) {
            word = try talk.take(frame)
        } catch {
            return try end(as: error.text)
        }
        switch word {
        case .attested(let claim):
            guard claim == Self.attestation else { return try end(as: "not as we see it") }
            return try decide(.attested(run, 1, claim))
        case .proposed(let proposal):
            let commands = proposal.rounds.flatMap(\.commands)
            var digests: [CommandID: RequestDigest] = [:]
            for command in commands {
                guard case .reason = command.act else { continue }
                digests[command.id] = RequestDigest(sha256: "00", bytes: frame.count)
            }
            return try decide(.proposed(run, 1, proposal, digests: digests))
        }
    }

    /// The worker broke the protocol: its run has to say so.
    mutating func end(as flaw: String) throws -> Bool {
        guard try decide(.violated(run, 1, reason: flaw)), ending == .protocolViolation else {
            throw BenchFailure("a run goes on after: \(flaw)")
        }
        return true
    }

    private mutating func decide(_ event: Event) throws -> Bool {
        try kernel.decide(event, at: Self.now)
        let turn = try kernel.takeTurn()
        // Also what is written and what is done has to stand such numbers.
        for row in turn.rows { precondition(!row.key.isEmpty) }
        for entry in turn.entries {
            _ = EntryText(entry)
            if case .runFinished(let outcome, _, _) = entry.fact, entry.run == run {
                ending = outcome.ending
            }
        }
        _ = kernel.nextWake(after: Self.now)
        return ending != nil
    }
}
