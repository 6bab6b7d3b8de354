import AuraModel
import CLMDB
import Glibc

/// A consistent view of the record.
///
/// It cannot be kept: `Environment.read` lends it.
struct Snapshot: ~Copyable {
    fileprivate let pointer: OpaquePointer
    let layout: Layout

    init(pointer: OpaquePointer, layout: Layout) {
        self.pointer = pointer
        self.layout = layout
    }

    enum Direction { case up, down }

    /// The value stored under `key`, copied; nil when there is none.
    func get(_ table: MDB_dbi, _ key: [UInt8]) throws(RecordError) -> [UInt8]? {
        try Raw.get(pointer, table, key)
    }

    /// The same where it stands; it lives as long as the snapshot.
    func view(
        _ table: MDB_dbi, _ key: [UInt8]
    ) throws(RecordError) -> UnsafeRawBufferPointer? {
        try Raw.view(pointer, table, key)
    }

    /// How many keys `table` has.
    func count(_ table: MDB_dbi) throws(RecordError) -> Int {
        var statistics = MDB_stat()
        try RecordError.check(mdb_stat(pointer, table, &statistics), "count a table")
        return statistics.ms_entries
    }

    /// Pages that the next commits will take before the file grows.
    ///
    /// LMDB keeps them in its table 0, as lists of page numbers that begin with their length.
    func freePages() throws(RecordError) -> Int {
        var pages = 0
        try scan(0, from: []) { _, value throws(RecordError) in
            pages += value.count >= MemoryLayout<Int>.size ? value.loadUnaligned(as: Int.self) : 0
            return true
        }
        return pages
    }

    /// The rows of `table`, which may be closed in a newer or foreign layout.
    func table(_ table: RowTable) throws(RecordError) -> MDB_dbi {
        guard let handle = layout.rows[table] else { throw .corrupt(what: "no table \(table)") }
        return handle
    }

    /// A cursor that stands nowhere yet, for the caller to close.
    func cursor(_ table: MDB_dbi) throws(RecordError) -> OpaquePointer {
        var opened: OpaquePointer?
        try RecordError.check(mdb_cursor_open(pointer, table, &opened), "open a cursor")
        guard let cursor = opened else { throw .failed(ENOMEM, "open a cursor") }
        return cursor
    }

    /// Visits keys from `start` on upwards, or from the last one below `start` downwards, until
    /// `visit` answers false.
    ///
    /// The bytes live as long as the visit.
    func scan(
        _ table: MDB_dbi, from start: [UInt8], _ direction: Direction = .up,
        _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(RecordError) -> Bool
    ) throws(RecordError) {
        let cursor = try cursor(table)
        defer { mdb_cursor_close(cursor) }

        var key = MDB_val()
        var value = MDB_val()
        var code = Raw.seek(cursor, start, &key, &value)
        if direction == .down {
            let step = code == MDB_NOTFOUND ? MDB_LAST : MDB_PREV
            if code == 0 || code == MDB_NOTFOUND {
                code = mdb_cursor_get(cursor, &key, &value, step)
            }
        }
        while code == 0 {
            guard try visit(Raw.bytes(key), Raw.bytes(value)) else { return }
            let step = direction == .up ? MDB_NEXT : MDB_PREV
            code = mdb_cursor_get(cursor, &key, &value, step)
        }
        guard code == MDB_NOTFOUND else { return try RecordError.check(code, "scan a table") }
    }
}

/// What one commit will hold.
///
/// It cannot be kept: `Environment.write` lends it.
struct WriteBatch: ~Copyable {
    private let pointer: OpaquePointer
    let layout: Layout

    init(pointer: OpaquePointer, layout: Layout) {
        self.pointer = pointer
        self.layout = layout
    }

    func put(_ table: MDB_dbi, _ key: [UInt8], _ value: [UInt8]) throws(RecordError) {
        try Raw.put(pointer, table, key, value)
    }

    /// Puts an entry behind all others; LMDB itself refuses one that is not.
    ///
    /// Answers LMDB's code, because it is called where no typed error can pass.
    func appendEntry(_ key: [UInt8], _ value: UnsafeRawBufferPointer) -> Int32 {
        Raw.put(pointer, layout.entries, key, value, UInt32(MDB_APPEND))
    }

    /// Puts a value behind all others of its table, which fills pages whole.
    func append(_ table: MDB_dbi, _ key: [UInt8], _ value: [UInt8]) throws(RecordError) {
        let code = value.withUnsafeBytes {
            Raw.put(pointer, table, key, $0, UInt32(MDB_APPEND))
        }
        try RecordError.check(code, "append a value")
    }

    /// The value stored under `key`, with what this batch has put; nil when there is none.
    func get(_ table: MDB_dbi, _ key: [UInt8]) throws(RecordError) -> [UInt8]? {
        try Raw.get(pointer, table, key)
    }

    /// Puts a value under a key that is not there; LMDB's code.
    func putNew(
        _ table: MDB_dbi, _ key: [UInt8], _ value: UnsafeRawBufferPointer
    ) -> Int32 {
        Raw.put(pointer, table, key, value, UInt32(MDB_NOOVERWRITE))
    }

    /// The first key of `table`, with what this batch has put; nil when it is empty.
    func firstKey(_ table: MDB_dbi) throws(RecordError) -> [UInt8]? {
        var first: [UInt8]?
        try scan(table) { key, _ throws(RecordError) in
            first = Array(key)
            return false
        }
        return first
    }

    /// Visits keys of `table`, with what this batch has put, until `visit` answers false; the bytes
    /// live as long as the visit, in which nothing is put.
    func scan(
        _ table: MDB_dbi,
        _ visit: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws(RecordError) -> Bool
    ) throws(RecordError) {
        try Snapshot(pointer: pointer, layout: layout).scan(table, from: [], .up, visit)
    }

    /// Takes everything out of `table`.
    func empty(_ table: MDB_dbi) throws(RecordError) {
        try RecordError.check(mdb_drop(pointer, table, 0), "empty a table")
    }

    /// Whether a key of `table` begins with `prefix`, with what this batch has put.
    func holds(_ table: MDB_dbi, prefix: [UInt8]) throws(RecordError) -> Bool {
        let cursor = try Snapshot(pointer: pointer, layout: layout).cursor(table)
        defer { mdb_cursor_close(cursor) }
        var key = MDB_val()
        var value = MDB_val()
        let code = Raw.seek(cursor, prefix, &key, &value)
        guard code != MDB_NOTFOUND else { return false }
        try RecordError.check(code, "look for a key")
        return Raw.bytes(key).starts(with: prefix)
    }

    /// Deletes a key; one that is not there changes nothing.
    func delete(_ table: MDB_dbi, _ key: [UInt8]) throws(RecordError) {
        let code = Raw.delete(pointer, table, key)
        guard code != MDB_NOTFOUND else { return }
        try RecordError.check(code, "delete a value")
    }

    /// Moves the journal's cursor, if to anywhere.
    func put(journalCursor: Int?) throws(RecordError) {
        guard let journalCursor else { return }
        try put(layout.meta, Layout.journalCursorKey, Layout.number(journalCursor))
    }

    /// Writes or deletes a row; deleting one that is not there changes nothing.
    func write(_ row: RowWrite) throws(RecordError) {
        guard let table = layout.rows[row.table] else {
            throw .corrupt(what: "no table \(row.table)")
        }
        if let value = row.value {
            try put(table, Array(row.key.utf8), Array(value.utf8))
        } else {
            try delete(table, Array(row.key.utf8))
        }
    }
}

/// LMDB's calls on byte arrays.
///
/// The pointers that they are given do not outlive the calls.
enum Raw {
    static func get(
        _ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8]
    ) throws(RecordError) -> [UInt8]? {
        try view(transaction, table, key).map { Array($0) }
    }

    static func view(
        _ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8]
    ) throws(RecordError) -> UnsafeRawBufferPointer? {
        var value = MDB_val()
        let code = withValue(key) { mdb_get(transaction, table, $0, &value) }
        guard code != MDB_NOTFOUND else { return nil }
        try RecordError.check(code, "read a value")
        return bytes(value)
    }

    static func put(
        _ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8], _ value: [UInt8]
    ) throws(RecordError) {
        let code = value.withUnsafeBytes { put(transaction, table, key, $0, 0) }
        try RecordError.check(code, "write a value")
    }

    static func put(
        _ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8],
        _ value: UnsafeRawBufferPointer, _ flags: UInt32
    ) -> Int32 {
        var data = MDB_val(
            mv_size: value.count, mv_data: UnsafeMutableRawPointer(mutating: value.baseAddress))
        return withValue(key) { mdb_put(transaction, table, $0, &data, flags) }
    }

    static func delete(
        _ transaction: OpaquePointer, _ table: MDB_dbi, _ key: [UInt8]
    ) -> Int32 {
        withValue(key) { mdb_del(transaction, table, $0, nil) }
    }

    /// Moves to the first key that is not below `start`.
    static func seek(
        _ cursor: OpaquePointer, _ start: [UInt8], _ key: inout MDB_val, _ value: inout MDB_val
    ) -> Int32 {
        // LMDB takes no empty key; one that is not there means the first.
        guard !start.isEmpty else { return mdb_cursor_get(cursor, &key, &value, MDB_FIRST) }
        return start.withUnsafeBytes { bytes in
            key = MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE)
        }
    }

    static func bytes(_ value: MDB_val) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: value.mv_data, count: value.mv_size)
    }

    private static func withValue(
        _ key: [UInt8], _ call: (UnsafeMutablePointer<MDB_val>) -> Int32
    ) -> Int32 {
        key.withUnsafeBytes { bytes in
            // LMDB only reads a key, though its signature does not say so.
            var value = MDB_val(
                mv_size: bytes.count, mv_data: UnsafeMutableRawPointer(mutating: bytes.baseAddress))
            return call(&value)
        }
    }
}

extension RecordError {
    /// Turns an answer of LMDB into an error of ours; zero is none.
    static func check(_ code: Int32, _ act: String) throws(RecordError) {
        switch code {
        case 0: return
        case MDB_MAP_FULL: throw .mapFull(bytes: 0)
        case MDB_CORRUPTED, MDB_PAGE_NOTFOUND, MDB_PANIC, MDB_INVALID, MDB_VERSION_MISMATCH:
            throw .corrupt(what: "\(act): \(text(code))")
        case ENOSPC, EDQUOT: throw .diskFull
        default: throw .io(act: act, reason: text(code))
        }
    }

    private static func text(_ code: Int32) -> String {
        mdb_strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
