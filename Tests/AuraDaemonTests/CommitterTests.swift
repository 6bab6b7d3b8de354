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
        let path = try Self.scratch()
        defer { try? FileSystem.removeTree(path) }
        let store = try RecordStore(directory: path + "/record")
        let committer = Committer(store: store)
        let watch = disk_watch(path + "/record/data.mdb")
        try #require(watch >= 0)
        defer { disk_forget(watch) }
        var kernel = Self.kernel(path)
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

    @Test(
        "a herd decided before its time leaves the record that deciding it then leaves, on a bad disk too",
        arguments: [
            (DISK_PWRITE, Int32(0)), (DISK_PWRITE, ENOSPC), (DISK_FDATASYNC, EIO),
            (DISK_WRITEV, EIO),
        ])
    func foresees(call: disk_call, error: Int32) throws {
        let paths = [try Self.scratch(), try Self.scratch()]
        defer { for path in paths { try? FileSystem.removeTree(path) } }
        let stores = try paths.map { try RecordStore(directory: $0 + "/record") }
        let committers = stores.map { Committer(store: $0) }
        var kernels = paths.map { _ in Self.kernel("/") }
        let (before, due) = (Instant(milliseconds: 1_000), Instant(milliseconds: 60_000))
        for index in kernels.indices {
            try kernels[index].decide(.started(version: "1", boot: "b"), at: before)
            try kernels[index].decide(.definitionsRead(Self.herd()), at: before)
            let turn = try kernels[index].takeTurn()
            try #require(try committers[index].commit(turn, journalCursor: 0) != nil)
        }
        let head = try stores[1].reader.head().sequence

        // At its time.
        try kernels[0].decide(.tick, at: due)
        let late = try kernels[0].takeTurn()
        try #require(try committers[0].commit(late, journalCursor: 7) != nil)

        // Before it: the record knows nothing of it until then.
        let early = ClockReading(wall: Instant(milliseconds: 59_000), boot: 59_000, awake: 59_000)
        let foresight = try #require(try Foresight(of: kernels[1], after: early.wall))
        committers[1].prepare(foresight.turn)
        #expect(foresight.due == due && foresight.outlook(for: kernels[1], early) == .early)
        #expect(try stores[1].reader.head().sequence == head)
        let reading = ClockReading(wall: due, boot: 60_000, awake: 60_000)
        try #require(foresight.outlook(for: kernels[1], reading) == .holds)
        kernels[1].take(foresight, reading)
        let watch = disk_watch(paths[1] + "/record/data.mdb")
        defer { disk_forget(watch) }
        disk_fail_all(watch, call, error)
        var committed = try committers[1].commitForeseen(foresight.turn, journalCursor: 7)
        #expect((committed == nil) == (error != 0))
        #expect((committers[1].trouble == nil) == (error == 0))
        disk_fail_all(watch, call, 0)
        while committed == nil {
            usleep(1000)
            committed = try committers[1].retry(journalCursor: 7)
        }

        #expect(committed?.entries.count == late.entries.count)
        #expect(late.entries.count >= Herd.countMin)
        #expect(try stores[1].reader.entryTexts() == stores[0].reader.entryTexts())
        for table in RowTable.allCases {
            let rows = try stores.map { try $0.reader.rows(in: table).map { [$0.key, $0.value] } }
            #expect(rows[1] == rows[0], "\(table)")
        }
        #expect(try stores.map { try $0.journalCursor } == [7, 7])
        try #require(try stores[1].reader.verify().problem == nil)
    }

    @Test("what happens before the time of what was foreseen makes it void, and it leaves nothing")
    func voids() throws {
        let path = try Self.scratch()
        defer { try? FileSystem.removeTree(path) }
        let store = try RecordStore(directory: path + "/record")
        let committer = Committer(store: store)
        var kernel = Self.kernel(path)
        try kernel.decide(.started(version: "1", boot: "b"), at: Instant(milliseconds: 1_000))
        try kernel.decide(.definitionsRead(Self.herd()), at: Instant(milliseconds: 1_000))
        _ = try committer.commit(try kernel.takeTurn(), journalCursor: 0)
        func reading(_ wall: Int, boot: Int) -> ClockReading {
            ClockReading(wall: Instant(milliseconds: wall), boot: boot, awake: boot)
        }
        try kernel.decide(.clock(reading(59_000, boot: 59_000)), at: Instant(milliseconds: 59_000))
        let foresight = try #require(
            try Foresight(of: kernel, after: Instant(milliseconds: 59_000)))
        committer.prepare(foresight.turn)
        // The clock was set over it, back, or it comes too late.
        #expect(foresight.outlook(for: kernel, reading(60_000, boot: 59_100)) == .void)
        #expect(foresight.outlook(for: kernel, reading(50_000, boot: 59_100)) == .void)
        #expect(foresight.outlook(for: kernel, reading(61_001, boot: 61_001)) == .void)
        #expect(foresight.outlook(for: kernel, reading(61_000, boot: 61_000)) == .holds)
        let name = try #require(AutomatonName("a0"))
        try kernel.decide(
            .ordered(.pause(name), by: Principal("eve"), ticket: 1),
            at: Instant(milliseconds: 59_500))
        #expect(foresight.outlook(for: kernel, reading(60_000, boot: 60_000)) == .void)

        let paused = try kernel.takeTurn()
        try #require(try committer.commit(paused, journalCursor: 0) != nil)
        try kernel.decide(.tick, at: Instant(milliseconds: 60_000))
        let turn = try kernel.takeTurn()
        try #require(try committer.commit(turn, journalCursor: 0) != nil)
        let skipped = turn.entries.count { entry in
            if case .occurrenceDecided(_, .skipped, _) = entry.fact { true } else { false }
        }
        #expect(skipped == 1)
        #expect(try store.reader.head().sequence == turn.entries.last?.sequence)
        try #require(try store.reader.verify().problem == nil)
    }

    // MARK: What they are made of

    private static func scratch() throws -> String {
        var template = Array("/tmp/aura-committer-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    @Test("a herd that is too far off to be counted is looked at before it is to be foreseen")
    func approach() throws {
        var kernel = Self.kernel("/")
        try kernel.decide(.started(version: "test", boot: ""), at: Instant(milliseconds: 1_000))
        try kernel.decide(.definitionsRead(Self.herd()), at: Instant(milliseconds: 1_000))
        _ = try kernel.takeTurn()
        let far = Instant(milliseconds: 2_000)
        #expect(Herd(of: kernel, after: far) == nil)
        let look = try #require(Herd.approach(of: kernel, after: far))
        let herd = try #require(Herd(of: kernel, after: look))
        #expect(look > far && herd.due - look > herd.lead)
        #expect(Herd.approach(of: kernel, after: look) == nil)
    }

    private static func kernel(_ path: String) -> Kernel {
        Kernel(
            state: State(),
            settings: Settings(
                stateDirectory: path, socket: path, operatorGroup: nil, user: nil,
                definitionsDirectory: path, libexecDirectory: path, runsMax: 1, reasoners: [:]))
    }

    /// As many as are worth to be foreseen, due once a minute.
    private static func herd() throws -> DefinitionsRead {
        let schedule = Schedule.every(try Interval("1m"))
        let loaded = (0..<Herd.countMin).compactMap { index in
            AutomatonName("a\(index)").map { name in
                DefinitionsRead.Loaded(
                    digest: "digest-\(index)",
                    definition: Definition(
                        name: name, kind: .taskRun, schedule: schedule, reasoner: "main",
                        prompt: "work"), zone: .utc)
            }
        }
        return DefinitionsRead(loaded: loaded, refused: [])
    }
}
