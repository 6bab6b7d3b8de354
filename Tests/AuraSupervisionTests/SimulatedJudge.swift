import AuraModel
import AuraSupervision

/// Holds every turn of a simulated world against what is declared about firings.
///
/// It knows schedules, zones, policies and the clock, and neither cursor nor spans: what those are
/// for is what is judged. Asked is that
/// - what is decided was planned, by what was in force, and its time has come;
/// - it is decided once, and again only if it was merely missed and the clock went back before it,
///   or somebody backfilled it;
/// - whatever the wall clock passes while a schedule is in force has a row by the end of the turn,
///   also when the schedule goes out of force before a delayed firing was due;
/// - a firing is missed if it is found more than a minute late, and caught up on as declared;
/// - a start keeps to the overlap policy, the window, the deadline, the pause, the starts a minute;
/// - a chain fires once for each run that meets its condition.
struct SimulatedJudge {
    var decided = 0
    var started = 0
    var lost: Int { known.values.count { $0.isLost } }
    var known: [AutomatonName: Known] = [:]
    var zones: [String: ZoneRules] = [:]
    /// Before the newest reading; nil when it changed nothing or this process had none.
    var oldZones: [String: ZoneRules]?
    private var areZonesFresh = true
    var starts: [Int] = []
    var now = 0

    static let lateness = 60_000

    /// What is known about one automaton; shared, since it is large and changes with every entry.
    final class Known {
        var definition: Definition
        var isActive: Bool
        var isLoaded = true
        var isPaused = false
        /// What became of each firing with a row of its own.
        var marks: [Int: Mark] = [:]
        /// Rows that stand for many: first and last firing.
        var sums: [Int: Int] = [:]
        /// What waits, and whether somebody ordered it.
        var waiting: [Int: Bool] = [:]
        var live: Set<RunID> = []
        /// Since when the schedule is in force, or the earliest that the clock read since then.
        var floor: Int
        /// Up to here all has a row.
        var passed: Int
        /// Where the clock was while the schedule, by the rules of its zone, was the one that it is.
        ///
        /// And where it was under each one before: what was decided there is decided, and nothing
        /// is planned anew by another schedule.
        var lived: ClosedRange<Int>
        var foreign: [ClosedRange<Int>] = []
        /// As of the turn before: the kernel's own word for what it holds to be decided.
        var row: AutomatonRow?
        /// The bounds of what a row remembers were reached: missed firings stay so, or times
        /// without a schedule are not made up for.
        var isForgetful = false
        var isLost = false
        var turn = Turn()

        init(_ definition: Definition, at now: Int) {
            self.definition = definition
            isActive = definition.enabled
            floor = now
            passed = now
            lived = now...now
        }

        /// Another schedule, or other rules for it, from `now` on: up to it the old one decided.
        func change(at now: Int) {
            foreign.append(min(lived.lowerBound, now)...max(lived.upperBound, now))
            lived = now...now
        }

        var delay: Int {
            definition.firingPolicy.delay(of: definition.name, on: SimulatedTime.host).count
        }

        func isSummed(_ nominal: Int) -> Bool {
            sums.contains { $0.key <= nominal && nominal <= $0.value }
        }
    }

    struct Mark {
        var decision: OccurrenceDecision
        /// Missed, and the clock was set back before it.
        var isOpen = false
        var isMissed: Bool { if case .missed = decision { true } else { false } }
    }

    /// What one turn decided about an automaton.
    struct Turn {
        var missed: [Int] = []
        var caught: [Int] = []
        var onTime: [Int] = []
        var cancelled: [Int] = []
        var sumEnd: Int?
        var ended = false
        var owedChains = 0
        /// How many may wait besides those that do when the first is found late.
        var room: Int?
    }

    // MARK: What the world tells

    /// The process is gone, and the zones that it knew.
    mutating func forgetProcess() { areZonesFresh = true }

    /// Zone files were read.
    mutating func read(zones new: [String: ZoneRules], at instant: Instant) {
        oldZones = areZonesFresh || zones == new ? nil : zones
        if zones != new {
            for item in known.values where zones[item.definition.zone] != new[item.definition.zone]
            {
                item.change(at: instant.milliseconds)
            }
        }
        zones = new
        areZonesFresh = false
    }

    /// Whether a firing has started a run.
    func hasStarted(_ nominal: Instant, of name: AutomatonName) -> Bool {
        guard case .started = known[name]?.marks[nominal.milliseconds]?.decision else {
            return false
        }
        return true
    }

    /// Judges one committed turn.
    mutating func take(_ turn: Kernel.Turn, state: State, at instant: Instant) throws {
        now = instant.milliseconds
        for item in known.values { item.turn = Turn() }
        try trimSums(turn.rows)
        for entry in turn.entries { try judge(entry) }
        for name in known.keys.sorted() {
            try judgeCatchUp(name)
            try judgePassed(name, state)
        }
        try compare(turn.rows)
        oldZones = nil
    }

    func flaw(_ name: AutomatonName, _ text: String) -> SimulatedFlaw {
        SimulatedFlaw("\(name): \(text)")
    }

    // MARK: Rows

    /// Sums that were there before the turn may have become shorter, or gone, or several where
    /// firings in them were backfilled: one then goes on where the one before it ends.
    private mutating func trimSums(_ writes: [RowWrite]) throws {
        let before = known.mapValues(\.sums)
        let keys = Set(writes.filter { $0.table == .occurrences }.map(\.key))
        for write in writes where write.table == .occurrences && write.key.hasSuffix("+") {
            let parts = write.key.dropLast().split(separator: "/")
            guard parts.count == 2, let name = AutomatonName(String(parts[0])),
                let nominal = Int(parts[1])
            else { continue }
            let row = try write.value.map { try JSON.decode(OccurrenceRow.self, from: $0.utf8) }
            let through = row?.through?.milliseconds
            guard let old = known[name]?.sums[nominal] else {
                guard let through,
                    let whole = before[name]?.first(where: {
                        $0.key < nominal && through <= $0.value
                    })
                else { continue }
                let next = OccurrenceKey.text(name, Instant(milliseconds: through + 1)) + "+"
                let isWhole = through == whole.value || keys.contains(next)
                if isWhole, known[name]?.sums.values.contains(nominal - 1) == true {
                    known[name]?.sums[nominal] = through
                }
                continue
            }
            guard through ?? nominal <= old else { throw flaw(name, "the sum of \(nominal) grew") }
            known[name]?.sums[nominal] = through
        }
    }

    /// The rows say what the entries said.
    private func compare(_ writes: [RowWrite]) throws {
        for write in writes where write.table == .occurrences {
            guard let value = write.value else { continue }
            let row = try JSON.decode(OccurrenceRow.self, from: value.utf8)
            let (name, nominal) = (row.automaton, row.nominal.milliseconds)
            let isRight =
                row.through.map { known[name]?.sums[nominal] == $0.milliseconds }
                ?? (known[name]?.marks[nominal]?.decision == row.decision)
            guard isRight else { throw flaw(name, "the row of \(nominal) is \(row.decision)") }
        }
    }

    // MARK: Entries

    private mutating func judge(_ entry: Entry) throws {
        if case .clockStepped(let by, _) = entry.fact { stepClock(by.count) }
        guard let name = entry.automaton else { return }
        switch entry.fact {
        case .definitionLoaded(_, let definition): try load(definition)
        case .definitionRemoved:
            try end(name)
            known[name]?.isLoaded = false
            known[name]?.isActive = false
        case .automatonStarted:
            known[name]?.isActive = true
            begin(name)
        case .automatonStopped:
            try end(name)
            known[name]?.isActive = false
        case .automatonPaused: known[name]?.isPaused = true
        case .automatonResumed: known[name]?.isPaused = false
        case .runAdmitted where entry.parent == nil:
            if let run = entry.run { known[name]?.live.insert(run) }
        case .runFinished(let outcome, _, _):
            if let run = entry.run { known[name]?.live.remove(run) }
            oweChains(of: name, outcome)
        case .occurrenceDecided(let nominal, let decision, _):
            decided += 1
            try judge(nominal.milliseconds, decision, of: name, by: entry.principal)
        case .firingsMissed(let from, let through, _):
            try judgeSum(name, from.milliseconds, through.milliseconds)
        default: break
        }
    }

    private mutating func stepClock(_ by: Int) {
        starts = starts.map { min($0 + by, now) }
        guard by < 0 else { return }
        for item in known.values {
            item.floor = min(item.floor, now)
            for nominal in item.marks.keys where nominal > now {
                if item.marks[nominal]?.isMissed == true { item.marks[nominal]?.isOpen = true }
            }
        }
    }

    private mutating func load(_ definition: Definition) throws {
        let name = definition.name
        guard let old = known[name] else {
            known[name] = Known(definition, at: now)
            return
        }
        let goesOn =
            old.isLoaded && old.isActive && old.definition.schedule == definition.schedule
            && old.definition.zone == definition.zone
            && old.definition.firingPolicy.jitter == definition.firingPolicy.jitter
            && old.definition.firingPolicy.after == definition.firingPolicy.after
        if !goesOn { try end(name) }
        old.definition = definition
        old.isActive = old.isLoaded ? old.isActive : definition.enabled
        old.isLoaded = true
        if !goesOn { begin(name) }
    }

    private mutating func begin(_ name: AutomatonName) {
        known[name]?.floor = now
        known[name]?.passed = now
        known[name]?.change(at: now)
    }

    /// The schedule goes out of force: all that it planned up to now has a row.
    private mutating func end(_ name: AutomatonName) throws {
        guard let item = known[name], item.isActive, item.isLoaded else { return }
        known[name]?.turn.ended = true
        guard let zone = zones[item.definition.zone] else { return }
        try ask(name, item, zone, after: item.passed - item.delay, through: now)
    }

    private mutating func oweChains(of leader: AutomatonName, _ outcome: RunOutcome) {
        for (name, item) in known {
            guard item.isActive, item.isLoaded, let chain = item.definition.firingPolicy.after,
                chain.automaton == leader, chain.isMet(by: outcome)
            else { continue }
            known[name]?.turn.owedChains += 1
        }
    }

    private mutating func judgeSum(_ name: AutomatonName, _ from: Int, _ through: Int) throws {
        guard let item = known[name], let zone = zones[item.definition.zone] else { return }
        guard from <= through, isPlanned(from, item) else {
            throw flaw(name, "a sum from \(from) to \(through) begins where nothing is planned")
        }
        for (first, last) in item.sums where first <= through && from <= last {
            throw flaw(name, "the sums \(first) to \(last) and \(from) to \(through) overlap")
        }
        for (nominal, mark) in item.marks where from <= nominal && nominal <= through {
            if mark.isMissed, mark.isOpen { continue }
            if item.definition.schedule.next(afterMilliseconds: nominal - 1, in: zone) == nominal {
                throw flaw(name, "\(nominal), \(mark.decision), is in a sum, too")
            }
        }
        // A row of its own goes before the sum; those that are missed again are in the sum only.
        known[name]?.sums[from] = through
        known[name]?.turn.sumEnd = max(item.turn.sumEnd ?? .min, through)
        for nominal in item.marks.keys where from <= nominal && nominal <= through {
            known[name]?.marks[nominal]?.isOpen = false
        }
    }

    func isPlanned(_ nominal: Int, _ item: Known) -> Bool {
        [zones, oldZones ?? [:]].compactMap { $0[item.definition.zone] }.contains {
            item.definition.schedule.next(afterMilliseconds: nominal - 1, in: $0) == nominal
        }
    }
}
