import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem
import CDiskFaults
import Glibc
import Testing

@testable import AuraDaemon

@Suite("Commits that have to wait")
struct CommitterTests {
    @Test(
        "a turn that the disk refuses waits, is told of, and is committed once when it can be",
        arguments: [
            (DISK_PWRITE, ENOSPC, RecordTrouble.State.full),
            (DISK_FDATASYNC, EIO, .failing), (DISK_PWRITE, EROFS, .failing),
        ])
    func waits(call: disk_call, error: Int32, state: RecordTrouble.State) throws {
        var template = Array("/tmp/aura-committer-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { try? FileSystem.removeTree(path) }
        let store = try RecordStore(directory: path + "/record")
        let committer = Committer(store: store)
        let watch = disk_watch(path + "/record/data.mdb")
        try #require(watch >= 0)
        defer { disk_forget(watch) }
        var kernel = Kernel(
            state: State(),
            settings: Settings(
                stateDirectory: path, socket: path, operatorGroup: nil, user: nil,
                definitionsDirectory: path, libexecDirectory: path, runsMax: 1, reasoners: [:]))
        try kernel.decide(.started(version: "1", boot: "b"), at: Instant(milliseconds: 1))
        let turn = try kernel.takeTurn()
        let count = turn.entries.count
        try #require(count > 0)

        disk_fail_all(watch, call, error)
        #expect(try committer.commit(turn, journalCursor: 0) == nil)
        #expect(committer.trouble?.state == state)
        // At once, then after a pause.
        #expect(try committer.retry(journalCursor: 0) == nil)
        #expect(committer.trouble?.attempts == 2)
        #expect(try committer.retry(journalCursor: 0) == nil)
        #expect(committer.trouble?.attempts == 2)
        #expect(try store.reader.head().sequence == 0)

        disk_fail_all(watch, call, 0)
        var committed: Committer.Committed?
        while committed == nil {
            usleep(1000)
            committed = try committer.retry(journalCursor: 0)
        }
        #expect(committed?.entries.count == count)
        #expect(committer.trouble == nil && committer.retryAt == nil)
        #expect(try store.reader.entries().count == count)
        #expect(try committer.retry(journalCursor: 0) == nil)
    }
}
