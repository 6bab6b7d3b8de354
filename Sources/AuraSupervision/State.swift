package import AuraModel

/// All that the daemon knows, as the rows of its record.
///
/// Moves only by `apply`.
///
/// Finished runs leave memory with the fact that finishes them; their rows stay in the record.
package struct State: Sendable {
    package internal(set) var daemon = DaemonRow()
    package internal(set) var automata: [AutomatonName: AutomatonRow] = [:]
    package internal(set) var definitions = DefinitionTable()
    /// Runs that are not finished.
    package internal(set) var runs: [RunID: RunRow] = [:]
    package internal(set) var budgets: [BudgetKey: BudgetRow] = [:]
    /// Threads of chats; their answered messages stay in the record.
    package internal(set) var threads: [ThreadKey: ThreadRow] = [:]
    /// Deliveries that were taken, by automaton and id; and their ids in order, in no row.
    package internal(set) var deliveries: [AutomatonName: [String: DeliveryRow]] = [:]
    var deliveryOrder: [AutomatonName: [String]] = [:]
    /// The same runs as they are looked for; derived, in no row.
    package internal(set) var index = RunIndex()
    /// Until when breakers keep automatons paused, where they end by themselves; derived, in no row.
    var coolingDown: [AutomatonName: Instant] = [:]
    /// Until when automatons start no run by themselves after a failure; derived, in no row.
    var holding: [AutomatonName: Instant] = [:]
    /// Automatons of which something changed that bears on when they are due.
    var changed: Set<AutomatonName> = []
    private var dirty: [RowTable: [String: DirtyRow]] = [:]

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

        /// The key that is written so in the record; nil when none is.
        init?(text: String) {
            let parts = text.split(separator: "/", maxSplits: 1)
            guard parts.count == 2, let name = AutomatonName(String(parts[0])) else { return nil }
            self.init(name, String(parts[1]))
        }
    }

    /// A row to be written: as the state has it by then, or with a value of its own.
    private enum DirtyRow {
        case touched
        case occurrence(OccurrenceRow)
        case written(String?)
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
        coolingDown = automata.compactMapValues { $0.pause?.until }
        holding = automata.compactMapValues(\.heldUntil)
        try each(.definitions) {
            definitions.keep(.definitionLoaded(digest: $0, definition: $1))
        }
        try each(.runs) { (_, row: RunRow) in
            guard !row.isFinished else { return }
            runs[row.id] = row
            index.add(row, reasoner: reasoner(of: row))
        }
        try each(.budgets) { (_, row: BudgetRow) in keep(row) }
        try each(.threads) { (_, row: ThreadRow) in
            threads[ThreadKey(row.automaton, row.thread)] = row
        }
        var delivered: [DeliveryRow] = []
        try each(.deliveries) { (_, row: DeliveryRow) in delivered.append(row) }
        for row in delivered.sorted(by: { $0.sequence < $1.sequence }) {
            deliveries[row.automaton, default: [:]][row.id] = row
            deliveryOrder[row.automaton, default: []].append(row.id)
        }
        changed = Set(automata.keys)
    }

    /// The rows that changed since this was last asked, in a stable order.
    ///
    /// - Throws: `EncodingError` when a row cannot be written as JSON.
    package mutating func takeRows() throws -> [RowWrite] {
        // One encoder for all: a herd's turn writes ten thousand rows.
        let encoder = CanonicalEncoder()
        var writes: [RowWrite] = []
        writes.reserveCapacity(dirty.values.reduce(0) { $0 + $1.count })
        for table in RowTable.allCases {
            guard let rows = dirty[table] else { continue }
            for key in rows.keys.sorted() {
                let value: String?
                switch rows[key] {
                case .written(let text): value = text
                case .occurrence(let row): value = try encoder.text(of: row)
                case .touched, nil: value = try encoded(table, key, encoder)
                }
                writes.append(RowWrite(table: table, key: key, value: value))
            }
        }
        dirty = [:]
        return writes
    }

    private func encoded(
        _ table: RowTable, _ key: String, _ encoder: CanonicalEncoder
    ) throws -> String? {
        switch table {
        case .daemon: try encoder.text(of: daemon)
        case .automata:
            try AutomatonName(key).flatMap { automata[$0] }.map { try encoder.text(of: $0) }
        case .definitions: try definitions[key].map { try encoder.text(of: $0) }
        case .runs: try RunID(key).flatMap { runs[$0] }.map { try encoder.text(of: $0) }
        case .budgets:
            try BudgetKey(text: key).flatMap { budgets[$0] }.map { try encoder.text(of: $0) }
        case .threads:
            try ThreadKey(text: key).flatMap { threads[$0] }.map { try encoder.text(of: $0) }
        case .occurrences, .messages, .deliveries: nil
        }
    }

    /// Brings the state to what it is after `entry`.
    ///
    /// Total: an entry that fits nothing changes nothing.
    package mutating func apply(_ entry: Entry) throws {
        noteAbsence(before: entry)
        daemon.sequence = entry.sequence
        daemon.lastAt = entry.at
        touch(.daemon, "aurad")
        if case .definitionLoaded(let digest, let definition) = entry.fact {
            load(definition, digest: digest, by: entry)
        }
        if let name = entry.automaton, let number = entry.automatonSequence {
            automata[name]?.entries = number
            touch(.automata, name.text)
            if entry.fact.bearsOnSchedule { changed.insert(name) }
        }
        if let id = entry.run {
            try applyToRun(id, entry)
        } else {
            try applyToAutomaton(entry)
        }
    }

    mutating func touch(_ table: RowTable, _ key: String) {
        dirty[table, default: [:]][key] = .touched
    }

    mutating func write(_ row: OccurrenceRow) {
        dirty[.occurrences, default: [:]][OccurrenceKey.text(of: row)] = .occurrence(row)
    }

    mutating func write(_ table: RowTable, _ key: String, _ value: String?) {
        dirty[table, default: [:]][key] = .written(value)
    }
}

/// The key of an occurrence's row: sorts by automaton, then by nominal instant.
package enum OccurrenceKey {
    /// Fifteen digits of milliseconds are enough until the year 33658; later instants sort as that
    /// one.
    private static let digitsMax = 15
    private static let millisecondsMax = 999_999_999_999_999

    /// What every key of the automaton begins with.
    package static func prefix(_ name: AutomatonName) -> String { "\(name)/" }

    /// The key of a row: the instant of its first firing, and a plus if it stands for many, so that
    /// the first of them may still get a row of its own.
    package static func text(of row: OccurrenceRow) -> String {
        text(row.automaton, row.nominal) + (row.through == nil ? "" : "+")
    }

    /// `name/` and the milliseconds in fifteen digits.
    package static func text(_ name: AutomatonName, _ nominal: Instant) -> String {
        let digits = String(min(max(0, nominal.milliseconds), millisecondsMax))
        return prefix(name) + String(repeating: "0", count: max(0, digitsMax - digits.count))
            + digits
    }
}
