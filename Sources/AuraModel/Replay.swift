/// What came of folding a run again.
package struct ReplayVerdict: Hashable, Sendable, Codable {
    package var run: RunID
    /// Transactions that were folded.
    package var transactions: Int
    /// Commands that came out the same, requests to a model among them, those by their SHA-256.
    package var commands: Int
    package var requests: Int
    /// Decisions whose state came out the same, by the digest that the record has of it.
    package var states: Int
    /// The first difference; nil when there is none.
    package var divergence: Divergence?

    /// A verdict on nothing yet.
    package init(run: RunID) {
        self.run = run
        transactions = 0
        commands = 0
        requests = 0
        states = 0
    }

    /// Where a replay does not do what the record says, with both sides.
    package struct Divergence: Hashable, Sendable, Codable {
        /// The transaction that the kernel had just taken in; 0: none.
        package var transaction: Int
        /// The entry with the recorded side, where there is one.
        package var sequence: Int?
        package var recorded: String
        package var replayed: String

        /// A difference.
        package init(transaction: Int, sequence: Int?, recorded: String, replayed: String) {
            self.transaction = transaction
            self.sequence = sequence
            self.recorded = recorded
            self.replayed = replayed
        }
    }
}

/// A run with its children, taken out of the record: all that is needed to replay it, and to prove
/// that it is what was recorded, on another machine.
package struct RunBundle: Hashable, Sendable, Codable {
    /// 1: the layout below.
    package static let format = 1

    package var format: Int
    package var run: RunID
    /// The id of the key that signed; the key itself has to come from elsewhere.
    package var keyID: String
    /// Signs the record up to a size above all entries.
    package var checkpoint: Checkpoint
    /// The definition's entry and those of the run and its children, in order.
    package var entries: [Item]

    /// An entry with its path up the tree.
    package struct Item: Hashable, Sendable, Codable {
        package var sequence: Int
        /// Byte for byte as stored.
        package var text: String
        package var path: [String]

        /// An entry.
        package init(sequence: Int, text: String, path: [String]) {
            self.sequence = sequence
            self.text = text
            self.path = path
        }
    }

    /// A bundle in today's layout.
    package init(run: RunID, keyID: String, checkpoint: Checkpoint, entries: [Item]) {
        format = Self.format
        self.run = run
        self.keyID = keyID
        self.checkpoint = checkpoint
        self.entries = entries
    }

    /// The entries.
    ///
    /// - Throws: `DecodingError` when one is none.
    package func decoded() throws -> [Entry] {
        try entries.map { try JSON.decode(Entry.self, from: $0.text.utf8) }
    }
}

extension ProofCheck {
    /// Checks that every entry of the bundle is in the record that `key` signed.
    ///
    /// Nil when so, else the first that is not and why.
    package func problem(in bundle: RunBundle, key: [UInt8]) -> String? {
        guard bundle.format <= RunBundle.format else {
            return "it has format \(bundle.format); install a newer aura"
        }
        guard !bundle.entries.isEmpty else { return "it holds no entries" }
        var last = 0
        for item in bundle.entries {
            guard item.sequence > last else { return "entry #\(item.sequence) is out of order" }
            last = item.sequence
            let proof = InclusionProof(
                sequence: item.sequence, entry: item.text, path: item.path,
                checkpoint: bundle.checkpoint)
            if case .refused(let reason) = check(proof, key: key) {
                return "entry #\(item.sequence): \(reason)"
            }
        }
        return nil
    }
}
