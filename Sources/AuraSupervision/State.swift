package import AuraModel

/// All that the daemon knows, as the rows of its record.
///
/// Moves only by `apply`.
///
/// Finished runs leave memory with the fact that finishes them; their rows stay in the record.
package struct State: Sendable {
    package private(set) var daemon = DaemonRow()
    package private(set) var automata: [AutomatonName: AutomatonRow] = [:]
    package private(set) var definitions: [String: Definition] = [:]
    /// Runs that are not finished.
    package private(set) var runs: [RunID: RunRow] = [:]
    package private(set) var budgets: [BudgetKey: BudgetRow] = [:]
    private var dirty: [DirtyRow: RowWrite?] = [:]

    /// Names a civil day of an automaton.
    package struct BudgetKey: Hashable, Sendable {
        package var automaton: AutomatonName
        package var day: String

        /// The key of `automaton` on `day`.
        package init(_ automaton: AutomatonName, _ day: String) {
            self.automaton = automaton
            self.day = day
        }

        /// The key in the record.
        package var text: String { "\(automaton)/\(day)" }
    }

    private struct DirtyRow: Hashable, Comparable {
        var table: RowTable
        var key: String

        static func < (left: Self, right: Self) -> Bool {
            (left.table.rawValue, left.key) < (right.table.rawValue, right.key)
        }
    }

    /// The state of an empty record.
    package init() {}

    /// The state that the rows of a record describe.
    ///
    /// - Throws: `DecodingError` when a row does not fit its type.
    package init(rows: [RowTable: [(key: String, value: String)]]) throws {
        func each<Row: Decodable>(_ table: RowTable, _ use: (String, Row) -> Void) throws {
            for (key, value) in rows[table] ?? [] {
                use(key, try JSON.decode(Row.self, from: value.utf8))
            }
        }
        try each(.daemon) { daemon = $1 }
        try each(.automata) { (_, row: AutomatonRow) in automata[row.name] = row }
        try each(.definitions) { definitions[$0] = $1 }
        try each(.runs) { (_, row: RunRow) in if !row.isFinished { runs[row.id] = row } }
        try each(.budgets) { (_, row: BudgetRow) in
            budgets[BudgetKey(row.automaton, row.day)] = row
        }
    }

    /// The rows that changed since this was last asked, in a stable order.
    ///
    /// - Throws: `EncodingError` when a row cannot be written as JSON.
    package mutating func takeRows() throws -> [RowWrite] {
        let writes = try dirty.sorted { $0.key < $1.key }.map { row, write in
            try write ?? RowWrite(table: row.table, key: row.key, value: encoded(row))
        }
        dirty = [:]
        return writes
    }

    private func encoded(_ row: DirtyRow) throws -> String? {
        switch row.table {
        case .daemon: try JSON.text(daemon)
        case .automata:
            try AutomatonName(row.key).flatMap { automata[$0] }.map { try JSON.text($0) }
        case .definitions: try definitions[row.key].map { try JSON.text($0) }
        case .runs: try RunID(row.key).flatMap { runs[$0] }.map { try JSON.text($0) }
        case .budgets:
            try budgets.first { $0.key.text == row.key }.map { try JSON.text($0.value) }
        case .occurrences: nil
        }
    }

    /// Brings the state to what it is after `entry`.
    ///
    /// Total: an entry that fits nothing changes nothing.
    package mutating func apply(_ entry: Entry) throws {
        daemon.sequence = entry.sequence
        touch(.daemon, "aurad")
        if case .definitionLoaded(let digest, let definition) = entry.fact {
            load(definition, digest: digest, at: entry.at)
        }
        if let name = entry.automaton, let number = entry.automatonSequence {
            automata[name]?.entries = number
            touch(.automata, name.text)
        }
        if let id = entry.run {
            try applyToRun(id, entry)
        } else {
            try applyToAutomaton(entry)
        }
    }

    private mutating func touch(_ table: RowTable, _ key: String) {
        dirty.updateValue(nil, forKey: DirtyRow(table: table, key: key))
    }

    private mutating func load(_ definition: Definition, digest: String, at: Instant) {
        definitions[digest] = definition
        touch(.definitions, digest)
        if var row = automata[definition.name] {
            // A schedule that changed has no past: it begins now.
            row.cursor = max(row.cursor, at)
            row.definition = digest
            row.kind = definition.kind
            row.isActive = row.isLoaded ? row.isActive : definition.enabled
            row.isLoaded = true
            automata[definition.name] = row
        } else {
            automata[definition.name] = AutomatonRow(
                name: definition.name, definition: digest, kind: definition.kind,
                isActive: definition.enabled, cursor: at)
        }
    }

    private mutating func applyToAutomaton(_ entry: Entry) throws {
        if case .daemonStarted(let start) = entry.fact {
            daemon.epoch = start.epoch
            daemon.version = start.version
            daemon.startedAt = entry.at
        }
        guard let name = entry.automaton, var row = automata[name] else { return }
        switch entry.fact {
        case .definitionRemoved:
            row.isLoaded = false
            row.isActive = false
        case .automatonStarted:
            row.isActive = true
            row.cursor = max(row.cursor, entry.at)
        case .automatonStopped:
            row.isActive = false
        case .occurrenceDecided(let nominal, let decision):
            row.cursor = nominal
            let occurrence = OccurrenceRow(
                automaton: name, nominal: nominal, decision: decision, decidedAt: entry.at,
                sequence: entry.sequence)
            let key = OccurrenceKey.text(name, nominal)
            dirty[DirtyRow(table: .occurrences, key: key)] = RowWrite(
                table: .occurrences, key: key, value: try JSON.text(occurrence))
        case .daemonStarted, .daemonStopped, .definitionLoaded, .definitionRefused, .runAdmitted,
            .attemptStarted, .attemptReady, .attemptEnded, .transacted, .commanded, .reserved,
            .settled, .stopRequested, .runFinished:
            break
        }
        automata[name] = row
    }

    private mutating func applyToRun(_ id: RunID, _ entry: Entry) throws {
        if case .runAdmitted(let admitted) = entry.fact, let name = entry.automaton {
            admit(id, name, admitted, at: entry.at)
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
            try retire(row, wall: wall, at: entry.at)
            return
        default:
            row.apply(entry)
            runs[id] = row
        }
    }

    private mutating func admit(
        _ id: RunID, _ name: AutomatonName, _ admitted: RunAdmitted, at: Instant
    ) {
        let row = RunRow(id: id, automaton: name, admitted: admitted, at: at)
        runs[id] = row
        guard row.parent == nil else { return }
        let key = BudgetKey(name, admitted.day)
        let limits = definitions[admitted.definition]?.budget.day ?? .none
        var day = budgets[key] ?? BudgetRow(automaton: name, day: admitted.day, limits: limits)
        day.limits = limits
        day.runs += 1
        day.reserved.wall = (day.reserved + Amount(wall: admitted.budget.wall ?? .zero)).wall
        budgets[key] = day
        touch(.budgets, key.text)
        forgetDays(of: name, but: admitted.day)
    }

    /// Days that no live run is charged to leave memory when a newer day begins; their rows stay.
    private mutating func forgetDays(of name: AutomatonName, but day: String) {
        let inUse = Set(runs.values.filter { $0.automaton == name }.map(\.day))
        for key in budgets.keys
        where key.automaton == name && key.day < day && !inUse.contains(key.day) {
            guard dirty[DirtyRow(table: .budgets, key: key.text)] == nil else { continue }
            budgets[key] = nil
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
        let key = BudgetKey(row.automaton, row.day)
        guard var day = budgets[key] else { return }
        reserved(&day.reserved)
        spent(&day.spent)
        budgets[key] = day
        touch(.budgets, key.text)
    }

    private mutating func retire(_ row: RunRow, wall: Milliseconds, at: Instant) throws {
        var row = row
        row.spent.wall = wall
        runs[row.id] = nil
        dirty[DirtyRow(table: .runs, key: row.id.text)] = RowWrite(
            table: .runs, key: row.id.text, value: try JSON.text(row))
        guard row.parent == nil else { return }
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
        touch(.automata, row.automaton.text)
    }
}

/// The key of an occurrence's row: sorts by automaton, then by nominal instant.
package enum OccurrenceKey {
    /// `name/` and the milliseconds in fifteen digits, enough until the year 33658.
    package static func text(_ name: AutomatonName, _ nominal: Instant) -> String {
        let digits = String(max(0, nominal.milliseconds))
        return "\(name)/" + String(repeating: "0", count: max(0, 15 - digits.count)) + digits
    }
}
