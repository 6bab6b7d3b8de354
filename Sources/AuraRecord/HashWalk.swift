package import AuraModel
import CLMDB

extension RecordReader {
    /// Walks over the hashes alone, at the speed of SHA-256: every entry is what the tree holds for
    /// it, every node what those below make it, the head the newest one, and the root of every
    /// checkpoint the tree's root at its size, signed as for `verify`.
    ///
    /// That finds every edit of an entry that a trusted checkpoint covers. Only `verify` sees rows
    /// and indexes that are not what the log makes them. Throws only when the record cannot be read
    /// at all.
    package func verifyHashes(
        keys: [[UInt8]]? = nil, anchors: [CheckpointNote] = []
    ) throws(RecordError) -> RecordVerdict {
        let goal: Goal
        do throws(RecordError) {
            goal = try environment.read { snapshot throws(RecordError) in
                try Goal(snapshot, withRows: false)
            }
        } catch .corrupt(let what) {
            return RecordVerdict(entries: 0, head: "", firstBad: 1, problem: what)
        }
        var walk = HashWalk(goal: goal, keys: keys, anchors: anchors)
        var finding: LogWalk.Finding?
        while finding == nil, walk.size < goal.head.sequence {
            do throws(RecordError) {
                finding = try environment.read { snapshot throws(RecordError) in
                    try walk.go(on: snapshot)
                }
            } catch {
                finding = .init(walk.size + 1, "it cannot be read: \(error)")
            }
        }
        finding = finding ?? walk.endFinding()
        return RecordVerdict(
            entries: goal.head.sequence, head: goal.head.hash.hex, firstBad: finding?.sequence,
            problem: finding?.problem, checkpoints: walk.checkpoints.count,
            covered: walk.checkpoints.covered, pruned: goal.base.through > 0 ? walk.pruned : nil)
    }
}

/// The state of a walk over hashes; nothing is allocated for an entry, and entries are read where
/// they are mapped.
private struct HashWalk {
    private let goal: Goal
    private(set) var size = 0
    private(set) var pruned = 0
    private(set) var checkpoints: CheckpointWalk
    /// The roots of the complete subtrees so far, greatest first.
    private var peaks: [FlatHash] = []
    private var newest: FlatHash?

    /// 64: more complete subtrees than entries can make.
    private static let peaksMax = 64

    init(goal: Goal, keys: [[UInt8]]?, anchors: [CheckpointNote]) {
        self.goal = goal
        checkpoints = CheckpointWalk(keys: keys, anchors: anchors)
        peaks.reserveCapacity(Self.peaksMax)
    }

    /// What one snapshot shows of the tree, and the hasher of a walk over it.
    private struct Sight: ~Copyable {
        private var rows: ReadAhead
        /// The row in which the next leaf stands; nil when it is not there, whole.
        private(set) var row: UnsafeRawBufferPointer?
        var sha = SHA256()

        init(_ rows: consuming ReadAhead) { self.rows = rows }

        /// Goes on to row `index`, the next one.
        mutating func step(to index: Int) throws(RecordError) {
            row = nil
            while let item = try rows.next() {
                // What is not a row's key is found by the number of keys, and is no row.
                guard let found = HashWalk.number(item.key), found >= index else { continue }
                if found == index, item.value.count == TreePlace.rowBytes(index) {
                    row = item.value
                }
                return
            }
        }
    }

    /// Goes on for as many bytes as one snapshot may be kept for; the first thing that is wrong.
    mutating func go(on snapshot: borrowing Snapshot) throws(RecordError) -> LogWalk.Finding? {
        let begun = size / TreePlace.rowLeaves
        var sight = Sight(
            try snapshot.ahead(snapshot.layout.tree, from: Layout.number(begun)))
        if !size.isMultiple(of: TreePlace.rowLeaves) { try sight.step(to: begun) }
        var entries = try snapshot.ahead(
            snapshot.layout.entries, from: Layout.number(size + 1))
        let start = size
        var bytes = 0
        while bytes < RecordReader.pageBytesMax, size - start < Self.snapshotEntriesMax,
            let item = try entries.next()
        {
            guard let sequence = Self.number(item.key) else {
                throw .corrupt(what: "a sequence number")
            }
            guard sequence <= goal.head.sequence else { break }
            if let finding = try pass(to: sequence, &sight, snapshot) { return finding }
            if let finding = try take(item.value, &sight, snapshot) { return finding }
            bytes += item.value.count
        }
        // Nothing more is stored: what is left was pruned, or is missing.
        guard size == start else { return nil }
        return try pass(to: goal.head.sequence + 1, &sight, snapshot)
    }

    /// 100,000: of small entries a few milliseconds.
    private static let snapshotEntriesMax = 100_000

    /// A key of eight bytes as the number that it is.
    private static func number(_ key: UnsafeRawBufferPointer) -> Int? {
        guard key.count == MemoryLayout<UInt64>.size else { return nil }
        return Int(clamping: UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)))
    }

    /// Passes entries below `sequence` of which only the hash is left.
    private mutating func pass(
        to sequence: Int, _ sight: inout Sight, _ snapshot: borrowing Snapshot
    ) throws(RecordError) -> LogWalk.Finding? {
        while size + 1 < sequence {
            guard size < goal.base.through else { return .init(size + 1, "it is not there") }
            pruned += 1
            if let finding = try grow(nil, &sight) { return finding }
            if let finding = try anchorFinding(snapshot) { return finding }
        }
        return nil
    }

    private mutating func take(
        _ stored: UnsafeRawBufferPointer, _ sight: inout Sight, _ snapshot: borrowing Snapshot
    ) throws(RecordError) -> LogWalk.Finding? {
        let leaf: FlatHash
        if stored.first == CutText.mark {
            do throws(RecordError) {
                let whole = try snapshot.whole(size + 1, stored)
                leaf = whole.text.withUnsafeBytes { sight.sha.leaf($0) }
            } catch {
                return .init(size + 1, "it cannot be read: \(error)")
            }
        } else {
            leaf = sight.sha.leaf(stored)
        }
        if let finding = try grow(leaf, &sight) { return finding }
        if Self.isOfNoAutomaton(stored), let finding = try judgeCheckpoint(stored, snapshot) {
            return finding
        }
        return try anchorFinding(snapshot)
    }

    /// Takes the next leaf, or the one that the tree has, and compares all that it completes.
    private mutating func grow(
        _ leaf: FlatHash?, _ sight: inout Sight
    ) throws(RecordError) -> LogWalk.Finding? {
        let before = size % TreePlace.rowLeaves
        if before == 0 { try sight.step(to: size / TreePlace.rowLeaves) }
        guard let row = sight.row else {
            return .init(size + 1, "its part of the tree is not there")
        }
        var place = TreePlace.nodes(ofLeaves: before) * SHA256.byteCount
        let stored = FlatHash(row, at: place)
        size += 1
        guard leaf == nil || leaf == stored else {
            return .init(size, "the tree holds another hash for it")
        }
        newest = stored
        var node = stored
        for _ in 0..<size.trailingZeroBitCount {
            node = sight.sha.node(peaks.removeLast(), node)
            place += SHA256.byteCount
            guard FlatHash(row, at: place) == node else {
                return .init(size, "the tree is not what it makes it")
            }
        }
        peaks.append(node)
        return nil
    }

    /// Whether the entry is one of the daemon's own, as checkpoints are: those few are decoded.
    ///
    /// Canonical JSON has an automaton between the time and the fact.
    private static func isOfNoAutomaton(_ text: UnsafeRawBufferPointer) -> Bool {
        var at = timePrefix.utf8CodeUnitCount
        while at < text.count, text[at] == UInt8(ascii: "-") || (0x30...0x39).contains(text[at]) {
            at += 1
        }
        guard at + factPrefix.utf8CodeUnitCount <= text.count else { return false }
        return UnsafeRawBufferPointer(rebasing: text[at...]).starts(
            with: UnsafeBufferPointer(
                start: factPrefix.utf8Start, count: factPrefix.utf8CodeUnitCount))
    }

    private static let timePrefix: StaticString = "{\"at\":"
    private static let factPrefix: StaticString = ",\"fact\":"

    private mutating func judgeCheckpoint(
        _ text: UnsafeRawBufferPointer, _ snapshot: borrowing Snapshot
    ) throws(RecordError) -> LogWalk.Finding? {
        let entry: Entry
        do { entry = try JSON.decode(Entry.self, from: Array(text)) } catch {
            return .init(size, "it cannot be read: \(error)")
        }
        guard case .checkpoint(let checkpoint) = entry.fact else { return nil }
        // The nodes below are those that were just found good.
        return try checkpoints.take(checkpoint, in: size) { size throws(RecordError) in
            try snapshot.treeHash(0..<size).bytes
        }
    }

    private mutating func anchorFinding(
        _ snapshot: borrowing Snapshot
    ) throws(RecordError) -> LogWalk.Finding? {
        checkpoints.anchorFinding(size: size) {
            TreeEdge.fold(peaks.map { LeafHash(bytes: $0.bytes) }).bytes
        }
    }

    /// What is wrong behind the last entry.
    func endFinding() -> LogWalk.Finding? {
        let head = goal.head
        if let newest, newest.bytes != head.hash.bytes {
            return .init(size, "the head row names another hash for it")
        }
        if goal.entries != size - pruned {
            return .init(
                size + 1,
                "the log holds \(goal.entries) entries, the head row says \(size - pruned)")
        }
        let rows = (size + TreePlace.rowLeaves - 1) / TreePlace.rowLeaves
        let begun = size % TreePlace.rowLeaves
        let used =
            begun == 0
            ? goal.treeRow.count : TreePlace.nodes(ofLeaves: begun) * TreePlace.hashBytes
        guard goal.treeRows == rows, goal.treeRow.dropFirst(used).allSatisfy({ $0 == 0 }) else {
            return .init(size + 1, "the tree holds it, the log does not")
        }
        return checkpoints.endFinding(entries: head.sequence)
    }
}
