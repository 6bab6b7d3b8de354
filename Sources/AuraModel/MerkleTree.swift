/// The shape of an RFC 6962 tree: which leaves stand under which nodes, and which nodes a proof
/// holds.
///
/// Leaves are counted from 0 here. Nothing is hashed: whoever stores the tree looks ranges up or
/// folds them.
package enum MerkleShape {
    /// The greatest power of two below `count`, which is above 1: where a tree is split (RFC 6962,
    /// 2.1).
    package static func split(_ count: Int) -> Int {
        1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
    }

    /// The ranges of leaves whose hashes prove that leaf `index` is in the tree of `size` leaves,
    /// the leaf's own neighbour first: PATH of RFC 6962, section 2.1.1.
    ///
    /// Empty when the leaf is not in the tree, and for the only leaf of a tree.
    package static func inclusion(of index: Int, size: Int) -> [Range<Int>] {
        guard (0..<max(0, size)).contains(index) else { return [] }
        var path: [Range<Int>] = []
        var range = 0..<size
        while range.count > 1 {
            let middle = range.lowerBound + split(range.count)
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            path.append(index < middle ? right : left)
            range = index < middle ? left : right
        }
        return path.reversed()
    }

    /// The ranges whose hashes prove that the tree of `second` leaves goes on from that of `first`:
    /// PROOF of RFC 6962, section 2.1.2.
    ///
    /// Empty when the sizes are equal or do not stand in this order.
    package static func consistency(_ first: Int, _ second: Int) -> [Range<Int>] {
        guard first > 0, first < second else { return [] }
        var path: [Range<Int>] = []
        var range = 0..<second
        while range.upperBound != first {
            let middle = range.lowerBound + split(range.count)
            let (left, right) = (range.lowerBound..<middle, middle..<range.upperBound)
            path.append(first <= middle ? right : left)
            range = first <= middle ? left : right
        }
        // A whole tree of the first size is known to whoever checks; a subtree of it is not.
        if range.lowerBound != 0 { path.append(range) }
        return path.reversed()
    }

    /// The complete subtrees that `range` is made of, greatest first; its start is a multiple of a
    /// power of two that is not below its length.
    package static func complete(_ range: Range<Int>) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let left = range.upperBound - start
            let length = 1 << (Int.bitWidth - 1 - left.leadingZeroBitCount)
            parts.append(start..<start + length)
            start += length
        }
        return parts
    }
}

/// Checks of RFC 6962 proofs: pure, with the hash of two nodes given.
package struct MerkleCheck {
    /// SHA-256 over 0x01, the left hash and the right one.
    package var node: ([UInt8], [UInt8]) -> [UInt8]

    /// Checks that hash inner nodes with `node`.
    package init(node: @escaping ([UInt8], [UInt8]) -> [UInt8]) { self.node = node }

    /// The root that `path` leads to from the leaf `index` of `size`; nil when the path has not the
    /// right length (RFC 9162, section 2.1.3.2).
    package func root(leaf: [UInt8], index: Int, size: Int, path: [[UInt8]]) -> [UInt8]? {
        guard index >= 0, index < size else { return nil }
        var (place, last) = (index, size - 1)
        var hash = leaf
        for sibling in path {
            guard last > 0 else { return nil }
            if place & 1 == 1 || place == last {
                hash = node(sibling, hash)
                while place & 1 == 0, place > 0 { (place, last) = (place >> 1, last >> 1) }
            } else {
                hash = node(hash, sibling)
            }
            (place, last) = (place >> 1, last >> 1)
        }
        return last == 0 ? hash : nil
    }

    /// Whether `path` shows that the tree of `second` leaves goes on from that of `first` (RFC
    /// 9162, section 2.1.4.2).
    ///
    /// Both sizes are above zero.
    package func isConsistent(
        _ first: (size: Int, root: [UInt8]), _ second: (size: Int, root: [UInt8]), path: [[UInt8]]
    ) -> Bool {
        guard first.size > 0, first.size <= second.size else { return false }
        guard first.size < second.size else { return path.isEmpty && first.root == second.root }
        var rest = path[...]
        if first.size & (first.size - 1) == 0 { rest = [first.root] + rest }
        guard var old = rest.popFirst() else { return false }
        var new = old
        var (place, last) = (first.size - 1, second.size - 1)
        while place & 1 == 1 { (place, last) = (place >> 1, last >> 1) }
        for sibling in rest {
            guard last > 0 else { return false }
            if place & 1 == 1 || place == last {
                old = node(sibling, old)
                new = node(sibling, new)
                while place & 1 == 0, place > 0 { (place, last) = (place >> 1, last >> 1) }
            } else {
                new = node(new, sibling)
            }
            (place, last) = (place >> 1, last >> 1)
        }
        return last == 0 && old == first.root && new == second.root
    }
}
