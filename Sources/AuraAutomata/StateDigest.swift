import AuraModel

/// A digest of a kernel's whole state, by which a replay is compared with what was recorded: a fold
/// that went astray is found at its first decision, not at the first that it spoils.
///
/// Every stored property of every part counts, in order, by name and value; of sets and dictionaries
/// the order does not, so the digest is the same in each process. Left out is what the state was
/// given and never changes, the definition and the tools' schemas, and of the conversation all but
/// its length and its newest message: each request's own digest is over those.
package enum StateDigest {
    /// 1: stands before each digest, because the shape of the kernels' states is a part of it.
    ///
    /// To be raised whenever a state gets other parts: a digest of another version is not compared.
    package static let version = 1

    /// The digest of `automaton`, with the version: `1:` and 32 hexadecimal digits, half of SHA-256,
    /// which is against mistakes and not against forgers.
    package static func of(_ automaton: Automaton) -> String {
        var walk = StateWalk()
        walk.take(automaton)
        return "\(version):" + HexText.text(Array(SHA256Digest.of(walk.text).prefix(digestBytes)))
    }

    private static let digestBytes = 16
}

/// Writes a value down with all its parts, each with its length or its end, so that no two differ
/// and read alike.
private struct StateWalk {
    private(set) var text: [UInt8] = []

    private enum Mark {
        static let open = UInt8(ascii: "(")
        static let close = UInt8(ascii: ")")
        static let nothing = UInt8(ascii: "-")
    }

    mutating func take(_ value: Any) {
        switch value {
        case let text as String: put(text)
        case let number as Int: put(String(number))
        case let flag as Bool: put(flag ? "true" : "false")
        case is Definition: text.append(Mark.nothing)
        // By their exact types: an empty array can be cast to any other.
        case _ where type(of: value) == [ToolSchema].self: text.append(Mark.nothing)
        case let messages as [Message] where type(of: value) == [Message].self: take(messages)
        default: takeParts(of: value)
        }
    }

    private mutating func take(_ messages: [Message]) {
        put(String(messages.count))
        if let last = messages.last { takeParts(of: last) }
    }

    private mutating func takeParts(of value: Any) {
        let mirror = Mirror(reflecting: value)
        text.append(Mark.open)
        switch mirror.displayStyle {
        case .set, .dictionary:
            let parts = mirror.children.map { child in
                var part = Self()
                part.take(child.value)
                return part.text
            }
            for part in parts.sorted(by: { $0.lexicographicallyPrecedes($1) }) { text += part }
        case .collection, .tuple, .optional:
            for child in mirror.children { take(child.value) }
        case .struct, .class, .enum, nil, .some:
            // A case without a payload and a number of another kind have no parts but their text.
            if mirror.children.isEmpty { put("\(value)") }
            for child in mirror.children {
                put(child.label ?? "")
                take(child.value)
            }
        }
        text.append(Mark.close)
    }

    private mutating func put(_ word: String) {
        text += Array("\(word.utf8.count):".utf8)
        text += Array(word.utf8)
    }
}
