import AuraModel
import AuraRecord
import Glibc

/// What the control API tells of the record's trustworthiness.
extension ControlService {
    /// Walks the whole log and folds it: an edited entry, an edited row, a node of the tree and a
    /// checkpoint that do not fit are all found.
    func verify(query: Query) throws -> RecordVerdict {
        let keys = try query["key"].map { [try key($0)] } ?? signer.trusted
        let anchors = try query["checkpoint"].map { [try anchor($0, keys)] } ?? []
        if query["hashes"] == "true" {
            return try reader.verifyHashes(keys: keys, anchors: anchors)
        }
        let rows = RecordFold()
        return try reader.verify(
            keys: keys, anchors: anchors, begin: rows.begin, fold: rows.take)
    }

    /// Copies the record into a new directory, and verifies the copy there.
    func backup(_ order: BackupOrder) throws -> RecordVerdict {
        guard order.directory.hasPrefix("/") else {
            throw APIError(.badRequest, "'\(order.directory)' is no absolute path")
        }
        do throws(RecordError) {
            try reader.backup(to: order.directory)
        } catch {
            throw APIError(
                .conflict, "no backup was made: \(error)",
                hint: "name a new directory where the daemon's user may write")
        }
        let rows = RecordFold()
        let verdict = try RecordReader.inspecting(directory: order.directory)
            .verify(keys: signer.trusted, begin: rows.begin, fold: rows.take)
        // What looking at it has left; a record in use has its own.
        for name in ["lock.mdb", "owner"] { unlink("\(order.directory)/\(name)") }
        return verdict
    }

    private func key(_ text: String) throws -> [UInt8] {
        guard let key = HexText.bytes(text), key.count == Self.keyLength else {
            throw APIError(.badRequest, "a key is \(Self.keyLength) bytes in hexadecimal")
        }
        return key
    }

    /// An Ed25519 public key: RFC 8032.
    private static let keyLength = 32

    private func anchor(_ hex: String, _ keys: [[UInt8]]) throws -> CheckpointNote {
        let text = HexText.bytes(hex).map { String(decoding: $0, as: UTF8.self) }
        guard let note = text.flatMap({ CheckpointNote($0) }) else {
            throw APIError(.badRequest, "'checkpoint' is no checkpoint")
        }
        var keys = keys
        guard ProofCheck.crypto.trusted(Checkpoint(note: note.text), &keys) != nil else {
            throw APIError(.badRequest, "the checkpoint is not signed by a key that is trusted")
        }
        return note
    }

    /// The public key that signs.
    func key() -> RecordKey { signer.key }

    /// A proof of one entry by the newest checkpoint.
    func proof(query: Query) throws -> InclusionProof {
        let sequence = try query.number("sequence", 0, in: 0...Int.max)
        let head = try reader.head().sequence
        guard (1...max(1, head)).contains(sequence), head > 0 else {
            throw APIError(.notFound, "there is no entry \(sequence)", hint: "aura-ctl record cat")
        }
        guard try !reader.isPruned(sequence) else {
            throw APIError(
                .notFound, "entry \(sequence) was pruned: only its hash is left",
                hint: "a proof that was made before still holds: aura-ctl record check-proof FILE")
        }
        guard let newest = try daemonRow()?.checkpoint,
            let proof = try reader.proof(of: sequence, checkpoint: newest)
        else {
            throw APIError(
                .unavailable, "no checkpoint covers entry \(sequence) yet",
                hint: "try again in five minutes")
        }
        return proof
    }

    /// A proof that a later checkpoint goes on from an earlier one.
    func consistency(query: Query) throws -> ConsistencyProof {
        let first = try query.number("first", 0, in: 0...Int.max)
        let second = try query.number("second", 0, in: 0...Int.max)
        guard let proof = try reader.consistency(from: first, to: second) else {
            throw APIError(
                .notFound, "entries \(first) and \(second) are not two checkpoints in this order",
                hint: "aura-ctl record cat -o table | grep signed")
        }
        return proof
    }
}
