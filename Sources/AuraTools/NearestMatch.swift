/// Finds what a model most likely meant by a text that does not occur.
enum NearestMatch {
    /// 12 lines of the file are shown.
    static let shownLinesMax = 12

    /// 50,000 lines are compared: an error message is not worth more.
    static let comparedLinesMax = 50_000

    /// A sentence on which the model can act, with the file's own lines.
    static func hint(for old: String, in bytes: [UInt8]) -> String {
        let lines = bytes.split(
            separator: UInt8(ascii: "\n"), maxSplits: comparedLinesMax,
            omittingEmptySubsequences: false
        ).map(Array.init)
        var wanted = Array(old.utf8).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).map { trimmed($0) }
        while wanted.first?.isEmpty == true { wanted.removeFirst() }
        while wanted.last?.isEmpty == true { wanted.removeLast() }
        guard let first = wanted.first else {
            return "old is nothing but white space; give the text beside it."
        }
        let bare = lines.map { trimmed($0[...]) }
        let candidates = bare.indices.map { ($0, score(wanted, first, in: bare, at: $0)) }
        guard let best = candidates.max(by: { $0.1 < $1.1 }), best.1 > 0 else {
            return "Nothing in the file is like it. Read the file again."
        }
        let end = min(lines.count, best.0 + min(wanted.count, shownLinesMax))
        let shown = (best.0..<end).map { "\($0 + 1)\t\(ReadTool.shown(lines[$0]))" }
        let isEqual = bare[best.0..<min(bare.count, best.0 + wanted.count)].elementsEqual(wanted)
        let isReturns = bytes.contains(UInt8(ascii: "\r")) && !old.utf8.contains(UInt8(ascii: "\r"))
        let why =
            !isEqual
            ? "The nearest is"
            : isReturns
                ? "Only the line ends differ (the file has CR LF; edit single lines, or "
                    + "write_file). It is"
                : "Only white space differs (tabs, spaces, or ends of lines). The file has"
        return "\(why), from line \(best.0 + 1):\n" + shown.joined(separator: "\n")
    }

    /// How well the wanted lines fit from a line on: whole lines first, then the first line's
    /// likeness.
    private static func score(
        _ wanted: [[UInt8]], _ first: [UInt8], in lines: [[UInt8]], at start: Int
    ) -> Int {
        var equal = 0
        // The bound keeps a long `old` from being compared with all of a long file.
        for (place, line) in wanted.prefix(shownLinesMax).enumerated() {
            guard start + place < lines.count else { break }
            if lines[start + place] == line, !line.isEmpty { equal += 1 }
        }
        return equal * 1000 + likeness(lines[start], first)
    }

    /// From 0 to 1000: how much of the longer line the common beginning and end of both make up; 0
    /// when it is less than two fifths.
    private static func likeness(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let shorter = min(left.count, right.count)
        guard shorter > 0 else { return 0 }
        let head = zip(left, right).prefix { $0 == $1 }.count
        let tail = zip(left.reversed(), right.reversed()).prefix { $0 == $1 }.count
        let part = min(shorter, head + tail) * 1000 / max(left.count, right.count)
        return part < 400 ? 0 : part
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> [UInt8] {
        var rest = line
        while let first = rest.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 || last == 0x0D {
            rest = rest.dropLast()
        }
        return Array(rest)
    }
}
