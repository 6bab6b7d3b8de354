package import AuraModel

extension RecordReader {
    /// A reader of the record in `directory`, whatever state it is in, for `verify` and for
    /// reading.
    ///
    /// Nothing is made, migrated or repaired, and what `RecordStore` refuses is let through to be
    /// examined. Throws what `RecordStore` throws for a record that is owned, newer or no record.
    package static func inspecting(
        directory: String, bounds: RecordBounds = RecordBounds()
    ) throws(RecordError) -> Self {
        Self(try Environment(directory: directory, bounds: bounds, toInspect: true))
    }

    /// Walks the whole log up to the entry that is newest now: sequence numbers and automata's own
    /// without gaps, each entry readable and with the hash that its successor (or the head row)
    /// names, both indexes leading to it, every node of the tree what the entries below make it,
    /// and the root of every checkpoint the tree's root at its size.
    ///
    /// With `keys`, checkpoints are signed by one of them or by a key that one of them endorsed;
    /// without, signatures are not looked at. A checkpoint of an unknown key passes if a later
    /// trusted one covers it. `anchors` are checkpoints kept elsewhere, whose signatures the caller
    /// has checked.
    ///
    /// Of pruned entries the hashes are walked over, and those that had to stay are there.
    ///
    /// With `fold`, the rows are what it makes of the log, byte for byte: it is given every entry
    /// in order and answers the rows that it writes or deletes; of several writes to one row the
    /// last counts. Where something was pruned `begin` is first given the rows that it goes on from.
    /// A row that differs is named in `problem`, with `firstBad` nil.
    ///
    /// An edit is laid to the entry that was edited: when two neighbours disagree, the later one is
    /// believed if its own successor vouches for it. Throws only when the record cannot be read at
    /// all.
    package func verify(
        keys: [[UInt8]]? = nil, anchors: [CheckpointNote] = [],
        begin: (([RowTable: [(key: String, value: String)]]) throws -> Void)? = nil,
        fold: ((Entry) throws -> [RowWrite])? = nil
    ) throws(RecordError) -> RecordVerdict {
        let goal: Goal
        do throws(RecordError) {
            goal = try environment.read { snapshot throws(RecordError) in
                try Goal(snapshot, withRows: fold != nil)
            }
        } catch .corrupt(let what) {
            return RecordVerdict(entries: 0, head: "", firstBad: 1, problem: what)
        }
        do { try begin?(goal.base.listed) } catch {
            return RecordVerdict(
                entries: goal.head.sequence, head: goal.head.hash.hex,
                problem: "what was pruned cannot be gone on from: \(error)")
        }
        var verification = Verification(
            environment: environment, goal: goal, keys: keys, anchors: anchors, fold: fold)
        return try verification.run()
    }
}

/// One walk over a record.
private struct Verification {
    let environment: Environment
    let goal: Goal
    let fold: ((Entry) throws -> [RowWrite])?
    var walk: LogWalk
    var tree = TreeWalk()
    var checkpoints: CheckpointWalk
    var rows = RowFold()
    /// The newest fact about pruning.
    var pruned: RecordPruned?

    init(
        environment: Environment, goal: Goal, keys: [[UInt8]]?, anchors: [CheckpointNote],
        fold: ((Entry) throws -> [RowWrite])?
    ) {
        self.environment = environment
        self.goal = goal
        self.fold = fold
        walk = LogWalk(base: goal.base)
        checkpoints = CheckpointWalk(keys: keys, anchors: anchors)
        guard fold != nil else { return }
        for (table, made) in goal.base.rows {
            rows.take(made.map { RowWrite(table: table, key: $0.key, value: $0.value) })
        }
    }

    mutating func run() throws(RecordError) -> RecordVerdict {
        var found = try walkPruned()
        if found == nil { found = try walkLog() }
        let finding =
            found ?? walk.countFinding(goal) ?? tree.endFinding(goal)
            ?? baseFinding()
            ?? checkpoints.endFinding(entries: goal.head.sequence)
            ?? (fold == nil ? nil : rows.finding(goal.rows))
        return RecordVerdict(
            entries: goal.head.sequence, head: goal.head.hash.hex, firstBad: finding?.sequence,
            problem: finding?.problem, checkpoints: checkpoints.count,
            covered: checkpoints.covered, pruned: goal.base.through > 0 ? walk.pruned : nil)
    }

    /// What the last pruning left is what its entry says.
    private func baseFinding() -> LogWalk.Finding? {
        guard goal.base.through > 0 || pruned != nil else { return nil }
        guard let pruned, pruned.through == goal.base.through else {
            return .init(nil, "entries up to \(goal.base.through) went, but no entry says so")
        }
        return pruned.base == goal.base.digest
            ? nil
            : .init(nil, "the rows that stand for what was pruned are others than were signed")
    }

    /// Walks over the hashes of what was pruned, and the entries that stayed among them.
    private mutating func walkPruned() throws(RecordError) -> LogWalk.Finding? {
        let through = min(goal.base.through, goal.head.sequence)
        guard through > 0 else { return nil }
        while walk.sequence < through {
            let after = walk.sequence
            let last = min(through, after + RecordReader.pageEntriesMax)
            let left = try environment.read { snapshot throws(RecordError) in
                try snapshot.prunedPage(after: after, last: last)
            }
            let treeRows = left.treeRows
            var page = Page(entries: [], successor: nil, treeRows: treeRows)
            var next = left.entries[...]
            while walk.sequence < left.last {
                guard let leaf = tree.nextLeaf(treeRows) else {
                    return .init(walk.sequence + 1, "its part of the tree is not there")
                }
                if let stored = next.first, stored.sequence == walk.sequence + 1 {
                    page.entries = [next.removeFirst()]
                    if let finding = try take(page) { return finding }
                    continue
                }
                walk.pass(leaf)
                if let finding = tree.take(leaf, treeRows) { return finding }
                let size = walk.sequence
                if let finding = checkpoints.anchorFinding(
                    size: size, root: { tree.edge.root.bytes })
                {
                    return finding
                }
            }
        }
        return walk.leaveBase()
    }

    private mutating func walkLog() throws(RecordError) -> LogWalk.Finding? {
        while walk.sequence < goal.head.sequence {
            let after = walk.sequence
            let page: Page
            do throws(RecordError) {
                page = try read(after: after, most: RecordReader.pageEntriesMax)
            } catch {
                // One at a time, to name the first that cannot be read.
                do throws(RecordError) {
                    page = try read(after: after, most: 1, withSuccessor: false)
                } catch {
                    return .init(after + 1, "it cannot be read: \(error)")
                }
            }
            guard !page.entries.isEmpty else { return .init(after + 1, "it is not there") }
            if let finding = try take(page) { return finding }
        }
        return nil
    }

    /// What is judged at once.
    private struct Page {
        var entries: [StoredEntry]
        /// Only vouches for the last of `entries`; it is judged with the next page.
        var successor: StoredEntry?
        var treeRows: [Int: [UInt8]]
    }

    private func read(
        after: Int, most: Int, withSuccessor: Bool = true
    ) throws(RecordError) -> Page {
        let most = min(most, goal.head.sequence - after)
        return try environment.read { snapshot throws(RecordError) in
            var entries = try snapshot.page(after: after, limit: withSuccessor ? most + 1 : most)
            let successor = withSuccessor && entries.count > 1 ? entries.removeLast() : nil
            let rows =
                entries.isEmpty ? [:] : try snapshot.treeRows(after + 1, after + entries.count)
            return Page(entries: entries, successor: successor, treeRows: rows)
        }
    }

    private mutating func take(_ page: Page) throws(RecordError) -> LogWalk.Finding? {
        var good: [(entry: Entry, texts: [[UInt8]])] = []
        for (index, stored) in page.entries.enumerated() {
            let next = index + 1 < page.entries.count ? page.entries[index + 1] : page.successor
            let entry: Entry
            switch walk.take(stored, next: next, goal: goal) {
            case .good(let read): entry = read
            case .bad(let finding): return finding
            }
            good.append((entry, stored.texts))
            if let finding = tree.take(walk.hash, page.treeRows) { return finding }
            if let finding = try judgeCheckpoint(entry) { return finding }
            if case .recordPruned(let fact) = entry.fact { pruned = fact }
            guard let fold, entry.sequence > goal.base.through else { continue }
            do { rows.take(try fold(entry)) } catch {
                return .init(entry.sequence, "the fold refuses it: \(error)")
            }
        }
        return try indexFinding(good)
    }

    private mutating func judgeCheckpoint(_ entry: Entry) throws(RecordError) -> LogWalk.Finding? {
        if case .checkpoint(let checkpoint) = entry.fact,
            let finding = try checkpoints.take(
                checkpoint, in: entry.sequence, root: root(size:))
        {
            return finding
        }
        return checkpoints.anchorFinding(size: entry.sequence) { tree.edge.root.bytes }
    }

    /// The root at a size that was walked, from nodes that were found good.
    private func root(size: Int) throws(RecordError) -> [UInt8] {
        try environment.read { snapshot throws(RecordError) in
            try snapshot.treeHash(0..<size).bytes
        }
    }

    /// The first of `entries` to which an index does not lead.
    private func indexFinding(
        _ entries: [(entry: Entry, texts: [[UInt8]])]
    ) throws(RecordError) -> LogWalk.Finding? {
        try environment.read { snapshot throws(RecordError) in
            let layout = snapshot.layout
            for (entry, texts) in entries {
                for hash in texts {
                    let key = Layout.useKey(hash, entry.sequence)
                    guard let uses = layout.textUses, try snapshot.view(uses, key)?.isEmpty == true
                    else { return .init(entry.sequence, "the texts' index does not lead to it") }
                }
                let leads = try snapshot.leads(to: entry)
                guard leads.byAutomaton else {
                    return .init(entry.sequence, "the automata's index does not lead to it")
                }
                guard leads.byRun else {
                    return .init(entry.sequence, "the runs' index does not lead to it")
                }
            }
            return nil
        }
    }
}

/// What the record claims at the moment a walk begins: all in one snapshot.
struct Goal {
    var head: Head
    var entries: Int
    var byAutomaton: Int
    var byRun: Int
    var texts = 0
    var textUses = 0
    var treeRows: Int
    /// The newest row of the tree; empty when there is none.
    var treeRow: [UInt8]
    var base: RecordBase
    var rows: [RowFold.Key: [UInt8]] = [:]

    init(_ snapshot: borrowing Snapshot, withRows: Bool) throws(RecordError) {
        let layout = snapshot.layout
        head = try snapshot.head()
        base = try snapshot.base()
        entries = try snapshot.count(layout.entries)
        (byAutomaton, byRun) = try snapshot.indexCounts()
        if let table = layout.texts { texts = try snapshot.count(table) }
        if let table = layout.textUses { textUses = try snapshot.count(table) }
        treeRows = try snapshot.count(layout.tree)
        let newest = Layout.number(max(0, head.sequence - 1) / TreePlace.rowLeaves)
        treeRow = try snapshot.get(layout.tree, newest) ?? []
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
