import AuraModel
import AuraRecord
import CDiskFaults
import Glibc
import Testing

@Suite("Room that is written ahead of a prepared commit")
struct WrittenRoomTests {
    private static let roomBytes = 1 << 20

    @Test("the commit finds its room: it makes the file no longer")
    func commit() throws {
        let scratch = try Scratch()
        let store = try open(scratch.record)
        let before = try length(scratch.dataFile)
        #expect(store.prepare(try Samples.entries(4...300, padding: 600), rows: []))
        let made = try length(scratch.dataFile)
        #expect(made > before + 300 * 600)
        #expect(try store.reader.head().sequence == 3)
        #expect(try store.commitPrepared(journalCursor: 3)?.count == 297)
        #expect(try length(scratch.dataFile) == made)
        #expect(try store.reader.verify().problem == nil)
    }

    @Test("it is no larger than was said, however much is prepared")
    func bound() throws {
        let scratch = try Scratch()
        let store = try open(scratch.record)
        let before = try length(scratch.dataFile)
        #expect(store.prepare(try Samples.entries(4...900, padding: 900), rows: []))
        #expect(try length(scratch.dataFile) <= before + Self.roomBytes)
        #expect(try store.commitPrepared(journalCursor: 3)?.count == 897)
        #expect(try store.reader.verify().problem == nil)
    }

    @Test("a commit that is given up leaves its room to the next one")
    func givenUp() throws {
        let scratch = try Scratch()
        let store = try open(scratch.record)
        #expect(store.prepare(try Samples.entries(4...9), rows: []))
        store.discardPrepared()
        let disk = try FaultyDisk(scratch.dataFile)
        disk_fail(disk.watch, DISK_PWRITE, 1000, EIO)
        #expect(store.prepare(try Samples.entries(4...5), rows: []))
        #expect(disk_count(disk.watch, DISK_PWRITE) == 0)
        #expect(try store.commitPrepared(journalCursor: 0)?.map(\.sequence) == [4, 5])
    }

    @Test(
        "a disk that has no room keeps none of it, and the commit is tried all the same",
        arguments: [(DISK_PWRITE, ENOSPC), (DISK_FDATASYNC, EIO)])
    func refused(call: disk_call, error: Int32) throws {
        let scratch = try Scratch()
        let store = try open(scratch.record)
        let before = try length(scratch.dataFile)
        let disk = try FaultyDisk(scratch.dataFile)
        disk_fail(disk.watch, call, 1, error)
        #expect(store.prepare(try Samples.entries(4...9), rows: []))
        #expect(disk_failed(disk.watch) == 1)
        if call == DISK_PWRITE { #expect(try length(scratch.dataFile) == before) }
        #expect(try store.commitPrepared(journalCursor: 0)?.count == 6)
        #expect(try store.reader.verify().problem == nil)
    }

    /// A record of three entries.
    private func open(_ directory: String) throws -> RecordStore {
        let store = try RecordStore(
            directory: directory, bounds: RecordBounds(roomBytes: Self.roomBytes))
        try store.append(try Samples.entries(1...3))
        return store
    }

    private func length(_ path: String) throws -> Int {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return Int(status.st_size)
    }
}
