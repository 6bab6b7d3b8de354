import AuraModel
import CCurl

/// What the models of a run say while they say it, from the daemon's stream of it.
///
/// Only for display: a stream that breaks is begun again at the next look, or not at all, and nothing
/// that counts depends on it. Nothing here waits.
final class LiveFeed {
    private let path: String
    private let socket: String
    private var easy: UnsafeMutableRawPointer?
    private var multi: UnsafeMutableRawPointer?
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

    deinit { close() }

    /// What came since the last look.
    func take() -> [LivePiece] {
        if multi == nil {
            guard Clock.monotonic() >= nextTry, open() else { return [] }
        }
        var running: CInt = 0
        curl_multi_perform(multi, &running)
        defer { if running == 0 { close() } }
        return pieces()
    }

    private func open() -> Bool {
        nextTry = Milliseconds(Clock.monotonic().count + Self.pause.count)
        guard let easy = curl_easy_init(), let multi = curl_multi_init() else { return false }
        (self.easy, self.multi) = (easy, multi)
        aura_curl_set_text(easy, CURLOPT_URL, "http://aurad" + path)
        aura_curl_set_text(easy, CURLOPT_UNIX_SOCKET_PATH, socket)
        // A proxy in the environment is not for this.
        aura_curl_set_text(easy, CURLOPT_PROXY, "")
        aura_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        aura_curl_set_long(easy, CURLOPT_FAILONERROR, 1)
        // SAFETY: the handle is closed before the feed goes.
        aura_curl_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(self).toOpaque())
        aura_curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let feed = Unmanaged<LiveFeed>.fromOpaque(context).takeUnretainedValue()
            guard feed.bytes.count + size * count <= LiveFeed.bytesMax else { return 0 }
            feed.bytes.append(
                contentsOf: UnsafeRawBufferPointer(
                    start: UnsafeRawPointer(bytes), count: size * count))
            return size * count
        }
        curl_multi_add_handle(multi, easy)
        return true
    }

    private func close() {
        if let easy, let multi { curl_multi_remove_handle(multi, easy) }
        if let easy { curl_easy_cleanup(easy) }
        if let multi { curl_multi_cleanup(multi) }
        (easy, multi, bytes) = (nil, nil, [])
    }

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
