import AuraSystem
import CBenchBaseline
import Glibc

/// A model provider on a port of the loopback, for one thread: real HTTP, answers made beforehand.
///
/// Which turn of its conversation a request is for is told by the assistant's messages in it, so
/// the server keeps nothing of a conversation.
final class ModelServer {
    /// What answers a request: the turn, counted from 0, and the size of the body.
    typealias Play = (_ turn: Int, _ bytes: Int) -> [UInt8]

    /// 64: more agents than that wait in the kernel's queue.
    private static let backlog: Int32 = 64

    private final class Connection {
        let descriptor: OwnedDescriptor
        var incoming: [UInt8] = []
        var needed = 0
        var outgoing: [UInt8] = []
        var sent = 0

        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    let port: UInt16
    private let listener: OwnedDescriptor
    private let reactor: Reactor
    private var connections: [UInt64: Connection] = [:]
    private var lastToken: UInt64 = 0
    private var chunk = [UInt8](repeating: 0, count: 1 << 20)

    private var play: Play
    /// Whether each event of an answer is a write of its own, as from a model that speaks.
    private var isByEvent = false
    /// Requests with this turn wait: all agents come to one point.
    private var gate: Int?
    private var held: [(Connection, UInt64, turn: Int, bytes: Int)] = []

    /// Whole requests since the last `begin`, and when the newest of them was there.
    private(set) var requests = 0
    private(set) var lastRequestAt: UInt64 = 0
    /// From each answer to the next request whole, on any connection, in nanoseconds.
    private(set) var pauses: [UInt64] = []
    /// The same from the first byte of each answer on.
    private(set) var spans: [UInt64] = []
    private var answerBeganAt: UInt64 = 0
    private var lastAnswerAt: UInt64 = 0

    init() throws {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw BenchFailure("socket: \(String(cString: strerror(errno)))") }
        listener = OwnedDescriptor(adopting: raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { plain in
                bind(raw, plain, length) == 0 && listen(raw, Self.backlog) == 0
                    && getsockname(raw, plain, &length) == 0
            }
        }
        guard code else { throw BenchFailure("bind: \(String(cString: strerror(errno)))") }
        port = UInt16(bigEndian: address.sin_port)
        try listener.setNonblocking()
        reactor = try Reactor()
        play = { _, _ in [] }
        try reactor.add(listener.raw, interest: .readable, token: 0)
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Forgets what was counted, and answers by `play` from now on.
    func begin(holdAt gate: Int? = nil, byEvent isByEvent: Bool = false, _ play: @escaping Play) {
        self.play = play
        self.isByEvent = isByEvent
        self.gate = gate
        requests = 0
        pauses = []
        spans = []
        lastAnswerAt = 0
    }

    /// How many requests wait at the gate.
    var heldCount: Int { held.count }

    /// Answers what waits at the gate; the next one is at `turn`, or nowhere.
    func open(andHoldAt turn: Int?) throws {
        gate = turn
        let waiting = held
        held = []
        for (connection, token, turn, bytes) in waiting {
            try answer(connection, token, turn, bytes)
        }
    }

    /// Lets `talk` answer the one request that waits at the gate; blocking, and with nobody else served.
    func converse(_ talk: (Int32) throws -> Void) throws {
        gate = nil
        guard held.count == 1, let (connection, _, _, _) = held.popLast() else {
            throw BenchFailure("not one request waits")
        }
        let flags = fcntl(connection.descriptor.raw, F_GETFL)
        _ = fcntl(connection.descriptor.raw, F_SETFL, flags & ~O_NONBLOCK)
        defer { _ = fcntl(connection.descriptor.raw, F_SETFL, flags) }
        try talk(connection.descriptor.raw)
    }

    /// Serves until `isOver`, looked at after each batch of requests; false when that takes longer
    /// than `seconds`.
    func serve(seconds: Int, until isOver: () throws -> Bool) throws -> Bool {
        let deadline = Self.now() + UInt64(seconds) * 1_000_000_000
        while Self.now() < deadline {
            for ready in try reactor.wait(timeoutMilliseconds: 20) { try take(ready) }
            if try isOver() { return true }
        }
        return false
    }

    /// Serves the libcurl loop in C until it has had its `turns`.
    func loop(turns: Int, bodyBytes: Int) throws {
        var process: Int32 = 0
        let code = bench_curl_start(url, UInt32(turns), bodyBytes, &process)
        guard code == 0 else { throw BenchFailure("fork: \(String(cString: strerror(code)))") }
        let isDone = try serve(seconds: 300) { requests == turns }
        let end = bench_curl_finish(process)
        guard isDone, end == 0 else { throw BenchFailure("the libcurl loop failed") }
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    // MARK: Connections

    private func take(_ ready: Reactor.Readiness) throws {
        guard ready.token != 0 else { return try accept() }
        guard let connection = connections[ready.token] else { return }
        if ready.writable { try flush(connection, ready.token) }
        if ready.readable { try read(connection, ready.token) }
    }

    private func accept() throws {
        while true {
            let raw = Glibc.accept(listener.raw, nil, nil)
            guard raw >= 0 else { return }
            _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
            var one: Int32 = 1
            setsockopt(
                raw, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            let connection = Connection(OwnedDescriptor(adopting: raw))
            try connection.descriptor.setNonblocking()
            lastToken += 1
            connections[lastToken] = connection
            try reactor.add(raw, interest: .readable, token: lastToken)
        }
    }

    private func close(_ token: UInt64) throws {
        guard let connection = connections.removeValue(forKey: token) else { return }
        held.removeAll { $0.0 === connection }
        try reactor.remove(connection.descriptor.raw)
    }

    // MARK: Requests

    private func read(_ connection: Connection, _ token: UInt64) throws {
        while true {
            let count = chunk.withUnsafeMutableBytes {
                recv(connection.descriptor.raw, $0.baseAddress, $0.count, 0)
            }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { return try close(token) }
            connection.incoming += chunk[..<count]
            if connection.needed == 0 { connection.needed = Self.length(connection.incoming) }
            guard connection.needed > 0, connection.incoming.count >= connection.needed else {
                continue
            }
            lastRequestAt = Self.now()
            requests += 1
            if lastAnswerAt > 0 {
                pauses.append(lastRequestAt - lastAnswerAt)
                spans.append(lastRequestAt - answerBeganAt)
            }
            let body = connection.incoming
            connection.incoming = []
            connection.needed = 0
            let turn = Self.count(of: #""role":"assistant""#, in: body)
            if turn == gate {
                held.append((connection, token, turn, body.count))
            } else {
                try answer(connection, token, turn, body.count)
            }
            return
        }
    }

    /// Bytes of head and body together once the head is whole, else 0.
    private static func length(_ bytes: [UInt8]) -> Int {
        guard let end = Bytes.place(of: "\r\n\r\n", in: bytes) else { return 0 }
        let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
        let field = "content-length:"
        let line = head.split(separator: "\r\n").first { $0.hasPrefix(field) }
        let size = line.flatMap { Int($0.dropFirst(field.count).drop { $0 == " " }) } ?? 0
        return end + 4 + size
    }

    private static func count(of text: String, in bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes { Int(bench_count($0.baseAddress, $0.count, text)) }
    }

    // MARK: Answers

    private func answer(
        _ connection: Connection, _ token: UInt64, _ turn: Int, _ bytes: Int
    ) throws {
        connection.outgoing = play(turn, bytes)
        connection.sent = 0
        answerBeganAt = Self.now()
        try flush(connection, token)
    }

    private func flush(_ connection: Connection, _ token: UInt64) throws {
        while connection.sent < connection.outgoing.count {
            let count = connection.outgoing.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[connection.sent...])
                // An event and the blank line behind it.
                let end = isByEvent ? bench_find(rest.baseAddress, rest.count, "\n\n") : -1
                return send(
                    connection.descriptor.raw, rest.baseAddress, end < 0 ? rest.count : end + 2,
                    Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                guard errno == EAGAIN else { return try close(token) }
                return try reactor.modify(
                    connection.descriptor.raw, interest: [.readable, .writable], token: token)
            }
            connection.sent += count
            // Before the last byte's reader can answer: the clock is read after each write.
            lastAnswerAt = Self.now()
        }
        if !connection.outgoing.isEmpty {
            connection.outgoing = []
            try reactor.modify(connection.descriptor.raw, interest: .readable, token: token)
        }
    }
}
