import AuraModel
import AuraRecord
import CBenchBaseline
import Glibc

/// What a record costs when it has grown: reads, reopening, and the commits then and at first.
struct RecordLong {
    /// Entries of 1 KiB.
    var count: Int
    var directory: String

    /// 512 entries a commit: what fills a large record in a minute.
    private static let fill: UInt32 = 512
    /// 10,000: the log is as deep as that from its first day on.
    private static let early = 10_000
    /// 8 writers' entries a commit, 200 commits: what is compared.
    private static let writers: UInt32 = 8
    private static let commits = 200
    private static let reopenTarget = 50.0
    private static let scanTarget = 1_000_000.0
    private static let mapBytes = 64 << 30

    func measure() throws -> [BenchResult] {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let path = scratch.path + "/record"
        let bounds = RecordBounds(mapBytes: Self.mapBytes, mapBytesMax: Self.mapBytes)
        var early = 0.0
        var late = 0.0
        do {
            let store = try RecordStore(directory: path, bounds: bounds)
            let committer = try RecordCommitter(store, writers: Int(Self.fill))
            try fill(committer, store, to: Self.early)
            early = try pace(committer)
            try fill(committer, store, to: count)
            late = try pace(committer)
        }
        var status = stat()
        guard stat(path + "/data.mdb", &status) == 0 else { throw BenchFailure("no record") }
        let (store, reopened) = try timed { try RecordStore(directory: path, bounds: bounds) }
        let (verdict, verified) = try timed { try store.reader.verify() }
        guard verdict.problem == nil else { throw BenchFailure(verdict.problem ?? "") }
        let entries = store.head.sequence
        return [
            BenchResult(
                name: "commit-8-at-\(count)-vs-\(Self.early)", value: late, unit: "entries/s",
                baseline: "the same at entry \(Self.early)", baselineValue: early),
            BenchResult(
                name: "reopen-\(status.st_size >> 20)-MiB-vs-target", value: reopened * 1000,
                unit: "ms", baseline: "target", baselineValue: Self.reopenTarget),
            BenchResult(
                name: "verify-vs-target", value: Double(entries) / verified, unit: "entries/s",
                baseline: "target: 1 KiB each, hashes and tree, one core",
                baselineValue: Self.scanTarget),
        ]
    }

    private func fill(_ committer: RecordCommitter, _ store: RecordStore, to count: Int) throws {
        let all = Array(0..<Self.fill)
        while store.head.sequence < count { try commit(committer, all) }
    }

    /// Entries a second of small commits.
    private func pace(_ committer: RecordCommitter) throws -> Double {
        let some = Array(0..<Self.writers)
        let (_, seconds) = try timed {
            for _ in 0..<Self.commits { try commit(committer, some) }
        }
        return Double(Self.commits * some.count) / seconds
    }

    private func commit(_ committer: RecordCommitter, _ writers: [UInt32]) throws {
        let code = withExtendedLifetime(committer) {
            writers.withUnsafeBufferPointer {
                RecordCommitter.commit(committer.context, $0.baseAddress, $0.count)
            }
        }
        if code != 0 { throw committer.failure ?? .io(act: "commit", reason: "code \(code)") }
    }

    private func timed<Value>(_ act: () throws -> Value) rethrows -> (Value, seconds: Double) {
        let begin = ContinuousClock.now
        let value = try act()
        let span = (ContinuousClock.now - begin).components
        return (value, Double(span.seconds) + Double(span.attoseconds) / 1e18)
    }
}
