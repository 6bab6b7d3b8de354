package import AuraModel

/// Reads one JSON text member by member, without a tree and without the cost of one.
///
/// A stream's events are read with it: the members that matter are taken, all others are passed
/// over. Strict on structure, and total: any bytes end in a value or in `Malformed`. What is asked
/// for as one type and is another is passed over and answered nil, for servers add and change
/// members.
package struct JSONScanner {
    /// Not JSON, or deeper than `depthMax`.
    package struct Malformed: Error {}

    /// 64: deeper than any event or tool's schema; bounds the recursion here and of everyone who
    /// reads the value later.
    package static let depthMax = 64

    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0
    /// Nothing of the innermost object or array has been read: no comma is due.
    private var isFresh = false

    /// A scanner before the value that `bytes` hold.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The whole of `bytes` as one value.
    package static func value(_ bytes: [UInt8]) throws(Malformed) -> JSONValue {
        var scanner = Self(bytes)
        let value = try scanner.value()
        try scanner.end()
        return value
    }

    /// Enters the object that comes next; false, and passed over, when it is something else.
    package mutating func enterObject() throws(Malformed) -> Bool {
        try enter(UInt8(ascii: "{"))
    }

    /// Enters the array that comes next; false, and passed over, when it is something else.
    package mutating func enterArray() throws(Malformed) -> Bool {
        try enter(UInt8(ascii: "["))
    }

    /// The key of the next member, before its value; nil at the object's end, which is left.
    package mutating func nextKey() throws(Malformed) -> String? {
        guard try advance(to: UInt8(ascii: "}")) else { return nil }
        guard peek() == UInt8(ascii: "\"") else { throw Malformed() }
        let key = try scanString()
        guard peek() == UInt8(ascii: ":") else { throw Malformed() }
        at += 1
        return key
    }

    /// Whether another element comes; false at the array's end, which is left.
    package mutating func nextElement() throws(Malformed) -> Bool {
        try advance(to: UInt8(ascii: "]"))
    }

    /// The text that comes next; nil for anything else, which is passed over.
    package mutating func text() throws(Malformed) -> String? {
        guard peek() == UInt8(ascii: "\"") else {
            try skip()
            return nil
        }
        return try scanString()
    }

    /// The whole number that comes next; nil for anything else, which is passed over.
    package mutating func whole() throws(Malformed) -> Int? {
        guard let first = peek(), first == UInt8(ascii: "-") || Self.isDigit(first) else {
            try skip()
            return nil
        }
        guard case .integer(let value) = try scanNumber() else { return nil }
        return value
    }

    /// Passes over the next value.
    package mutating func skip() throws(Malformed) {
        guard let first = peek() else { throw Malformed() }
        switch first {
        case UInt8(ascii: "{"):
            _ = try enterObject()
            while try nextKey() != nil { try skip() }
        case UInt8(ascii: "["):
            _ = try enterArray()
            while try nextElement() { try skip() }
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: _ = try scanNumber()
        }
    }

    /// The next value, whatever it is; of two members of one name the last counts.
    package mutating func value() throws(Malformed) -> JSONValue {
        guard let first = peek() else { throw Malformed() }
        switch first {
        case UInt8(ascii: "{"):
            _ = try enterObject()
            var members: [String: JSONValue] = [:]
            while let key = try nextKey() { members[key] = try value() }
            return .object(members)
        case UInt8(ascii: "["):
            _ = try enterArray()
            var elements: [JSONValue] = []
            while try nextElement() { elements.append(try value()) }
            return .array(elements)
        case UInt8(ascii: "\""): return .string(try scanString())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default: return try scanNumber()
        }
    }

    /// Sees that nothing but blanks is left.
    package mutating func end() throws(Malformed) {
        guard peek() == nil else { throw Malformed() }
    }

    // MARK: - Structure

    /// The next byte that is not blank.
    private mutating func peek() -> UInt8? {
        while at < bytes.count {
            let byte = bytes[at]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
            at += 1
        }
        return nil
    }

    private mutating func enter(_ bracket: UInt8) throws(Malformed) -> Bool {
        guard peek() == bracket else {
            try skip()
            return false
        }
        guard depth < Self.depthMax else { throw Malformed() }
        depth += 1
        at += 1
        isFresh = true
        return true
    }

    private mutating func advance(to bracket: UInt8) throws(Malformed) -> Bool {
        guard let next = peek() else { throw Malformed() }
        if next == bracket {
            depth -= 1
            at += 1
            isFresh = false
            return false
        }
        if isFresh {
            isFresh = false
            return true
        }
        guard next == UInt8(ascii: ",") else { throw Malformed() }
        at += 1
        // A comma before the bracket is an error, which the caller finds: a bracket is no value.
        return true
    }

    private mutating func word(_ word: StaticString) throws(Malformed) {
        let count = word.utf8CodeUnitCount
        guard bytes.count - at >= count else { throw Malformed() }
        let isEqual = word.withUTF8Buffer { expected in
            bytes[at..<at + count].elementsEqual(expected)
        }
        guard isEqual else { throw Malformed() }
        at += count
    }

    // MARK: - Numbers

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// 2 to the 53rd: whole numbers up to here are exact as a `Double`.
    private static let exactMax = 9_007_199_254_740_992.0

    /// A number: whole where it is one, as the house's own decoder has it.
    private mutating func scanNumber() throws(Malformed) -> JSONValue {
        let start = at
        var isWhole = true
        while at < bytes.count {
            let byte = bytes[at]
            if Self.isDigit(byte) || byte == UInt8(ascii: "-") {
                at += 1
            } else if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "+")
                || byte | 0x20 == UInt8(ascii: "e")
            {
                isWhole = false
                at += 1
            } else {
                break
            }
        }
        // Longer than any number that a double can tell from its neighbours.
        guard at > start, at - start <= 400 else { throw Malformed() }
        let digits = bytes[start] == UInt8(ascii: "-") ? start + 1 : start
        guard digits < at, Self.isDigit(bytes[digits]),
            bytes[digits] != UInt8(ascii: "0") || digits + 1 == at
                || !Self.isDigit(bytes[digits + 1])
        else { throw Malformed() }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        if isWhole, let value = Int(text) { return .integer(value) }
        guard Self.isDigit(bytes[at - 1]), let value = Double(text), value.isFinite else {
            throw Malformed()
        }
        if value == value.rounded(), abs(value) < Self.exactMax { return .integer(Int(value)) }
        return .number(value)
    }

    // MARK: - Strings

    /// From the opening quote to behind the closing one.
    private mutating func scanString() throws(Malformed) -> String {
        at += 1
        let start = at
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\"") {
                defer { at += 1 }
                return String(decoding: bytes[start..<at], as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") { return try scanEscaped(from: start) }
            guard byte >= 0x20 else { throw Malformed() }
            at += 1
        }
        throw Malformed()
    }

    private mutating func scanEscaped(from start: Int) throws(Malformed) -> String {
        var text = Array(bytes[start..<at])
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try scanEscape(into: &text)
            case 0x00..<0x20: throw Malformed()
            default: text.append(byte)
            }
        }
        throw Malformed()
    }

    private mutating func scanEscape(into text: inout [UInt8]) throws(Malformed) {
        guard at < bytes.count else { throw Malformed() }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try scanScalar()
            text.append(contentsOf: String(scalar).utf8)
        default: throw Malformed()
        }
    }

    /// The scalar behind `\u`; half a surrogate pair becomes U+FFFD, as half a sequence of UTF-8
    /// does.
    private mutating func scanScalar() throws(Malformed) -> Unicode.Scalar {
        let first = try scanHex()
        guard first & 0xfc00 == 0xd800, bytes.count - at >= 6, bytes[at] == UInt8(ascii: "\\"),
            bytes[at + 1] == UInt8(ascii: "u")
        else { return Unicode.Scalar(first) ?? "\u{fffd}" }
        let back = at
        at += 2
        let second = try scanHex()
        guard second & 0xfc00 == 0xdc00 else {
            at = back
            return "\u{fffd}"
        }
        return Unicode.Scalar(0x1_0000 + (first & 0x3ff) << 10 + second & 0x3ff) ?? "\u{fffd}"
    }

    private mutating func scanHex() throws(Malformed) -> UInt32 {
        guard bytes.count - at >= 4 else { throw Malformed() }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[at]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw Malformed()
            }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }

    private mutating func skipString() throws(Malformed) {
        at += 1
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return }
            guard byte >= 0x20 else { throw Malformed() }
            if byte == UInt8(ascii: "\\") { at += 1 }
        }
        throw Malformed()
    }
}
