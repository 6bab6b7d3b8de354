import AuraModel
import AuraRecord
import CDiskFaults
import Glibc
import Testing

/// What a power cut may leave of a record's file, made from what LMDB really wrote.
///
/// Of the writes since the last completed sync any sectors may have reached the disk and any may
/// not, in any order; what was written before it is there.
private final class CrashImages {
    /// 512: what a disk writes whole.
    static let sectorBytes = 512

    let directory: String
    private let file: Int32
    private var durable: [UInt8]
    private var chance: SeededChance

    /// Images in `directory`, from a file that held `durable` when the recording began.
    init(directory: String, durable: [UInt8], seed: UInt64) throws {
        self.directory = directory
        self.durable = durable
        chance = SeededChance(seed: seed)
        try #require(mkdir(directory, 0o700) == 0)
        file = open(directory + "/data.mdb", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        write(durable[...], at: 0)
    }

    deinit { close(file) }

    /// A piece of a write that is on the disk whole or not at all.
    typealias Sector = (offset: Int, bytes: ArraySlice<UInt8>)

    static func sectors(of act: disk_act) -> [Sector] {
        let bytes = Array(UnsafeBufferPointer(start: act.bytes, count: act.length))
        let start = Int(act.offset)
        var found: [Sector] = []
        var done = 0
        while done < bytes.count {
            let rest = sectorBytes - (start + done) % sectorBytes
            let end = min(bytes.count, done + rest)
            found.append((start + done, bytes[done..<end]))
            done = end
        }
        return found
    }

    /// The file as it is when exactly `chosen` of what is pending has reached the disk; `look` is
    /// called on it, and then it is as before.
    func with(_ chosen: [Sector], _ look: () throws -> Void) rethrows {
        for sector in chosen { write(sector.bytes, at: sector.offset) }
        defer {
            for sector in chosen where sector.offset < durable.count {
                let end = min(durable.count, sector.offset + sector.bytes.count)
                write(durable[sector.offset..<end], at: sector.offset)
            }
            ftruncate(file, off_t(durable.count))
        }
        try look()
    }

    /// Everything that was pending is on the disk.
    func settle(_ pending: [[Sector]]) {
        for sector in pending.joined() {
            write(sector.bytes, at: sector.offset)
            let end = sector.offset + sector.bytes.count
            if durable.count < end { durable += Array(repeating: 0, count: end - durable.count) }
            durable.replaceSubrange(sector.offset..<end, with: sector.bytes)
        }
    }

    /// Some of what is pending: of each write all, nothing, or some sectors.
    func draw(_ pending: [[Sector]]) -> [Sector] {
        var chosen: [Sector] = []
        for write in pending {
            switch chance.next() % 4 {
            case 0: chosen += write
            case 1: break
            default: for sector in write where chance.next() & 1 == 0 { chosen.append(sector) }
            }
        }
        // Their order does not matter: no two sectors of one span between syncs are the same.
        return chosen
    }

    private func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        bytes.withUnsafeBytes { buffer in
            let count = pwrite(file, buffer.baseAddress, buffer.count, off_t(offset))
            precondition(count == bytes.count)
        }
    }
}

@Suite("Crash images")
struct CrashImageTests {
    /// 600 for each of the syncs of about 90 transactions: above 100,000 images in all.
    private static let imagesPerSync = 600
    /// One in 1000 is also opened by the record itself and verified as a whole.
    private static let wholeEvery = 1000

    /// What the record held after each acknowledged append.
    private struct Acknowledged {
        var acts: Int
        var head: UInt64
        var digest: UInt64
    }

    @Test(
        "every image that a power cut may leave has what was acknowledged, and nothing half",
        arguments: [1, 2] as [UInt64])
    func images(seed: UInt64) throws {
        let scratch = try MemoryScratch()
        let record = scratch.path + "/record"
        let bounds = RecordBounds(mapBytes: 1 << 18, roomBytes: 1 << 15)
        var store: RecordStore? = try RecordStore(directory: record, bounds: bounds)
        let watch = disk_watch(record + "/data.mdb")
        try #require(watch >= 0)
        defer { disk_forget(watch) }
        let start = try bytes(of: record + "/data.mdb")
        disk_record(watch)
        var acknowledged = [try state(of: record, acts: 0)]
        var chance = SeededChance(seed: seed)
        var sequence = 0
        var preparedCommits = 0
        for step in 0..<90 {
            let isPrepared = try append(step, &sequence, to: try #require(store), &chance)
            preparedCommits += isPrepared ? 1 : 0
            acknowledged.append(try state(of: record, acts: disk_acts(watch)))
            // A restart in between: what LMDB reuses depends on it.
            if step % 30 == 29 {
                store = nil
                store = try RecordStore(directory: record, bounds: bounds)
            }
        }
        store = nil
        #expect(preparedCommits > 20)
        try cut(watch, start, acknowledged, in: scratch.path, seed: seed)
    }

    @Test("pruning, and the map that grows under it, leave no image without what was acknowledged")
    func pruning() throws {
        let scratch = try MemoryScratch()
        let record = scratch.record
        do { _ = try RecordStore(directory: record, bounds: RecordBounds(mapBytes: 1 << 18)) }
        let watch = disk_watch(scratch.dataFile)
        try #require(watch >= 0)
        defer { disk_forget(watch) }
        let start = try bytes(of: scratch.dataFile)
        disk_record(watch)
        var acknowledged = [try state(of: record, acts: 0)]
        do {
            var work = Work(
                try RecordStore(directory: record, bounds: RecordBounds(mapBytes: 1 << 18)))
            // Opening writes nothing in a record that is there, but takes a transaction.
            acknowledged.append(try state(of: record, acts: disk_acts(watch)))
            work.committed = {
                acknowledged.append(try self.state(of: record, acts: disk_acts(watch)))
            }
            try work.begin()
            for round in 1...4 {
                for _ in 0..<5 { try work.run(padding: 3000 * round) }
                // Long texts, which come with their entries and go with them.
                if round == 2 { try work.run(padding: CutTextSize.above) }
                try work.prune(keeping: 15)
            }
            #expect(work.facts.count == 4)
        }
        try cut(
            watch, start, acknowledged, in: scratch.path, seed: 3, imagesPerSync: 60,
            atLeast: 10_000)
    }

    @Test(
        "a cut in a rebuild or a migration leaves the old record, and no commit of the new one half",
        arguments: [Entry.format, 3])
    func rebuilding(format: Int) throws {
        let scratch = try MemoryScratch()
        do {
            var work = Work(try RecordStore(directory: scratch.record))
            try work.begin()
            for _ in 0..<300 { try work.run(padding: 40) }
            try work.prune(keeping: 1600)
            try work.run(padding: CutTextSize.above)
        }
        let number = withUnsafeBytes(of: UInt64(format).bigEndian) { Array($0) }
        try RawRecord(directory: scratch.record).apply([
            .init(table: "meta", key: Array("format".utf8), value: number)
        ])
        let before = try bytes(of: scratch.dataFile)
        let new = scratch.path + "/new"
        var watch: Int32 = -1
        var start: [UInt8] = []
        let old = try RecordReader.inspecting(directory: scratch.record)
        try Work.rebuild(old, into: new) {
            watch = disk_watch(new + "/data.mdb")
            try #require(watch >= 0)
            start = try self.bytes(of: new + "/data.mdb")
            disk_record(watch)
        }
        defer { disk_forget(watch) }
        #expect(try bytes(of: scratch.dataFile) == before)
        let made = try RecordReader.inspecting(directory: new)
        #expect(try made.format() == Entry.format)
        #expect(try Work.verdict(made).problem == nil)
        // Each sync ends in a state, and a cut before it leaves that one or the one before.
        let settled = try CrashImages(
            directory: scratch.path + "/settled", durable: start, seed: 1)
        var states = [try state(of: settled.directory, acts: 0)]
        var pending: [[CrashImages.Sector]] = []
        for index in 0..<disk_acts(watch) {
            let act = disk_act(watch, index)
            pending.append(act.is_sync != 0 ? [] : CrashImages.sectors(of: act))
            guard act.is_sync != 0 else { continue }
            settled.settle(pending)
            pending = []
            states.append(try state(of: settled.directory, acts: index + 1))
        }
        #expect(Set(states.map(\.digest)).count >= 4)
        #expect(try state(of: new, acts: 0).digest == states.last?.digest)
        // Nothing is pending when it is done: what takes the old one's place is durable.
        try cut(
            watch, start, states, in: scratch.path, seed: 5, imagesPerSync: 100,
            atLeast: 300)
    }

    /// Small and large turns, entries on pages of their own, a block of entries that is indexed,
    /// rows that go, and no entries at all; each is prepared every other time, which is answered.
    private func append(
        _ step: Int, _ sequence: inout Int, to store: RecordStore, _ chance: inout SeededChance
    ) throws -> Bool {
        let count = [1, 1, 2, 40, 0, 2, 1][step % 7]
        let padding = [80, 700, 5000, 40, 0, 9000, 300][step % 7]
        let first = sequence + 1
        sequence += count
        let entries = count == 0 ? [] : try Samples.entries(first...sequence, padding: padding)
        var rows = [RowWrite(table: .daemon, key: "aurad", value: "\(sequence)")]
        for _ in 0..<Int(chance.next() % 5) {
            let key = "row-\(chance.next() % 40)"
            let value = String(repeating: "v", count: Int(chance.next() % 1500) + 1)
            rows.append(
                RowWrite(table: .runs, key: key, value: chance.next() % 3 == 0 ? nil : value))
        }
        let cursor = max(0, sequence - 1)
        if step % 2 == 1, store.prepare(entries, rows: rows),
            try store.commitPrepared(journalCursor: cursor) != nil
        {
            return true
        }
        try store.append(entries, rows: rows, journalCursor: cursor)
        return false
    }

    private func cut(
        _ watch: Int32, _ start: [UInt8], _ acknowledged: [Acknowledged], in directory: String,
        seed: UInt64, imagesPerSync: Int = imagesPerSync, atLeast: Int = 50_000
    ) throws {
        let images = try CrashImages(
            directory: directory + "/image", durable: start, seed: seed &* 7919)
        var pending: [[CrashImages.Sector]] = []
        var known = 0
        var seen = 0
        for index in 0..<disk_acts(watch) {
            let act = disk_act(watch, index)
            guard act.is_sync != 0 else {
                pending.append(CrashImages.sectors(of: act))
                continue
            }
            while known + 1 < acknowledged.count, acknowledged[known + 1].acts <= index {
                known += 1
            }
            let allowed = acknowledged[known...min(known + 1, acknowledged.count - 1)]
            // In the order of the writes, cut off after each, and then in any order.
            var chosen = (0...pending.count).map { pending.prefix($0).flatMap { $0 } }
            // A write that is alone and within one sector has no more images than these.
            if pending.joined().count > 1 {
                for _ in 0..<imagesPerSync { chosen.append(images.draw(pending)) }
            }
            for choice in chosen {
                seen += 1
                let isWhole = seen % Self.wholeEvery == 0
                try images.with(choice) {
                    try check(images.directory, allowed, isWhole, "seed \(seed), image \(seen)")
                }
            }
            images.settle(pending)
            pending = []
        }
        #expect(pending.isEmpty)
        #expect(seen > atLeast, "\(seen) images")
    }

    private func check(
        _ directory: String, _ allowed: ArraySlice<Acknowledged>, _ isWhole: Bool,
        _ context: Comment
    ) throws {
        var digest: UInt64 = 0
        var head: UInt64 = 0
        let code = disk_digest(directory, &digest, &head)
        let fits = allowed.contains { $0.head == head && $0.digest == digest }
        try #require(code == 0 && fits, "\(context): head \(head), code \(code)")
        guard isWhole else { return }
        let copy = directory + "-whole"
        try #require(mkdir(copy, 0o700) == 0)
        defer { Scratch.remove(copy) }
        let content = try bytes(of: directory + "/data.mdb")
        let file = open(copy + "/data.mdb", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(write(file, content, content.count) == content.count)
        close(file)
        let store = try RecordStore(directory: copy)
        #expect(store.head.sequence == Int(head), context)
        #expect(try store.reader.verify().problem == nil, context)
    }

    private func state(of directory: String, acts: Int) throws -> Acknowledged {
        var found = Acknowledged(acts: acts, head: 0, digest: 0)
        try #require(disk_digest(directory, &found.digest, &found.head) == 0)
        return found
    }

    private func bytes(of path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        try #require(file >= 0)
        defer { close(file) }
        let length = Int(lseek(file, 0, SEEK_END))
        var content = [UInt8](repeating: 0, count: length)
        try #require(pread(file, &content, length, 0) == length)
        return content
    }
}

/// A directory in memory that is gone when the test is over.
struct MemoryScratch: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/dev/shm/aura-record-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Scratch.remove(path) }

    /// The record's own directory: the store is to make it.
    var record: String { path + "/record" }
    var dataFile: String { record + "/data.mdb" }
}
