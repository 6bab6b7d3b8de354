import AuraModel
import CLMDB

extension Snapshot {
    /// The hash over the leaves of `range`, from 0, which is one that `MerkleShape` names.
    func treeHash(_ range: Range<Int>) throws(RecordError) -> LeafHash {
        var peaks: [LeafHash] = []
        for part in MerkleShape.complete(range) { peaks.append(try treeNode(part)) }
        return TreeEdge.fold(peaks)
    }

    /// The right edge of the tree as it was with `size` leaves.
    func edge(size: Int) throws(RecordError) -> TreeEdge {
        guard size > 0 else { return TreeEdge() }
        var peaks: [LeafHash] = []
        for part in MerkleShape.complete(0..<size) { peaks.append(try treeNode(part)) }
        let begun = size % TreePlace.rowLeaves
        var row: [UInt8] = []
        if begun > 0 {
            let length = TreePlace.nodes(ofLeaves: begun) * TreePlace.hashBytes
            row = Array(try treeRow(size / TreePlace.rowLeaves).prefix(length))
        }
        let leaf = try treeNode(size - 1..<size)
        return TreeEdge(size: size, peaks: peaks, row: row, newestLeaf: leaf)
    }

    /// The stored hash of a complete subtree.
    private func treeNode(_ part: Range<Int>) throws(RecordError) -> LeafHash {
        let level = part.count.trailingZeroBitCount
        let place = TreePlace(level: level, index: part.lowerBound >> level)
        let start = place.offset * TreePlace.hashBytes
        let row = try treeRow(place.row)
        return LeafHash(bytes: Array(row[start..<start + TreePlace.hashBytes]))
    }

    private func treeRow(_ index: Int) throws(RecordError) -> [UInt8] {
        guard let row = try get(layout.tree, Layout.number(index)),
            row.count == TreePlace.rowBytes(index)
        else { throw .corrupt(what: "row \(index) of the tree is not there") }
        return row
    }

    /// The stored rows over entries `first...last`, whatever they hold.
    func treeRows(_ first: Int, _ last: Int) throws(RecordError) -> [Int: [UInt8]] {
        var rows: [Int: [UInt8]] = [:]
        for index in (first - 1) / TreePlace.rowLeaves...(last - 1) / TreePlace.rowLeaves {
            rows[index] = try get(layout.tree, Layout.number(index))
        }
        return rows
    }
}

extension WriteBatch {
    func write(_ row: TreeRow) throws(RecordError) {
        let key = Layout.number(row.index)
        if row.isNew {
            try append(layout.tree, key, row.bytes)
        } else {
            try put(layout.tree, key, row.bytes)
        }
    }
}

/// Format 2: builds the tree of a record that has none.
enum TreeBuilding {
    static let format = 2

    /// 4096 entries a commit: some megabytes of pages in memory, however long the log.
    private static let pageEntries = 4096

    /// Builds the tree over all entries and then raises the format.
    ///
    /// The entries themselves stay as they are. Cut off, it begins anew at the next opening.
    static func run(_ environment: Environment) throws(RecordError) {
        var edge = TreeEdge()
        try environment.write { batch throws(RecordError) in try batch.empty(batch.layout.tree) }
        while true {
            let after = edge.size
            let page = try environment.read { snapshot throws(RecordError) in
                try snapshot.page(after: after, limit: pageEntries)
            }
            guard let last = page.last else { break }
            guard last.sequence == after + page.count else {
                throw .corrupt(what: "entries after \(after) are missing; the tree cannot be built")
            }
            let rows = edge.append(page.map { LeafHash(stored: $0.text) })
            try environment.write { batch throws(RecordError) in
                for row in rows { try batch.write(row) }
            }
        }
        try environment.write { batch throws(RecordError) in
            try batch.put(batch.layout.meta, Layout.formatKey, Layout.number(format))
        }
    }
}
