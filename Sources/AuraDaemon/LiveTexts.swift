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
    }

    private let redactor: Redactor
    private let rings = Mutex<[Int: Ring]>([:])

    /// No text yet; `redactor` takes known secrets out.
    init(redactor: Redactor) { self.redactor = redactor }

    /// A call of `lineage`'s first run was made.
    func begin(_ call: Int, lineage: [RunID]) {
        guard let run = lineage.first else { return }
        rings.withLock { $0[call] = Ring(run: run, lineage: lineage) }
    }

    /// Its model says more.
    func append(_ text: String, to call: Int) {
        rings.withLock { rings in
            guard var ring = rings[call] else { return }
            ring.held += text.utf8
            ring.bytes += redactor.release(from: &ring.held)
            // With room for as much again: not every piece moves the rest.
            if ring.bytes.count > 2 * Self.bytesMax {
                var count = ring.bytes.count - Self.bytesMax
                while count < ring.bytes.count, ring.bytes[count] & 0xC0 == 0x80 { count += 1 }
                ring.bytes.removeFirst(count)
                ring.start += count
            }
            rings[call] = ring
        }
    }

    /// The call is over, however.
    func end(_ call: Int) { rings.withLock { $0[call] = nil } }

    /// What was said in `run` and below it since `places`, which moves along: bytes read of each call.
    func read(of run: RunID, since places: inout [Int: (run: RunID, bytes: Int)]) -> [LivePiece] {
        let current = rings.withLock { $0.filter { $0.value.lineage.contains(run) } }
        var pieces: [LivePiece] = []
        for (call, place) in places.sorted(by: { $0.key < $1.key }) where current[call] == nil {
            places[call] = nil
            pieces.append(
                LivePiece(run: place.run, call: call, skipped: 0, text: "", isOver: true))
        }
        for (call, ring) in current.sorted(by: { $0.key < $1.key }) {
            let place = places[call]?.bytes ?? 0
            let end = ring.start + ring.bytes.count
            guard end > place else { continue }
            let from = max(place, ring.start)
            let text = String(decoding: ring.bytes[(from - ring.start)...], as: UTF8.self)
            places[call] = (ring.run, end)
            pieces.append(
                LivePiece(
                    run: ring.run, call: call, skipped: from - place, text: text, isOver: false))
        }
        return pieces
    }
}
