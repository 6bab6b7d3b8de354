package import AuraModel

extension RecordReader {
    /// The root of the tree over the first `size` entries, which are there; 32 bytes.
    package func root(size: Int) throws(RecordError) -> [UInt8] {
        try environment.read { snapshot throws(RecordError) in
            guard (1...max(1, try snapshot.head().sequence)).contains(size) else {
                throw .corrupt(what: "there are no \(size) entries")
            }
            return try snapshot.treeHash(0..<size).bytes
        }
    }

    /// A proof that entry `sequence` is in the record, as the checkpoint in entry `checkpoint`
    /// signs it.
    ///
    /// Nil when that is no checkpoint or does not cover the entry.
    package func proof(
        of sequence: Int, checkpoint: Int
    ) throws(RecordError) -> InclusionProof? {
        guard let signed = try self.checkpoint(checkpoint) else { return nil }
        return try proof(of: sequence, signed: signed)
    }

    /// The same by a checkpoint of this record that need not stand in it.
    package func proof(
        of sequence: Int, signed: Checkpoint
    ) throws(RecordError) -> InclusionProof? {
        guard let note = signed.parsed, (1...note.size).contains(sequence) else { return nil }
        let path = try hashes(MerkleShape.inclusion(of: sequence - 1, size: note.size))
        guard let text = try text(of: sequence) else { return nil }
        return InclusionProof(sequence: sequence, entry: text, path: path, checkpoint: signed)
    }

    /// Whether only the hash of entry `sequence` is left.
    package func isPruned(_ sequence: Int) throws(RecordError) -> Bool {
        try environment.read { snapshot throws(RecordError) in
            let text = try snapshot.text(of: sequence)
            let pruned = try snapshot.pruned()
            return text == nil && sequence <= pruned
        }
    }

    private func text(of sequence: Int) throws(RecordError) -> String? {
        try environment.read { snapshot throws(RecordError) in
            guard let text = try snapshot.text(of: sequence) else { return nil as String? }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// A proof that the checkpoint in entry `second` goes on from the one in entry `first`.
    ///
    /// Nil when one of them is no checkpoint, or the later one does not stand second.
    package func consistency(
        from first: Int, to second: Int
    ) throws(RecordError) -> ConsistencyProof? {
        guard let old = try checkpoint(first), let new = try checkpoint(second),
            let from = old.parsed, let to = new.parsed, from.size <= to.size
        else { return nil }
        let path = try hashes(MerkleShape.consistency(from.size, to.size))
        return ConsistencyProof(first: old, second: new, path: path)
    }

    /// The checkpoint that entry `sequence` holds; nil when it holds none.
    package func checkpoint(_ sequence: Int) throws(RecordError) -> Checkpoint? {
        let entry = try entries(after: sequence - 1, limit: 1).first
        guard let entry, entry.sequence == sequence, case .checkpoint(let found) = entry.fact
        else { return nil }
        return found
    }

    private func hashes(_ ranges: [Range<Int>]) throws(RecordError) -> [String] {
        try environment.read { snapshot throws(RecordError) in
            var hashes: [String] = []
            for range in ranges { hashes.append(try snapshot.treeHash(range).hex) }
            return hashes
        }
    }
}
