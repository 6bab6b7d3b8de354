import AuraModel
import AuraRecord
import Glibc
import Testing

@Suite("Durability and ownership")
struct DurabilityTests {
    @Test("a second owner is refused and told whose the record is; a third may follow")
    func ownership() throws {
        let scratch = try Scratch()
        do {
            let store = try RecordStore(directory: scratch.record)
            let reader = store.reader
            let expected = RecordError.owned(directory: scratch.record, byPID: Int(getpid()))
            #expect(throws: expected) { _ = try RecordStore(directory: scratch.record) }
            // The refused one must not have taken LMDB's locks away from the owner.
            try store.append(try Samples.entries(1...2))
            #expect(try reader.entries().count == 2)
        }
        #expect(try RecordStore(directory: scratch.record).head.sequence == 2)
    }

    @Test("the directory is 0700, its files 0600, and no descriptor survives an exec")
    func privacy() throws {
        let scratch = try Scratch()
        let store = try RecordStore(directory: scratch.record)
        #expect(try mode(scratch.record) == 0o700)
        for name in ["data.mdb", "lock.mdb", "owner"] {
            #expect(try mode("\(scratch.record)/\(name)") == 0o600)
        }
        for file in 0..<Int32(1024) {
            var target = [UInt8](repeating: 0, count: 4096)
            let count = readlink("/proc/self/fd/\(file)", &target, target.count)
            guard count > 0 else { continue }
            let path = String(decoding: target[..<count], as: UTF8.self)
            guard path.hasPrefix(scratch.record) else { continue }
            #expect(fcntl(file, F_GETFD) & FD_CLOEXEC != 0, "\(path)")
        }
        #expect(store.head.sequence == 0)
    }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0, "\(path)")
        return status.st_mode & 0o777
    }

    @Test("the map grows under a writer and its readers, without a restart, up to its bound")
    func growth() throws {
        let scratch = try Scratch()
        let bounds = RecordBounds(mapBytes: 1 << 20, mapBytesMax: 4 << 20)
        let store = try RecordStore(directory: scratch.record, bounds: bounds)
        var written = 0
        let error = try #require(throws: RecordError.self) {
            while written < 10_000 {
                let next = (written + 1)...(written + 10)
                try store.append(try Samples.entries(next, padding: 4000))
                written = next.upperBound
                _ = try store.reader.entries(after: written - 1)
            }
        }
        #expect(error == .mapFull(bytes: 4 << 20))
        #expect(written > 400)
        // The bound refuses what is too much and breaks nothing.
        #expect(store.head.sequence == written)
        #expect(try store.reader.verify().problem == nil)
    }

    @Test("reads on other threads see whole commits while the writer appends and the map grows")
    func concurrentReads() async throws {
        let scratch = try Scratch()
        let store = try RecordStore(
            directory: scratch.record, bounds: RecordBounds(mapBytes: 1 << 20))
        let reader = store.reader
        try store.append(try Samples.entries(1...10))
        let reading = (0..<2).map { _ in
            Task.detached {
                var seen = 0
                while seen < 1000 {
                    let head = try reader.head().sequence
                    let entries = try reader.entries(after: head - 10)
                    guard head >= seen, head % 10 == 0, entries.count >= 10,
                        entries.first?.sequence == head - 9
                    else { return false }
                    seen = head
                }
                return true
            }
        }
        for first in stride(from: 11, to: 1001, by: 10) {
            try store.append(try Samples.entries(first...(first + 9), padding: 1000))
        }
        for task in reading { #expect(try await task.value) }
    }

    @Test("what was acknowledged before SIGKILL is there, whole, and the record opens at once")
    func killed() async throws {
        let scratch = try Scratch()
        let path = scratch.path
        for round in 1...5 {
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [path = path as String, round = round as Int] in
                let store = try RecordStore(directory: path + "/record")
                let acknowledged = open(path + "/acknowledged", O_WRONLY | O_CREAT, 0o600)
                var thread = pthread_t()
                // At another moment of the commit each time: appends take about a millisecond.
                let delay = UnsafeMutableRawPointer(bitPattern: 20_000 + round * 7_300)
                pthread_create(
                    &thread, nil,
                    { delay in
                        usleep(UInt32(UInt(bitPattern: delay)))
                        kill(getpid(), SIGKILL)
                        return nil
                    }, delay)
                var next = store.head.sequence + 1
                while true {
                    try store.append(
                        try Samples.entries(next...(next + 2)),
                        rows: [RowWrite(table: .daemon, key: "aurad", value: "\(next + 2)")])
                    next += 3
                    var text = next - 1
                    pwrite(acknowledged, &text, 8, 0)
                }
            }
            let store = try RecordStore(directory: scratch.record)
            var acknowledged = 0
            let file = open(path + "/acknowledged", O_RDONLY | O_CLOEXEC)
            pread(file, &acknowledged, 8, 0)
            close(file)
            #expect(store.head.sequence >= acknowledged)
            #expect(store.head.sequence % 3 == 0)
            let verdict = try store.reader.verify(fold: { entry in
                [RowWrite(table: .daemon, key: "aurad", value: "\(entry.sequence)")]
            })
            #expect(verdict.problem == nil)
        }
    }

    @Test(
        "a full disk is told as such; reads go on, and with space again so do writes",
        .enabled(if: geteuid() == 0, "mounts a small file system"))
    func diskFull() throws {
        let scratch = try Scratch()
        try #require(mkdir(scratch.record, 0o700) == 0)
        try #require(mount("none", scratch.record, "tmpfs", 0, "size=2m") == 0)
        defer { umount(scratch.record) }
        // A file to delete later stands for whatever an operator can spare.
        let ballast = scratch.record + "/ballast"
        let file = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        try #require(write(file, zeros, zeros.count) == zeros.count)
        close(file)

        var written = 0
        do {
            let store = try RecordStore(directory: scratch.record)
            let error = try #require(throws: RecordError.self) {
                while written < 1000 {
                    try store.append(
                        try Samples.entries((written + 1)...(written + 5), padding: 4000))
                    written += 5
                }
            }
            #expect(error == .diskFull)
            let next = try Samples.entries((written + 1)...(written + 5), padding: 4000)
            #expect(throws: RecordError.diskFull) { try store.append(next) }
            #expect(
                try store.reader.verify() == RecordVerdict(entries: written, head: store.head.hash))
            unlink(ballast)
            try store.append(next)
            written += 5
        }
        let store = try RecordStore(directory: scratch.record)
        #expect(store.head.sequence == written)
        #expect(try store.reader.verify().problem == nil)
    }
}
