/// That an entry stands in the record that a checkpoint signs: all that is needed beside the key.
package struct InclusionProof: Hashable, Sendable, Codable {
    /// The entry's sequence number, from 1.
    package var sequence: Int
    /// The entry's text, byte for byte as it is stored.
    package var entry: String
    /// Hashes in hex from the leaf's neighbour upwards.
    package var path: [String]
    package var checkpoint: Checkpoint

    /// A proof.
    package init(sequence: Int, entry: String, path: [String], checkpoint: Checkpoint) {
        self.sequence = sequence
        self.entry = entry
        self.path = path
        self.checkpoint = checkpoint
    }
}

/// That the record of a later checkpoint goes on from that of an earlier one.
package struct ConsistencyProof: Hashable, Sendable, Codable {
    package var first: Checkpoint
    package var second: Checkpoint
    /// Hashes in hex, the deepest first.
    package var path: [String]

    /// A proof.
    package init(first: Checkpoint, second: Checkpoint, path: [String]) {
        self.first = first
        self.second = second
        self.path = path
    }
}

/// The daemon's public key, as `aura-ctl record key` shows it.
package struct RecordKey: Hashable, Sendable, Codable {
    package var epoch: Int
    /// Ed25519, 32 bytes in hex.
    package var key: String
    /// Four bytes in hex, as notes name the key.
    package var id: String

    /// A key.
    package init(epoch: Int, key: String, id: String) {
        self.epoch = epoch
        self.key = key
        self.id = id
    }
}

/// What a proof shows, or why it shows nothing.
package enum ProofResult: Hashable, Sendable {
    case included(sequence: Int, size: Int, at: Instant)
    case consistent(first: Int, second: Int)
    case refused(String)
}

/// Checks proofs and signatures with the primitives that its owner has: this module has none.
package struct ProofCheck: Sendable {
    private let sha256: @Sendable ([UInt8]) -> [UInt8]
    private let isSigned:
        @Sendable (_ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]) -> Bool

    /// A check by SHA-256 and by Ed25519 (RFC 8032).
    package init(
        sha256: @escaping @Sendable ([UInt8]) -> [UInt8],
        isSigned:
            @escaping @Sendable (_ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]) -> Bool
    ) {
        self.sha256 = sha256
        self.isSigned = isSigned
    }

    /// Checks the JSON of an `InclusionProof` or a `ConsistencyProof` against the key that is
    /// trusted.
    package func check(_ bytes: [UInt8], key: [UInt8]) -> ProofResult {
        if let proof = try? JSON.decode(InclusionProof.self, from: bytes) {
            return check(proof, key: key)
        }
        if let proof = try? JSON.decode(ConsistencyProof.self, from: bytes) {
            return check(proof, key: key)
        }
        return .refused("this is no proof")
    }

    /// Checks that the entry is in the record and is the entry that it says it is.
    package func check(_ proof: InclusionProof, key: [UInt8]) -> ProofResult {
        var keys = [key]
        guard let note = trusted(proof.checkpoint, &keys) else { return .refused(Self.unsigned) }
        let text = Array(proof.entry.utf8)
        guard let entry = try? JSON.decode(Entry.self, from: text),
            entry.sequence == proof.sequence
        else { return .refused("the entry is not entry \(proof.sequence)") }
        guard let path = Self.bytes(proof.path) else { return .refused(Self.badPath) }
        let root = merkle.root(
            leaf: sha256([0] + text), index: proof.sequence - 1, size: note.size, path: path)
        guard root == note.root else {
            return .refused("the entry is not the one that the checkpoint covers")
        }
        return .included(sequence: proof.sequence, size: note.size, at: note.time)
    }

    /// Checks that both checkpoints are signed and the later one takes nothing back.
    package func check(_ proof: ConsistencyProof, key: [UInt8]) -> ProofResult {
        var keys = [key]
        guard let first = trusted(proof.first, &keys), let second = trusted(proof.second, &keys)
        else { return .refused(Self.unsigned) }
        guard let path = Self.bytes(proof.path) else { return .refused(Self.badPath) }
        let isConsistent = merkle.isConsistent(
            (first.size, first.root), (second.size, second.root), path: path)
        return isConsistent
            ? .consistent(first: first.size, second: second.size)
            : .refused("the later checkpoint does not go on from the earlier one")
    }

    /// The note of `checkpoint` if one of `keys` signed it.
    ///
    /// A key that a trusted one endorsed is added to them.
    package func trusted(_ checkpoint: Checkpoint, _ keys: inout [[UInt8]]) -> CheckpointNote? {
        for next in checkpoint.keys ?? [] {
            guard let key = HexText.bytes(next.key), !keys.contains(key),
                let endorsement = next.endorsement.flatMap({ HexText.bytes($0) }),
                keys.contains(where: { isSigned(endorsement, next.endorsed, $0) })
            else { continue }
            keys.append(key)
        }
        guard let note = checkpoint.parsed,
            keys.contains(where: {
                keyID(of: $0) == note.keyID && isSigned(note.signature, Array(note.body.utf8), $0)
            })
        else { return nil }
        return note
    }

    /// The four bytes by which notes name `key`.
    package func keyID(of key: [UInt8]) -> [UInt8] {
        Array(sha256(CheckpointNote.keyIDInput(key)).prefix(CheckpointNote.keyIDLength))
    }

    private var merkle: MerkleCheck {
        MerkleCheck { left, right in sha256([1] + left + right) }
    }

    private static let unsigned = "the checkpoint is not signed by the key that was given"
    private static let badPath = "the path is not made of hashes"

    private static func bytes(_ path: [String]) -> [[UInt8]]? {
        var hashes: [[UInt8]] = []
        for text in path {
            guard let hash = HexText.bytes(text), hash.count == CheckpointNote.hashLength
            else { return nil }
            hashes.append(hash)
        }
        return hashes
    }
}
