package import AuraModel

/// The daemon's kernel: takes one event at a time, records facts, asks for actions.
///
/// Pure.
///
/// State moves through `record` alone, which applies each fact as it is decided; the turn loop
/// commits what `takeTurn` hands out and performs the actions only then. If the commit fails, the
/// process ends: nothing has left it yet.
package struct Kernel: Sendable {
    package private(set) var state: State
    let settings: Settings
    /// What this process knows of the attempts it runs; gone with the process, on purpose.
    var attempts = Attempts()
    /// Which runs have to be looked at, and when.
    var looks = RunLooks()
    var zones: [String: ZoneRules] = [:]
    package internal(set) var refusedDefinitions: [Diagnostic] = []
    /// Whether the definitions were read since the start; before that no zone is known, and what
    /// waits may have been removed.
    var areDefinitionsRead = false
    /// Automatons in force of which no good file was found in the newest reading.
    var withoutFile: Set<AutomatonName> = []
    var actions: [Action] = []
    /// What was under way at the start of this process.
    package internal(set) var handover = Handover()
    var isStopping = false
    /// What this machine is called: spreads the delays of one set of definitions over hosts.
    let host: String
    /// When each automaton has to be looked at.
    var due = DueHeap<AutomatonName>()
    /// Automatons with a waiting firing that could start: by how long they wait.
    var ready = DueHeap<AutomatonName>()
    /// Starts by schedules in the last minute, oldest first.
    var starts: [Instant]
    /// Automatons chained to each one, and the one that each is chained to.
    var followers: [AutomatonName: Set<AutomatonName>] = [:]
    var following: [AutomatonName: AutomatonName] = [:]
    /// What is watched for automatons that fire on a change, by this process.
    var watching: [AutomatonName: ChangeWatch] = [:]
    var lastClock: ClockReading?
    /// Whether what fires at boot has still to fire: set by the first start in a boot.
    var owesBootFirings = false
    /// Whether a checkpoint was asked for and is not there yet.
    var isCheckpointAsked = false
    /// Model calls of runs that have a worker, and when those that wait are to be looked at.
    var calls = CallTable()
    var callWakes: [CallKey: Instant] = [:]
    var lastCall = 0
    var gates: [String: ProviderGate] = [:]
    var health: [String: RouteHealth] = [:]
    private var entries: [Entry] = []
    /// How often it was asked to decide, but for clocks that go as they should: two kernels of one
    /// past are the same while this is.
    private(set) var decisions = 0

    /// One turn's result: durable first, then acted on.
    package struct Turn: Sendable {
        package var entries: [Entry]
        package var rows: [RowWrite]
        package var actions: [Action]
    }

    /// A kernel that goes on from `state`; `host` is the machine's own id.
    package init(state: State, settings: Settings, host: String = "") {
        self.state = state
        self.settings = settings
        self.host = host
        // The process before may have started them all at its last moment: the bound holds all the same.
        let last = state.daemon.starts
        starts = last.map { Array(repeating: $0.last, count: $0.count) } ?? []
        looks.changed = Set(state.runs.keys)
    }

    /// Decides what `event` means at `now`.
    ///
    /// Facts and actions gather until `takeTurn`.
    ///
    /// - Throws: `EncodingError` when a row cannot be written; the turn must then not be committed.
    package mutating func decide(_ event: Event, at now: Instant) throws {
        if case .clock(let reading) = event, !isTroubled(by: reading) {
            lastClock = reading
            return
        }
        decisions += 1
        switch event {
        case .started(let version, let boot, let weaknesses, let found):
            try recover(version: version, boot: boot, weaknesses: weaknesses, found, at: now)
        case .definitionsRead(let read): try putInForce(read, at: now)
        case .tick: break
        case .clock(let reading): return try compare(reading, at: now)
        case .ordered(let order, let principal, let ticket):
            try carryOut(order, by: principal, ticket: ticket, at: now)
        case .changed(let name, let look): try consider(look, of: name, at: now)
        case .launched(let run, let generation): noteLaunch(of: run, generation, at: now)
        case .attested(let run, let generation, let attestation):
            try welcome(run, generation, attestation, at: now)
        case .proposed(let run, let generation, let proposal, let digests):
            try consider(proposal, of: run, generation, digests: digests, at: now)
        case .redacted(let run, let generation, let proposal, let digests):
            try considerRedacted(proposal, of: run, generation, digests: digests, at: now)
        case .violated(let run, let generation, let reason):
            guard attempts[run]?.generation == generation else { break }
            try finish(run, RunOutcome(.protocolViolation, reason), at: now)
        case .attemptEnded(let run, let generation, let exit, let detail):
            try bury(run, generation, exit, detail: detail, at: now)
        case .modelBegan(let run, let command, let usage):
            calls[CallKey(run: run, command: command)]?.begun = usage
        case .modelEnded(let run, let command, let result, let chance):
            try end(CallKey(run: run, command: command), result, chance: chance, at: now)
        case .toolEnded(let run, let command, let result):
            try transact(.toolFinished(command: command, result: result), on: run, at: now)
        case .stepEnded(let run, let command, let result):
            try transact(.stepFinished(command: command, result: result), on: run, at: now)
        case .requestWanted(let run, let request): try consider(request, of: run, at: now)
        case .requestEnded(let run, let end): try close(end, of: run, at: now)
        case .checkpointSigned(let checkpoint):
            isCheckpointAsked = false
            try record(.checkpoint(checkpoint), at: now)
        case .stopping(let reason):
            isStopping = true
            try abandonCalls(at: now)
            try record(.daemonStopped(reason: reason), at: now)
            askForCheckpoint()
        }
        guard !isStopping else { return }
        try doWhatIsDue(at: now)
        deliverNews(at: now)
        askForCheckpointIfDue(at: now)
        placeRuns(at: now)
    }

    /// The zones that definitions in force are counted in.
    package var zonesInForce: Set<String> {
        Set(
            state.automata.values.filter(\.isLoaded)
                .compactMap { state.definitions[$0.definition]?.zone })
    }

    /// Hands out what was decided since the last call.
    ///
    /// - Throws: `EncodingError` when a row cannot be written as JSON.
    package mutating func takeTurn() throws -> Turn {
        let turn = Turn(entries: entries, rows: try state.takeRows(), actions: actions)
        entries = []
        actions = []
        return turn
    }

    /// Nothing was carried out for `span`: no worker is late because of it.
    package mutating func excuse(_ span: Milliseconds) {
        decisions += 1
        attempts.postpone(by: span)
    }

    /// What was decided and is for workers to think about, before it is durable.
    ///
    /// A worker can do nothing by itself but read its own files, and the turn that takes its
    /// answer commits both: so an answer of a model and the call that follows from it are one
    /// commit. If this process ends before, the worker ends with it.
    package mutating func takeDeliveries() -> (entries: [Entry], deliveries: [Action]) {
        let deliveries = actions.filter { action in
            if case .deliver = action { true } else { false }
        }
        guard !deliveries.isEmpty else { return ([], []) }
        actions.removeAll { action in
            if case .deliver = action { true } else { false }
        }
        return (entries, deliveries)
    }

    /// Whether nothing is decided that `takeTurn` has not handed out.
    var hasHandedOut: Bool { entries.isEmpty && actions.isEmpty }

    /// The sequence number that the next recorded fact will get.
    var nextSequence: Int { state.daemon.sequence + 1 }

    /// Automatons of which something changed since this was last asked.
    mutating func takeChanged() -> Set<AutomatonName> {
        defer { state.changed = [] }
        return state.changed
    }

    /// The pause of `name` after a failure is over, or waits for one more start until then.
    mutating func letGo(of name: AutomatonName, until: Instant? = nil) {
        state.letGo(of: name, until: until)
    }

    /// All automatons are to be looked at anew.
    mutating func markAllChanged() { state.changed = Set(state.automata.keys) }

    /// Makes `fact` true: the only way in which state moves.
    mutating func record(
        _ fact: Fact, automaton: AutomatonName? = nil, run: RunID? = nil,
        parent: RunID? = nil, by principal: Principal = .daemon, at now: Instant
    ) throws {
        let row = run.flatMap { state.runs[$0] }
        let name = automaton ?? row?.automaton
        let entry = Entry(
            sequence: nextSequence, at: now, principal: principal, automaton: name,
            automatonSequence: name.map { (state.automata[$0]?.entries ?? 0) + 1 }, run: run,
            parent: parent ?? row?.parent, generation: run.flatMap { attempts[$0]?.generation },
            fact: fact, previous: "")
        try state.apply(entry)
        entries.append(entry)
        noteChange(by: entry)
    }

    /// When the kernel next has something to do by itself; nil when only an event can bring work.
    package func nextWake(after now: Instant) -> Instant? {
        guard !isStopping else { return nil }
        let wakes = [
            due.first?.due, nextToken(after: now), nextCallWake, nextLook(after: now),
            checkpointDue, nextCoolDown, nextHoldEnd,
        ]
        return wakes.compactMap { $0 }.min()
    }

    /// Everything that has come due by `now`, in the order in which it bears on what follows.
    private mutating func doWhatIsDue(at now: Instant) throws {
        try endCoolDowns(at: now)
        try endHolds(at: now)
        try warnOfWallTime(at: now)
        try endOverdueRuns(at: now)
        try endStoppedRuns(at: now)
        try endSilentAttempts(at: now)
        try endWaits(at: now)
        try decideOccurrences(at: now)
        try placeCalls(at: now)
        try parkQuestions(at: now)
        try unpark(at: now)
        try startAttempts(at: now)
    }
}

extension Intent.Plan {
    /// When the command ends by itself.
    var until: Instant? {
        switch self {
        case .ask(_, let until), .wait(let until, _): until
        case .reason, .tool, .step, .spawn, .finish: nil
        }
    }
}
