/// One fact in the record, with what it is about and the hash of the entry before it.
package struct Entry: Hashable, Sendable, Codable {
    /// From 1, without gaps, over the whole record.
    package var sequence: Int
    package var at: Instant
    package var principal: Principal
    package var automaton: AutomatonName?
    /// From 1, without gaps, over the entries of `automaton`; nil without one.
    package var automatonSequence: Int?
    package var run: RunID?
    package var parent: RunID?
    package var generation: Generation?
    package var fact: Fact
    /// SHA-256 in hex of the entry before this one as stored; 64 zeros for the first.
    package var previous: String

    /// An entry in all its parts.
    package init(
        sequence: Int, at: Instant, principal: Principal, automaton: AutomatonName?,
        automatonSequence: Int?, run: RunID?, parent: RunID?, generation: Generation?, fact: Fact,
        previous: String
    ) {
        self.sequence = sequence
        self.at = at
        self.principal = principal
        self.automaton = automaton
        self.automatonSequence = automatonSequence
        self.run = run
        self.parent = parent
        self.generation = generation
        self.fact = fact
        self.previous = previous
    }

    /// What stands in `previous` of the first entry.
    package static let genesis = String(repeating: "0", count: 64)

    /// The version of this layout, kept in the record's own row; a reader refuses a newer one.
    ///
    /// 1 had no tree and no checkpoints; 2 had other rows; 3 was never pruned. `aurad --migrate`
    /// brings them up. 4 had every text in its entry, 5 every entry in its indexes at once.
    package static let format = 6

    /// The oldest version that a writer takes up as it is: nothing that is stored changes, new is
    /// only what may follow.
    package static let formatTakenUp = 4
}

/// A derived row: its table, its key, and its value's JSON; nil deletes it.
package struct RowWrite: Hashable, Sendable {
    package var table: RowTable
    package var key: String
    package var value: String?

    /// A write of one row.
    package init(table: RowTable, key: String, value: String?) {
        self.table = table
        self.key = key
        self.value = value
    }
}

/// The derived tables.
///
/// Each row is what a fold of the log makes it.
package enum RowTable: String, Sendable, CaseIterable {
    case daemon
    case automata
    case definitions
    case occurrences
    case runs
    case budgets
    case threads
    case messages
    case deliveries
}
