import AuraModel
import CLMDB
import Glibc

/// The LMDB environment in a claimed directory, with its subdatabases open.
///
/// `@unchecked Sendable`: LMDB's environment may be shared between threads, each transaction is
/// begun and ended within one call on one thread, and readers are not bound to their thread
/// (MDB_NOTLS). What LMDB leaves to its caller to keep apart from transactions, growing the map and
/// opening the environment anew, is kept apart by `gate`, which also guards `opened`.
final class Environment: @unchecked Sendable {
    /// Nil while it could not be opened anew.
    private var opened: Opened?
    /// Shared by every transaction; exclusive for growing the map and for opening anew.
    ///
    /// Writers of it go first, so that readers cannot keep the record from growing; so no thread
    /// may hold it twice.
    private let gate: UnsafeMutablePointer<pthread_rwlock_t>
    private let claim: DirectoryClaim
    private let bounds: RecordBounds
    /// The transaction that `prepare` filled, and who may have one: growing the map has to wait for
    /// its end, and it is not in `gate`, in which its own thread goes on reading.
    ///
    /// Taken before `gate`.
    private let writing: UnsafeMutablePointer<pthread_mutex_t>
    private var prepared: OpaquePointer?

    private struct Opened {
        var handle: OpaquePointer
        var layout: Layout
    }

    /// 126: LMDB's own number of slots for reads at the same time; API threads are far fewer.
    private static let readersMax: UInt32 = 126

    /// Opens the environment; `toInspect` neither makes nor changes anything in it.
    init(
        directory: String, bounds: RecordBounds, toInspect: Bool = false
    ) throws(RecordError) {
        claim = try DirectoryClaim(directory)
        self.bounds = bounds
        opened = try Self.open(claim, bounds, toInspect: toInspect)
        gate = .allocate(capacity: 1)
        var attributes = pthread_rwlockattr_t()
        pthread_rwlockattr_init(&attributes)
        pthread_rwlockattr_setkind_np(
            &attributes, Int32(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP))
        pthread_rwlock_init(gate, &attributes)
        pthread_rwlockattr_destroy(&attributes)
        writing = .allocate(capacity: 1)
        pthread_mutex_init(writing, nil)
    }

    deinit {
        discardPrepared()
        pthread_mutex_destroy(writing)
        writing.deallocate()
        if let opened { mdb_env_close(opened.handle) }
        pthread_rwlock_destroy(gate)
        gate.deallocate()
    }

    // MARK: Transactions

    /// Runs `body` on a snapshot that ends with it: a reader that stays keeps pages from being
    /// reused.
    // Not specialised: Swift 6.3.1's optimiser aborts on typed throws out of a specialised copy (-O).
    @_semantics("optimize.sil.specialize.generic.never")
    func read<Value>(
        _ body: (borrowing Snapshot) throws(RecordError) -> Value
    ) throws(RecordError) -> Value {
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        let opened = try current()
        let pointer = try Self.begin(opened.handle, UInt32(MDB_RDONLY))
        defer { mdb_txn_abort(pointer) }
        return try body(Snapshot(pointer: pointer, layout: opened.layout))
    }

    /// Called with the gate held.
    private func current() throws(RecordError) -> Opened {
        guard let opened else {
            throw .io(act: "read the record", reason: "it could not be opened again yet")
        }
        return opened
    }

    /// Closes the environment and opens it again, so that nothing is believed but what the file
    /// says: after a failed commit LMDB's own memory is no proof of anything.
    ///
    /// Readers wait. When it cannot be opened for writing they get it as it is, if that can be
    /// read; the error is thrown all the same.
    func reopen() throws(RecordError) {
        discardPrepared()
        pthread_rwlock_wrlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        if let opened { mdb_env_close(opened.handle) }
        opened = nil
        do throws(RecordError) {
            opened = try Self.open(claim, bounds, toInspect: false)
        } catch {
            opened = try? Self.open(claim, bounds, toInspect: true)
            throw error
        }
    }

    /// Commits what `body` puts, durably, or nothing of it.
    ///
    /// Grows the map as needed and then runs `body` again, so it must do the same each time. On one
    /// thread only.
    func write(
        _ body: (borrowing WriteBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        while true {
            do throws(RecordError) {
                try attempt(body)
                return
            } catch .mapFull {
                try grow()
            }
        }
    }

    private func attempt(
        _ body: (borrowing WriteBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        discardPrepared()
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        let opened = try current()
        try commit(try fill(opened, body), opened)
    }

    /// Begins a transaction and puts into it what `body` puts.
    private func fill(
        _ opened: Opened, _ body: (borrowing WriteBatch) throws(RecordError) -> Void
    ) throws(RecordError) -> OpaquePointer {
        let pointer = try Self.begin(opened.handle, 0)
        do throws(RecordError) {
            try body(WriteBatch(pointer: pointer, layout: opened.layout))
        } catch {
            mdb_txn_abort(pointer)
            throw error
        }
        return pointer
    }

    private func commit(_ pointer: OpaquePointer, _ opened: Opened) throws(RecordError) {
        // Ends the transaction whatever it answers.
        let code = mdb_txn_commit(pointer)
        guard code != EIO || !isDiskFull(opened.handle) else { throw .diskFull }
        try RecordError.check(code, "commit")
    }

    // MARK: Commits that are filled before their time

    /// Fills a transaction with what `body` puts and keeps it open, all of it in memory.
    ///
    /// False, with nothing kept, while another thread grows the map. The same thread commits or
    /// discards it, and writes nothing else before; reads on any thread see nothing of it.
    func prepare(
        _ body: (borrowing WriteBatch) throws(RecordError) -> Void
    ) throws(RecordError) -> Bool {
        precondition(prepared == nil, "a transaction was prepared while there was one")
        guard pthread_mutex_trylock(writing) == 0 else { return false }
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        do throws(RecordError) {
            prepared = try fill(try current(), body)
        } catch {
            pthread_mutex_unlock(writing)
            throw error
        }
        return true
    }

    /// Whether a transaction is filled and neither committed nor given up.
    var isPrepared: Bool { prepared != nil }

    /// Commits what was prepared, and what `body` adds, durably, or nothing of it.
    func commitPrepared(
        _ body: (borrowing WriteBatch) throws(RecordError) -> Void
    ) throws(RecordError) {
        precondition(prepared != nil, "nothing was prepared")
        guard let pointer = prepared else { return }
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        let opened = try current()
        do throws(RecordError) {
            try body(WriteBatch(pointer: pointer, layout: opened.layout))
        } catch {
            discardPrepared()
            throw error
        }
        prepared = nil
        defer { pthread_mutex_unlock(writing) }
        try commit(pointer, opened)
    }

    /// Gives up what was prepared, if anything was.
    func discardPrepared() {
        guard let pointer = prepared else { return }
        prepared = nil
        mdb_txn_abort(pointer)
        pthread_mutex_unlock(writing)
    }

    // MARK: Size

    /// Writes a consistent copy without free pages to `file`.
    ///
    /// Reads and commits go on. Growing the map has to wait for the end, so there is room first for
    /// as much again as is stored.
    func copy(to file: Int32) throws(RecordError) {
        if try isMapHalfUsed() { try grow() }
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        let code = mdb_env_copyfd2(try current().handle, file, UInt32(MDB_CP_COMPACT))
        try RecordError.check(code, "copy the record")
    }

    /// Bytes of the pages that hold something.
    func bytesInUse() throws(RecordError) -> Int {
        let used = try pagesUsed()
        let free = try read { snapshot throws(RecordError) in try snapshot.freePages() }
        return (used.pages - free) * used.pageBytes
    }

    /// Pages of the file, free or not, and how large the map is.
    private func pagesUsed() throws(RecordError) -> (pages: Int, pageBytes: Int, mapBytes: Int) {
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        let handle = try current().handle
        var information = MDB_envinfo()
        var statistics = MDB_stat()
        try RecordError.check(mdb_env_info(handle, &information), "read the map's size")
        try RecordError.check(mdb_env_stat(handle, &statistics), "read the page's size")
        return (information.me_last_pgno + 1, Int(statistics.ms_psize), information.me_mapsize)
    }

    private func isMapHalfUsed() throws(RecordError) -> Bool {
        let used = try pagesUsed()
        return 2 * used.pages * used.pageBytes > used.mapBytes && used.mapBytes < bounds.mapBytesMax
    }

    /// Doubles the map: address space only, the file grows as pages are written.
    private func grow() throws(RecordError) {
        pthread_mutex_lock(writing)
        defer { pthread_mutex_unlock(writing) }
        pthread_rwlock_wrlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        let handle = try current().handle
        var information = MDB_envinfo()
        try RecordError.check(mdb_env_info(handle, &information), "read the map's size")
        let bytes = min(information.me_mapsize * 2, bounds.mapBytesMax)
        guard bytes > information.me_mapsize else { throw .mapFull(bytes: bounds.mapBytesMax) }
        try RecordError.check(mdb_env_set_mapsize(handle, bytes), "grow the map")
    }

    /// LMDB answers EIO when a write came out short, which is how a full disk shows itself at
    /// first.
    private func isDiskFull(_ handle: OpaquePointer) -> Bool {
        var file: Int32 = -1
        var status = statvfs()
        guard mdb_env_get_fd(handle, &file) == 0, fstatvfs(file, &status) == 0 else { return false }
        return Int(status.f_bavail) * Int(status.f_frsize) < Self.fullBytes
    }

    /// 1 MiB: less than what a turn with one long answer writes.
    private static let fullBytes = 1 << 20

    // MARK: Opening

    private static func open(
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

    private static func begin(
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
