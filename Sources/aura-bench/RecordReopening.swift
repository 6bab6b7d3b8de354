import AuraModel
import AuraRecord
import AuraSystem
import Glibc

/// How long a record of 1 GiB takes to be ready for the next entry after its writer was killed.
struct RecordReopening {
    var directory: String

    private static let bytes = 1 << 30
    /// 5: each after a kill of its own.
    private static let rounds = 5
    private static let target = 50.0
    private static let mapBytes = 4 << 30
    /// 64 runs under way, each with a row; 512 entries of 1 KiB a commit: a gibibyte in half a
    /// minute.
    private static let writers = 64
    private static let entriesOfCommit = 512
    /// 10 ms: at most so much longer lives a writer than it has to.
    private static let lookMicroseconds: UInt32 = 10_000
    private static let patienceMilliseconds: Int32 = 10_000

    func measure() throws -> [BenchResult] {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let record = scratch.path + "/record"
        var warm: [Double] = []
        var cold: [Double] = []
        for round in 0..<Self.rounds {
            // Each round's writer is killed somewhere in its next commits.
            try killWriter(of: record, at: Self.bytes + round << 20)
            warm.append(try timed { try open(record) }.seconds * 1000)
            try forget(record + "/data.mdb")
            cold.append(try timed { try open(record) }.seconds * 1000)
        }
        return [
            BenchResult(
                name: "reopen-1-GiB-after-a-kill-vs-target", value: warm.max() ?? 0, unit: "ms",
                baseline: "target; the longest of \(Self.rounds)", baselineValue: Self.target),
            BenchResult(
                name: "reopen-1-GiB-cold-vs-target", value: cold.median ?? 0, unit: "ms",
                baseline: "target; nothing of the file in memory", baselineValue: Self.target),
        ]
    }

    /// Opens the record and reads what a daemon reads before it takes orders: head, right edge of
    /// the tree, all rows.
    private func open(_ record: String) throws {
        let store = try RecordStore(directory: record, bounds: Self.bounds)
        guard store.head.sequence > 0 else { throw BenchFailure("the record is empty") }
        for table in RowTable.allCases { _ = try store.reader.rows(in: table) }
    }

    private static var bounds: RecordBounds {
        RecordBounds(mapBytes: mapBytes, mapBytesMax: mapBytes)
    }

    private func killWriter(of record: String, at bytes: Int) throws {
        let process = try Spawn(
            executable: "/proc/self/exe",
            arguments: ["aura-bench", "record", "--write-until-killed", record],
            environment: ["PATH": "/usr/bin"],
            descriptors: [.init(child: 2, parent: 2)]
        ).start()
        var status = stat()
        while stat(record + "/data.mdb", &status) != 0 || status.st_size < bytes {
            if let end = try process.reap() { throw BenchFailure("the writer ended: \(end)") }
            usleep(Self.lookMicroseconds)
        }
        try process.signal(SIGKILL)
        _ = try process.reap(waitingMilliseconds: Self.patienceMilliseconds)
    }

    /// Takes the file out of the page cache, as after a power cut.
    private func forget(_ file: String) throws {
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw BenchFailure("\(file) cannot be opened") }
        defer { close(descriptor) }
        guard fdatasync(descriptor) == 0,
            posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0
        else { throw BenchFailure("\(file) stays in memory") }
    }

    /// Writes into the record until it is killed.
    static func write(to record: String) throws {
        let store = try RecordStore(directory: record, bounds: bounds)
        let committer = try RecordCommitter(
            store, writers: writers, prefix: "writer-\(store.head.sequence)")
        let all = (0..<entriesOfCommit).map { UInt32($0 % writers) }
        while true { try committer.commit(all) }
    }
}
