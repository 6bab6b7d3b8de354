import AuraModel

/// The state of a walk over the log, from its first entry on.
struct LogWalk {
    /// Something wrong: with an entry, or with the record as a whole when there is no number.
    struct Finding {
        var sequence: Int?
        var problem: String

        init(_ sequence: Int?, _ problem: String) {
            self.sequence = sequence
            self.problem = problem
        }
    }

    enum Outcome {
        case good(Entry)
        case bad(Finding)
    }

    /// The last entry that was found good.
    private(set) var sequence = 0
    private(set) var hash = LeafHash.genesis
    /// Entries of which only the hash is left.
    private(set) var pruned = 0
    private let base: RecordBase
    private var automata: [AutomatonName: Int] = [:]
    private var inAutomata = 0
    private var inRuns = 0
    private var textUses = 0
    private var texts: Set<[UInt8]> = []
    /// Transactions among the pruned entries that stayed, by the run that they stayed for.
    private var transactions: [RunID: Int] = [:]

    /// A walk over a log of which `base` was pruned.
    init(base: RecordBase) { self.base = base }

    /// Passes an entry of which only the hash is left.
    mutating func pass(_ leaf: LeafHash) {
        sequence += 1
        pruned += 1
        hash = leaf
    }

    /// Takes up the automata's numbers behind the last pruned entry; what had to stay has stayed.
    mutating func leaveBase() -> Finding? {
        automata = base.numbers
        for (key, value) in base.rows[.runs] ?? [:] {
            guard let row = try? JSON.decode(RunRow.self, from: value.utf8) else {
                return Finding(nil, "row runs/\(key) of what was pruned cannot be read")
            }
            if transactions[row.id, default: 0] != row.transactions {
                return Finding(
                    nil, "run \(row.id) goes on, but its oldest entries are not all there")
            }
        }
        return nil
    }

    /// Judges the next entry; `next` is the one after it, if there is one.
    mutating func take(_ stored: StoredEntry, next: StoredEntry?, goal: Goal) -> Outcome {
        let number = sequence + 1
        guard stored.sequence == number else { return .bad(.init(number, "it is not there")) }
        let entry: Entry
        do { entry = try stored.decoded() } catch { return .bad(.init(number, "\(error)")) }
        guard entry.sequence == number else {
            return .bad(.init(number, "it calls itself entry \(entry.sequence)"))
        }
        let own = LeafHash(stored: stored.text)
        guard entry.previous == hash.hex else {
            return .bad(blame(number, isVouched: isVouched(own.hex, number, next, goal)))
        }
        if let problem = numberProblem(entry) { return .bad(.init(number, problem)) }
        if number == goal.head.sequence, own != goal.head.hash {
            return .bad(.init(number, "the head row names another hash for it"))
        }
        if number <= base.through, case .transacted = entry.fact, let run = entry.run {
            transactions[run, default: 0] += 1
        }
        inAutomata += entry.automaton == nil ? 0 : 1
        inRuns += entry.indexedRuns.count
        let held = Set(stored.texts)
        textUses += held.count
        texts.formUnion(held)
        sequence = number
        hash = own
        return .good(entry)
    }

    private mutating func numberProblem(_ entry: Entry) -> String? {
        guard let name = entry.automaton else {
            return entry.automatonSequence == nil ? nil : "it has a number of no automaton"
        }
        let expected = automata[name, default: 0] + 1
        let number = entry.automatonSequence ?? 0
        guard number == expected || sequence < base.through && number > expected else {
            return "it is not entry \(expected) of \(name)"
        }
        automata[name] = number
        return nil
    }

    /// Which of two neighbours that disagree was edited: the earlier one, if the later one is as
    /// its own successor knows it.
    private func blame(_ number: Int, isVouched: Bool) -> Finding {
        guard isVouched, number > 1 else {
            return Finding(number, "it does not name the hash of the entry before it")
        }
        return Finding(number - 1, "it does not have the hash that entry \(number) names")
    }

    private func isVouched(
        _ own: String, _ number: Int, _ next: StoredEntry?, _ goal: Goal
    ) -> Bool {
        guard number < goal.head.sequence else { return own == goal.head.hash.hex }
        guard let next, let following = try? next.decoded() else { return true }
        return following.previous == own
    }

    /// Compares what was walked with what the snapshot counted.
    func countFinding(_ goal: Goal) -> Finding? {
        if goal.entries != sequence - pruned {
            return Finding(
                sequence + 1,
                "the log holds \(goal.entries) entries, the head row says \(sequence - pruned)")
        }
        if goal.byAutomaton != inAutomata { return Finding(nil, "the automata's index has strays") }
        if goal.byRun != inRuns { return Finding(nil, "the runs' index has strays") }
        if goal.texts != texts.count { return Finding(nil, "there are long texts of no entry") }
        if goal.textUses != textUses { return Finding(nil, "the texts' index has strays") }
        return nil
    }
}

/// The rows that a fold of the log makes.
struct RowFold {
    struct Key: Hashable {
        var table: RowTable
        var key: [UInt8]
    }

    private var made: [Key: [UInt8]] = [:]

    mutating func take(_ writes: [RowWrite]) {
        for write in writes {
            let key = Key(table: write.table, key: Array(write.key.utf8))
            made[key] = write.value.map { Array($0.utf8) }
        }
    }

    /// The first row, by table and key, that is not stored as the fold makes it.
    func finding(_ stored: [Key: [UInt8]]) -> LogWalk.Finding? {
        let differing = Set(made.keys).union(stored.keys).filter { made[$0] != stored[$0] }
        let first = differing.min { left, right in
            (left.table.rawValue, String(decoding: left.key, as: UTF8.self))
                < (right.table.rawValue, String(decoding: right.key, as: UTF8.self))
        }
        guard let first else { return nil }
        let name = "row \(first.table)/\(String(decoding: first.key, as: UTF8.self))"
        let problem =
            switch (made[first], stored[first]) {
            case (nil, _): "\(name) is stored, but the log does not make it"
            case (_, nil): "\(name) is missing"
            default: "\(name) differs from what the log makes it"
            }
        return LogWalk.Finding(nil, problem)
    }
}
