import AuraModel
import Glibc
import Synchronization
import Testing

@testable import aura_ctl

/// The client against a socket that answers, does not, or is not there.
struct ClientTests {
    @Test("a request comes whole, whatever its size, and its answer is read")
    func exchange() throws {
        let socket = try OneAnswer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"a\":[1,2]}")
        let big = [String(repeating: "x", count: 3 << 20)]
        let answer: [String: [Int]] = try Client(socket: socket.path).post("/v1/thing", big)
        #expect(answer == ["a": [1, 2]])
        let request = socket.request()
        let head = try #require(request.firstRange(of: "\r\n\r\n"))
        let lines = request[..<head.lowerBound].split(separator: "\r\n")
        #expect(lines.first == "POST /v1/thing HTTP/1.1")
        #expect(lines.contains { $0.lowercased() == "content-length: \((3 << 20) + 4)" })
        #expect(request[head.upperBound...].utf8.count == (3 << 20) + 4)
    }

    @Test("what the daemon refuses before it has read all of it is told in its words")
    func refusal() throws {
        let socket = try OneAnswer(
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 40\r\n\r\n"
                + #"{"code":"bad-request","message":"large"}"#, readsAtMost: 100)
        let error = #expect(throws: Failure.self) {
            let _: Bool = try Client(socket: socket.path).post(
                "/v1/thing", String(repeating: "x", count: 3 << 20))
        }
        #expect(error?.error.message == "large")
        #expect(error?.status == AuraExit.usage.rawValue)
    }

    @Test("who is away, closes early, or speaks something else is told apart")
    func trouble() throws {
        let nobody = Client(socket: "/nonexistent/aurad.sock")
        let away = #expect(throws: Failure.self) { let _: Bool = try nobody.get("/v1/status") }
        #expect(away?.isAbsence == true)
        #expect(away?.error.message.hasSuffix("No such file or directory") == true)
        let cut = try OneAnswer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntr")
        let early = #expect(throws: Failure.self) {
            let _: Bool = try Client(socket: cut.path).get("/v1/status")
        }
        #expect(early?.isAbsence == true)
        let other = try OneAnswer("220 mail.example.com ESMTP\r\n")
        let strange = #expect(throws: Failure.self) {
            let _: Bool = try Client(socket: other.path).get("/v1/status")
        }
        #expect(strange?.isAbsence == false)
        let long = Client(socket: "/" + String(repeating: "x", count: 200))
        let name = #expect(throws: Failure.self) { let _: Bool = try long.get("/v1/status") }
        #expect(name?.error.message.hasSuffix("File name too long") == true)
    }

    @Test("a wait without an answer ends by its tick, and otherwise by its patience")
    func patience() throws {
        let silent = try OneAnswer("", readsAtMost: 1, closes: false)
        let client = Client(socket: silent.path)
        var ticks = 0
        let left: Bool? = try client.poll("/v1/entries", [], patience: .seconds(60)) {
            ticks += 1
            return ticks < 3
        }
        #expect(left == nil && ticks == 3)
        let over = try OneAnswer("", readsAtMost: 1, closes: false)
        let error = #expect(throws: Failure.self) {
            let _: Bool = try Client(socket: over.path).get(
                "/v1/status", patience: Milliseconds(200))
        }
        #expect(error?.status == AuraExit.retryLater.rawValue)
    }

    @Test("what models say is taken as it comes, and a stream that ends is no error")
    func feed() throws {
        let run = try #require(RunID("01kahsr5s0000007"))
        let piece = try JSON.text(
            LivePiece(run: run, call: 1, skipped: 0, text: "word", isOver: false))
        let event = "data: \(piece)\n\n"
        let socket = try OneAnswer(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n0\r\n\r\n")
        let feed = LiveFeed(Client(socket: socket.path), run)
        var pieces: [LivePiece] = []
        // A minute, for a machine that does much else.
        for _ in 0..<6000 where pieces.isEmpty {
            pieces += feed.take()
            usleep(10_000)
        }
        #expect(pieces.map(\.text) == ["word"])
        #expect(feed.take().isEmpty)
    }
}

/// A unix socket that takes one connection, reads its request and gives an answer written beforehand.
private final class OneAnswer: Sendable {
    let path: String
    private let listener: CInt
    private let heard: Mutex<[UInt8]?>
    private let closes: Bool

    init(_ answer: String, readsAtMost: Int = .max, closes: Bool = true) throws {
        var template = Array("/tmp/aura-ctl.XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made) + "/s"
        listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        heard = Mutex(nil)
        self.closes = closes
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(code == 0 && listen(listener, 8) == 0)
        let thread = Talk(self, answer, readsAtMost)
        var id = pthread_t()
        let started = pthread_create(
            &id, nil,
            { context in
                if let context { Unmanaged<Talk>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(thread).toOpaque())
        try #require(started == 0)
        pthread_detach(id)
    }

    deinit {
        close(listener)
        unlink(path)
        rmdir(String(path.dropLast(2)))
    }

    /// The request, once all of it is there.
    func request() -> String {
        while true {
            if let bytes = heard.withLock({ $0 }) { return String(decoding: bytes, as: UTF8.self) }
            usleep(1000)
        }
    }

    private final class Talk: Sendable {
        let owner: OneAnswer
        let answer: String
        let readsAtMost: Int

        init(_ owner: OneAnswer, _ answer: String, _ readsAtMost: Int) {
            (self.owner, self.answer, self.readsAtMost) = (owner, answer, readsAtMost)
        }

        func run() {
            let peer = accept(owner.listener, nil, nil)
            defer { close(peer) }
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while bytes.count < min(readsAtMost, Self.size(bytes)) {
                let count = recv(peer, &chunk, min(chunk.count, readsAtMost), 0)
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            let rest = Array(answer.utf8)
            _ = send(peer, rest, rest.count, CInt(MSG_NOSIGNAL))
            owner.heard.withLock { $0 = bytes }
            // Until whoever asked has left.
            if !owner.closes { while recv(peer, &chunk, chunk.count, 0) > 0 {} }
        }

        /// What a request has in all, once its head is there.
        private static func size(_ bytes: [UInt8]) -> Int {
            let text = String(decoding: bytes.prefix(1000), as: UTF8.self)
            guard let head = text.firstRange(of: "\r\n\r\n") else { return .max }
            let lines = text[..<head.lowerBound].lowercased().split(separator: "\r\n")
            let length = lines.first { $0.hasPrefix("content-length: ") }
                .flatMap { Int($0.dropFirst("content-length: ".count)) }
            return text[..<head.upperBound].utf8.count + (length ?? 0)
        }
    }
}
