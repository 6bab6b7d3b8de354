/// The bytes of a canonical encoding under way, and which objects and arrays in it are open.
package struct CanonicalText: Sendable {
    /// All that was written so far; the owner slices it.
    package private(set) var bytes: [UInt8] = []
    private var frames: [Frame] = []
    private var members: [Member] = []
    private var sorted: [UInt8] = []

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
        let order = (first..<members.count).sorted { members[$0].key < members[$1].key }
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

    private static func escape(_ text: UnsafeBufferPointer<UInt8>, into bytes: inout [UInt8]) {
        var clean = 0
        for index in text.indices where isEscaped(text[index]) {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean..<index]))
            appendEscape(of: text[index], to: &bytes)
            clean = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean...]))
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
