import ArgumentParser
import AuraModel
import AuraRecord
import AuraSystem
import CBenchBaseline
import Glibc

/// Durable commits: the record beside plain C LMDB doing the same puts with the same grouping.
///
/// Both sides run under the same C harness: writers hand over an entry and wait; one committer
/// commits what waits as one group, which is what the daemon's turn loop does. Both store the same
/// under LMDB's default sync flags, the plain side with each put where it belongs at once; the
/// record alone also encodes, chains and hashes.
struct RecordBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Durable entries per second of 1, 8 and 64 writers, and reads, beside plain C.")

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(help: "Rounds of each side, in turns; medians are printed.")
    var rounds = 5

    @Option(help: "Milliseconds of each side in a round.")
    var milliseconds: UInt32 = 1000

    @Option(help: "Directory on the file system to measure; scratch files in it are removed.")
    var directory = "/var/tmp"

    @Flag(
        help: "Instead: a long record, its cost then and at first, reading, a kill, a day of churn."
    )
    var long = false

    @Option(help: "Entries of the long record.")
    var entries = 1_000_000

    /// What `--long` starts to be killed.
    @Option(help: .hidden)
    var writeUntilKilled: String?

    /// From one automaton alone to more than a server runs at once.
    private static let writers: [UInt32] = [1, 8, 64]

    /// 10: the sides take turns within a round, so that what else the machine does meets both
    /// alike.
    private static let slices = 10

    /// 16 GiB: address space for what a fast disk takes in all rounds, so that neither side grows
    /// its map.
    private static let mapBytes = 16 << 30

    func validate() throws {
        guard rounds > 0, milliseconds > 0 else {
            throw ValidationError("rounds and milliseconds must be above zero")
        }
        guard entries >= RecordLong.entriesMin else {
            throw ValidationError("a long record has at least \(RecordLong.entriesMin) entries")
        }
    }

    func run() throws {
        if let writeUntilKilled { return try RecordReopening.write(to: writeUntilKilled) }
        var report = BenchReport(bench: "record")
        if long {
            report.results += try RecordLong(count: entries, directory: directory).measure()
            report.results += try RecordReopening(directory: directory).measure()
            report.results.append(try RecordChurn(directory: directory).measure())
            return try report.print(output)
        }
        for writers in Self.writers { report.results.append(try measure(writers)) }
        for writers in Self.writers.filter({ $0 != 8 }) {
            report.results.append(try measure(writers, flush: Self.slowFlush))
        }
        report.results += try besideRocksDB(64)
        report.results += try RecordReading.measure(in: directory)
        try report.print(output)
    }

    /// 1 ms more for each flush: a disk without a write cache of its own.
    ///
    /// LMDB makes two a commit.
    private static let slowFlush: UInt32 = 1000

    /// Beside RocksDB: threads that each write a batch of their own, and one writer of all that
    /// waits, which is what the record's is.
    private func besideRocksDB(_ writers: UInt32) throws -> [BenchResult] {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let bounds = RecordBounds(mapBytes: Self.mapBytes, mapBytesMax: Self.mapBytes)
        let store = try RecordStore(directory: scratch.path + "/record", bounds: bounds)
        let committer = try RecordCommitter(store, writers: Int(writers))
        var shape = try committer.shape()
        var opened: OpaquePointer?
        let code = bench_rocksdb_open(try scratch.make("rocksdb"), &shape, &opened)
        guard code != ENOENT else {
            StandardError.write(
                "writers-\(writers)-vs-rocksdb: not measured; build with librocksdb-dev installed")
            return []
        }
        guard code == 0, let opened else { throw BenchFailure("RocksDB failed with \(code)") }
        defer { bench_rocksdb_close(opened) }
        return [
            try compare(
                writers, committer, name: "writers-\(writers)-vs-rocksdb",
                baseline: "RocksDB, a synchronous WriteBatch of each of \(writers) threads"
            ) { bench_rocksdb_threads(opened, writers, $0, &$1) },
            try compare(
                writers, committer, name: "writers-\(writers)-vs-rocksdb-grouped",
                baseline: "RocksDB, one synchronous WriteBatch of all that waits"
            ) {
                bench_group_commit(
                    writers, $0, bench_rocksdb_commit, UnsafeMutableRawPointer(opened), &$1)
            },
        ]
    }

    private func measure(_ writers: UInt32, flush: UInt32 = 0) throws -> BenchResult {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let bounds = RecordBounds(mapBytes: Self.mapBytes, mapBytesMax: Self.mapBytes)
        let store = try RecordStore(directory: scratch.path + "/record", bounds: bounds)
        let committer = try RecordCommitter(store, writers: Int(writers))
        let baseline = try PlainLMDB(
            directory: try scratch.make("lmdb"), mapBytes: Self.mapBytes,
            shape: try committer.shape())

        bench_slow_flush(flush)
        defer { bench_slow_flush(0) }
        // It is used through a bare pointer, which does not keep it.
        return try withExtendedLifetime(baseline) {
            try compare(
                writers, committer,
                name: "writers-\(writers)\(flush == 0 ? "" : "-slow-flush")-vs-lmdb",
                baseline: "plain C LMDB: entry, two index keys and row each, same grouping"
            ) { bench_group_commit(writers, $0, bench_lmdb_commit, baseline.handle, &$1) }
        }
    }

    /// Runs both sides in turns; `other` runs for so many milliseconds.
    private func compare(
        _ writers: UInt32, _ committer: RecordCommitter, name: String, baseline: String,
        _ other: (UInt32, inout bench_result) -> Int32
    ) throws -> BenchResult {
        var ours: [Double] = []
        var theirs: [Double] = []
        try withExtendedLifetime(committer) {
            for _ in 0..<rounds {
                var (our, their) = (bench_result(), bench_result())
                for _ in 0..<Self.slices {
                    try add(to: &our) {
                        bench_group_commit(
                            writers, $0, RecordCommitter.commit, committer.context, &$1)
                    }
                    if let failure = committer.failure { throw failure }
                    try add(to: &their, other)
                }
                ours.append(our.rate)
                theirs.append(their.rate)
            }
        }
        return BenchResult(
            name: name, value: ours.median ?? 0, unit: "entries/s", baseline: baseline,
            baselineValue: theirs.median ?? 0)
    }

    /// Runs one side for one slice.
    private func add(
        to total: inout bench_result, _ run: (UInt32, inout bench_result) -> Int32
    ) throws {
        var result = bench_result()
        let code = run(max(1, milliseconds / UInt32(Self.slices)), &result)
        guard code == 0 || code == RecordCommitter.failed else {
            throw BenchFailure("a commit failed with code \(code)")
        }
        total.entries += result.entries
        total.nanoseconds += result.nanoseconds
    }
}

extension bench_result {
    /// Entries per second.
    fileprivate var rate: Double { Double(entries) / (Double(nanoseconds) / 1e9) }
}

/// The C side, open as long as this is held.
private final class PlainLMDB {
    let handle: UnsafeMutableRawPointer
    private let lmdb: OpaquePointer

    init(directory: String, mapBytes: Int, shape: bench_shape) throws {
        var shape = shape
        var opened: OpaquePointer?
        let code = bench_lmdb_open(directory, mapBytes, &shape, &opened)
        guard code == 0, let opened else {
            throw BenchFailure("plain LMDB failed with code \(code)")
        }
        lmdb = opened
        handle = UnsafeMutableRawPointer(opened)
    }

    deinit { bench_lmdb_close(lmdb) }
}
