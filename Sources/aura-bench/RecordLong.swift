import AuraModel
import AuraRecord
import AuraSystem
import Glibc

/// What a record costs when it has grown: commits then and at first, and reading all of it.
struct RecordLong {
    /// Entries of 1 KiB.
    var count: Int
    var directory: String

    /// 20,000: above what its cost is compared with.
    static let entriesMin = 20_000

    /// 10,000: the log is as deep as that from its first day on.
    private static let early = 10_000
    /// 8: the two records take turns, so that what else the machine does meets both alike.
    private static let slices = 8

    func measure() throws -> [BenchResult] {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        let record = scratch.path + "/record"
        let costs = try costs(of: record, beside: scratch.path + "/young")
        return try costs + RecordReading(record: record).measure(isWhole: true)
    }

    /// Fills a record, and compares what commits cost in it with what they cost in a young one.
    private func costs(of record: String, beside young: String) throws -> [BenchResult] {
        var young = try MeasuredRecord(young)
        var grown = try MeasuredRecord(record)
        for side in [young, grown] { try side.fill(to: Self.early) }
        let before = try ProcessNumbers.anonymousKiB()
        try grown.fill(to: count)
        for _ in 0..<Self.slices {
            try young.commit()
            try grown.commit()
        }
        let after = try ProcessNumbers.anonymousKiB()
        let baseline = "the same at entry \(Self.early)"
        return [
            BenchResult(
                name: "commit-8-at-\(count)-vs-\(Self.early)", value: grown.pace,
                unit: "entries/s", baseline: baseline, baselineValue: young.pace),
            BenchResult(
                name: "written-at-\(count)-vs-\(Self.early)", value: grown.written,
                unit: "KiB/entry", baseline: baseline, baselineValue: young.written),
            BenchResult(
                name: "memory-at-\(count)-vs-\(Self.early)", value: Double(after), unit: "KiB",
                baseline: baseline, baselineValue: Double(before)),
        ]
    }
}

/// A record, and what small commits into it cost.
private struct MeasuredRecord {
    private let store: RecordStore
    private let committer: RecordCommitter
    private var entries = 0.0
    private var seconds = 0.0
    private var bytes = 0.0

    /// 512 entries a commit, by the same writers as are measured: what fills a large record in a
    /// minute, and leaves their indexes no wider than small commits do.
    private static let fill = 512
    /// 8 writers' entries a commit.
    private static let writers: UInt32 = 8
    /// 128: in each slice two blocks of 512 entries go into the indexes.
    private static let commits = 128
    private static let mapBytes = 64 << 30

    init(_ directory: String) throws {
        let bounds = RecordBounds(mapBytes: Self.mapBytes, mapBytesMax: Self.mapBytes)
        store = try RecordStore(directory: directory, bounds: bounds)
        committer = try RecordCommitter(store, writers: Int(Self.writers))
    }

    /// Entries a second.
    var pace: Double { entries / seconds }

    /// KiB written for an entry.
    var written: Double { bytes / entries / 1024 }

    func fill(to count: Int) throws {
        try committer.fill(store, to: count, by: Self.writers, group: Self.fill)
    }

    /// Makes small commits, which are counted.
    mutating func commit() throws {
        let some = Array(0..<Self.writers)
        let before = try ProcessNumbers.bytesWritten()
        seconds += try timed { for _ in 0..<Self.commits { try committer.commit(some) } }.seconds
        bytes += Double(try ProcessNumbers.bytesWritten() - before)
        entries += Double(Self.commits * some.count)
    }
}

/// This process's own numbers in proc(5).
private enum ProcessNumbers {
    /// What was given to write(2) and its kin, which LMDB does by the page.
    ///
    /// Not `write_bytes`: that counts the whole of a large folio for each page of it.
    static func bytesWritten() throws -> Int {
        try number(of: "wchar:", in: "/proc/self/io")
    }

    /// Memory that is no file's, in KiB.
    static func anonymousKiB() throws -> Int {
        try number(of: "RssAnon:", in: "/proc/self/status")
    }

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
    /// Commits entries of the first `writers` in turns, `group` of them each time, until there are
    /// `count`.
    func fill(_ store: RecordStore, to count: Int, by writers: UInt32, group: Int) throws {
        let all = (0..<group).map { UInt32($0) % writers }
        while store.head.sequence < count { try commit(all) }
    }

    /// Commits an entry of each of `writers`.
    func commit(_ writers: [UInt32]) throws {
        let code = withExtendedLifetime(self) {
            writers.withUnsafeBufferPointer { Self.commit(context, $0.baseAddress, $0.count) }
        }
        if code != 0 { throw failure ?? .io(act: "commit", reason: "code \(code)") }
    }
}
