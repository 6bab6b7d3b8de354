import CLMDB

/// A walk upwards through a table that knows the next few items before they are asked for, so that
/// memory brings them while the one before is looked at: for walks that read all of each value.
struct ReadAhead: ~Copyable {
    private let cursor: OpaquePointer
    private let items: UnsafeMutablePointer<record_item>
    /// Of `items`: those that are known, and how many of them were taken.
    private var known = 0
    private var taken = 0
    /// LMDB's answer behind the known ones.
    private var code: Int32

    /// 16: at three entries of 1 KiB a page the memory of five pages at a time; more gains little.
    private static var itemsMax: Int { 16 }

    /// 4 KiB: what is longer the processor sees coming by itself.
    private static var prefetchBytesMax: Int { 4096 }

    /// One item; its bytes live as long as the snapshot.
    struct Item {
        var key: UnsafeRawBufferPointer
        var value: UnsafeRawBufferPointer
    }

    /// A walk from the first key on that is not below `start`, on an LMDB cursor that it closes.
    fileprivate init(_ cursor: OpaquePointer, from start: [UInt8]) {
        self.cursor = cursor
        items = .allocate(capacity: Self.itemsMax)
        items.initialize(repeating: record_item(), count: Self.itemsMax)
        code = Raw.seek(cursor, start, &items[0].key, &items[0].value)
        known = code == 0 ? 1 : 0
    }

    deinit {
        items.deallocate()
        mdb_cursor_close(cursor)
    }

    /// The next item; nil behind the last one.
    mutating func next() throws(RecordError) -> Item? {
        if taken == known {
            guard code == 0 else {
                if code != MDB_NOTFOUND { try RecordError.check(code, "scan a table") }
                return nil
            }
            known = record_step(cursor, items, Self.itemsMax, &code)
            taken = 0
            return known == 0 ? try next() : take()
        }
        return take()
    }

    private mutating func take() -> Item {
        let item = items[taken]
        taken += 1
        if taken < known, items[taken].value.mv_size <= Self.prefetchBytesMax {
            record_prefetch(items[taken].value)
        }
        return Item(key: Raw.bytes(item.key), value: Raw.bytes(item.value))
    }
}

extension Snapshot {
    /// The items of `table` from `start` on; not to be used when the snapshot has ended.
    func ahead(_ table: MDB_dbi, from start: [UInt8]) throws(RecordError) -> ReadAhead {
        ReadAhead(try cursor(table), from: start)
    }
}
