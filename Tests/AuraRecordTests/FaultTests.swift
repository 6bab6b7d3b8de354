import AuraModel
import AuraRecord
import CDiskFaults
import Glibc
import Testing

/// A record whose file's system calls can be failed.
struct FaultyDisk: ~Copyable {
    let watch: Int32

    init(_ file: String) throws {
        watch = disk_watch(file)
        try #require(watch >= 0, "\(file)")
    }

    deinit { disk_forget(watch) }
}

@Suite("Failing disks")
struct FaultTests {
    static let calls: [disk_call] = [
        DISK_PWRITE, DISK_WRITEV, DISK_LSEEK, DISK_FDATASYNC, DISK_MMAP,
    ]
    static let errors = [EIO, ENOSPC, EDQUOT, ENOMEM, EINTR, EROFS]

    /// 6: as many calls of one kind as one commit makes.
    private static let callsMax: UInt32 = 6

    @Test(
        "each system call of a commit fails once with each errno: nothing false, nothing lost",
        arguments: errors, [false, true])
    func everyCall(error: Int32, isPrepared: Bool) throws {
        for call in Self.calls {
            // Of a small record every append grows the map, so that growing fails as well.
            let hits = try (1...Self.callsMax).count { nth in
                try failOnce(call, nth, error, isPrepared)
            }
            #expect(hits > 0, "call \(call.rawValue) is not made by a commit at all")
        }
    }

    /// Whether the fault was met.
    private func failOnce(
        _ call: disk_call, _ nth: UInt32, _ error: Int32, _ isPrepared: Bool
    ) throws -> Bool {
        let scratch = try Scratch()
        let context: Comment = "call \(call.rawValue), number \(nth), errno \(error)"
        let isHit: Bool
        var last = 12
        do {
            let store = try RecordStore(
                directory: scratch.record, bounds: RecordBounds(mapBytes: 1 << 18))
            try append(1...4, to: store)
            let disk = try FaultyDisk(scratch.dataFile)
            disk_fail(disk.watch, call, nth, error)
            // Growing the map, many pages at once, and few.
            for range in [5...40, 41...42, 43...300] {
                last = range.upperBound
                var attempts = 0
                while true {
                    attempts += 1
                    try #require(attempts < 4, context)
                    do throws(RecordError) {
                        try append(range, to: store, isPrepared: isPrepared)
                        break
                    } catch {
                        // Not acknowledged; but what was before is there, for whoever reads.
                        let head = try store.reader.head().sequence
                        #expect(head == range.lowerBound - 1 || head == range.upperBound, context)
                        #expect(store.head.sequence == range.lowerBound - 1, context)
                    }
                }
                #expect(try store.reader.head().sequence == range.upperBound, context)
            }
            isHit = disk_failed(disk.watch) > 0
        }
        let store = try RecordStore(directory: scratch.record)
        #expect(try verdict(of: store).problem == nil, context)
        #expect(store.head.sequence == last, context)
        return isHit
    }

    @Test(
        "while every write fails reads go on; afterwards the same append succeeds",
        arguments: [
            (DISK_PWRITE, ENOSPC), (DISK_PWRITE, EROFS), (DISK_FDATASYNC, EIO),
            (DISK_WRITEV, EDQUOT),
        ])
    func longFailure(call: disk_call, error: Int32) throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        try append(1...20, to: store)
        let disk = try FaultyDisk(scratch.dataFile)
        disk_fail_all(disk.watch, call, error)
        let isFull = error == ENOSPC || error == EDQUOT
        for _ in 1...50 {
            let thrown = try #require(throws: RecordError.self) { try append(21...60, to: store) }
            #expect((thrown == .diskFull) == isFull)
            #expect(try store.reader.entries().count == 20)
        }
        disk_fail_all(disk.watch, call, 0)
        try append(21...60, to: store)
        #expect(try verdict(of: store) == RecordVerdict(entries: 60, head: store.head.hash))
    }

    @Test("a commit that became durable in spite of its error is not written twice")
    func durableInSpiteOfError() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        try append(1...3, to: store)
        let disk = try FaultyDisk(scratch.dataFile)
        disk_fail(disk.watch, DISK_PWRITE, 1000, EIO)
        try append(4...4, to: store)
        let writes = disk_count(disk.watch, DISK_PWRITE)
        // The last write is the meta page, which makes all of it true; that LMDB then cannot write
        // the old one back leaves it so.
        disk_fail_late(disk.watch, DISK_PWRITE, writes, EIO)
        #expect(throws: RecordError.self) { try append(5...5, to: store) }
        #expect(store.head.sequence == 4)
        #expect(try store.reader.head().sequence == 5)
        #expect(throws: RecordError.self) { try append(5...5, to: store) }
        disk_fail_all(disk.watch, DISK_PWRITE, 0)
        let stored = try append(5...5, to: store)
        #expect(stored.map(\.sequence) == [5])
        try append(6...6, to: store)
        #expect(try verdict(of: store) == RecordVerdict(entries: 6, head: store.head.hash))
    }

    /// Appends; prepared first, where that is possible.
    @discardableResult
    private func append(
        _ range: ClosedRange<Int>, to store: RecordStore, isPrepared: Bool = false
    ) throws(RecordError) -> [Entry] {
        let entries: [Entry]
        do { entries = try Samples.entries(range, padding: 600) } catch {
            throw .io(act: "make entries", reason: "\(error)")
        }
        let row = RowWrite(table: .daemon, key: "aurad", value: "\(range.upperBound)")
        if isPrepared, store.prepare(entries, rows: [row]),
            let stored = try store.commitPrepared(journalCursor: 0)
        {
            return stored
        }
        return try store.append(entries, rows: [row])
    }

    private func verdict(of store: RecordStore) throws -> RecordVerdict {
        try store.reader.verify(fold: { entry in
            [RowWrite(table: .daemon, key: "aurad", value: "\(entry.sequence)")]
        })
    }
}
