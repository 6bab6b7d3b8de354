import AuraModel

/// Where the nodes of the tree are stored.
///
/// Every leaf completes itself and as many subtrees above it as its number has factors of two. In
/// the order in which they are completed the nodes make one list that only grows; it is cut into
/// rows of eight leaves. A row has its final length from the first, with zeros for what is not
/// there yet: LMDB then replaces it in place.
struct TreePlace {
    var row: Int
    /// In nodes from the row's beginning.
    var offset: Int

    /// 8: about 512 bytes, so that a commit of one entry rewrites little and one of 64 makes nine
    /// puts.
    static let rowLeaves = 8
    static let hashBytes = LeafHash.genesis.bytes.count

    /// The place of the complete subtree that is the `index`th, from 0, of 2^`level` leaves.
    init(level: Int, index: Int) {
        let last = (index + 1) << level - 1
        row = last / Self.rowLeaves
        offset = Self.nodes(ofLeaves: last % Self.rowLeaves) + level
    }

    /// Nodes that the first `count` leaves of a row complete, less than a row's.
    static func nodes(ofLeaves count: Int) -> Int { 2 * count - count.nonzeroBitCount }

    /// The length of a whole row.
    static func rowBytes(_ row: Int) -> Int {
        (2 * rowLeaves - 1 + (row + 1).trailingZeroBitCount) * hashBytes
    }
}

/// A row of the tree as it is to be stored.
struct TreeRow {
    var index: Int
    var bytes: [UInt8]
    /// Whether the row begins with this commit.
    var isNew: Bool
}

/// The right edge of the tree: all that is needed to append leaves and to tell the root.
struct TreeEdge {
    private(set) var size: Int
    /// The roots of the complete subtrees that the tree is made of, greatest first.
    private(set) var peaks: [LeafHash]
    /// The nodes of the newest row, so far.
    private(set) var row: [UInt8]
    /// The genesis hash in an empty tree.
    private(set) var newestLeaf: LeafHash

    /// The edge of an empty tree.
    init() { self.init(size: 0, peaks: [], row: [], newestLeaf: .genesis) }

    init(size: Int, peaks: [LeafHash], row: [UInt8], newestLeaf: LeafHash) {
        self.size = size
        self.peaks = peaks
        self.row = row
        self.newestLeaf = newestLeaf
    }

    /// The root; SHA-256 of nothing has no use here, so an empty tree's is the genesis hash.
    var root: LeafHash { Self.fold(peaks) }

    /// The root over complete subtrees, greatest first.
    static func fold(_ peaks: [LeafHash]) -> LeafHash {
        guard var hash = peaks.last else { return .genesis }
        for peak in peaks.dropLast().reversed() { hash = .node(peak, hash) }
        return hash
    }

    /// Appends a leaf and, behind it, what it completes.
    mutating func append(_ leaf: LeafHash) {
        if size.isMultiple(of: TreePlace.rowLeaves) { row.removeAll(keepingCapacity: true) }
        size += 1
        newestLeaf = leaf
        row += leaf.bytes
        var node = leaf
        for _ in 0..<size.trailingZeroBitCount {
            guard let left = peaks.popLast() else { break }
            node = .node(left, node)
            row += node.bytes
        }
        peaks.append(node)
    }

    /// Appends leaves and answers the rows that they change.
    mutating func append(_ leaves: [LeafHash]) -> [TreeRow] {
        let before = size
        let after = size + leaves.count
        var rows: [TreeRow] = []
        for leaf in leaves {
            append(leaf)
            guard size == after || size.isMultiple(of: TreePlace.rowLeaves) else { continue }
            let index = (size - 1) / TreePlace.rowLeaves
            let missing = TreePlace.rowBytes(index) - row.count
            rows.append(
                TreeRow(
                    index: index, bytes: row + Array(repeating: 0, count: missing),
                    isNew: index * TreePlace.rowLeaves >= before))
        }
        return rows
    }
}
