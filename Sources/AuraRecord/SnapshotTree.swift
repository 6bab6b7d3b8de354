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
