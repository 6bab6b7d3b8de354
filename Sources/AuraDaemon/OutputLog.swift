import AuraSystem

/// What a command in the background has put out, for whoever reads on from a byte.
///
/// Memory is bounded: the newest bytes are kept, and what is gone is said.
struct OutputLog {
    /// 256 KiB of a command are kept: a server may write for hours.
    static let keptBytesMax = OutputSpool.tailBytesMax
    /// 24 KiB at a time: below the bound at which a run's kernel cuts a result in its middle.
    static let readBytesMax = 24 << 10

    private var kept: [UInt8] = []
    /// Bytes that are not kept any more.
    private var gone = 0

    /// All that was ever put out.
    var count: Int { gone + kept.count }

    /// Nothing yet.
    init() {}

    /// What an earlier daemon had read of it.
    init(_ spool: OutputSpool) throws(SystemError) {
        gone = max(0, spool.count - Self.keptBytesMax)
        kept = try spool.read(gone..<spool.count)
    }

    mutating func append(_ bytes: [UInt8]) {
        kept += bytes
        // Twice the bound before cutting, so that cutting is paid once in a while.
        guard kept.count > 2 * Self.keptBytesMax else { return }
        gone += kept.count - Self.keptBytesMax
        kept.removeFirst(kept.count - Self.keptBytesMax)
    }

    /// What stands from the byte `offset` on, with where it begins and where to read on.
    func read(from offset: Int) -> (text: String, from: Int, next: Int) {
        var start = min(max(offset, gone), count) - gone
        while start < kept.count, Self.isContinuation(kept[start]) { start += 1 }
        var end = min(start + Self.readBytesMax, kept.count)
        while end < kept.count, end > start, Self.isContinuation(kept[end]) { end -= 1 }
        return (String(decoding: kept[start..<end], as: UTF8.self), start + gone, end + gone)
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
