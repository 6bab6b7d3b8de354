import AuraModel

/// Builds the tree anew from the entries of a walk and compares every stored node with it.
struct TreeWalk {
    private(set) var edge = TreeEdge()

    /// The hash of the next entry as the tree has it; nil when it is not there.
    func nextLeaf(_ stored: [Int: [UInt8]]) -> LeafHash? {
        let place = TreePlace(level: 0, index: edge.size)
        guard let row = stored[place.row], row.count == TreePlace.rowBytes(place.row)
        else { return nil }
        let start = place.offset * TreePlace.hashBytes
        return LeafHash(bytes: Array(row[start..<start + TreePlace.hashBytes]))
    }

    /// Takes the next entry's hash; `stored` holds the row that the entry stands in, if it is
    /// there.
    mutating func take(_ leaf: LeafHash, _ stored: [Int: [UInt8]]) -> LogWalk.Finding? {
        edge.append(leaf)
        let index = (edge.size - 1) / TreePlace.rowLeaves
        guard let row = stored[index], row.count == TreePlace.rowBytes(index) else {
            return .init(edge.size, "its part of the tree is not there")
        }
        // What came before in this row was compared when it came.
        let before = (edge.size - 1) % TreePlace.rowLeaves
        let start = TreePlace.nodes(ofLeaves: before) * TreePlace.hashBytes
        guard row[start..<edge.row.count] == edge.row[start...] else {
            return .init(edge.size, "the tree holds another hash for it")
        }
        return nil
    }

    /// Compares what lies behind the last entry with nothing.
    func endFinding(_ goal: Goal) -> LogWalk.Finding? {
        let rows = (edge.size + TreePlace.rowLeaves - 1) / TreePlace.rowLeaves
        guard goal.treeRows == rows, goal.treeRow.dropFirst(edge.row.count).allSatisfy({ $0 == 0 })
        else { return .init(edge.size + 1, "the tree holds it, the log does not") }
        return nil
    }
}

/// Compares checkpoints with the tree, and looks at who signed them.
struct CheckpointWalk {
    private(set) var count = 0
    /// Entries that a trusted checkpoint covers.
    private(set) var covered = 0
    private var keys: [[UInt8]]?
    private var anchors: [CheckpointNote]
    /// The first checkpoint that no trusted key signed and no trusted checkpoint covers yet.
    private var unknown: Int?

    init(keys: [[UInt8]]?, anchors: [CheckpointNote]) {
        self.keys = keys
        self.anchors = anchors.sorted { $0.size < $1.size }
    }

    /// Judges the checkpoint in entry `sequence`.
    mutating func take(
        _ checkpoint: Checkpoint, in sequence: Int,
        root: (Int) throws(RecordError) -> [UInt8]
    ) throws(RecordError) -> LogWalk.Finding? {
        count += 1
        guard let note = checkpoint.parsed, note.size < sequence else {
            return .init(sequence, "it is no checkpoint of what came before it")
        }
        let isTrusted = isTrusted(checkpoint)
        if !isTrusted, let keys,
            keys.contains(where: { ProofCheck.crypto.keyID(of: $0) == note.keyID })
        {
            return .init(sequence, "its signature is not the key's")
        }
        guard try root(note.size) == note.root else {
            // A signature that holds is believed before the log.
            return isTrusted && keys != nil
                ? rewritten(note.size) : .init(sequence, "its root is not the tree's")
        }
        if isTrusted {
            covered = max(covered, note.size)
            if let earlier = unknown, earlier <= note.size { unknown = nil }
        } else if unknown == nil {
            unknown = sequence
        }
        return nil
    }

    /// Without keys nothing is asked.
    private mutating func isTrusted(_ checkpoint: Checkpoint) -> Bool {
        guard var known = keys else { return true }
        defer { keys = known }
        return ProofCheck.crypto.trusted(checkpoint, &known) != nil
    }

    private func rewritten(_ size: Int) -> LogWalk.Finding {
        let what = "of entries \(covered + 1) to \(size) not all are those that were signed"
        return .init(covered + 1, what)
    }

    /// Compares the anchor of this size, if there is one.
    mutating func anchorFinding(size: Int, root: () -> [UInt8]) -> LogWalk.Finding? {
        while let anchor = anchors.first, anchor.size <= size {
            anchors.removeFirst()
            guard anchor.size == size, root() == anchor.root else { return rewritten(anchor.size) }
            covered = max(covered, size)
            if let earlier = unknown, earlier <= size { unknown = nil }
        }
        return nil
    }

    /// What is still open at the end of a log of `entries`.
    func endFinding(entries: Int) -> LogWalk.Finding? {
        if let anchor = anchors.first {
            return .init(
                entries + 1, "it is not there, but a checkpoint covers entries up to \(anchor.size)"
            )
        }
        return unknown.map { .init($0, "no key that is trusted signed this checkpoint") }
    }
}
