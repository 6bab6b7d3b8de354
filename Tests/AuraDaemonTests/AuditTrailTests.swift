import AuraModel
import AuraRecord
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

@Suite(.serialized)
struct AuditTrailTests {
    /// The marked lines that `body` makes this process write to its standard error, as numbers.
    private func lines(_ directory: String, _ body: () throws -> Void) throws -> [Int] {
        let path = directory + "/said"
        let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0o600)
        let own = dup(STDERR_FILENO)
        defer {
            close(file)
            close(own)
        }
        dup2(file, STDERR_FILENO)
        let result = Result { try body() }
        dup2(own, STDERR_FILENO)
        try result.get()
        let text = String(
            decoding: try FileSystem.readFile(path, bytesMax: 1 << 24), as: UTF8.self)
        return text.split(separator: "\n").compactMap { line in
            guard let mark = line.firstRange(of: "audit-needle-") else { return nil }
            return Int(line[mark.upperBound...].prefix { $0.isNumber })
        }
    }

    private func fill(_ store: RecordStore, _ range: ClosedRange<Int>) throws -> [Entry] {
        let entries = range.map { Samples.entry($0, "audit-needle-\($0)") }
        try store.append(entries)
        return entries
    }

    @Test("what was committed and not sent is sent once, in order; what was noted is not repeated")
    func resumes() throws {
        let directory = try Scratch.makeDirectory("audit")
        defer { try? FileSystem.removeTree(directory) }
        let store = try RecordStore(directory: directory + "/record")
        _ = try fill(store, 1...5)

        let first = try lines(directory) {
            var trail = AuditTrail(reader: store.reader, cursor: 0, isForeground: true)
            trail.advance(to: 5)
            let isDone = trail.cursor == 5 && !trail.hasMore(5)
            #expect(isDone)
            trail.advance(to: 5)
            try store.setJournalCursor(trail.cursor)
        }
        #expect(first == [1, 2, 3, 4, 5])

        // The daemon went away before it sent these.
        _ = try fill(store, 6...8)
        let second = try lines(directory) {
            var trail = AuditTrail(
                reader: store.reader, cursor: try store.journalCursor, isForeground: true)
            let waits = trail.hasMore(8)
            #expect(waits)
            trail.advance(to: 8)
            #expect(trail.cursor == 8)
        }
        #expect(second == [6, 7, 8])
    }

    @Test("no half minute sees as many lines as journald would drop, and none waits for ever")
    func pace() {
        var pace = JournalPace()
        var sent: [Int] = []
        var now = 1_000_000
        var first = 0
        while sent.count < 40_000 {
            guard let later = pace.take(at: now) else {
                sent.append(now)
                while sent[first] <= now - 30_000 { first += 1 }
                guard sent.count - first < 9_600 else { break }
                // Now and then nothing happens for a while.
                if sent.count % 7000 == 0 { now += sent.count }
                continue
            }
            #expect(later > now && later <= now + 7)
            guard later > now else { break }
            now = later
        }
        #expect(sent.count == 40_000)
    }

    @Test("a long backlog goes out in bounded batches without a gap")
    func batches() throws {
        let directory = try Scratch.makeDirectory("audit")
        defer { try? FileSystem.removeTree(directory) }
        let store = try RecordStore(directory: directory + "/record")
        _ = try fill(store, 1...700)
        let sent = try lines(directory) {
            var trail = AuditTrail(reader: store.reader, cursor: 0, isForeground: true)
            var turns = 0
            while trail.hasMore(700), turns < 10 {
                trail.advance(to: 700)
                turns += 1
            }
            #expect(turns == 3)
        }
        #expect(sent == Array(1...700))
    }

    @Test("following the commits and reading the record send every entry once between them")
    func follows() throws {
        let directory = try Scratch.makeDirectory("audit")
        defer { try? FileSystem.removeTree(directory) }
        let store = try RecordStore(directory: directory + "/record")
        let sent = try lines(directory) {
            var trail = AuditTrail(reader: store.reader, cursor: 0, isForeground: true)
            trail.follow(try fill(store, 1...3))
            let missed = try fill(store, 4...5)
            // Not the next ones: they wait until what is before them was sent.
            trail.follow(try fill(store, 6...6))
            #expect(trail.cursor == 3)
            trail.follow(missed)
            trail.advance(to: 6)
            trail.follow(missed)
            trail.advance(to: 6)
        }
        #expect(sent == Array(1...6))
    }

    @Test("when standard error takes nothing, the cursor stays and the same entry is tried again")
    func refused() throws {
        let directory = try Scratch.makeDirectory("audit")
        defer { try? FileSystem.removeTree(directory) }
        let store = try RecordStore(directory: directory + "/record")
        _ = try fill(store, 1...2)
        var trail = AuditTrail(reader: store.reader, cursor: 0, isForeground: true)
        let own = dup(STDERR_FILENO)
        let full = open("/dev/full", O_WRONLY)
        dup2(full, STDERR_FILENO)
        trail.advance(to: 2)
        dup2(own, STDERR_FILENO)
        close(full)
        #expect(trail.cursor == 0)
        let next = trail.retryAt
        let retryAt = try #require(next)
        let waits = trail.hasMore(2)
        #expect(!waits)
        while SystemClock.monotonicMilliseconds() <= retryAt { usleep(1_000) }
        let sent = try lines(directory) { trail.advance(to: 2) }
        #expect(sent == [1, 2])
        let isCalm = trail.cursor == 2 && trail.retryAt == nil
        #expect(isCalm)
        close(own)
    }
}
