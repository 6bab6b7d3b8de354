import AuraModel
import AuraSupervision

/// A kernel in a world in which time is a number: outages, clocks that are set, sleep, other zones.
///
/// Every fact is held against what must be: a firing is one that was planned, starts at most once,
/// and is decided again only if it was merely missed and the clock went back before it; whatever
/// the wall clock has passed has a row; missed firings are caught up on as declared; no minute has
/// more starts than allowed. The first thing that is otherwise is thrown, with the seed.
struct SimulatedTime {
    /// What went wrong, and how to see it again.
    struct Flaw: Error, CustomStringConvertible {
        var description: String
    }

    /// How often what has happened.
    struct Tally {
        var outages = 0
        var steps = 0
        var sleeps = 0
        var zoneChanges = 0
        var decided = 0
        var started = 0

        /// Outages, steps, sleeps and changed zones together.
        var troubles: Int { outages + steps + sleeps + zoneChanges }
    }

    private(set) var tally = Tally()
    private let seed: UInt64
    private var chance: SimulatedChance
    private var kernel: Kernel
    /// As of the last commit: what a new process reads.
    private var committed = State()
    private let definitions: [Definition]
    private var zone = ZoneRules.utc
    /// Real time since the beginning, the wall clock's error, and sleep, in milliseconds.
    private var elapsed = 0
    private var error = 0
    private var slept = 0
    private var decisions: [AutomatonName: Decisions] = [:]
    private var starts: [Int] = []
    private var lastCheck: Instant
    /// How far the wall clock ever got, and how far it had got when the zone last changed: another
    /// zone plans nothing anew for times that have been.
    private var furthest = 0
    private var zoneFloor = 0

    /// What was decided about one automaton's firings.
    private struct Decisions {
        /// Whether a firing may be decided again: it was missed, and the clock went back before it.
        var final: [Int: Row] = [:]
        var waiting: Set<Int> = []
        var summed: [Sum] = []

        struct Row {
            var isMissed: Bool
            var isOpen = false
        }

        /// Missed firings in one row; those after `openAfter` may be decided once more.
        struct Sum {
            var range: ClosedRange<Int>
            var openAfter = Int.max
        }
    }

    private static let startsMax = 6
    private static let epoch = 1_800_000_000_000
    /// Ten years: the largest step.
    private static let stepMax = 10 * 366 * 86_400_000
    /// Beyond thirty years the clock is put right again: no zone file reaches further in practice.
    private static let errorMax = 30 * 366 * 86_400_000
    private static let settings = Settings(
        stateDirectory: "/", socket: "/", operatorGroup: nil, user: nil, definitionsDirectory: "/",
        libexecDirectory: "/", runsMax: 3, startsPerMinuteMax: startsMax,
        reasoners: ["main": ReasonerSettings(provider: .scripted(file: ""), model: "m", runsMax: 2)]
    )

    /// A world that behaves as `seed` says.
    init(seed: UInt64) throws {
        self.seed = seed
        chance = SimulatedChance(state: seed)
        definitions = try Self.makeDefinitions()
        kernel = Kernel(state: State(), settings: Self.settings, host: "host")
        lastCheck = Instant(milliseconds: Self.epoch)
        try boot()
    }

    private static func makeDefinitions() throws -> [Definition] {
        func make(_ name: String, _ schedule: Schedule, _ firing: FiringPolicy?) throws
            -> Definition
        {
            guard let name = AutomatonName(name) else { throw Flaw(description: "no name \(name)") }
            return Definition(
                name: name, kind: .taskRun, schedule: schedule, firing: firing, zone: "Z",
                reasoner: "main")
        }
        guard let first = AutomatonName("minutely") else { throw Flaw(description: "no name") }
        return [
            try make("minutely", .every(try Interval("1m")), nil),
            try make(
                "quarterly", .cron(try CronExpression("*/15 * * * *")),
                FiringPolicy(overlap: .queueOne, catchUp: .latest, jitter: .minutes(2))),
            try make(
                "nightly", .cron(try CronExpression("30 2 * * *")),
                FiringPolicy(catchUp: .all(most: 3), expect: .minutes(26 * 60))),
            try make(
                "hourly", .every(try Interval("1h")),
                FiringPolicy(
                    overlap: .allow(most: 2), catchUp: .all(most: 5),
                    startingDeadline: .minutes(150))),
            try make(
                "often", .every(try Interval("10m")), FiringPolicy(overlap: .cancelOther)),
            try make(
                "chained", .manual,
                FiringPolicy(overlap: .queueOne, after: .init(automaton: first, on: .any))),
        ]
    }

    // MARK: Time

    private var now: Instant { Instant(milliseconds: Self.epoch + elapsed + error) }
    private var reading: ClockReading {
        ClockReading(wall: now, boot: elapsed, awake: elapsed - slept)
    }

    /// A span from a second to `most`, each order of magnitude as likely.
    private mutating func span(upTo most: Int) -> Int {
        var bound = 1_000
        while bound < most, chance.below(4) != 0 { bound *= 8 }
        return 1 + chance.below(min(bound, most))
    }

    /// Makes trouble until there was as much as `count`.
    mutating func run(troubles count: Int) throws {
        while tally.troubles < count { try trouble() }
    }

    private mutating func trouble() throws {
        switch chance.below(16) {
        case 0, 1, 2: try outage()
        case 3: try step()
        case 4:
            tally.sleeps += 1
            let span = span(upTo: 30 * 86_400_000)
            elapsed += span
            slept += span
            try turn([.tick])
        case 5:
            tally.zoneChanges += 1
            zoneFloor = furthest
            zone = ZoneRules(fixedOffset: [0, 3_600, 7_200, -18_000, 20_700][chance.below(5)])
            try turn([read()])
        case 6: try order()
        case 7, 8, 9, 10: try work()
        default: try pass(span(upTo: 20 * 60_000))
        }
    }

    /// Time goes by; the timer wakes the kernel when it asked to be.
    private mutating func pass(_ span: Int) throws {
        let end = elapsed + span
        for _ in 0..<40 {
            guard let wake = kernel.nextWake(after: now) else { break }
            let at = wake.milliseconds - Self.epoch - error
            guard at <= end else { break }
            elapsed = max(elapsed, at)
            try turn([.tick])
        }
        elapsed = end
        try turn([.tick])
    }

    private mutating func step() throws {
        tally.steps += 1
        shiftClock()
        try turn([.tick])
    }

    private mutating func shiftClock() {
        if error != 0, chance.below(3) == 0 || abs(error) > Self.errorMax {
            error = 0
        } else {
            let span = span(upTo: Self.stepMax)
            error += chance.below(2) == 0 ? span : -span
        }
        noteClock()
    }

    /// The wall clock may have gone back: what was only missed after it may be decided once more.
    private mutating func noteClock() {
        let now = now.milliseconds
        for name in decisions.keys where now < lastCheck.milliseconds {
            guard var known = decisions[name] else { continue }
            for (nominal, row) in known.final where row.isMissed && nominal > now {
                known.final[nominal]?.isOpen = true
            }
            for index in known.summed.indices {
                known.summed[index].openAfter = min(known.summed[index].openAfter, now)
            }
            decisions[name] = known
        }
        if now < lastCheck.milliseconds { lastCheck = self.now }
    }

    private mutating func outage() throws {
        tally.outages += 1
        if chance.below(3) == 0 {
            // Killed between the decision and the commit: what was decided never was.
            elapsed += chance.below(120_000)
            try kernel.decide(.clock(reading), at: now)
            try kernel.decide(.tick, at: now)
        }
        elapsed += span(upTo: 30 * 86_400_000)
        if chance.below(8) == 0 {
            tally.steps += 1
            shiftClock()
            // What the clock read when the newest starts were made tells nothing any more.
            starts = []
        }
        try boot()
    }

    private mutating func boot() throws {
        kernel = Kernel(state: committed, settings: Self.settings, host: "host")
        try turn([.started(version: "1", boot: ""), read()])
    }

    private func read() -> Event {
        .definitionsRead(
            DefinitionsRead(
                loaded: definitions.map {
                    .init(digest: $0.name.text, definition: $0, zone: zone)
                }, refused: []))
    }

    // MARK: Work

    private mutating func order() throws {
        let name = definitions[chance.below(definitions.count)].name
        let by = Principal("eve")
        switch chance.below(8) {
        case 0: try turn([.ordered(.stop(name), by: by, ticket: 1)])
        case 1: try turn([.ordered(.pause(name), by: by, ticket: 1)])
        case 2, 3: try turn([.ordered(.run(name), by: by, ticket: 1)])
        default:
            try turn([
                .ordered(.start(name), by: by, ticket: 1),
                .ordered(.resume(name), by: by, ticket: 1),
            ])
        }
    }

    /// A worker does what it does at some time: it attests itself and finishes, or it dies.
    private mutating func work() throws {
        guard let id = kernel.state.index.underWay.sorted().first, let run = kernel.state.runs[id]
        else { return }
        elapsed += chance.below(2_000)
        let outcome = RunOutcome(chance.below(4) == 0 ? .failed : .done, "")
        let finish = Command(id: run.commands + 1, act: .finish(outcome: outcome, report: ""))
        try turn([
            .attested(id, run.generation, Self.attestation),
            .proposed(
                id, run.generation,
                Proposal(basis: run.transactions, outcomes: [], commands: [finish]), digests: [:]),
        ])
    }

    private static let attestation = Attestation(
        noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0, namespaces: [:])

    // MARK: One turn, and what must hold of it

    private mutating func turn(_ events: [Event]) throws {
        let inForce = kernel.state.automata
        try kernel.decide(.clock(reading), at: now)
        for event in events { try kernel.decide(event, at: now) }
        let turn = try kernel.takeTurn()
        committed = kernel.state
        for entry in turn.entries { try check(entry) }
        try checkCatchUp(turn.entries)
        try checkPassed(inForce)
    }

    private func flaw(_ text: String) -> Flaw {
        Flaw(description: "seed \(seed), after \(tally.troubles) troubles, at \(now): \(text)")
    }

    private mutating func check(_ entry: Entry) throws {
        guard let name = entry.automaton else { return }
        switch entry.fact {
        case .occurrenceDecided(let nominal, let decision):
            try check(nominal.milliseconds, decision, of: name)
        case .firingsMissed(let from, let through, _):
            guard from <= through else { throw flaw("\(name): an empty sum of missed firings") }
            decisions[name, default: Decisions()].summed.append(
                .init(range: from.milliseconds...through.milliseconds))
        default: break
        }
    }

    private mutating func check(
        _ nominal: Int, _ decision: OccurrenceDecision, of name: AutomatonName
    ) throws {
        tally.decided += 1
        guard let definition = definitions.first(where: { $0.name == name }) else { return }
        var known = decisions[name] ?? Decisions()
        let waited = known.waiting.remove(nominal) != nil
        let isClosed = known.final[nominal].map { !$0.isOpen } ?? false
        if isClosed
            || known.summed.contains(where: {
                $0.range.contains(nominal) && nominal <= $0.openAfter
            })
        {
            throw flaw("\(name): \(nominal) was decided again: \(decision)")
        }
        if !waited, definition.schedule != .manual,
            definition.schedule.next(afterMilliseconds: nominal - 1, in: zone) != nominal
        {
            throw flaw("\(name): \(nominal) was never planned")
        }
        switch decision {
        case .queued: known.waiting.insert(nominal)
        case .missed: known.final[nominal] = .init(isMissed: true)
        case .skipped, .cancelled: known.final[nominal] = .init(isMissed: false)
        case .started:
            known.final[nominal] = .init(isMissed: false)
            tally.started += 1
            starts = starts.filter { elapsed - $0 < 57_000 } + [elapsed]
            guard starts.count <= Self.startsMax else { throw flaw("too many starts in a minute") }
        }
        decisions[name] = known
    }

    /// The newest missed firings are caught up on, as many as declared, and none else.
    private func checkCatchUp(_ entries: [Entry]) throws {
        for definition in definitions where definition.schedule != .manual {
            var caught: [Instant] = []
            var missed: [Instant] = []
            for entry in entries where entry.automaton == definition.name {
                guard case .occurrenceDecided(let nominal, let decision) = entry.fact
                else { continue }
                if case .missed = decision { missed.append(nominal) }
                if case .queued(let reason) = decision, reason.hasSuffix("caught up on") {
                    caught.append(nominal)
                }
            }
            let policy = definition.firingPolicy
            guard caught.count <= policy.catchUp.most else {
                throw flaw("\(definition.name): \(caught.count) firings were caught up on")
            }
            guard let lastMissed = missed.max() else { continue }
            if let first = caught.min(), first < lastMissed {
                throw flaw("\(definition.name): an older firing than a missed one was caught up on")
            }
            if case .all(let most) = policy.catchUp, policy.startingDeadline == nil,
                caught.count != most
            {
                throw flaw("\(definition.name): \(caught.count) of \(most) were caught up on")
            }
        }
    }

    /// Whatever the wall clock has passed since the last look has a row, if the schedule was in
    /// force.
    private mutating func checkPassed(_ before: [AutomatonName: AutomatonRow]) throws {
        let from = lastCheck
        lastCheck = now
        furthest = max(furthest, now.milliseconds)
        for definition in definitions {
            guard let old = before[definition.name],
                let row = kernel.state.automata[definition.name],
                old.isActive, row.isActive, row.activeSince == old.activeSince
            else { continue }
            let delay = definition.firingPolicy.delay(of: definition.name, on: "host").count
            let inForce = max(from.milliseconds - delay, row.activeSince?.milliseconds ?? 0)
            let isCalendar = if case .cron = definition.schedule { true } else { false }
            let start = isCalendar ? max(inForce, zoneFloor) : inForce
            var cursor = start
            for _ in 0..<40 {
                guard
                    let nominal = definition.schedule.next(afterMilliseconds: cursor, in: zone),
                    nominal + delay <= now.milliseconds
                else { break }
                guard isDecided(nominal, of: definition.name) else {
                    throw flaw("\(definition.name): \(nominal) passed and has no row")
                }
                cursor = nominal
            }
        }
    }

    private func isDecided(_ nominal: Int, of name: AutomatonName) -> Bool {
        guard let known = decisions[name] else { return false }
        return known.final[nominal] != nil || known.waiting.contains(nominal)
            || known.summed.contains { $0.range.contains(nominal) }
    }
}
