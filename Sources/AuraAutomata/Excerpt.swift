/// Cuts long text down to what fits its reader, and says so.
enum Excerpt {
    /// 32 KiB, some ten thousand tokens: a tool result larger than this crowds out the
    /// conversation.
    static let toolResultBytesMax = 32 << 10

    /// 8 KiB: a failing step tells why in its last screens; the head shows what it was doing.
    static let stepOutputBytesMax = 8 << 10

    /// 4 KiB: what one attempt leaves to the next; a fresh context is the point of a new attempt.
    static let noteBytesMax = 4 << 10

    /// 2 KiB: what a commit's body takes of the agent's own summary.
    static let commitBodyBytesMax = 2 << 10

    /// 16 KiB: all notes of a failed task, for the commit that keeps its work.
    static let obituaryBytesMax = 16 << 10

    /// 48 KiB, some fifteen thousand tokens: a change larger than this is read in the workspace.
    static let diffBytesMax = 48 << 10

    /// 200: one line of a terminal or of the journal.
    static let lineCharactersMax = 200

    /// `text`, or its head and its tail with a line between that says how much is missing.
    ///
    /// The two parts together have at most `bytesMax` bytes and break at characters of UTF-8.
    static func headAndTail(_ text: String, bytesMax: Int) -> String {
        let bytes = text.utf8
        guard bytes.count > bytesMax else { return text }
        let headEnd = boundary(text, near: bytes.index(bytes.startIndex, offsetBy: bytesMax / 2))
        let tailOffset = bytes.count - (bytesMax - bytesMax / 2)
        var tailStart = bytes.index(bytes.startIndex, offsetBy: tailOffset)
        while tailStart < bytes.endIndex, isContinuation(bytes[tailStart]) {
            tailStart = bytes.index(after: tailStart)
        }
        let cut = bytes.distance(from: headEnd, to: tailStart)
        let head = String(decoding: bytes[..<headEnd], as: UTF8.self)
        let tail = String(decoding: bytes[tailStart...], as: UTF8.self)
        return "\(head)\n[... \(cut) of \(bytes.count) bytes cut here ...]\n\(tail)"
    }

    /// The first line of `text` that says something, at most `lineCharactersMax` long.
    static func line(_ text: String) -> String {
        let first = text.split(whereSeparator: \.isNewline)
            .first { line in line.contains { !$0.isWhitespace } }
        guard let first else { return "" }
        let trimmed = first.drop { $0.isWhitespace }
        guard trimmed.count > lineCharactersMax else { return String(trimmed) }
        return trimmed.prefix(lineCharactersMax - 1) + "…"
    }

    /// The last place at or before `index` where a character of UTF-8 begins.
    private static func boundary(_ text: String, near index: String.Index) -> String.Index {
        let bytes = text.utf8
        var place = index
        while place > bytes.startIndex, isContinuation(bytes[place]) {
            place = bytes.index(before: place)
        }
        return place
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
