import AuraModel
import AuraRecord
import Glibc
import Testing

@Suite("Checkpoints and proofs")
struct CheckpointTests {
    private static let time = Instant(milliseconds: 1_700_000_000_000)

    /// A record of `texts`, an entry each, and a checkpoint of all of them behind.
    private func record(
        _ directory: String, _ texts: [String], signer: CheckpointSigner?, note: Checkpoint? = nil
    ) throws -> RecordStore {
        let store = try RecordStore(directory: directory)
        for (index, text) in texts.enumerated() {
            try store.append([Samples.entry(index + 1, .stopRequested(reason: text))])
        }
        let signed = try note ?? signer.flatMap { try store.checkpoint(by: $0, at: Self.time) }
        if let signed {
            try store.append([Samples.entry(texts.count + 1, .checkpoint(signed))])
        }
        return store
    }

    private let texts = (1...20).map { Samples.marker($0) }

    @Test("the key is made once, 0600, and refused when others may read it or it is damaged")
    func keyFile() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/key"
        let first = try CheckpointSigner(file: path)
        #expect(try CheckpointSigner(file: path).key == first.key)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        chmod(path, 0o640)
        #expect(throws: RecordError.self) { _ = try CheckpointSigner(file: path) }
        chmod(path, 0o600)
        truncate(path, 40)
        #expect(throws: RecordError.corrupt(what: "\(path) holds no signing key")) {
            _ = try CheckpointSigner(file: path)
        }
    }

    @Test("a note has one text, comes back from both its forms, and nothing else is one")
    func noteText() throws {
        let note = CheckpointNote(
            size: 1203, root: Array(0..<32), time: Self.time, keyID: [1, 2, 3, 4],
            signature: Array(repeating: 9, count: 64))
        let body = """
            aura-record
            1203
            AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
            time 1700000000000

            """
        #expect(note.body == body)
        #expect(note.text.hasPrefix(body + "\n— aura-record AQIDBAkJ"))
        #expect(CheckpointNote(note.text) == note)
        #expect(CheckpointNote(note.line) == note)
        #expect(!note.line.contains("\n"))
        for (old, new) in [
            ("1203", "+1203"), ("1203", "01203"), ("time ", "time  "), ("\n\n", "\n"),
        ] {
            let parts = note.text.split(separator: old, maxSplits: 1)
            let other = parts.joined(separator: new)
            #expect(CheckpointNote(other) == nil)
        }
        #expect(CheckpointNote("") == nil)
    }

    @Test("a proof holds offline with the key; any other entry, number, path, note or key fails")
    func inclusion() throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        let store = try record(scratch.record, texts, signer: signer)
        let key = try #require(signer.trusted.first)
        let check = ProofCheck.crypto
        for sequence in 1...20 {
            let proof = try #require(try store.reader.proof(of: sequence, checkpoint: 21))
            let bytes = Array(try JSON.encode(proof))
            #expect(
                check.check(bytes, key: key)
                    == .included(sequence: sequence, size: 20, at: Self.time))
            #expect(proof.path.count <= 5)
            #expect(try store.reader.root(size: 20) == proof.checkpoint.parsed?.root)
            var other = proof
            other.entry = proof.entry.replacing("needle-\(sequence)-", with: "noodle-\(sequence)-")
            #expect(check.check(other, key: key).isRefused)
            other = proof
            other.sequence = sequence % 20 + 1
            #expect(check.check(other, key: key).isRefused)
            other = proof
            other.path.removeLast()
            #expect(check.check(other, key: key).isRefused)
            other = proof
            other.checkpoint.note = proof.checkpoint.note.replacing("\n20\n", with: "\n19\n")
            #expect(check.check(other, key: key).isRefused)
        }
        let foreign = try CheckpointSigner(file: scratch.path + "/foreign")
        let proof = try #require(try store.reader.proof(of: 3, checkpoint: 21))
        #expect(check.check(proof, key: try #require(foreign.trusted.first)).isRefused)
        #expect(try store.reader.proof(of: 21, checkpoint: 21) == nil)
        #expect(try store.reader.proof(of: 3, checkpoint: 4) == nil)
        #expect(check.check(Array("{}".utf8), key: key).isRefused)
    }

    @Test("a proof made before an edit fails after it, also when everything above was made to fit")
    func proofBeforeEdit() throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        let proof: InclusionProof
        let note: Checkpoint
        do {
            let store = try record(scratch.record, texts, signer: signer)
            proof = try #require(try store.reader.proof(of: 7, checkpoint: 21))
            note = proof.checkpoint
        }
        var edited = texts
        edited[6] = "nothing happened"
        let forged = try record(scratch.path + "/forged", edited, signer: nil, note: note)
        #expect(try forged.reader.root(size: 20) != proof.checkpoint.parsed?.root)
        let fromForged = try #require(try forged.reader.proof(of: 7, checkpoint: 21))
        let key = try #require(signer.trusted.first)
        #expect(ProofCheck.crypto.check(fromForged, key: key).isRefused)
        // The chain, the tree, indexes and head fit: only the signature tells.
        let verdict = try forged.reader.verify(keys: signer.trusted)
        #expect(verdict.firstBad == 1 && verdict.problem?.contains("1 to 20") == true)
    }

    @Test("a record signed anew with another key, or with a broken signature, does not verify")
    func otherKey() throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        let foreign = try CheckpointSigner(file: scratch.path + "/foreign")
        let store = try record(scratch.record, texts, signer: foreign)
        #expect(try store.reader.verify().problem == nil)
        #expect(try store.reader.verify(keys: signer.trusted).firstBad == 21)
        // What a trusted key signs later covers it.
        let later = try #require(try store.checkpoint(by: signer, at: Self.time))
        try store.append([Samples.entry(22, .checkpoint(later))])
        #expect(try store.reader.verify(keys: signer.trusted).problem == nil)
        #expect(try store.reader.verify(keys: foreign.trusted).firstBad == 22)
        var note = try #require(later.parsed)
        note.signature[5] ^= 1
        try store.append([Samples.entry(23, .checkpoint(Checkpoint(note: note.text)))])
        #expect(try store.reader.verify(keys: signer.trusted).firstBad == 23)
    }

    @Test("a log whose end was cut off without a trace is found out by a checkpoint kept elsewhere")
    func consistentCut() throws {
        let scratch = try Scratch()
        let signer = try CheckpointSigner(file: scratch.path + "/key")
        let whole = try record(scratch.record, texts, signer: signer)
        let anchor = try #require(try whole.reader.checkpoint(21)?.parsed)
        #expect(try whole.reader.verify(anchors: [anchor]).problem == nil)
        let cut = try record(scratch.path + "/cut", Array(texts[..<13]), signer: nil)
        #expect(try cut.reader.verify().problem == nil)
        #expect(try cut.reader.verify(anchors: [anchor]).firstBad == 14)
    }

    @Test("a later checkpoint goes on from an earlier one, also under the key that followed")
    func rotation() throws {
        let scratch = try Scratch()
        let path = scratch.path + "/key"
        let first = try CheckpointSigner(file: path)
        let store = try record(scratch.record, texts, signer: first)
        let second = try CheckpointSigner.rotate(file: path)
        #expect(second.key.epoch == 2 && second.key.key != first.key.key)
        let signed = try #require(try store.checkpoint(by: second, at: Self.time))
        try store.append([Samples.entry(22, .checkpoint(signed))])
        let proof = try #require(try store.reader.consistency(from: 21, to: 22))
        let (old, new) = (first.trusted[0], second.trusted[1])
        let check = ProofCheck.crypto
        #expect(
            check.check(Array(try JSON.encode(proof)), key: old)
                == .consistent(first: 20, second: 21))
        #expect(check.check(proof, key: new).isRefused)
        #expect(try store.reader.verify(keys: [old]).covered == 21)
        #expect(try store.reader.verify(keys: [new]).problem == nil)
        var forged = proof
        forged.second.keys?[1].endorsement = HexText.text(Array(repeating: 1, count: 64))
        #expect(check.check(forged, key: old).isRefused)
        forged = proof
        forged.path = forged.path.reversed() + ["00"]
        #expect(check.check(forged, key: old).isRefused)
        #expect(try store.reader.consistency(from: 22, to: 21) == nil)
    }

    @Test("a record of format 1 gets its tree when it is rebuilt, and its entries stay as they are")
    func migration() throws {
        let scratch = try Scratch()
        let (texts, root): ([String], [UInt8])
        do {
            let store = try RecordStore(directory: scratch.record)
            try store.append(try Samples.entries(1...5000))
            (texts, root) = (try store.reader.entryTexts(), try store.reader.root(size: 5000))
        }
        let raw = RawRecord(directory: scratch.record)
        let one: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 1]
        var changes = try raw.dump("tree").dropLast(7).map {
            RawRecord.Change(table: "tree", key: $0.key, value: nil)
        }
        changes.append(.init(table: "meta", key: Array("format".utf8), value: one))
        try raw.apply(changes)
        #expect(throws: RecordError.olderFormat(version: 1, known: Entry.format)) {
            _ = try RecordStore(directory: scratch.record)
        }
        let old = try RecordReader.inspecting(directory: scratch.record)
        try Rebuilding.run(from: old, into: scratch.path + "/new") { _ in [] }
        let store = try RecordStore(directory: scratch.path + "/new")
        #expect(try store.reader.entryTexts() == texts)
        #expect(try store.reader.root(size: 5000) == root)
        #expect(try store.reader.verify().problem == nil)
        try store.append(try Samples.entries(5001...5001))
    }
}

extension ProofResult {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}
