import AuraModel

/// What the models of a run say while they say it, from the daemon's stream of it.
///
/// Only for display: a stream that breaks is begun again at the next look, or not at all, and nothing
/// that counts depends on it. Nothing here waits.
final class LiveFeed {
    private let path: String
    private let socket: String
    private var exchange: Exchange?
    private var bytes: [UInt8] = []
    private var nextTry = Milliseconds.zero

    /// 1 MiB: an event holds at most what the daemon keeps of one call, 64 KiB, as JSON.
    private static let bytesMax = 1 << 20
    /// A second between tries to reach a daemon that is away.
    private static let pause = Milliseconds.seconds(1)

    /// A feed of `run` that is not connected yet.
    init(_ client: Client, _ run: RunID) {
        socket = client.socket
        path = "\(ControlPath.runs)/\(run)/live"
    }

    /// What came since the last look.
    func take() -> [LivePiece] {
        do throws(Exchange.Trouble) {
            if exchange == nil { exchange = try open() }
            guard let exchange else { return [] }
            let isOver = try exchange.advance()
            guard exchange.status < 400 else {
                close()
                return []
            }
            bytes += exchange.takeBody()
            defer { if isOver || bytes.count > Self.bytesMax { close() } }
            return pieces()
        } catch {
            close()
            return []
        }
    }

    /// Nil while it is too early to try again.
    private func open() throws(Exchange.Trouble) -> Exchange? {
        guard Clock.monotonic() >= nextTry else { return nil }
        nextTry = Milliseconds(Clock.monotonic().count + Self.pause.count)
        return try Exchange("GET", path, body: nil, at: socket, answerBytesMax: Self.bytesMax)
    }

    private func close() { (exchange, bytes) = (nil, []) }

    /// The whole events that are there: a line of data each, and a blank one.
    private func pieces() -> [LivePiece] {
        let newline = UInt8(ascii: "\n")
        guard let end = bytes.lastIndex(of: newline) else { return [] }
        let lines = bytes[...end].split(separator: newline)
        bytes.removeSubrange(...end)
        return lines.compactMap { line in
            guard line.starts(with: "data: ".utf8) else { return nil }
            return try? JSON.decode(LivePiece.self, from: line.dropFirst("data: ".utf8.count))
        }
    }
}

/// What is being said, as the last lines of a terminal that are drawn again in place.
///
/// It is gone when the answer is in the record, and that is shown instead.
struct LiveView {
    /// 12 lines: half of the smallest terminal in use; the whole text comes with the answer.
    static let linesMax = 12

    private struct Talk {
        var text = ""
        var isCut = false
    }

    private var talks: [Int: Talk] = [:]

    /// 16 KiB: far more than is shown.
    private static let bytesMax = 16 << 10

    /// Nothing is said.
    init() {}

    /// Takes in what came; whether anything is to be drawn again.
    mutating func take(_ pieces: [LivePiece]) -> Bool {
        for piece in pieces {
            guard !piece.isOver else {
                talks[piece.call] = nil
                continue
            }
            var talk = talks[piece.call] ?? Talk()
            if piece.skipped > 0 { talk = Talk(text: "", isCut: true) }
            talk.text += piece.text
            if talk.text.utf8.count > 2 * Self.bytesMax {
                talk = Talk(text: String(talk.text.suffix(Self.bytesMax)), isCut: true)
            }
            talks[piece.call] = talk
        }
        return !pieces.isEmpty
    }

    /// The last lines of what is said now, none wider than `width`.
    func lines(width: Int) -> [String] {
        var lines: [String] = []
        let width = max(1, width - 3)
        for (_, talk) in talks.sorted(by: { $0.key < $1.key }) where !talk.text.isEmpty {
            if talk.isCut { lines.append("…") }
            for line in SafeText.lines(talk.text).suffix(Self.linesMax) {
                lines += TextWidth.wrap(line, to: width).map { TextWidth.cut($0, to: width) }
            }
        }
        return lines.suffix(Self.linesMax).map { "│ " + $0 }
    }
}
