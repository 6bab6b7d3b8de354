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

    struct Opened {
        var handle: OpaquePointer
        var layout: Layout
    }

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

    /// Fills a transaction with what `body` puts and keeps it open, all of it in memory, and makes
    /// so much room for it in the file.
    ///
    /// False, with nothing kept, while another thread grows the map. The same thread commits or
    /// discards it, and writes nothing else before; reads on any thread see nothing of it.
    func prepare(
        roomBytes: Int, _ body: (borrowing WriteBatch) throws(RecordError) -> Void
    ) throws(RecordError) -> Bool {
        precondition(prepared == nil, "a transaction was prepared while there was one")
        guard pthread_mutex_trylock(writing) == 0 else { return false }
        pthread_rwlock_rdlock(gate)
        defer { pthread_rwlock_unlock(gate) }
        do throws(RecordError) {
            let opened = try current()
            prepared = try fill(opened, body)
            WrittenRoom.make(opened.handle, bytes: min(roomBytes, bounds.roomBytes))
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
}
