/// A JSON text, read once: where each value begins and ends, in the order of the text.
///
/// Strict, as RFC 8259 has it: no comments, no trailing commas, nothing behind the value. Strings
/// are looked at when they are asked for.
final class JSONTape {
    /// 512: deeper than anything here; bounds the recursion of the scan and of every reader.
    static let depthMax = 512

    enum Kind: UInt8 { case null, no, yes, number, text, escapedText, array, object }

    /// A value, or the key in front of a member's value.
    ///
    /// `next` is the node behind it and all that is in it.
    struct Node {
        var kind: Kind
        var start: UInt32
        var end: UInt32
        var next: UInt32
    }

    let bytes: [UInt8]
    private(set) var nodes: [Node] = []
    private var place = 0

    /// Reads `bytes` through; throws `DecodingError` with the offset of the first flaw.
    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        guard bytes.count < Int(UInt32.max) else { throw flaw("too long") }
        nodes.reserveCapacity(bytes.count / 16 + 8)
        try value(depth: 0)
        skipSpace()
        guard place == bytes.count else { throw flaw("something behind the value") }
    }

    // MARK: What a node says

    /// The text of a string or key.
    func text(_ node: Int) throws -> String {
        let node = nodes[node]
        let range = Int(node.start)..<Int(node.end)
        if node.kind == .text {
            guard let text = String(validating: bytes[range], as: UTF8.self) else {
                throw flaw("not UTF-8", at: range.lowerBound)
            }
            return text
        }
        return try JSONEscapes.text(bytes[range], at: range.lowerBound)
    }

    /// Whether a key says `wanted`.
    func says(_ node: Int, _ wanted: String) -> Bool {
        let found = nodes[node]
        guard found.kind == .text else { return (try? text(node)) == wanted }
        guard Int(found.end - found.start) == wanted.utf8.count else { return false }
        return bytes[Int(found.start)..<Int(found.end)].elementsEqual(wanted.utf8)
    }

    /// A number's own characters.
    func digits(_ node: Int) -> ArraySlice<UInt8> {
        bytes[Int(nodes[node].start)..<Int(nodes[node].end)]
    }

    /// How many values stand directly in an array or object, keys not counted.
    func count(in node: Int) -> Int {
        var count = 0
        var child = node + 1
        let isObject = nodes[node].kind == .object
        while child < Int(nodes[node].next) {
            child = isObject ? Int(nodes[child + 1].next) : Int(nodes[child].next)
            count += 1
        }
        return count
    }

    // MARK: The scan

    private func value(depth: Int) throws {
        guard depth < Self.depthMax else { throw flaw("nested deeper than \(Self.depthMax)") }
        skipSpace()
        guard place < bytes.count else { throw flaw("a value is missing") }
        switch bytes[place] {
        case UInt8(ascii: "{"): try object(depth)
        case UInt8(ascii: "["): try array(depth)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true", .yes)
        case UInt8(ascii: "f"): try word("false", .no)
        case UInt8(ascii: "n"): try word("null", .null)
        default: try number()
        }
    }

    private func object(_ depth: Int) throws {
        let opening = open(.object)
        if try isClosed(by: UInt8(ascii: "}")) { return close(opening) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw flaw("expected a member's name") }
            try string()
            skipSpace()
            guard peek == UInt8(ascii: ":") else { throw flaw("expected a colon") }
            place += 1
            try value(depth: depth + 1)
            if try isLast(before: UInt8(ascii: "}")) { return close(opening) }
        }
    }

    private func array(_ depth: Int) throws {
        let opening = open(.array)
        if try isClosed(by: UInt8(ascii: "]")) { return close(opening) }
        while true {
            try value(depth: depth + 1)
            if try isLast(before: UInt8(ascii: "]")) { return close(opening) }
        }
    }

    private func open(_ kind: Kind) -> Int {
        nodes.append(Node(kind: kind, start: UInt32(place), end: 0, next: 0))
        place += 1
        return nodes.count - 1
    }

    private func close(_ opening: Int) {
        nodes[opening].end = UInt32(place)
        nodes[opening].next = UInt32(nodes.count)
    }

    private func isClosed(by closing: UInt8) throws -> Bool {
        skipSpace()
        guard peek == closing else { return false }
        place += 1
        return true
    }

    private func isLast(before closing: UInt8) throws -> Bool {
        skipSpace()
        if peek == UInt8(ascii: ",") {
            place += 1
            return false
        }
        guard peek == closing else { throw flaw("expected a comma or the end") }
        place += 1
        return true
    }

    private func append(_ kind: Kind, _ start: Int, _ end: Int) {
        nodes.append(
            Node(
                kind: kind, start: UInt32(start), end: UInt32(end), next: UInt32(nodes.count + 1)))
    }

    private func string() throws {
        let start = place + 1
        let end = bytes.withUnsafeBufferPointer { bytes -> Int in
            var index = start
            while index < bytes.count, bytes[index] != UInt8(ascii: "\""),
                bytes[index] != UInt8(ascii: "\\"), bytes[index] >= 0x20
            {
                index += 1
            }
            return index
        }
        place = end
        if peek == UInt8(ascii: "\"") {
            append(.text, start, end)
            place += 1
            return
        }
        while let byte = peek, byte >= 0x20 {
            if byte == UInt8(ascii: "\"") {
                append(.escapedText, start, place)
                place += 1
                return
            }
            place += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        throw flaw("a string without its end, or a control character in it")
    }

    private func word(_ word: StaticString, _ kind: Kind) throws {
        let end = place + word.utf8CodeUnitCount
        guard end <= bytes.count,
            word.withUTF8Buffer({ bytes[place..<end].elementsEqual($0) })
        else { throw flaw("expected a value") }
        append(kind, place, end)
        place = end
    }

    private func number() throws {
        let start = place
        if peek == UInt8(ascii: "-") { place += 1 }
        let whole = digitRun()
        guard whole > 0, whole == 1 || bytes[place - whole] != UInt8(ascii: "0") else {
            throw flaw("expected a value")
        }
        if peek == UInt8(ascii: ".") {
            place += 1
            guard digitRun() > 0 else { throw flaw("expected a digit") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            place += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { place += 1 }
            guard digitRun() > 0 else { throw flaw("expected a digit") }
        }
        append(.number, start, place)
    }

    private func digitRun() -> Int {
        let start = place
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        return place - start
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            place += 1
        }
    }

    private func flaw(_ what: String, at place: Int? = nil) -> DecodingError {
        JSONEscapes.flaw(what, at: place ?? self.place)
    }
}

/// Strings with a backslash in them.
enum JSONEscapes {
    /// What the characters between the quotes mean.
    static func text(_ raw: ArraySlice<UInt8>, at place: Int) throws -> String {
        var plain: [UInt8] = []
        plain.reserveCapacity(raw.count)
        var rest = raw
        while let slash = rest.firstIndex(of: UInt8(ascii: "\\")) {
            plain += rest[..<slash]
            rest = rest[(slash + 1)...]
            guard let kind = rest.popFirst() else { throw flaw("a lone backslash", at: place) }
            switch kind {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain.append(kind)
            case UInt8(ascii: "b"): plain.append(0x08)
            case UInt8(ascii: "f"): plain.append(0x0c)
            case UInt8(ascii: "n"): plain.append(0x0a)
            case UInt8(ascii: "r"): plain.append(0x0d)
            case UInt8(ascii: "t"): plain.append(0x09)
            case UInt8(ascii: "u"):
                plain += String(Character(try scalar(&rest, at: slash))).utf8
            default: throw flaw("an unknown escape", at: slash)
            }
        }
        guard let text = String(validating: plain + rest, as: UTF8.self) else {
            throw flaw("not UTF-8", at: place)
        }
        return text
    }

    /// One or, of a surrogate pair, two `\u` escapes; the first `\u` is gone already.
    private static func scalar(
        _ rest: inout ArraySlice<UInt8>, at place: Int
    ) throws -> Unicode.Scalar {
        var value = try unit(&rest, at: place)
        if (0xd800..<0xdc00).contains(value), rest.starts(with: [0x5c, UInt8(ascii: "u")]) {
            rest = rest.dropFirst(2)
            let low = try unit(&rest, at: place)
            guard (0xdc00..<0xe000).contains(low) else { throw flaw("half a pair", at: place) }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw flaw("half a pair", at: place) }
        return scalar
    }

    private static func unit(_ rest: inout ArraySlice<UInt8>, at place: Int) throws -> UInt32 {
        let digits = rest.prefix(4)
        guard digits.count == 4, digits.allSatisfy({ HexText.isDigit($0) }),
            let value = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw flaw("expected four hexadecimal digits", at: place) }
        rest = rest.dropFirst(4)
        return value
    }

    static func flaw(_ what: String, at place: Int) -> DecodingError {
        .dataCorrupted(
            .init(codingPath: [], debugDescription: "not JSON: \(what), at byte \(place)"))
    }
}
