/// What the daemon signed about its record: a fact of its own in the record.
package struct Checkpoint: Hashable, Sendable, Codable {
    /// The `CheckpointNote` as text.
    package var note: String
    /// The public keys there were, the first one first; each vouches for the next.
    ///
    /// Nil while there was but one. A verifier trusts none of them for standing here.
    package var keys: [KeyEpoch]?

    /// A signed checkpoint.
    package init(note: String, keys: [KeyEpoch]? = nil) {
        self.note = note
        self.keys = keys
    }

    /// The note, if it is one.
    package var parsed: CheckpointNote? { CheckpointNote(note) }
}

/// A public key of the daemon and the time in which it signs, as a number that grows by one.
package struct KeyEpoch: Hashable, Sendable, Codable {
    /// From 1.
    package var epoch: Int
    /// Ed25519, 32 bytes in hex.
    package var key: String
    /// The signature of `endorsed` by the key of the epoch before, in hex; nil in the first epoch.
    package var endorsement: String?

    /// A key's epoch.
    package init(epoch: Int, key: String, endorsement: String? = nil) {
        self.epoch = epoch
        self.key = key
        self.endorsement = endorsement
    }

    /// What the key before signs; the first line keeps it from being taken for anything else.
    package var endorsed: [UInt8] { Array("aura-key-epoch\n\(epoch)\n\(key)\n".utf8) }
}

/// A size and a root that were signed, as text in the C2SP signed-note form.
///
///     aura-record
///     1203
///     fWFFyuMQ+i6NvCPT50Txz5NNe/l6YlWjTWpYnt+ENsM=
///     time 1700000000000
///
///     — aura-record 2vDkSQ...
///
/// Origin, size, root and time are signed with the line feed that ends them; the last line holds,
/// in base64, four bytes of the key's id and the Ed25519 signature. The id is the beginning of
/// SHA-256 over name, 0x0a, 0x01 and the key (c2sp.org/signed-note).
package struct CheckpointNote: Hashable, Sendable {
    /// Entries that the root covers, from the first; above zero.
    package var size: Int
    /// 32 bytes.
    package var root: [UInt8]
    package var time: Instant
    /// 4 bytes.
    package var keyID: [UInt8]
    /// 64 bytes.
    package var signature: [UInt8]

    /// Name of the log and of its keys: a record has a key of its own, so the key tells records
    /// apart.
    package static let origin = "aura-record"
    /// Bytes of a SHA-256 hash.
    package static let hashLength = 32
    /// Bytes of a key's id, as in a signed note.
    package static let keyIDLength = 4
    /// Bytes of an Ed25519 signature, RFC 8032.
    package static let signatureLength = 64

    /// A note of these parts.
    package init(size: Int, root: [UInt8], time: Instant, keyID: [UInt8], signature: [UInt8]) {
        self.size = size
        self.root = root
        self.time = time
        self.keyID = keyID
        self.signature = signature
    }

    /// Reads a note, also in its `line` form; nil when it is not exactly one.
    package init?(_ text: String) {
        let lines = text.split(
            separator: text.contains("|") ? "|" : "\n", omittingEmptySubsequences: false)
        guard lines.count == 7, lines[0] == Self.origin, lines[4].isEmpty, lines[6].isEmpty,
            let size = Int(lines[1]), size > 0, let root = Base64Text.bytes(lines[2]),
            root.count == Self.hashLength, lines[3].hasPrefix("time "),
            let time = Int(lines[3].dropFirst("time ".count)),
            lines[5].hasPrefix(Self.signaturePrefix),
            let signed = Base64Text.bytes(lines[5].dropFirst(Self.signaturePrefix.count)),
            signed.count == Self.keyIDLength + Self.signatureLength
        else { return nil }
        self.init(
            size: size, root: root, time: Instant(milliseconds: time),
            keyID: Array(signed.prefix(Self.keyIDLength)),
            signature: Array(signed.dropFirst(Self.keyIDLength)))
        // One note has one text: no sign, zero or padding that could stand otherwise.
        guard self.text == text || line == text else { return nil }
    }

    private static let signaturePrefix = "— \(origin) "

    /// What is signed.
    package static func body(size: Int, root: [UInt8], time: Instant) -> String {
        "\(origin)\n\(size)\n\(Base64Text.text(root))\ntime \(time.milliseconds)\n"
    }

    /// What is signed.
    package var body: String { Self.body(size: size, root: root, time: time) }

    /// The whole note.
    package var text: String {
        body + "\n" + Self.signaturePrefix + Base64Text.text(keyID + signature) + "\n"
    }

    /// The whole note in one line, as the journal holds it: a bar for each line feed.
    package var line: String {
        text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "|")
    }

    /// What the id of `key` is the beginning of the SHA-256 of.
    package static func keyIDInput(_ key: [UInt8]) -> [UInt8] {
        Array(origin.utf8) + [0x0a, 0x01] + key
    }
}
