package import AuraModel

/// How much of the address space the record may take.
package struct RecordBounds: Hashable, Sendable {
    /// What is mapped at first.
    ///
    /// Address space only: the file is as large as what was written.
    package var mapBytes: Int
    /// Beyond this nothing more is appended.
    package var mapBytesMax: Int
    /// How much of the file is written ahead of a commit that is prepared, at most.
    package var roomBytes: Int

    /// Bounds; 1 GiB (a year of one busy automaton) growing to 256 GiB (what a small server's disk
    /// can hold) unless given, with room for the firings of 1,000 automatons at once (3 MiB).
    package init(mapBytes: Int = 1 << 30, mapBytesMax: Int = 1 << 38, roomBytes: Int = 4 << 20) {
        self.mapBytes = mapBytes
        self.mapBytesMax = mapBytesMax
        self.roomBytes = roomBytes
    }
}

/// The record: an append-only log and the rows derived from it, for one writer.
///
/// Each append is one transaction with full synchronous commit: when it returns, everything in it
/// is on the disk, and when it throws, nothing of it is there. Not Sendable: it belongs to the
/// thread of the turn loop; other threads read through `reader`. The directory is owned until the
/// store and its readers are gone.
package final class RecordStore {
    /// Reads of this record, from any thread.
    package let reader: RecordReader

    let environment: Environment
    /// The last entry that pruning reached; 0 when nothing was ever pruned.
    package private(set) var pruned: Int
    var sweeping: PruneSweep?
    private let encoder = CanonicalEncoder()
    private var newest: Head
    private var edge: TreeEdge
    /// The newest number of each automaton that was appended to since the record was opened, or that
    /// the index does not name yet.
    private var automata: [AutomatonName: Int]
    /// A commit that is filled and waits in memory, with its entries as they will be stored.
    private var prepared: (commit: Commit, entries: [Entry])?
    /// Why the newest append failed, while it is not known what the disk holds of it.
    private var doubt: RecordError?

    /// Opens the record in `directory`, made if it is not there: directory 0700, files 0600.
    ///
    /// Throws `.owned` while someone else has it `.newerFormat` and `.olderFormat` for another one;
    /// both leave it as it was.
    package init(directory: String, bounds: RecordBounds = RecordBounds()) throws(RecordError) {
        environment = try Environment(directory: directory, bounds: bounds)
        reader = RecordReader(environment)
        newest = try environment.read { snapshot throws(RecordError) in
            let head = try snapshot.head()
            guard try snapshot.lastEntry() == head.sequence else {
                throw .corrupt(what: "the head row does not name the newest entry")
            }
            return head
        }
        pruned = try environment.read { snapshot throws(RecordError) in try snapshot.pruned() }
        automata = try environment.read { snapshot throws(RecordError) in
            try snapshot.pendingNumbers()
        }
        // Some may be left of the last time; those that are needed stay.
        sweeping = pruned > 0 ? PruneSweep() : nil
        let size = newest.sequence
        edge = try environment.read { snapshot throws(RecordError) in
            try snapshot.edge(size: size)
        }
        guard edge.newestLeaf == newest.hash else {
            throw .corrupt(what: "the tree does not end with the newest entry")
        }
    }

    /// The newest entry: its sequence number, 0 in an empty record, and its hash in hex.
    package var head: (sequence: Int, hash: String) { (newest.sequence, newest.hash.hex) }

    /// The sequence number up to which entries were emitted to the journal; 0 before the first.
    package var journalCursor: Int {
        get throws(RecordError) { try reader.journalCursor() }
    }

    /// Appends entries and writes rows in one durable commit, and moves the journal's cursor if
    /// given; with `pruning` it also does what that plan says, for which `entries` hold its fact.
    ///
    /// `previous` is filled in here, whatever it holds: the entries are returned as they are
    /// stored. Throws `.gap`, with nothing written, when a sequence number or an automaton's own
    /// does not follow; `.mapFull` at the bound.
    ///
    /// After any other error it is not known what the disk holds, and the same append has to be
    /// called again until it succeeds: the record is opened anew and read, and what became durable
    /// in spite of the error is not written twice.
    @discardableResult
    package func append(
        _ entries: [Entry], rows: [RowWrite] = [], journalCursor: Int? = nil,
        pruning: PrunePlan? = nil
    ) throws(RecordError) -> [Entry] {
        precondition(pruning.map { $0.from == pruned } ?? true, "the plan is of another record")
        let found = doubt == nil ? newest : try look()
        let commit = try plan(entries)
        guard found == newest || found == commit.last else {
            throw .corrupt(what: "after a failed commit it ends with entry \(found.sequence)")
        }
        let isThere = found != newest
        do throws(RecordError) {
            try environment.write { batch throws(RecordError) in
                // Even when all is there: only a commit that succeeds proves that it stays.
                try batch.put(batch.layout.meta, Layout.headKey, commit.last.stored)
                guard !isThere else { return }
                try self.put(entries, commit, into: batch)
                for row in rows { try batch.write(row) }
                try batch.put(journalCursor: journalCursor)
                if let pruning { try batch.prune(pruning) }
            }
        } catch .mapFull(let bytes) {
            throw .mapFull(bytes: bytes)
        } catch {
            doubt = error
            // At once, so that reads go on: LMDB refuses them after some failures.
            try? environment.reopen()
            throw error
        }
        if let pruning {
            pruned = pruning.fact.through
            sweeping = PruneSweep(needed: pruning.needed)
        }
        settle(commit)
        return commit.stored(entries)
    }

    // MARK: Ahead of time

    /// Fills the commit that `append` would make, and leaves it in memory: nothing of it is there
    /// before `commitPrepared`, and whatever is written first gives it up.
    ///
    /// False when that cannot be now: `append` finds out why, if it is more than a matter of time.
    package func prepare(_ entries: [Entry], rows: [RowWrite]) -> Bool {
        discardPrepared()
        guard doubt == nil else { return false }
        do throws(RecordError) {
            let commit = try plan(entries)
            let bytes = rows.reduce(encoder.text.bytes.count) { $0 + ($1.value?.utf8.count ?? 0) }
            let isFilled = try environment.prepare(roomBytes: Self.pagesOfText * bytes) {
                batch throws(RecordError) in
                try batch.put(batch.layout.meta, Layout.headKey, commit.last.stored)
                try self.put(entries, commit, into: batch)
                for row in rows { try batch.write(row) }
            }
            prepared = isFilled ? (commit, commit.stored(entries)) : nil
            return isFilled
        } catch {
            return false
        }
    }

    /// Makes durable what was prepared; nil when it was given up meanwhile.
    ///
    /// After an error the same entries and rows have to be appended, as after one of `append`.
    package func commitPrepared(journalCursor: Int) throws(RecordError) -> [Entry]? {
        guard let (commit, entries) = prepared, environment.isPrepared else { return nil }
        prepared = nil
        do throws(RecordError) {
            try environment.commitPrepared { batch throws(RecordError) in
                try batch.put(journalCursor: journalCursor)
            }
        } catch .mapFull {
            // `append` grows the map.
            return nil
        } catch {
            doubt = error
            try? environment.reopen()
            throw error
        }
        settle(commit)
        return entries
    }

    /// 2: pages are not full, and one that is changed is written anew.
    private static let pagesOfText = 2

    /// Gives up what was prepared, if anything was.
    package func discardPrepared() {
        prepared = nil
        environment.discardPrepared()
    }

    // MARK: What a commit is

    /// What follows from the entries of one commit.
    private struct Commit {
        var leaves: [Leaf]
        var last: Head
        var edge: TreeEdge
        var treeRows: [TreeRow]
        var numbers: [AutomatonName: Int]

        func stored(_ entries: [Entry]) -> [Entry] {
            zip(entries, leaves).map { entry, leaf in
                var stored = entry
                stored.previous = leaf.previous
                return stored
            }
        }
    }

    /// Checks that `entries` follow on what is there, and encodes and hashes them.
    private func plan(_ entries: [Entry]) throws(RecordError) -> Commit {
        let numbers = try follow(entries)
        let leaves = try chain(entries)
        var grown = edge
        let treeRows = grown.append(leaves.map(\.hash))
        var last = newest
        if let entry = entries.last, let leaf = leaves.last {
            last = Head(sequence: entry.sequence, hash: leaf.hash)
        }
        return Commit(
            leaves: leaves, last: last, edge: grown, treeRows: treeRows, numbers: numbers)
    }

    /// What is durable now is what comes next goes on from.
    private func settle(_ commit: Commit) {
        doubt = nil
        newest = commit.last
        edge = commit.edge
        automata.merge(commit.numbers) { $1 }
    }

    /// What the disk says that the record ends with.
    private func look() throws(RecordError) -> Head {
        try environment.reopen()
        return try environment.read { snapshot throws(RecordError) in try snapshot.head() }
    }

    /// Gives back the memory that a large commit took: LMDB keeps every page that it ever wrote at
    /// once, and what it mapped.
    ///
    /// Opens the record anew, which takes a millisecond or two. What fails in that is for the next
    /// append to find out: it looks again, as after any other failure.
    package func trim() {
        guard doubt == nil else { return }
        do throws(RecordError) {
            guard try look() == newest else {
                throw .corrupt(what: "it does not end with entry \(newest.sequence) any more")
            }
        } catch {
            doubt = error
        }
    }

    /// Deletes entries that were pruned.
    func delete(_ entries: [Entry]) throws(RecordError) {
        if doubt != nil { _ = try look() }
        do throws(RecordError) {
            try environment.write { batch throws(RecordError) in
                for entry in entries { try batch.delete(entry) }
            }
        } catch {
            doubt = error
            try? environment.reopen()
            throw error
        }
    }

    /// Moves the journal's cursor by a commit of its own: for when nothing else is being written.
    package func setJournalCursor(_ sequence: Int) throws(RecordError) {
        try append([], journalCursor: sequence)
    }

    /// Signs the record as it now stands; nil when it is empty.
    ///
    /// Nothing is written.
    package func checkpoint(
        by signer: CheckpointSigner, at time: Instant
    ) throws(RecordError) -> Checkpoint? {
        guard newest.sequence > 0 else { return nil }
        return try signer.sign(size: newest.sequence, root: edge.root.bytes, at: time)
    }

    // MARK: Numbers

    /// Checks that `entries` follow on what is there; answers each automaton's newest number after
    /// them.
    private func follow(_ entries: [Entry]) throws(RecordError) -> [AutomatonName: Int] {
        var expected = newest.sequence
        var numbers: [AutomatonName: Int] = [:]
        for entry in entries {
            expected += 1
            guard entry.sequence == expected else {
                throw .gap(expected: expected, found: entry.sequence, automaton: nil)
            }
            guard let name = entry.automaton else {
                guard entry.automatonSequence == nil else {
                    throw .gap(
                        expected: 0, found: entry.automatonSequence ?? 0, automaton: "no one")
                }
                continue
            }
            let last = if let number = numbers[name] { number } else { try lastNumber(of: name) }
            let next = last + 1
            guard entry.automatonSequence == next else {
                let found = entry.automatonSequence ?? 0
                throw .gap(expected: next, found: found, automaton: name.text)
            }
            numbers[name] = next
        }
        return numbers
    }

    private func lastNumber(of name: AutomatonName) throws(RecordError) -> Int {
        if let known = automata[name] { return known }
        let stored = try environment.read { snapshot throws(RecordError) in
            try snapshot.lastIndexedNumber(of: name)
        }
        automata[name] = stored
        return stored
    }

    // MARK: Bytes

    /// An entry as it will be stored: where it stands in the encoder's bytes, and its hash.
    private struct Leaf {
        var text: Range<Int>
        var previous: String
        var hash: LeafHash
    }

    /// Encodes `entries`, each with the hash of the one before it.
    private func chain(_ entries: [Entry]) throws(RecordError) -> [Leaf] {
        encoder.text.reset()
        var leaves: [Leaf] = []
        leaves.reserveCapacity(entries.count)
        var previous = newest.hash
        for entry in entries {
            let before = previous.hex
            do {
                encoder.text.append(LeafHash.leafPrefix)
                let text = try encoder.append(entry, previous: before)
                previous = encoder.text.bytes.withUnsafeBytes { bytes in
                    LeafHash(
                        prefixed: .init(rebasing: bytes[(text.lowerBound - 1)..<text.upperBound]))
                }
                leaves.append(Leaf(text: text, previous: before, hash: previous))
            } catch {
                throw .io(act: "encode entry \(entry.sequence)", reason: "\(error)")
            }
        }
        return leaves
    }

    private func put(
        _ entries: [Entry], _ commit: Commit, into batch: borrowing WriteBatch
    ) throws(RecordError) {
        for (entry, leaf) in zip(entries, commit.leaves) {
            let code = encoder.text.bytes.withUnsafeBytes { bytes in
                batch.appendText(
                    entry.sequence, UnsafeRawBufferPointer(rebasing: bytes[leaf.text]))
            }
            try RecordError.check(code, "append entry \(entry.sequence)")
        }
        try batch.index(entries)
        for row in commit.treeRows { try batch.write(row) }
    }
}

extension Entry {
    /// The runs under which the entry is found: its own, and its parent's.
    var indexedRuns: [RunID] {
        guard let run else { return parent.map { [$0] } ?? [] }
        guard let parent, parent != run else { return [run] }
        return [run, parent]
    }
}
