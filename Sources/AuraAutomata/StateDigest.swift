import AuraModel

/// A digest of a kernel's whole state, by which a replay is compared with what was recorded: a fold
/// that went astray is found at its first decision, not at the first that it spoils.
///
/// Over the state's own coding: every stored property of every part counts, by name and value, and is
/// there because the compiler puts it there. What does not count, or in another way, says so where it
/// is declared: `Given`, `Newest`, `Unordered`.
package enum StateDigest {
    /// 1: stands before each digest, because the shape of the kernels' states is a part of it.
    ///
    /// To be raised whenever a state gets other parts: a digest of another version is not compared.
    package static let version = 1

    /// The digest of `automaton`, with the version: `1:` and 32 hexadecimal digits, half of SHA-256,
    /// which is against mistakes and not against forgers.
    ///
    /// Throws what the state's coding throws: no state has a part that cannot be written.
    package static func of(_ automaton: Automaton) throws -> String {
        let digest = SHA256Digest.of(try JSON.encode(automaton))
        return "\(version):" + HexText.text(Array(digest.prefix(digestBytes)))
    }

    private static let digestBytes = 16
}

/// What a state was given and never changes: not a part of its digest.
@propertyWrapper
struct Given<Value: Hashable & Sendable>: Hashable, Sendable, Encodable {
    var wrappedValue: Value

    func encode(to encoder: any Encoder) throws {}
}

/// A conversation: each request's own digest is over all of it, so the state's is over its length and
/// its newest message.
@propertyWrapper
struct Newest: Hashable, Sendable, Encodable {
    var wrappedValue: [Message]

    private enum Key: CodingKey { case count, last }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(wrappedValue.count, forKey: .count)
        try container.encodeIfPresent(wrappedValue.last, forKey: .last)
    }
}

/// A set: written in the order of its words, which is the same in each process.
@propertyWrapper
struct Unordered: Hashable, Sendable, Encodable {
    var wrappedValue: Set<String>

    func encode(to encoder: any Encoder) throws { try wrappedValue.sorted().encode(to: encoder) }
}

extension KeyedEncodingContainer {
    /// Writes nothing: what the synthesised coding of a state calls for what it was given.
    mutating func encode<Value>(_ part: Given<Value>, forKey key: Key) throws {}
}
