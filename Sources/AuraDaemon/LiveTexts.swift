import AuraModel
import Synchronization

/// What models say while they say it, for whoever watches: in memory only, bounded, and without
/// secrets.
///
/// Writers never wait. A reader keeps its own place; one that is slower than the model finds the
/// oldest text gone, and is told how much. A call's text goes with its end: what counts is in the
/// record then.
final class LiveTexts: Sendable {
    /// 64 KiB of each call: more than the longest answer in use, so only a stuck reader misses any.
    static let bytesMax = 64 << 10

    private struct Ring {
        let run: RunID
        /// The run and those above it.
        let lineage: [RunID]
        /// Where `bytes` begins in all that was said.
        var start = 0
        var bytes: [UInt8] = []
        /// Said, and perhaps the beginning of a secret.
        var held: [UInt8] = []

        mutating func append(_ text: String, _ redactor: Redactor) {
            held += text.utf8
            bytes += redactor.release(from: &held)
            // With room for as much again: not every piece moves the rest.
            guard bytes.count > 2 * LiveTexts.bytesMax else { return }
            var count = bytes.count - LiveTexts.bytesMax
            while count < bytes.count, bytes[count] & 0xC0 == 0x80 { count += 1 }
            bytes.removeFirst(count)
            start += count
        }

        /// What is new since `place` in all that was said; nil when that is nothing.
        func news(of call: Int, since place: Int) -> News? {
            let end = start + bytes.count
            guard end > place else { return nil }
            let from = max(place, start)
            return News(
                run: run, call: call, skipped: from - place,
                bytes: Array(bytes[(from - start)...]), end: end)
        }
    }

    /// What of one call a reader has not seen yet.
    private struct News {
        let run: RunID
        let call: Int
        let skipped: Int
        let bytes: [UInt8]
        /// Where it ends in all that was said.
        let end: Int
    }

    private struct Reader {
        let run: RunID
        let wake: CheckedContinuation<Void, Never>
    }

    private struct Texts {
        var rings: [Int: Ring] = [:]
        var waiting: [Reader] = []
        var isPulsing = false

        /// Those who wait for news of a run in `lineage`, and wait no longer then.
        mutating func takeReaders(of lineage: [RunID]) -> [Reader] {
            guard !waiting.isEmpty else { return [] }
            let taken = waiting.filter { lineage.contains($0.run) }
            waiting.removeAll { lineage.contains($0.run) }
            return taken
        }
    }

    /// A second: a reader looks that often whether its run is over, which is not known here.
    private static let pulse = Duration.seconds(1)

    private let redactor: Redactor
    private let texts = Mutex(Texts())

    /// No text yet; `redactor` takes known secrets out.
    init(redactor: Redactor) { self.redactor = redactor }

    /// A call of `lineage`'s first run was made.
    func begin(_ call: Int, lineage: [RunID]) {
        guard let run = lineage.first else { return }
        texts.withLock { $0.rings[call] = Ring(run: run, lineage: lineage) }
    }

    /// Its model says more.
    func append(_ text: String, to call: Int) {
        change(call) { $0?.append(text, redactor) }
    }

    /// The call is over, however.
    func end(_ call: Int) { change(call) { $0 = nil } }

    /// Changes what is said in a call, and wakes whoever waits for that.
    private func change(_ call: Int, _ body: (inout Ring?) -> Void) {
        let woken = texts.withLock { texts in
            let lineage = texts.rings[call]?.lineage ?? []
            body(&texts.rings[call])
            return texts.takeReaders(of: lineage)
        }
        for reader in woken { reader.wake.resume() }
    }

    /// Returns when there is more of `run` to read since `places`, and after a second anyway.
    func news(of run: RunID, since places: [Int: (run: RunID, bytes: Int)]) async {
        await withCheckedContinuation { reader in
            let (isNews, mustPulse) = texts.withLock { texts in
                guard !Self.isNews(in: texts.rings, of: run, since: places) else {
                    return (true, false)
                }
                texts.waiting.append(Reader(run: run, wake: reader))
                defer { texts.isPulsing = true }
                return (false, !texts.isPulsing)
            }
            if isNews { reader.resume() }
            guard mustPulse else { return }
            Task.detached(executorPreference: PoolExecutor.shared) { [self] in await pulse() }
        }
    }

    /// One timer for all: a reader of a fast model would set one for each word.
    private func pulse() async {
        while true {
            try? await PoolExecutor.sleep(for: Self.pulse)
            let woken = texts.withLock { texts in
                defer { texts.waiting = [] }
                texts.isPulsing = !texts.waiting.isEmpty
                return texts.waiting
            }
            for reader in woken { reader.wake.resume() }
            if woken.isEmpty { return }
        }
    }

    private static func isNews(
        in rings: [Int: Ring], of run: RunID, since places: [Int: (run: RunID, bytes: Int)]
    ) -> Bool {
        places.keys.contains { rings[$0] == nil }
            || rings.contains { call, ring in
                ring.lineage.contains(run)
                    && ring.start + ring.bytes.count > places[call]?.bytes ?? 0
            }
    }

    /// What was said in `run` and below it since `places`, which moves along: bytes read of each call.
    func read(of run: RunID, since places: inout [Int: (run: RunID, bytes: Int)]) -> [LivePiece] {
        let before = places
        // What is new is copied, and not what holds it: the writer would have to copy all of that.
        let (over, news) = texts.withLock { texts in
            let news = texts.rings.compactMap { call, ring in
                ring.lineage.contains(run)
                    ? ring.news(of: call, since: before[call]?.bytes ?? 0) : nil
            }
            let over = before.keys.filter { texts.rings[$0]?.lineage.contains(run) != true }
            return (over, news)
        }
        var pieces = over.sorted().compactMap { call in
            places.removeValue(forKey: call).map {
                LivePiece(run: $0.run, call: call, skipped: 0, text: "", isOver: true)
            }
        }
        for fresh in news.sorted(by: { $0.call < $1.call }) {
            places[fresh.call] = (fresh.run, fresh.end)
            pieces.append(
                LivePiece(
                    run: fresh.run, call: fresh.call, skipped: fresh.skipped,
                    text: String(decoding: fresh.bytes, as: UTF8.self), isOver: false))
        }
        return pieces
    }
}
