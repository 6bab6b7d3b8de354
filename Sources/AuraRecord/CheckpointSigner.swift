package import AuraModel
import Crypto
import Glibc

/// The daemon's signing key, from a file that only the daemon reads.
///
/// The file also holds every public key there was: they are the daemon's own trust, and are not
/// taken from the record.
package struct CheckpointSigner: Sendable {
    /// Every epoch's public key, the first one first.
    package let epochs: [KeyEpoch]
    private let seed: [UInt8]

    private struct Stored: Codable {
        var seed: String
        var epochs: [KeyEpoch]
    }

    /// 64 KiB: two hundred rotations.
    private static let fileBytesMax = 64 << 10

    /// Reads the key in `path`, made with mode 0600 if it is not there.
    ///
    /// Throws `.corrupt` for a file that holds no key: a new one must be somebody's decision.
    /// Throws `.io` for one that others may read.
    package init(file path: String) throws(RecordError) {
        if let found = try Self.read(path) {
            self = found
        } else {
            let key = Curve25519.Signing.PrivateKey()
            let first = KeyEpoch(epoch: 1, key: HexText.text(key.publicKey.rawRepresentation))
            self.init(epochs: [first], seed: Array(key.rawRepresentation))
            try write(to: path)
        }
    }

    private init(epochs: [KeyEpoch], seed: [UInt8]) {
        self.epochs = epochs
        self.seed = seed
    }

    /// Replaces the key in `path` by a new one, which the old one endorses; the old one is gone
    /// then.
    ///
    /// To be called while no daemon signs with it: it reads its key at start.
    package static func rotate(file path: String) throws(RecordError) -> Self {
        let old = try Self(file: path)
        let key = Curve25519.Signing.PrivateKey()
        var next = KeyEpoch(
            epoch: old.epochs.count + 1, key: HexText.text(key.publicKey.rawRepresentation))
        next.endorsement = HexText.text(try old.signature(of: next.endorsed))
        let new = Self(epochs: old.epochs + [next], seed: Array(key.rawRepresentation))
        try new.write(to: path)
        return new
    }

    /// The public key in force.
    package var key: RecordKey {
        let text = epochs.last?.key ?? ""
        let id = ProofCheck.crypto.keyID(of: HexText.bytes(text) ?? [])
        return RecordKey(epoch: epochs.count, key: text, id: HexText.text(id))
    }

    /// The bytes of every public key there was.
    package var trusted: [[UInt8]] { epochs.compactMap { HexText.bytes($0.key) } }

    /// Signs a tree's size and root.
    package func sign(
        size: Int, root: [UInt8], at time: Instant
    ) throws(RecordError) -> Checkpoint {
        let body = CheckpointNote.body(size: size, root: root, time: time)
        let note = CheckpointNote(
            size: size, root: root, time: time, keyID: HexText.bytes(key.id) ?? [],
            signature: try signature(of: Array(body.utf8)))
        return Checkpoint(note: note.text, keys: epochs.count > 1 ? epochs : nil)
    }

    private func signature(of message: [UInt8]) throws(RecordError) -> [UInt8] {
        do {
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
            return Array(try key.signature(for: message))
        } catch {
            throw .io(act: "sign the record", reason: "\(error)")
        }
    }

    // MARK: The file

    private static func read(_ path: String) throws(RecordError) -> Self? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else {
            guard errno == ENOENT else { throw .failed(errno, "open \(path)") }
            return nil
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .failed(errno, "stat \(path)") }
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw .io(act: "read \(path)", reason: "others may read or own it; chmod 600 it")
        }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax)
        let count = pread(file, &bytes, bytes.count, 0)
        guard count >= 0 else { throw .failed(errno, "read \(path)") }
        guard let stored = try? JSON.decode(Stored.self, from: bytes[..<count]),
            let seed = HexText.bytes(stored.seed),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed),
            stored.epochs.last?.key == HexText.text(key.publicKey.rawRepresentation)
        else { throw .corrupt(what: "\(path) holds no signing key") }
        return Self(epochs: stored.epochs, seed: seed)
    }

    /// Durable on return; after a crash there is the old file or the new one.
    private func write(to path: String) throws(RecordError) {
        let bytes: [UInt8]
        do {
            bytes = Array(try JSON.encode(Stored(seed: HexText.text(seed), epochs: epochs))) + [10]
        } catch {
            throw .io(act: "encode the key", reason: "\(error)")
        }
        let new = path + ".new"
        unlink(new)
        let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .failed(errno, "create \(new)") }
        let isWritten = Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
        let reason = errno
        close(file)
        guard isWritten else { throw .failed(reason, "write \(new)") }
        guard rename(new, path) == 0 else { throw .failed(errno, "rename \(new)") }
        let directory = open(Self.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .failed(errno, "open the directory of \(path)") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .failed(errno, "sync the directory of \(path)") }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension ProofCheck {
    /// SHA-256.
    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { SHA256.hash($0).bytes }
    }

    /// The check by libcrypto's digests and swift-crypto's signatures.
    package static let crypto = Self(
        sha256: { digest($0) },
        isSigned: { signature, message, key in
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key)
            else { return false }
            return key.isValidSignature(signature, for: message)
        })
}
