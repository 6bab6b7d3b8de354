package import AuraModel
import CLMDB
import Glibc

extension RecordReader {
    /// Copies the record as it now stands into a new directory, while it is being written.
    ///
    /// Durable on return, and without the pages that are free. Throws `.io` when `directory` is
    /// there already; what was begun is removed when it cannot be finished.
    package func backup(to directory: String) throws(RecordError) {
        guard mkdir(directory, 0o700) == 0 else { throw .failed(errno, "make \(directory)") }
        do throws(RecordError) {
            try copy(to: directory)
        } catch {
            unlink(directory + "/data.mdb")
            rmdir(directory)
            throw error
        }
    }

    private func copy(to directory: String) throws(RecordError) {
        let name = directory + "/data.mdb"
        let file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw .failed(errno, "make \(name)") }
        defer { close(file) }
        try environment.copy(to: file)
        guard fsync(file) == 0 else { throw .failed(errno, "sync \(name)") }
        for path in [directory, directory + "/.."] {
            let place = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard place >= 0 else { throw .failed(errno, "open \(path)") }
            defer { close(place) }
            guard fsync(place) == 0 else { throw .failed(errno, "sync \(path)") }
        }
    }
}

/// Makes a record anew from its log alone: indexes, tree, head and rows.
package enum Rebuilding {
    /// 1024 entries a commit: some megabytes in memory, however long the log.
    private static let pageEntries = 1024

    /// Writes the record that `old` reads into the new directory `target`, with everything that is
    /// derived made by a walk over the log, the rows by `fold`.
    ///
    /// What was pruned stays so: its hashes and the rows that stand for it, which `begin` is given,
    /// are taken over. Entries are taken over byte for byte. Throws `.corrupt` when the log itself is damaged: then
    /// only a backup helps.
    package static func run(
        from old: RecordReader, into target: String,
        begin: (([RowTable: [(key: String, value: String)]]) throws -> Void)? = nil,
        fold: (Entry) throws -> [RowWrite]
    ) throws(RecordError) {
        guard mkdir(target, 0o700) == 0 else { throw .failed(errno, "make \(target)") }
        let new = try Environment(directory: target, bounds: RecordBounds())
        let cursor = try old.journalCursor()
        let base = try old.environment.read { snapshot throws(RecordError) in try snapshot.base() }
        do { try begin?(base.listed) } catch { throw .corrupt(what: "what was pruned: \(error)") }
        var edge = try takeOver(base, from: old, into: new)
        while true {
            let after = edge.size
            let page = try old.environment.read { snapshot throws(RecordError) in
                try snapshot.page(after: after, limit: pageEntries)
            }
            guard !page.isEmpty else { break }
            var previous = edge.newestLeaf
            var entries: [(entry: Entry, stored: StoredEntry)] = []
            var rows: [RowWrite] = []
            for stored in page {
                let entry = try stored.decoded()
                guard stored.sequence == after + entries.count + 1,
                    entry.sequence == stored.sequence, entry.previous == previous.hex
                else {
                    throw .corrupt(
                        what: "entry \(after + entries.count + 1) does not follow; "
                            + "only a backup helps")
                }
                previous = LeafHash(stored: stored.text)
                entries.append((entry, stored))
                do { rows += try fold(entry) } catch {
                    throw .corrupt(what: "entry \(stored.sequence) cannot be folded: \(error)")
                }
            }
            let treeRows = edge.append(page.map { LeafHash(stored: $0.text) })
            let head = Head(sequence: edge.size, hash: edge.newestLeaf)
            try new.write { batch throws(RecordError) in
                try batch.append(entries)
                for row in treeRows { try batch.write(row) }
                for row in rows { try batch.write(row) }
                let meta = batch.layout.meta
                try batch.put(meta, Layout.headKey, head.stored)
                try batch.put(meta, Layout.journalCursorKey, Layout.number(min(cursor, edge.size)))
            }
        }
        let head = try old.environment.read { snapshot throws(RecordError) in
            try? snapshot.head()
        }
        guard head.map({ $0.sequence <= edge.size }) ?? true else {
            throw .corrupt(what: "its log ends before its head; only a backup helps")
        }
    }
}

extension Rebuilding {
    /// Copies what was pruned: all its hashes, the entries that stayed, the rows that stand for it.
    private static func takeOver(
        _ base: RecordBase, from old: RecordReader, into new: Environment
    ) throws(RecordError) -> TreeEdge {
        var tree = TreeWalk()
        guard base.through > 0 else { return tree.edge }
        try new.write { batch throws(RecordError) in
            guard let table = batch.layout.base else { return }
            for row in base.stored { try batch.put(table, row.key, row.value) }
            for (table, rows) in base.rows {
                for (key, value) in rows {
                    try batch.write(RowWrite(table: table, key: key, value: value))
                }
            }
            try batch.put(batch.layout.meta, Layout.prunedKey, Layout.number(base.through))
        }
        while tree.edge.size < base.through {
            let after = tree.edge.size
            let most = min(base.through, after + pageEntries)
            let left = try old.environment.read { snapshot throws(RecordError) in
                try snapshot.prunedPage(after: after, last: most)
            }
            var edge = tree.edge
            var leaves: [LeafHash] = []
            for sequence in after + 1...left.last {
                guard let leaf = tree.nextLeaf(left.treeRows) else {
                    throw .corrupt(
                        what: "the hash of entry \(sequence) is gone; only a backup helps")
                }
                if let finding = tree.take(leaf, left.treeRows) {
                    throw .corrupt(what: "entry \(sequence): \(finding.problem)")
                }
                leaves.append(leaf)
            }
            var entries: [(entry: Entry, stored: StoredEntry)] = []
            for stored in left.entries where stored.sequence <= left.last {
                guard LeafHash(stored: stored.text) == leaves[stored.sequence - after - 1] else {
                    throw .corrupt(what: "entry \(stored.sequence) was edited; only a backup helps")
                }
                entries.append((try stored.decoded(), stored))
            }
            let treeRows = edge.append(leaves)
            try new.write { batch throws(RecordError) in
                try batch.append(entries)
                for row in treeRows { try batch.write(row) }
            }
        }
        return tree.edge
    }
}

extension WriteBatch {
    /// Puts stored entries behind all others, with what leads to them.
    fileprivate borrowing func append(
        _ entries: [(entry: Entry, stored: StoredEntry)]
    ) throws(RecordError) {
        for (_, stored) in entries {
            let code = stored.text.withUnsafeBytes { appendText(stored.sequence, $0) }
            try RecordError.check(code, "append entry \(stored.sequence)")
        }
        try index(entries.map(\.entry))
    }
}
