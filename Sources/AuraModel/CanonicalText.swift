/// The bytes of a canonical encoding under way, and which objects and arrays in it are open.
package struct CanonicalText: Sendable {
    /// All that was written so far; the owner slices it.
    package private(set) var bytes: [UInt8] = []
    private var frames: [Frame] = []
    private var members: [Member] = []
    private var sorted: [UInt8] = []
    private var order: [Int] = []

    private enum Shape { case undecided, object, array, single }

    /// A value under way: a keyed one owns the members from `firstMember` on.
    private struct Frame {
        var shape = Shape.undecided
        var firstMember: Int
        var count = 0
        var isSorted = true
    }

    /// A member of an object: its bytes begin at `start` and end where the next begins, less a
    /// comma.
    private struct Member {
        var key: String
        var start: Int
    }

    /// A text in which nothing was written yet.
    package init() {}

    /// 1 MiB is kept for what comes next: a turn of a thousand entries; more is let go.
    private static let capacityKept = 1 << 20

    /// Forgets what was written; some of the memory is kept for what comes next.
    package mutating func reset() {
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.capacityKept)
        frames.removeAll(keepingCapacity: true)
        members.removeAll(keepingCapacity: true)
    }

    /// Appends one byte as it is.
    package mutating func append(_ byte: UInt8) { bytes.append(byte) }

    /// Appends bytes as they are.
    package mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    /// Appends text as it is.
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Makes room for `count` bytes.
    package mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Forgets what was written behind the first `count` bytes.
    package mutating func cut(to count: Int) { bytes.removeSubrange(count...) }

    /// Begins a value of which the shape is not known yet; the answer is its depth.
    mutating func push() -> Int {
        frames.append(Frame(firstMember: members.count))
        return frames.count - 1
    }

    mutating func beginObject(at depth: Int) { begin(.object, UInt8(ascii: "{"), at: depth) }

    mutating func beginArray(at depth: Int) { begin(.array, UInt8(ascii: "["), at: depth) }

    mutating func beginSingle(at depth: Int) { frames[depth].shape = .single }

    private mutating func begin(_ shape: Shape, _ opening: UInt8, at depth: Int) {
        guard frames[depth].shape != shape else { return }
        precondition(frames[depth].shape == .undecided, "a value has one shape")
        frames[depth].shape = shape
        bytes.append(opening)
    }

    /// Begins the member `key` of the object at `depth`; its value is to be written next.
    mutating func beginMember(_ key: String, at depth: Int) {
        precondition(depth < frames.count, "a container was used after its end")
        close(to: depth + 1)
        if frames[depth].count > 0 {
            bytes.append(UInt8(ascii: ","))
            if let last = members.last, key < last.key { frames[depth].isSorted = false }
        }
        frames[depth].count += 1
        members.append(Member(key: key, start: bytes.count))
        write(key)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Begins the next element of the array at `depth`.
    mutating func beginElement(at depth: Int) {
        precondition(depth < frames.count, "a container was used after its end")
        close(to: depth + 1)
        if frames[depth].count > 0 { bytes.append(UInt8(ascii: ",")) }
        frames[depth].count += 1
    }

    func elements(at depth: Int) -> Int { frames[depth].count }

    // MARK: Ends

    mutating func close(to depth: Int) {
        while frames.count > depth, let frame = frames.popLast() {
            switch frame.shape {
            case .single: break
            // A value that encoded nothing is an object without members.
            case .undecided: bytes.append(contentsOf: [UInt8(ascii: "{"), UInt8(ascii: "}")])
            case .array: bytes.append(UInt8(ascii: "]"))
            case .object:
                if !frame.isSorted { sortMembers(from: frame.firstMember) }
                members.removeSubrange(frame.firstMember...)
                bytes.append(UInt8(ascii: "}"))
            }
        }
    }

    private mutating func sortMembers(from first: Int) {
        let start = members[first].start
        order.removeAll(keepingCapacity: true)
        // By insertion: members are few, and most stand in order already.
        for index in first..<members.count {
            var place = order.count
            while place > 0, members[index].key < members[order[place - 1]].key { place -= 1 }
            order.insert(index, at: place)
        }
        sorted.removeAll(keepingCapacity: true)
        for index in order {
            let end = index + 1 < members.count ? members[index + 1].start - 1 : bytes.count
            if !sorted.isEmpty { sorted.append(UInt8(ascii: ",")) }
            sorted.append(contentsOf: bytes[members[index].start..<end])
        }
        bytes.replaceSubrange(start..., with: sorted)
    }

    // MARK: Scalars

    mutating func writeNull() { bytes.append(contentsOf: "null".utf8) }

    mutating func write(_ value: Bool) { bytes.append(contentsOf: (value ? "true" : "false").utf8) }

    mutating func write(_ value: some FixedWidthInteger) {
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func write(_ value: Double) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value, .init(codingPath: [], debugDescription: "JSON has no \(value)"))
        }
        let text = value.description
        bytes.append(contentsOf: (text.hasSuffix(".0") ? text.dropLast(2) : text[...]).utf8)
    }

    mutating func write(_ value: String) {
        var value = value
        bytes.append(UInt8(ascii: "\""))
        value.withUTF8 { Self.escape($0, into: &bytes) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes any value; throws for a number that JSON cannot express.
    package mutating func write(_ value: JSONValue) throws {
        switch value {
        case .null: writeNull()
        case .bool(let value): write(value)
        case .integer(let value): write(value)
        case .number(let value): try write(value)
        case .string(let value): write(value)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                try write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                write(member.key)
                bytes.append(UInt8(ascii: ":"))
                try write(member.value)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func escape(_ text: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) {
        let raw = UnsafeRawBufferPointer(text)
        var clean = 0
        var index = 0
        while index < text.count {
            if index + wordBytes <= text.count,
                !needsEscape(raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            {
                index += wordBytes
                continue
            }
            let end = min(index + wordBytes, text.count)
            while index < end {
                if isEscaped(text[index]) {
                    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean..<index]))
                    appendEscape(of: text[index], to: &bytes)
                    clean = index + 1
                }
                index += 1
            }
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean...]))
    }

    private static let wordBytes = MemoryLayout<UInt64>.size

    /// Whether one of the eight bytes is to be escaped: texts are long, and little in them is.
    ///
    /// A byte is below n when taking n from it borrows and its own highest bit is clear; it is equal
    /// to n when their difference is below one.
    private static func needsEscape(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5c)
        let found =
            ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes)
            | ((slashes &- ones) & ~slashes)
        return found & (ones &* 0x80) != 0
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)

    /// RFC 8259, section 7: the short form where there is one.
    private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0c: bytes.append(UInt8(ascii: "f"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case 0x22, 0x5c: bytes.append(byte)
        default:
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(Self.hexDigits[Int(byte >> 4)])
            bytes.append(Self.hexDigits[Int(byte & 15)])
        }
    }
}
