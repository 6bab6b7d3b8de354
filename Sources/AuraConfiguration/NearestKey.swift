/// Finds what a mistyped word was meant to be.
enum NearestKey {
    /// 64: longer words are no slip of a known one, and the distance costs their product.
    private static let lengthMax = 64

    /// The word of `known` that is nearest to `word`, if it is near enough to be meant.
    ///
    /// Near is one edit in three characters, at most three: an insertion, a deletion, a replacement
    /// or two neighbours swapped. Case, `_` and `-` make no difference. Of two as near, the first
    /// counts.
    static func of(_ word: String, in known: [String]) -> String? {
        guard word.utf8.count <= lengthMax else { return nil }
        let typed = folded(word)
        var nearest: (word: String, distance: Int)?
        for candidate in known {
            let wanted = folded(candidate)
            let distance = distance(typed, wanted)
            let allowed = min(3, max(1, max(typed.count, wanted.count) / 3))
            guard distance <= allowed, distance < wanted.count else { continue }
            if distance < nearest?.distance ?? .max { nearest = (candidate, distance) }
        }
        return nearest?.word
    }

    private static func folded(_ word: String) -> [UInt8] {
        word.lowercased().utf8.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 }
    }

    /// The optimal string alignment distance (Damerau 1964), row by row.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                var best = min(
                    previous[column + 1] + 1, current[column] + 1,
                    previous[column] + (a == b ? 0 : 1))
                if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            (older, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
