package import AuraModel

extension RecordReader {
    /// Walks the whole log up to the entry that is newest now: sequence numbers and automata's own without
    /// gaps, each entry readable and with the hash that its successor (or the head row) names, and
    /// both indexes leading to it.
    ///
    /// An edit is laid to the entry that was edited: when two neighbours disagree, the later one is
    /// believed if its own successor vouches for it. Throws only when the record cannot be read.
    package func verify() throws(RecordError) -> RecordVerdict {
        try verified(fold: nil)
    }

    /// The same, and that the rows are what a fold of the log makes of it, byte for byte.
    ///
    /// `fold` is given every entry in order and answers the rows that it writes or deletes; of several
    /// writes to one row the last counts. A row that differs is named in `problem`, with `firstBad` nil.
    package func verify(
        fold: @escaping (Entry) throws -> [RowWrite]
    ) throws(RecordError) -> RecordVerdict {
        try verified(fold: fold)
    }

    private func verified(
        fold: ((Entry) throws -> [RowWrite])?
    ) throws(RecordError) -> RecordVerdict {
        let goal = try environment.read { snapshot throws(RecordError) in
            try Goal(snapshot, withRows: fold != nil)
        }
        var walk = LogWalk()
        var rows = RowFold()
        while walk.sequence < goal.head.sequence {
            let after = walk.sequence
            let most = min(Self.pageEntriesMax, goal.head.sequence - after)
            // The last one, unless alone, only vouches for the one before it; it is judged with the
            // next page.
            var page = try environment.read { snapshot throws(RecordError) in
                try snapshot.page(after: after, limit: most + 1)
            }
            let successor = page.count > 1 ? page.removeLast() : nil
            guard !page.isEmpty else {
                return verdict(goal, walk, .init(after + 1, "it is not there"))
            }
            for (index, stored) in page.enumerated() {
                let next = index + 1 < page.count ? page[index + 1] : successor
                let entry: Entry
                switch walk.take(stored, next: next, goal: goal) {
                case .good(let read): entry = read
                case .bad(let finding): return verdict(goal, walk, finding)
                }
                guard let fold else { continue }
                do { rows.take(try fold(entry)) } catch {
                    return verdict(
                        goal, walk, .init(entry.sequence, "the fold refuses it: \(error)"))
                }
            }
            if let finding = try indexFinding(page) { return verdict(goal, walk, finding) }
        }
        let finding = walk.countFinding(goal) ?? (fold == nil ? nil : rows.finding(goal.rows))
        return verdict(goal, walk, finding)
    }

    /// The first entry of `page` to which an index does not lead.
    private func indexFinding(_ page: [StoredEntry]) throws(RecordError) -> LogWalk.Finding? {
        var entries: [Entry] = []
        for stored in page { entries.append(try stored.decoded()) }
        return try environment.read { snapshot throws(RecordError) in
            let layout = snapshot.layout
            for entry in entries {
                if let name = entry.automaton, let number = entry.automatonSequence {
                    let key = Layout.automatonKey(name, number)
                    guard try snapshot.get(layout.byAutomaton, key) == Layout.number(entry.sequence)
                    else {
                        return .init(entry.sequence, "the automata's index does not lead to it")
                    }
                }
                for run in entry.indexedRuns {
                    guard try snapshot.get(layout.byRun, Layout.runKey(run, entry.sequence)) != nil
                    else { return .init(entry.sequence, "the runs' index does not lead to it") }
                }
            }
            return nil
        }
    }

    private func verdict(
        _ goal: Goal, _ walk: LogWalk, _ finding: LogWalk.Finding?
    ) -> RecordVerdict {
        RecordVerdict(
            entries: goal.head.sequence, head: goal.head.hash.hex, firstBad: finding?.sequence,
            problem: finding?.problem)
    }
}

/// What the record claims at the moment a walk begins: all in one snapshot.
struct Goal {
    var head: Head
    var entries: Int
    var byAutomaton: Int
    var byRun: Int
    var rows: [RowFold.Key: [UInt8]] = [:]

    init(_ snapshot: borrowing Snapshot, withRows: Bool) throws(RecordError) {
        head = try snapshot.head()
        entries = try snapshot.count(snapshot.layout.entries)
        byAutomaton = try snapshot.count(snapshot.layout.byAutomaton)
        byRun = try snapshot.count(snapshot.layout.byRun)
        guard withRows else { return }
        for table in RowTable.allCases {
            try snapshot.scan(try snapshot.table(table), from: []) {
                key, value throws(RecordError) in
                rows[RowFold.Key(table: table, key: Array(key))] = Array(value)
                return true
            }
        }
    }
}
