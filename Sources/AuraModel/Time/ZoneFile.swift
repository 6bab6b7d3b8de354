/// Why bytes are not a time zone.
package enum ZoneError: Error, Equatable, Sendable {
    /// More bytes than any zone needs; nothing was read.
    case tooLarge(bytes: Int, bytesMax: Int)
    /// The bytes end before what the header announces.
    case truncated(offset: Int, bytesNeeded: Int)
    /// The bytes at `offset` do not begin with `TZif`.
    case magic(offset: Int)
    /// A version that RFC 9636 does not define.
    case version(UInt8)
    /// A count in the header that RFC 9636 section 3.1 does not allow.
    case count(name: String, value: Int)
    /// Transition `index` does not follow its predecessor in time.
    case transitionOrder(index: Int)
    /// Transition `index` refers to a local time type that does not exist.
    case transitionType(index: Int)
    /// Local time type `index` is more than 26 hours away from universal time or not well formed.
    case localTimeType(index: Int)
    /// The file counts leap seconds ("right" zones); the clocks of POSIX do not.
    case leapSeconds
    /// The footer is not enclosed in line ends or has bytes behind it.
    case footerBounds
    /// The footer's rule is not a POSIX TZ string; the column counts from its first character.
    case footer(TextError)
}

extension ZoneRules {
    /// Reads a TZif file (RFC 9636, versions 1 to 4), the footer's rule included.
    ///
    /// Every count and index is checked before it is used, so any bytes either give rules or an
    /// error.
    package init(tzif bytes: [UInt8]) throws(ZoneError) {
        guard bytes.count <= Self.fileBytesMax else {
            throw .tooLarge(bytes: bytes.count, bytesMax: Self.fileBytesMax)
        }
        var reader = ByteReader(bytes)
        let first = try ZoneFileHeader(&reader)
        guard first.version >= 2 else {
            let block = try ZoneFileBlock(&reader, first, timeBytes: 4)
            self.init(block, footer: nil)
            return
        }
        // The first block is for readers with 32 bits only and may be empty.
        _ = try reader.take(first.blockBytes(timeBytes: 4))
        let header = try ZoneFileHeader(&reader)
        let block = try ZoneFileBlock(&reader, header, timeBytes: 8)
        self.init(block, footer: try Self.footer(&reader))
    }

    /// 64 KiB: the largest file of tzdata has under 4 KiB.
    package static let fileBytesMax = 65_536

    /// nil where the footer is empty: then nothing is known after the last transition, and its type
    /// stays.
    private static func footer(_ reader: inout ByteReader) throws(ZoneError) -> ZoneRuleText? {
        let line = try reader.take(reader.remaining)
        guard line.count >= 2, line.first == 0x0A, line.last == 0x0A else { throw .footerBounds }
        let text = line.dropFirst().dropLast()
        guard !text.contains(0x0A) else { throw .footerBounds }
        guard !text.isEmpty else { return nil }
        do {
            return try ZoneRuleText(String(decoding: text, as: UTF8.self))
        } catch { throw .footer(error) }
    }

    private init(_ block: ZoneFileBlock, footer: ZoneRuleText?) {
        var changes = block.changes
        guard let footer else {
            self.init(firstOffset: block.firstOffset, changes: changes, cycleStart: nil)
            return
        }
        // Without transitions the footer holds for all time (RFC 9636 section 3.3), from the calendar's first year.
        // A "Big Bang" transition of older compilers counts as none.
        let last = max(
            changes.last?.at ?? .min,
            CivilTime.readingRange.lowerBound - CivilTime.secondsPerDay)
        let firstOffset = changes.isEmpty ? footer.standardOffset : block.firstOffset
        let lastYear = CivilTime(reading: last).date.year
        guard CivilDate.yearRange.contains(lastYear + 1) else {
            self.init(firstOffset: firstOffset, changes: changes, cycleStart: nil)
            return
        }
        // Two years later every change comes from the rule; one more cycle and a margin of two years is enough to
        // look up both ends of any segment that starts inside the cycle.
        let cycleYear = lastYear + 2
        changes += footer.changes(inYears: lastYear - 1...cycleYear + CivilDate.yearsPerCycle + 2)
            .filter { $0.at > last }
        let cycleStart = CivilDate.days(year: cycleYear, month: 1, day: 1) * CivilTime.secondsPerDay
        self.init(firstOffset: firstOffset, changes: changes, cycleStart: cycleStart)
    }
}

private struct ZoneFileHeader {
    let version: Int
    private let universalCount: Int
    private let standardCount: Int
    let leapCount: Int
    let timeCount: Int
    let typeCount: Int
    let nameBytes: Int

    init(_ reader: inout ByteReader) throws(ZoneError) {
        let offset = reader.offset
        guard try reader.take(4).elementsEqual("TZif".utf8) else { throw .magic(offset: offset) }
        let digit = try reader.integer(bytes: 1)
        switch digit {
        case 0: version = 1
        case 0x32...0x34: version = digit - 0x30
        default: throw .version(UInt8(digit & 0xFF))
        }
        _ = try reader.take(15)
        universalCount = try reader.integer(bytes: 4)
        standardCount = try reader.integer(bytes: 4)
        leapCount = try reader.integer(bytes: 4)
        timeCount = try reader.integer(bytes: 4)
        typeCount = try reader.integer(bytes: 4)
        nameBytes = try reader.integer(bytes: 4)
    }

    /// RFC 9636 section 3.1; asked only of the block that is used.
    func check() throws(ZoneError) {
        guard (1...256).contains(typeCount) else { throw .count(name: "typecnt", value: typeCount) }
        guard nameBytes > 0 else { throw .count(name: "charcnt", value: nameBytes) }
        guard standardCount == 0 || standardCount == typeCount else {
            throw .count(name: "isstdcnt", value: standardCount)
        }
        guard universalCount == 0 || universalCount == typeCount else {
            throw .count(name: "isutcnt", value: universalCount)
        }
        guard leapCount == 0 else { throw .leapSeconds }
    }

    /// Counts have 32 bits, so that the sum cannot overflow.
    func blockBytes(timeBytes: Int) -> Int {
        timeCount * (timeBytes + 1) + typeCount * 6 + nameBytes + leapCount * (timeBytes + 4)
            + standardCount + universalCount
    }
}

private struct ZoneFileBlock {
    let firstOffset: Int
    let changes: [(at: Int, offset: Int)]

    init(_ reader: inout ByteReader, _ header: ZoneFileHeader, timeBytes: Int) throws(ZoneError) {
        try header.check()
        let size = header.blockBytes(timeBytes: timeBytes)
        guard size <= reader.remaining else {
            throw .truncated(offset: reader.offset, bytesNeeded: size)
        }
        var times: [Int] = []
        for index in 0..<header.timeCount {
            let time = try reader.integer(bytes: timeBytes, signed: true)
            if let last = times.last, time <= last { throw .transitionOrder(index: index) }
            times.append(time)
        }
        let types = Array(try reader.take(header.timeCount))
        var offsets: [Int] = []
        for index in 0..<header.typeCount {
            let offset = try reader.integer(bytes: 4, signed: true)
            let isDaylight = try reader.integer(bytes: 1)
            let nameOffset = try reader.integer(bytes: 1)
            guard abs(offset) <= ZoneRules.offsetMax, isDaylight <= 1, nameOffset < header.nameBytes
            else { throw .localTimeType(index: index) }
            offsets.append(offset)
        }
        // Abbreviations and the standard/universal marks say nothing about offsets.
        _ = try reader.take(header.nameBytes)
        _ = try reader.take(
            size - header.timeCount * (timeBytes + 1) - header.typeCount * 6 - header.nameBytes)
        var changes: [(at: Int, offset: Int)] = []
        for (index, type) in types.enumerated() {
            guard Int(type) < offsets.count else { throw .transitionType(index: index) }
            changes.append((at: times[index], offset: offsets[Int(type)]))
        }
        firstOffset = offsets[0]
        self.changes = changes
    }
}

/// Bytes read once from front to back; integers are big-endian.
private struct ByteReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var remaining: Int { bytes.count - offset }

    mutating func take(_ count: Int) throws(ZoneError) -> ArraySlice<UInt8> {
        guard count <= remaining else { throw .truncated(offset: offset, bytesNeeded: count) }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    /// `bytes` is 1, 4, or 8 and signed.
    mutating func integer(bytes: Int, signed: Bool = false) throws(ZoneError) -> Int {
        let bits = try take(bytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if signed, bytes == 4 { return Int(Int32(truncatingIfNeeded: bits)) }
        return Int(truncatingIfNeeded: bits)
    }
}
