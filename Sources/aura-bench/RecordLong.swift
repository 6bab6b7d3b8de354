import AuraModel
import AuraRecord
import AuraSystem
import CBenchBaseline
import Glibc

/// What a record costs when it has grown: commits then and at first, and reading all of it.
struct RecordLong {
    /// Entries of 1 KiB.
    var count: Int
    var directory: String

    /// 20,000: above what its cost is compared with.
    static let entriesMin = 20_000

    /// 512 entries a commit, by the same writers as are measured: what fills a large record in a
    /// minute, and leaves their indexes no wider than small commits do.
    private static let fill = 512
    /// 10,000: the log is as deep as that from its first day on.
    private static let early = 10_000
    /// 8 writers' entries a commit, 1000 commits: what is compared.
    private static let writers: UInt32 = 8
    private static let commits = 1000
    private static let scanTarget = 1_000_000.0
    private static let mapBytes = 64 << 30

    /// What small commits cost at some depth of the log.
    private struct Cost {
        /// Entries a second.
        var pace: Double
        /// KiB written for an entry.
        var written: Double
        /// KiB of memory of this process that is no file's.
        var memory: Double
    }

    func measure() throws -> [BenchResult] {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let bounds = RecordBounds(mapBytes: Self.mapBytes, mapBytesMax: Self.mapBytes)
        let store = try RecordStore(directory: scratch.path + "/record", bounds: bounds)
        let committer = try RecordCommitter(store, writers: Int(Self.writers))
        try fill(committer, store, to: Self.early)
        let early = try cost(committer)
        try fill(committer, store, to: count)
        let late = try cost(committer)
        let baseline = "the same at entry \(Self.early)"
        let results = [
            BenchResult(
                name: "commit-8-at-\(count)-vs-\(Self.early)", value: late.pace, unit: "entries/s",
                baseline: baseline, baselineValue: early.pace),
            BenchResult(
                name: "written-at-\(count)-vs-\(Self.early)", value: late.written,
                unit: "KiB/entry", baseline: baseline, baselineValue: early.written),
            BenchResult(
                name: "memory-at-\(count)-vs-\(Self.early)", value: late.memory, unit: "KiB",
                baseline: baseline, baselineValue: early.memory),
        ]
        return try results + reading(store, committer)
    }

    /// Both walks over the whole record, beside what hashing alone takes.
    private func reading(
        _ store: RecordStore, _ committer: RecordCommitter
    ) throws -> [BenchResult] {
        let (hashes, walked) = try timed(.onThisCore) { try store.reader.verifyHashes() }
        let (whole, verified) = try timed(.onThisCore) { try store.reader.verify() }
        for verdict in [hashes, whole] where verdict.problem != nil {
            throw BenchFailure(verdict.problem ?? "")
        }
        let entries = Double(store.head.sequence)
        var nanoseconds: UInt64 = 0
        let code = bench_sha256(
            try committer.shape().entry_bytes, UInt64(store.head.sequence), &nanoseconds)
        guard code == 0 else { throw BenchFailure("OpenSSL's SHA-256 cannot be loaded: \(code)") }
        return [
            BenchResult(
                name: "verify-hashes-vs-sha256", value: entries / walked, unit: "entries/s",
                baseline: "OpenSSL's SHA-256 alone, leaves and nodes, one core",
                baselineValue: entries / (Double(nanoseconds) / 1e9)),
            BenchResult(
                name: "verify-hashes-vs-target", value: entries / walked, unit: "entries/s",
                baseline: "target", baselineValue: Self.scanTarget),
            BenchResult(
                name: "verify-whole-vs-hashes", value: entries / verified, unit: "entries/s",
                baseline: "the walk over hashes alone", baselineValue: entries / walked),
        ]
    }

    private func fill(_ committer: RecordCommitter, _ store: RecordStore, to count: Int) throws {
        let all = (0..<Self.fill).map { UInt32($0) % Self.writers }
        while store.head.sequence < count { try committer.commit(all) }
    }

    private func cost(_ committer: RecordCommitter) throws -> Cost {
        let some = Array(0..<Self.writers)
        let before = try Self.number(of: "write_bytes:", in: "/proc/self/io")
        let (_, seconds) = try timed {
            for _ in 0..<Self.commits { try committer.commit(some) }
        }
        let after = try Self.number(of: "write_bytes:", in: "/proc/self/io")
        let entries = Double(Self.commits * some.count)
        return Cost(
            pace: entries / seconds, written: Double(after - before) / entries / 1024,
            memory: Double(try Self.number(of: "RssAnon:", in: "/proc/self/status")))
    }

    /// A line's number in a file of proc(5).
    private static func number(of name: String, in file: String) throws -> Int {
        let text = String(
            decoding: try FileSystem.readFile(file, bytesMax: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        guard let word = line?.split(whereSeparator: \.isWhitespace).dropFirst().first,
            let number = Int(word)
        else { throw BenchFailure("\(file) has no \(name)") }
        return number
    }
}

/// Which seconds are counted.
enum CountedTime {
    case all
    /// Only those in which this thread ran, so that whoever else is at work does not count.
    case onThisCore

    fileprivate var now: Double {
        var time = timespec()
        clock_gettime(self == .all ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// How long `act` takes.
func timed<Value>(
    _ counted: CountedTime = .all, _ act: () throws -> Value
) rethrows -> (Value, seconds: Double) {
    let begin = counted.now
    let value = try act()
    return (value, counted.now - begin)
}

extension RecordCommitter {
    /// Commits an entry of each of `writers`.
    func commit(_ writers: [UInt32]) throws {
        let code = withExtendedLifetime(self) {
            writers.withUnsafeBufferPointer { Self.commit(context, $0.baseAddress, $0.count) }
        }
        if code != 0 { throw failure ?? .io(act: "commit", reason: "code \(code)") }
    }
}
