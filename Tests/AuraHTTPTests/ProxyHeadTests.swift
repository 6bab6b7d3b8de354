import AuraHTTP
import AuraModel
import Testing

/// What programs in a cage may say to its proxy.
@Suite("Heads of requests to a proxy")
struct ProxyHeadTests {
    private func head(_ lines: String...) throws -> ProxyHead {
        try ProxyHead(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
    }

    private func status(_ lines: String...) -> Int? {
        flaw(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
    }

    private func flaw(_ bytes: [UInt8]) -> Int? {
        do throws(ProxyHead.Flaw) {
            _ = try ProxyHead(bytes)
            return nil
        } catch { return error.status }
    }

    @Test("a request goes on with its own fields and none of the connection's")
    func forwarded() throws {
        let head = try head(
            "POST http://A.test:8080/x?y=1 HTTP/1.1", "Host: other.test", "Accept: a/b",
            "Connection: keep-alive, X-Drop", "X-Drop: 1", "Proxy-Authorization: Basic eA==",
            "Content-Length: 3", "Expect: 100-continue", "Upgrade: websocket")
        #expect(head.url.origin.text == "http://a.test:8080" && head.bodyBytes == 3)
        let text = String(decoding: head.forwarded, as: UTF8.self)
        #expect(
            text == """
                POST /x?y=1 HTTP/1.1\r
                Host: a.test:8080\r
                Accept: a/b\r
                Content-Length: 3\r
                Connection: close\r
                \r

                """)
    }

    @Test("a tunnel leads to a host and a port, and says nothing else")
    func tunnels() throws {
        let tunnel = try head("CONNECT A.test:443 HTTP/1.1", "Host: a.test:443")
        #expect(tunnel.method == nil && tunnel.url.origin.text == "https://a.test")
        #expect(try head("CONNECT [2001:db8::1]:8443 HTTP/1.1").url.origin.port == 8443)
        for target in [
            "a.test", "a.test:443/x", "user@a.test:443", "a.test:0", "0x7f.1:443", "[::1]",
            "https://a.test:443", "a.test:443?", "a.test:99999",
        ] {
            #expect(status("CONNECT \(target) HTTP/1.1") == 400, "\(target)")
        }
    }

    @Test("what two programs could read differently is no request")
    func smuggling() {
        let get = "GET http://a.test/ HTTP/1.1"
        let post = "POST http://a.test/ HTTP/1.1"
        #expect(status(post, "Content-Length: 3", "Content-Length: 4") == 400)
        #expect(status(post, "Content-Length: 3", "Transfer-Encoding: chunked") == 411)
        #expect(status(post, "Transfer-Encoding : chunked") == 400)
        #expect(status(post, "Content-Length: +3") == 400)
        #expect(status(post, "Content-Length: 9999999999999999999") == 400)
        #expect(status(get, "Content-Length: 3") == 400)
        #expect(status(get, "Host: a.test", "Host: b.test") == 400)
        #expect(status(get, " folded: 1") == 400)
        #expect(status(get, "no colon") == 400)
        #expect(status("GET  http://a.test/ HTTP/1.1") == 400)
        #expect(status("GET http://a.test/ HTTP/1.1 x") == 400)
        #expect(status("GET http://a.test/ HTTP/2.0") == 400)
        #expect(status("GET /x HTTP/1.1", "Host: a.test") == 400)
        #expect(status("GET https://a.test/ HTTP/1.1") == 400)
        #expect(status("GET http://user@a.test/ HTTP/1.1") == 400)
        #expect(status("BREW http://a.test/ HTTP/1.1") == 501)
        #expect(flaw(Array("\(get)\nHost: a.test\r\n\r\n".utf8)) == 400)
        #expect(flaw(Array("\(get)\r\nX: a\rContent-Length: 3\r\n\r\n".utf8)) == 400)
        #expect(flaw(Array("\(get)\r\nX: \u{e9}\r\n\r\n".utf8)) == 400)
        #expect(flaw(Array("\(get)\r\n\r\nX: y\r\n\r\n".utf8)) == 400)
        #expect(flaw([]) == 400)
        #expect(flaw(Array("\r\n\r\n".utf8)) == 400)
        let many = (0...100).map { "X\($0): y\r\n" }.joined()
        #expect(flaw(Array("\(get)\r\n\(many)\r\n".utf8)) == 431)
    }

    @Test("no bytes whatever make it trap, and what it takes it forwards as one head")
    func noise() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = Noise(state: seed)
        let parts = [
            "GET ", "CONNECT ", "http://a.test", ":80", "/", " HTTP/1.1", "\r\n", "\r", "\n", ":",
            "Host: ", "Content-Length: ", "1", "[::1]", "@", "\t", " ", "\u{0}", "\u{ff}",
        ]
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int(random.next() % 12) {
                text += parts[Int(random.next() % UInt64(parts.count))]
            }
            let bytes = Array((text + "\r\n\r\n").utf8)
            guard let head = try? ProxyHead(bytes), head.method != nil else { continue }
            #expect(
                ProxyHead.count(in: head.forwarded) == head.forwarded.count, "seed \(seed): \(text)"
            )
        }
    }

    @Test("a head that comes in pieces ends where it does when it comes whole", arguments: 1...5)
    func pieces(size: Int) {
        let bytes = Array("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\nmore".utf8)
        let whole = ProxyHead.count(in: bytes)
        var heard: [UInt8] = []
        while heard.count < bytes.count {
            let searched = heard.count
            heard += bytes[searched...].prefix(size)
            let found = ProxyHead.count(in: heard, searched: searched)
            #expect((found ?? whole) == whole && (found != nil) == (heard.count >= whole ?? 0))
            if found != nil { return }
        }
        Issue.record("no end was found in pieces of \(size)")
    }

    private struct Noise {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
    }

    // MARK: What a tunnel begins with

    private func vector(_ lengthBytes: Int, _ content: [UInt8]) -> [UInt8] {
        (0..<lengthBytes).reversed().map { UInt8(truncatingIfNeeded: content.count >> (8 * $0)) }
            + content
    }

    private func hello(_ names: [String]) -> [UInt8] {
        let extensions = names.flatMap { name in
            [0, 0] + vector(2, vector(2, [0] + vector(2, Array(name.utf8))))
        }
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + vector(1, []) + vector(2, [19, 1])
            + vector(1, [0]) + vector(2, [0, 23] + vector(2, []) + extensions)
        return [22, 3, 1] + vector(2, [1] + vector(3, body))
    }

    @Test("a tunnel carries TLS for the very host, and nothing else")
    func hellos() {
        func refusal(_ bytes: [UInt8], _ host: String = "a.test") -> String? {
            ClientHello.refusal(of: bytes, to: host, isAddress: host.first?.isNumber == true)
                .refusal
        }
        #expect(ClientHello.read(hello(["A.test"])) == .name("a.test"))
        #expect(refusal(hello(["a.test"])) == nil)
        #expect(refusal(hello(["b.test"])) == "TLS for b.test in a tunnel to a.test")
        #expect(refusal(hello([]))?.contains("no name") == true)
        #expect(refusal(hello([]), "10.0.0.1") == nil)
        #expect(refusal(hello(["b.test"]), "10.0.0.1")?.contains("b.test") == true)
        #expect(refusal(hello(["a.test", "b.test"]))?.hasPrefix("not TLS") == true)
        #expect(refusal(Array("SSH-2.0-OpenSSH".utf8))?.hasPrefix("not TLS") == true)
        #expect(refusal(Array("GET / HTTP/1.1".utf8))?.hasPrefix("not TLS") == true)
        let whole = hello(["a.test"])
        for count in 0..<whole.count {
            #expect(ClientHello.read(Array(whole.prefix(count))) == .incomplete, "\(count)")
        }
        for index in 5..<whole.count {
            var broken = whole
            broken[index] &+= 0x80
            // Any result will do; none may trap.
            _ = ClientHello.read(broken)
        }
    }
}
