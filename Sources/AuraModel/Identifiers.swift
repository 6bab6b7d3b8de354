/// The name of an automaton: what an operator types, and what audit lines carry.
///
/// A lower-case letter, then up to 62 lower-case letters, digits or hyphens: safe as a file name,
/// as a git reference component, as a URL path component and as a journal field value.
package struct AutomatonName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    /// 63: the bound of a host name label (RFC 1123), which every place a name is used can hold.
    package static let lengthMax = 63

    /// What a valid name looks like, for error messages.
    package static let expectation =
        "a lower-case letter, then lower-case letters, digits or hyphens, at most 63 in all"

    /// The name, or nil when `text` is not one.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= Self.lengthMax, Self.isLetter(first),
            bytes.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.text = text
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let raw = try container.decode(String.self)
        guard let name = Self(raw) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "an automaton's name is \(Self.expectation)")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// The id of a run: sixteen characters that sort by the time of admission.
///
/// Ten characters of milliseconds and six of the record's next sequence number, in Crockford's base
/// 32, lower case. The sequence number makes it unique in its record without drawing chance.
package struct RunID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    /// 16: ten characters of time and six of sequence number.
    package static let length = 16

    /// The id of a run admitted at `instant` by the entry `sequence`.
    package init(at instant: Instant, sequence: Int) {
        text =
            Self.base32(UInt64(max(0, instant.milliseconds)), digits: 10)
            + Self.base32(UInt64(sequence) & 0x3fff_ffff, digits: 6)
    }

    /// The id, or nil when `text` is not one.
    package init?(_ text: String) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy({ Self.alphabet.contains($0) })
        else { return nil }
        self.text = text
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a run id is 16 characters of base 32")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    private static func base32(_ value: UInt64, digits: Int) -> String {
        var rest = value
        var reversed: [UInt8] = []
        for _ in 0..<digits {
            reversed.append(alphabet[Int(rest & 31)])
            rest >>= 5
        }
        return String(decoding: reversed.reversed(), as: UTF8.self)
    }
}

/// Who owns an automaton or gives an order: a system user's name, or `aurad` for the daemon itself.
package struct Principal: Hashable, Sendable, Codable, CustomStringConvertible {
    package let name: String

    /// The principal called `name`.
    package init(_ name: String) { self.name = name }

    /// The daemon, for what no operator ordered.
    package static let daemon = Self("aurad")

    package init(from decoder: any Decoder) throws {
        name = try decoder.singleValueContainer().decode(String.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }

    package var description: String { name }
}

/// Numbers a command within its run, from 1, in the order in which the kernel gave them.
package typealias CommandID = Int

/// Numbers an attempt of a run, from 1.
///
/// Frames of an older generation are refused.
package typealias Generation = Int
