import AuraModel
import CLMDB
import Glibc

/// How LMDB's environment is opened, with its subdatabases.
extension Environment {
    /// 126: LMDB's own number of slots for reads at the same time; API threads are far fewer.
    private static let readersMax: UInt32 = 126

    static func open(
        _ claim: borrowing DirectoryClaim, _ bounds: RecordBounds, toInspect: Bool
    ) throws(RecordError) -> Opened {
        try FileLength.check(claim.path + "/data.mdb")
        if !toInspect { try claim.allocateReaders() }
        let handle = try open(claim.path, mapBytes: bounds.mapBytes, toInspect: toInspect)
        do throws(RecordError) {
            let layout = try openLayout(handle, toInspect: toInspect)
            if !toInspect { try claim.sync() }
            return Opened(handle: handle, layout: layout)
        } catch {
            mdb_env_close(handle)
            throw error
        }
    }

    private static func open(
        _ directory: String, mapBytes: Int, toInspect: Bool
    ) throws(RecordError) -> OpaquePointer {
        var created: OpaquePointer?
        try RecordError.check(mdb_env_create(&created), "create the environment")
        guard let handle = created else { throw .failed(ENOMEM, "create the environment") }
        do throws(RecordError) {
            try RecordError.check(mdb_env_set_mapsize(handle, mapBytes), "size the map")
            try RecordError.check(mdb_env_set_maxdbs(handle, Layout.tablesMax), "size the tables")
            try RecordError.check(mdb_env_set_maxreaders(handle, readersMax), "size the readers")
            // No flag that weakens a sync; readers belong to their transaction, not to their thread.
            try RecordError.check(
                mdb_env_open(
                    handle, directory, UInt32(MDB_NOTLS | (toInspect ? MDB_RDONLY : 0)), 0o600),
                "open \(directory)")
            // LMDB leaves its data descriptor open across exec: a worker would inherit the record.
            var file: Int32 = -1
            try RecordError.check(mdb_env_get_fd(handle, &file), "find the data descriptor")
            guard fcntl(file, F_SETFD, FD_CLOEXEC) == 0 else {
                throw RecordError.failed(errno, "make the data descriptor close-on-exec")
            }
        } catch {
            // LMDB asks for this even after a failed open.
            mdb_env_close(handle)
            throw error
        }
        return handle
    }

    static func begin(
        _ handle: OpaquePointer, _ flags: UInt32
    ) throws(RecordError) -> OpaquePointer {
        var begun: OpaquePointer?
        try RecordError.check(mdb_txn_begin(handle, nil, flags, &begun), "begin a transaction")
        guard let pointer = begun else { throw .failed(ENOMEM, "begin a transaction") }
        return pointer
    }

    /// Opens the subdatabases, made in a new record.
    ///
    /// An existing one is only read by this.
    private static func openLayout(
        _ handle: OpaquePointer, toInspect: Bool
    ) throws(RecordError) -> Layout {
        let pointer = try begin(handle, toInspect ? UInt32(MDB_RDONLY) : 0)
        let flags = toInspect ? 0 : UInt32(MDB_CREATE)
        let layout: Layout
        do throws(RecordError) {
            let meta = try openTable(pointer, Layout.Name.meta, flags)
            try settleFormat(pointer, meta, toInspect: toInspect)
            var rows: [RowTable: MDB_dbi] = [:]
            for table in RowTable.allCases {
                rows[table] = try openNewer(pointer, table.rawValue, toInspect: toInspect)
            }
            layout = Layout(
                entries: try openTable(pointer, Layout.Name.entries, flags),
                byAutomaton: try openTable(pointer, Layout.Name.byAutomaton, flags),
                byRun: try openTable(pointer, Layout.Name.byRun, flags),
                pending: try openNewer(pointer, Layout.Name.pending, toInspect: toInspect),
                // A record of format 1 has none: then nothing is found in another table's place.
                tree: try openNewer(pointer, Layout.Name.tree, toInspect: toInspect) ?? meta,
                base: try openNewer(pointer, Layout.Name.base, toInspect: toInspect),
                texts: try openNewer(pointer, Layout.Name.texts, toInspect: toInspect),
                textUses: try openNewer(pointer, Layout.Name.textUses, toInspect: toInspect),
                meta: meta, rows: rows)
        } catch {
            mdb_txn_abort(pointer)
            throw error
        }
        try RecordError.check(mdb_txn_commit(pointer), "create the record")
        return layout
    }

    /// Opens a table that an older record may not have: its log is all that a rebuild reads.
    private static func openNewer(
        _ transaction: OpaquePointer, _ name: String, toInspect: Bool
    ) throws(RecordError) -> MDB_dbi? {
        guard toInspect else { return try openTable(transaction, name, UInt32(MDB_CREATE)) }
        return try? openTable(transaction, name, 0)
    }

    private static func openTable(
        _ transaction: OpaquePointer, _ name: String, _ flags: UInt32
    ) throws(RecordError) -> MDB_dbi {
        var table: MDB_dbi = 0
        try RecordError.check(
            mdb_dbi_open(transaction, name, flags, &table), "open table \(name)")
        return table
    }

    /// A new record gets the newest format; an unknown one is left alone, before anything else is
    /// read.
    private static func settleFormat(
        _ transaction: OpaquePointer, _ meta: MDB_dbi, toInspect: Bool
    ) throws(RecordError) {
        guard let stored = try Raw.get(transaction, meta, Layout.formatKey) else {
            guard !toInspect else { throw .corrupt(what: "its format is not there") }
            return try Raw.put(transaction, meta, Layout.formatKey, Layout.number(Entry.format))
        }
        guard let format = Layout.number(stored) else { throw .corrupt(what: "its format") }
        guard format <= Entry.format else {
            throw .newerFormat(version: format, known: Entry.format)
        }
        guard !toInspect, format < Entry.format else { return }
        guard format >= Entry.formatTakenUp else {
            throw .olderFormat(version: format, known: Entry.format)
        }
        try Raw.put(transaction, meta, Layout.formatKey, Layout.number(Entry.format))
    }
}
