import AuraModel
import AuraRecord
import CBenchBaseline

/// Reading a whole record, beside the same walk in C.
struct RecordReading {
    /// The record's directory, which nobody has open.
    var record: String

    /// 3: each with a mapping of its own, as `record verify` has one.
    private static let rounds = 3
    private static let target = 1_000_000.0

    /// 200,000 entries of 1 KiB: more than a processor's caches, less than a second's walk.
    private static let entries = 200_000
    private static let writers: UInt32 = 8
    private static let entriesOfCommit = 512
    private static let mapBytes = 4 << 30

    /// Walks over the hashes of a new record in `directory`.
    static func measure(in directory: String) throws -> [BenchResult] {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let record = scratch.path + "/record"
        try make(record)
        return try Self(record: record).measure()
    }

    private static func make(_ record: String) throws {
        let store = try RecordStore(directory: record, bounds: RecordBounds(mapBytes: mapBytes))
        try RecordCommitter(store, writers: Int(writers))
            .fill(store, to: entries, by: writers, group: entriesOfCommit)
    }

    /// The walk over hashes beside its twin in C and beside the target, and, if `isWhole`, the one
    /// that decodes every entry beside it.
    func measure(isWhole: Bool = false) throws -> [BenchResult] {
        var ours: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<Self.rounds {
            ours.append(try rate { try $0.verifyHashes() })
            theirs.append(try twinRate())
        }
        let walked = ours.median ?? 0
        var results = [
            BenchResult(
                name: "verify-hashes-vs-sha256", value: walked, unit: "entries/s",
                baseline: "the same hashed by OpenSSL in C, over the same pages, one core",
                baselineValue: theirs.median ?? 0),
            BenchResult(
                name: "verify-hashes-vs-target", value: walked, unit: "entries/s",
                baseline: "target", baselineValue: Self.target),
        ]
        guard isWhole else { return results }
        results.append(
            BenchResult(
                name: "verify-whole-vs-hashes", value: try rate { try $0.verify() },
                unit: "entries/s", baseline: "the walk over hashes alone", baselineValue: walked))
        return results
    }

    /// Entries a second of this thread's time, in which the record is opened, too.
    private func rate(
        _ verify: (RecordReader) throws -> RecordVerdict
    ) throws -> Double {
        let (verdict, seconds) = try timed(.onThisCore) {
            try verify(try RecordReader.inspecting(directory: record))
        }
        if let problem = verdict.problem { throw BenchFailure(problem) }
        return Double(verdict.entries) / seconds
    }

    private func twinRate() throws -> Double {
        var entries: UInt64 = 0
        var nanoseconds: UInt64 = 0
        let code = bench_hash_walk(record, &entries, &nanoseconds)
        guard code == 0 else { throw BenchFailure("the walk in C failed with \(code)") }
        return Double(entries) / (Double(nanoseconds) / 1e9)
    }
}
