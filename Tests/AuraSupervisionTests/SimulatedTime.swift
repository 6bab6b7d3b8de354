import AuraModel
import AuraSupervision

/// A kernel in a world in which time is a number: outages, clocks that are set, sleep, other rules
/// of zones, other definitions, a process that ends at any point.
///
/// The process is as aurad has it: a turn begins with what the clocks read, its rows are what a new
/// process reads. `SimulatedJudge` holds every turn against what must be.
struct SimulatedTime {
    /// How often what has happened.
    struct Tally {
        var troubles = 0
        var crashes = 0
        var decided = 0
        var started = 0
        /// Turns that were decided before their time.
        var foreseen = 0
        /// Automatons whose row reached a bound: of those less is asked from there on.
        var lost = 0
        /// Over the bytes of every entry, in order (FNV-1a): the same for the same seed, always.
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325

        mutating func mix(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }

        mutating func add(_ other: Self) {
            troubles += other.troubles
            crashes += other.crashes
            decided += other.decided
            started += other.started
            foreseen += other.foreseen
            lost += other.lost
            withUnsafeBytes(of: other.digest) { mix($0) }
        }
    }

    private(set) var tally = Tally()
    private var kernel = Kernel(state: State(), settings: Self.settings, host: Self.host)
    private var judge = SimulatedJudge()
    /// What is in the record.
    private var rows: [RowTable: [String: String]] = [:]
    /// Keys of runs that are over: a new process reads them, and drops them.
    private var finished: Set<String> = []
    private var entries: [Entry] = []
    private let editions: [[Definition]]
    /// What stands in the directory of definitions, and in the files of the zones.
    private var files: [Int?]
    private var zones: [Int]
    /// Real time since the beginning, the wall clock's error, and sleep, in milliseconds.
    private var elapsed = 0
    private var error = 0
    private var slept = 0
    private var crash: (turns: Int, isCommitted: Bool, down: Int)?
    /// Whether the next wake is decided before its time, as aurad does for herds; and what came of it.
    private let isForeseeing: Bool
    private var foresight: Foresight?

    static let startsMax = 6
    static let host = "host"
    private static let epoch = 1_800_000_000_000
    /// Thirty years: the clock is put right when it would be further off; no zone file reaches
    /// further in practice.
    private static let errorMax = 30 * 366 * 86_400_000
    /// 20 wakes: after that the rest of a span passes at once, as if the machine had been too slow.
    private static let wakesMax = 20
    private static let settings = Settings(
        stateDirectory: "/", socket: "/", operatorGroup: nil, user: nil, definitionsDirectory: "/",
        libexecDirectory: "/", runsMax: 3, startsPerMinuteMax: startsMax,
        reasoners: ["main": ReasonerSettings(provider: .scripted(file: ""), model: "m", runsMax: 2)]
    )

    /// A world of definitions as they begin, with aurad started.
    init(isForeseeing: Bool = false) throws {
        self.isForeseeing = isForeseeing
        editions = try SimulatedFiles.definitions()
        files = Array(repeating: 0, count: editions.count)
        zones = [1, 2]
        try boot()
    }

    /// Plays a list, then holds the whole record against itself.
    ///
    /// - Throws: `SimulatedFlaw` for the first thing that is not as it must be.
    static func play(
        _ list: [SimulatedTrouble], isAudited: Bool, isForeseeing: Bool = false
    ) throws -> Tally {
        var world = try Self(isForeseeing: isForeseeing)
        for (index, trouble) in list.enumerated() {
            do {
                try world.meet(trouble)
            } catch let flaw as SimulatedFlaw {
                let place = "after \(index + 1) of \(list.count), at \(world.now.milliseconds)"
                throw SimulatedFlaw("\(flaw), \(place)")
            }
            world.tally.troubles += trouble.troubles
        }
        if isAudited { try world.audit() }
        for entry in world.entries { world.tally.mix(try JSON.encode(entry)) }
        world.tally.decided = world.judge.decided
        world.tally.started = world.judge.started
        world.tally.lost = world.judge.lost
        return world.tally
    }

    /// The flaw that a list finds; nil when it finds none.
    static func flaw(in list: [SimulatedTrouble], isForeseeing: Bool = false) -> (any Error)? {
        do {
            _ = try play(list, isAudited: true, isForeseeing: isForeseeing)
            return nil
        } catch {
            return error
        }
    }

    // MARK: What happens

    private var now: Instant { Instant(milliseconds: Self.epoch + elapsed + error) }

    private mutating func meet(_ trouble: SimulatedTrouble) throws {
        switch trouble {
        case .pass(let span): try pass(span)
        case .outage(let span, let changes): try outage(span, changes)
        case .untilChange(let zone, let before):
            let change = SimulatedFiles.rules[zones[zone]].segment(containing: now.second).end
            guard change < .max else { return }
            try outage(max(0, change * 1000 - before - now.milliseconds), [])
        case .crash(let turns, let isCommitted, let down): crash = (turns, isCommitted, down)
        case .sleep(let span):
            elapsed += span
            slept += span
            try turn([.tick])
        case .change(let change):
            apply(change)
            switch change {
            case .zone, .file: try turn([read()])
            case .step, .right: try turn([.tick])
            }
        case .work(let pick, let takes, let isSuccess):
            elapsed += takes
            try work(pick, isSuccess: isSuccess)
        case .die(let pick):
            guard let run = underWay(pick) else { return }
            let exit = AttemptExit.signalled(number: 9)
            try turn([.attemptEnded(run.id, run.generation, exit, detail: "killed")])
        case .order(let index, let order): try carryOut(order, name(index))
        case .backfill(let index, let ago, let span): try backfill(name(index), ago, span)
        }
    }

    private mutating func apply(_ change: SimulatedTrouble.Change) {
        switch change {
        case .step(let by): error = abs(error + by) > Self.errorMax ? 0 : error + by
        case .right: error = 0
        case .zone(let zone, let rules): zones[zone] = rules
        case .file(let index, let edition): files[index] = edition
        }
    }

    /// Time goes by; the timer wakes the kernel when it asked to be.
    private mutating func pass(_ span: Int) throws {
        let end = elapsed + span
        for _ in 0..<Self.wakesMax {
            guard let wake = kernel.nextWake(after: now) else { break }
            let at = wake.milliseconds - Self.epoch - error
            guard at <= end else { break }
            elapsed = max(elapsed, at)
            try turn([.tick])
        }
        elapsed = max(elapsed, end)
        try turn([.tick])
    }

    private mutating func outage(_ span: Int, _ changes: [SimulatedTrouble.Change]) throws {
        elapsed += span
        for change in changes { apply(change) }
        try boot()
    }

    /// A new process reads the rows, as aurad does.
    private mutating func boot() throws {
        var kept = rows.filter { $0.key != .occurrences }
        kept[.runs] = kept[.runs]?.filter { !finished.contains($0.key) }
        let stored = kept.mapValues {
            $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        kernel = Kernel(state: try State(rows: stored), settings: Self.settings, host: Self.host)
        judge.forgetProcess()
        foresight = nil
        try turn([.started(version: "1", boot: ""), read()])
    }

    private func read() -> Event {
        var read = DefinitionsRead(loaded: [], refused: [])
        for (index, file) in files.enumerated() {
            guard let file else { continue }
            let definition = editions[index][file]
            read.loaded.append(
                .init(
                    digest: "\(definition.name)-\(file)", definition: definition,
                    zone: rules(definition.zone)))
        }
        for name in SimulatedFiles.zones { read.zones[name] = rules(name) }
        return .definitionsRead(read)
    }

    private func rules(_ zone: String) -> ZoneRules {
        let index = SimulatedFiles.zones.firstIndex(of: zone) ?? 0
        return SimulatedFiles.rules[zones[index]]
    }

    // MARK: Orders and work

    private func name(_ index: Int) -> AutomatonName { editions[index][0].name }

    private mutating func carryOut(
        _ order: SimulatedTrouble.SimulatedOrder, _ name: AutomatonName
    ) throws {
        let what: Order =
            switch order {
            case .start: .start(name)
            case .stop: .stop(name)
            case .restart: .restart(name)
            case .pause: .pause(name)
            case .resume: .resume(name)
            case .run: .run(name)
            }
        try turn([.ordered(what, by: Principal("eve"), ticket: 1)])
    }

    /// As `ControlService` does it: what has started is left out.
    private mutating func backfill(_ name: AutomatonName, _ ago: Int, _ span: Int) throws {
        let to = now + Milliseconds(-ago)
        let range = BackfillRange(from: to + Milliseconds(-span), to: to)
        let open = kernel.nominals(of: name, in: range).prefix(FiringPolicy.countMax)
            .filter { !judge.hasStarted($0, of: name) }
        try turn([.ordered(.backfill(name, Array(open)), by: Principal("eve"), ticket: 1)])
    }

    private func underWay(_ pick: Int) -> RunRow? {
        let ids = kernel.state.index.underWay.sorted()
        return ids.isEmpty ? nil : kernel.state.runs[ids[pick % ids.count]]
    }

    private mutating func work(_ pick: Int, isSuccess: Bool) throws {
        guard let run = underWay(pick) else { return }
        let outcome = RunOutcome(isSuccess ? .done : .failed, "")
        let finish = Command(id: run.commands + 1, act: .finish(outcome: outcome, report: ""))
        let proposal = Proposal(basis: run.transactions, outcomes: [], commands: [finish])
        try turn([
            .attested(run.id, run.generation, Self.attestation),
            .proposed(run.id, run.generation, proposal, digests: [:]),
        ])
    }

    private static let attestation = Attestation(
        noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0, namespaces: [:])

    // MARK: Turns

    private mutating func turn(_ events: [Event]) throws {
        let reading = ClockReading(wall: now, boot: elapsed, awake: elapsed - slept)
        let turn = try foreseen(events, reading) ?? decide(events, reading)
        if let crash, crash.turns == 0 {
            self.crash = nil
            tally.crashes += 1
            if crash.isCommitted { try commit(turn, events) }
            elapsed += crash.down
            return try boot()
        }
        crash?.turns -= 1
        try commit(turn, events)
        if isForeseeing, foresight == nil {
            foresight = try Foresight(of: kernel, after: now, herdMin: 1)
        }
    }

    private mutating func decide(_ events: [Event], _ reading: ClockReading) throws -> Kernel.Turn {
        try kernel.decide(.clock(reading), at: now)
        for event in events { try kernel.decide(event, at: now) }
        return try kernel.takeTurn()
    }

    /// The turn that was decided before its time, if nothing else has happened; as `TurnLoop` does
    /// it, but late by nothing.
    private mutating func foreseen(
        _ events: [Event], _ reading: ClockReading
    ) throws -> Kernel.Turn? {
        guard let foresight else { return nil }
        let isQuiet = events.allSatisfy { if case .tick = $0 { true } else { false } }
        switch isQuiet ? foresight.outlook(for: kernel, reading) : .void {
        case .early:
            try kernel.decide(.clock(reading), at: now)
            return try kernel.takeTurn()
        case .holds where foresight.due == now:
            kernel.take(foresight, reading)
            self.foresight = nil
            tally.foreseen += 1
            return foresight.turn
        case .holds, .void:
            self.foresight = nil
            return nil
        }
    }

    private mutating func commit(_ turn: Kernel.Turn, _ events: [Event]) throws {
        for write in turn.rows { rows[write.table, default: [:]][write.key] = write.value }
        entries += turn.entries
        for entry in turn.entries where entry.fact.kind == .runFinished {
            if let run = entry.run { finished.insert(run.text) }
        }
        let areZonesKnown = events.contains {
            if case .definitionsRead = $0 { return true }
            return false
        }
        if areZonesKnown {
            judge.read(
                zones: Dictionary(
                    uniqueKeysWithValues: SimulatedFiles.zones.map { ($0, rules($0)) }), at: now)
        }
        try judge.take(turn, state: kernel.state, at: now)
    }

    // MARK: The end

    /// What waits comes to its end when nothing happens any more, and the rows are what the entries
    /// make of them.
    private mutating func audit() throws {
        crash = nil
        let waiting = kernel.state.automata.mapValues { Set(($0.waiting ?? []).map(\.sequence)) }
        for _ in 0..<Self.drainTurnsMax {
            let isOver = kernel.state.automata.allSatisfy { name, row in
                waiting[name]?.isDisjoint(with: (row.waiting ?? []).map(\.sequence)) ?? true
            }
            if isOver { break }
            for pick in 0..<Self.worksMax { try work(pick, isSuccess: true) }
            try pass(61_000)
        }
        for (name, row) in kernel.state.automata {
            for item in row.waiting ?? [] where waiting[name]?.contains(item.sequence) == true {
                throw SimulatedFlaw("\(name): \(item.nominal.milliseconds) waits for ever")
            }
        }
        var state = State()
        var folded: [RowTable: [String: String]] = [:]
        for entry in entries {
            try state.apply(entry)
            for write in try state.takeRows() {
                folded[write.table, default: [:]][write.key] = write.value
            }
        }
        for table in RowTable.allCases {
            let (made, kept) = (folded[table] ?? [:], rows[table] ?? [:])
            guard made != kept else { continue }
            let key = Set(made.keys).union(kept.keys).sorted().first { made[$0] != kept[$0] } ?? ""
            throw SimulatedFlaw(
                "\(table) \(key): \(kept[key] ?? "no row") is kept, "
                    + "\(made[key] ?? "no row") is what the entries make")
        }
    }

    /// 700 firings may wait, a hundred of each automaton, six start in a minute, beside what fires
    /// meanwhile.
    private static let drainTurnsMax = 1_000
    /// Twice what a minute starts.
    private static let worksMax = 2 * startsMax
}

/// What is not as it must be.
struct SimulatedFlaw: Error, CustomStringConvertible {
    var description: String

    /// A flaw, in words.
    init(_ description: String) { self.description = description }
}
