package import AuraModel

/// How facts move runs and the budgets that they are charged to.
extension State {
    mutating func applyToRun(_ id: RunID, _ entry: Entry) throws {
        if case .runAdmitted(let admitted) = entry.fact, let name = entry.automaton {
            try admit(id, name, admitted, at: entry.at)
        }
        guard var row = runs[id] else { return }
        touch(.runs, id.text)
        switch entry.fact {
        case .reserved(let command, let amount):
            reserve(amount, for: command, of: id)
            return
        case .settled(let command, let amount, _):
            settle(amount, for: command, of: id)
            return
        case .runFinished(let outcome, let report, let wall):
            row.finish(outcome, report: report, at: entry.at)
            row.finishedSequence = entry.sequence
            try retire(row, wall: wall, at: entry.at)
            return
        default:
            let before = row.phase
            noteStreak(entry, of: row)
            row.apply(entry)
            noteLandings(of: row, entry.fact)
            index.move(row, from: before, reasoner: reasoner(of: row))
            runs[id] = row
        }
    }

    /// What the steps of a dev-loop say of how its tasks went; `row` still has the step pending.
    private mutating func noteStreak(_ entry: Entry, of row: RunRow) {
        guard row.kind == .devLoop,
            case .transacted(_, .stepFinished(let command, let result)) = entry.fact,
            let index = row.index(of: command),
            case .step(let step) = row.pending[index].intent.plan
        else { return }
        var streak = automata[row.automaton]?.streak ?? LoopStreak()
        switch step {
        case .land(_, _, _, _, let carried) where result.isSuccess && carried != true: streak.land()
        case .salvage: streak.fail()
        default: return
        }
        automata[row.automaton]?.streak = streak
        touch(.automata, row.automaton.text)
    }

    func reasoner(of row: RunRow) -> String {
        row.reasoner ?? definitions[row.definition]?.reasoner ?? ""
    }

    private mutating func admit(
        _ id: RunID, _ name: AutomatonName, _ admitted: RunAdmitted, at: Instant
    ) throws {
        var row = RunRow(id: id, automaton: name, admitted: admitted, at: at)
        if row.parent == nil {
            row.turn = SlotLine.turn(
                of: admitted.trigger, admittedAt: at, others: index.live[name]?.count ?? 0)
            noteStart(admitted.trigger, at: at)
            endHold(of: name)
        }
        runs[id] = row
        index.add(row, reasoner: reasoner(of: row))
        try noteTurn(of: row)
        guard row.parent == nil else { return }
        let key = BudgetKey(name, admitted.day)
        let limits = definitions[admitted.definition]?.budget.day ?? .none
        var day = budgets[key] ?? BudgetRow(automaton: name, day: admitted.day, limits: limits)
        day.limits = limits
        day.runs += 1
        day.reserved.wall = (day.reserved + Amount(wall: admitted.budget.wall ?? .zero)).wall
        keep(day)
        touch(.budgets, key.text)
        forgetDays(of: name, but: admitted.day)
    }

    /// What a schedule started counts against the starts of a minute.
    private mutating func noteStart(_ trigger: Trigger, at: Instant) {
        guard trigger.nominal != nil else { return }
        let last = daemon.starts
        let goesOn = last.map { at - $0.last < .minutes(1) } ?? false
        daemon.starts = .init(last: at, count: (goesOn ? last?.count ?? 0 : 0) + 1)
    }

    mutating func keep(_ day: BudgetRow) {
        budgets[BudgetKey(day.automaton, day.day)] = day
        index.days[day.automaton, default: []].insert(day.day)
    }

    /// 8 days: a clock that is set by a few of them finds again what they have used.
    private static let daysMax = 8

    /// Beyond `daysMax` the earliest days go that no live run is charged to.
    ///
    /// With their rows: what a day has used must not depend on whether the daemon was restarted.
    private mutating func forgetDays(of name: AutomatonName, but day: String) {
        guard let days = index.days[name], days.count > Self.daysMax else { return }
        let inUse = Set((index.live[name] ?? []).compactMap { runs[$0]?.day })
        let old = days.sorted().filter { $0 != day && !inUse.contains($0) }
        for day in old.prefix(days.count - Self.daysMax) {
            let key = BudgetKey(name, day)
            budgets[key] = nil
            index.days[name]?.remove(day)
            write(.budgets, key.text, nil)
        }
    }

    /// The run and every run above it: what one consumes, all of them consume.
    package func lineage(of id: RunID) -> [RunID] {
        var line: [RunID] = []
        var next: RunID? = id
        while let run = next, let row = runs[run] {
            line.append(run)
            next = row.parent
        }
        return line
    }

    private mutating func reserve(_ amount: Amount, for command: CommandID, of id: RunID) {
        if let index = runs[id]?.pending.firstIndex(where: { $0.intent.command == command }) {
            runs[id]?.pending[index].reserved = amount
        }
        charge(id) {
            $0 = $0 + amount
        } spent: { _ in
        }
    }

    private mutating func settle(_ amount: Amount, for command: CommandID, of id: RunID) {
        guard let index = runs[id]?.pending.firstIndex(where: { $0.intent.command == command }),
            let held = runs[id]?.pending[index].reserved
        else { return }
        runs[id]?.pending[index].reserved = .zero
        charge(id) {
            $0 = $0 - held
        } spent: {
            $0 = $0 + amount
        }
    }

    private mutating func charge(
        _ id: RunID, reserved: (inout Amount) -> Void, spent: (inout Amount) -> Void
    ) {
        guard let row = runs[id] else { return }
        for run in lineage(of: id) {
            guard var owner = runs[run] else { continue }
            reserved(&owner.reserved)
            spent(&owner.spent)
            runs[run] = owner
            touch(.runs, run.text)
        }
        chargeHost(row.day, reserved: reserved, spent: spent)
        let key = BudgetKey(row.automaton, row.day)
        guard var day = budgets[key] else { return }
        reserved(&day.reserved)
        spent(&day.spent)
        budgets[key] = day
        touch(.budgets, key.text)
    }

    /// The host's day adds up what the automatons' days of the same date hold.
    private mutating func chargeHost(
        _ day: String, reserved: (inout Amount) -> Void, spent: (inout Amount) -> Void
    ) {
        var days = daemon.days ?? []
        if !days.contains(where: { $0.day == day }) {
            days.append(DaemonRow.HostDay(day: day))
            days = days.sorted { $0.day < $1.day }.suffix(DaemonRow.daysMax)
        }
        if let index = days.firstIndex(where: { $0.day == day }) {
            reserved(&days[index].reserved)
            spent(&days[index].spent)
        }
        daemon.days = days
    }

    private mutating func retire(_ row: RunRow, wall: Milliseconds, at: Instant) throws {
        var row = row
        row.spent.wall = wall
        if let phase = runs[row.id]?.phase {
            index.remove(row, from: phase, reasoner: reasoner(of: row))
        }
        runs[row.id] = nil
        write(.runs, row.id.text, try JSON.text(row))
        try noteAnswer(of: row, at: at)
        guard row.parent == nil else {
            if let automaton = automata[row.automaton], automaton.kind == .devLoop {
                var streak = automaton.streak ?? LoopStreak()
                streak.spend(row.spent)
                automata[row.automaton]?.streak = streak
                touch(.automata, row.automaton.text)
            }
            return
        }
        let key = BudgetKey(row.automaton, row.day)
        if var day = budgets[key] {
            day.reserved = day.reserved - Amount(wall: row.budget.wall ?? .zero)
            day.spent = day.spent + Amount(wall: wall)
            budgets[key] = day
            touch(.budgets, key.text)
        }
        automata[row.automaton]?.lastRun = row.id
        automata[row.automaton]?.lastOutcome = row.outcome
        automata[row.automaton]?.lastFinished = at
        if row.outcome?.isSuccess == true {
            automata[row.automaton]?.lastSuccess = at
            automata[row.automaton]?.isOverdue = nil
            automata[row.automaton]?.setback = nil
            holding[row.automaton] = nil
        }
        changed.insert(row.automaton)
        touch(.automata, row.automaton.text)
    }
}

/// The unfinished runs of a state, as they are looked for.
package struct RunIndex: Sendable {
    /// Top-level runs of each automaton.
    package internal(set) var live: [AutomatonName: Set<RunID>] = [:]
    var children: [RunID: Set<RunID>] = [:]
    /// Runs that hold a slot, and their children.
    package internal(set) var underWay: Set<RunID> = []
    /// Runs that hold neither a slot nor a worker until their time has come.
    package internal(set) var parked: Set<RunID> = []
    /// The line for slots of each reasoner.
    var lines: [String: SlotLine] = [:]
    /// Days in memory.
    var days: [AutomatonName: Set<String>] = [:]

    /// Top-level runs that hold one of the host's slots.
    var active: Int { lines.values.reduce(0) { $0 + $1.active } }

    /// Runs that wait for a slot.
    package var waiting: Int { lines.values.reduce(0) { $0 + $1.waiting.count } }

    mutating func add(_ row: RunRow, reasoner: String) {
        if let parent = row.parent {
            children[parent, default: []].insert(row.id)
            take(row, in: row.phase, reasoner: reasoner)
            return
        }
        live[row.automaton, default: []].insert(row.id)
        take(row, in: row.phase, reasoner: reasoner)
    }

    /// The run's phase was `before` and is another now.
    mutating func move(_ row: RunRow, from before: RunRow.Phase, reasoner: String) {
        guard before.standing != row.phase.standing else { return }
        leave(row, in: before, reasoner: reasoner)
        take(row, in: row.phase, reasoner: reasoner)
    }

    mutating func remove(_ row: RunRow, from before: RunRow.Phase, reasoner: String) {
        leave(row, in: before, reasoner: reasoner)
        children[row.id] = nil
        if let parent = row.parent {
            children[parent]?.remove(row.id)
            return
        }
        live[row.automaton]?.remove(row.id)
        if live[row.automaton]?.isEmpty == true { live[row.automaton] = nil }
    }

    private mutating func take(_ row: RunRow, in phase: RunRow.Phase, reasoner: String) {
        switch phase.standing {
        case .parked: parked.insert(row.id)
        case .inLine where row.parent == nil:
            lines[reasoner, default: SlotLine()].add(row.place)
        // A child needs no slot of its own.
        case .inLine, .underWay:
            underWay.insert(row.id)
            if row.parent == nil { lines[reasoner, default: SlotLine()].active += 1 }
        }
    }

    private mutating func leave(_ row: RunRow, in phase: RunRow.Phase, reasoner: String) {
        switch phase.standing {
        case .parked: parked.remove(row.id)
        case .inLine where row.parent == nil: lines[reasoner]?.remove(row.place)
        case .inLine, .underWay:
            underWay.remove(row.id)
            if row.parent == nil { lines[reasoner]?.active -= 1 }
        }
    }
}

extension RunRow.Phase {
    enum Standing { case inLine, underWay, parked }

    /// What it means for slots.
    var standing: Standing {
        switch self {
        case .queued: .inLine
        case .parked: .parked
        case .launching, .running, .backingOff, .finished: .underWay
        }
    }
}

extension RunRow {
    /// Whether it waits for a slot; a child needs none of its own.
    var isInLine: Bool { phase.standing == .inLine && parent == nil }
    var isParked: Bool { phase.standing == .parked }
    var isUnderWay: Bool { !isInLine && !isParked }

    /// Where it stands in line; a row from before there were turns stands by its admission.
    var place: SlotLine.Place { SlotLine.Place(turn: turn ?? admittedAt, run: id) }
}
