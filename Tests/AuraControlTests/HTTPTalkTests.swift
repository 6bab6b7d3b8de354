import Testing

@testable import aura_ctl

/// HTTP answers, as the daemon's socket hands them over.
struct HTTPTalkTests {
    /// A talk in which something was asked.
    private func asked() throws -> HTTPTalk { try HTTPTalk(to: "GET", bodyBytesMax: 100) }

    @Test("a request says how long its body is, that no other follows, and ends where it should")
    func requests() {
        let plain = "Host: aurad\r\nConnection: close\r\n"
        #expect(
            HTTPTalk.request("GET", "/v1/runs?limit=1", body: nil)
                == Array("GET /v1/runs?limit=1 HTTP/1.1\r\n\(plain)\r\n".utf8))
        let json = "Content-Type: application/json\r\nContent-Length: 2\r\n"
        #expect(
            HTTPTalk.request("POST", "/v1/a", body: Array("{}".utf8))
                == Array("POST /v1/a HTTP/1.1\r\n\(plain)\(json)\r\n{}".utf8))
        let odd = HTTPTalk.request("GET", "/v1/a?b=c d\r\n\u{e9}", body: nil)
        #expect(odd.starts(with: "GET /v1/a?b=c%20d%0D%0A%C3%A9 HTTP/1.1\r\n".utf8))
    }

    private static let texts = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nServer: aurad\r\n\r\nhello": (200, "hello"),
        "HTTP/1.1 200 OK\r\nContent-Length:0\r\n\r\n": (200, ""),
        "HTTP/1.1 204 No Content\r\n\r\n": (204, ""),
        "HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nhel\r\nA;x=\"1\"\r\nlo, world!\r\n0\r\nx: y\r\n\r\n": (503, "hello, world!"),
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}":
            (400, "{}"),
    ]

    @Test("an answer is the same whatever its pieces are", arguments: texts.keys.sorted())
    func pieces(text: String) throws {
        let bytes = Array(text.utf8)
        let expected = try #require(Self.texts[text])
        for place in 0...bytes.count {
            let reading = try asked()
            for piece in [bytes[..<place], bytes[place...]] { try reading.take(piece) }
            #expect(reading.isWhole, "split at \(place)")
            #expect(reading.status == expected.0)
            #expect(String(decoding: reading.takeBody(), as: UTF8.self) == expected.1)
        }
        let reading = try asked()
        for place in bytes.indices {
            #expect(!reading.isWhole)
            try reading.take(bytes[place...place])
        }
        try reading.close()
        #expect(String(decoding: reading.takeBody(), as: UTF8.self) == expected.1)
    }

    @Test("a body without a length ends with its connection, and nothing else does")
    func ends() throws {
        let open = try asked()
        try open.take(Array("HTTP/1.0 200 OK\r\n\r\nall".utf8)[...])
        #expect(!open.isWhole)
        try open.close()
        #expect(open.isWhole && open.takeBody() == Array("all".utf8))
        let cut = ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"]
        for text in cut {
            #expect(throws: HTTPTalk.Damage.cut) {
                let reading = try asked()
                try reading.take(Array(text.utf8)[...])
                try reading.close()
            }
        }
    }

    @Test(
        "what is no answer is refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n", "HTTP/1.1 2OO OK\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            "HTTP/1.1 200 OK\r\nno field\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
            "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 1000),
        ])
    func damage(text: String) throws {
        let reading = try asked()
        #expect {
            try reading.take(Array(text.utf8)[...])
        } throws: { error in
            if case HTTPTalk.Damage.malformed = error { true } else { false }
        }
    }

    @Test(
        "no more is kept than there is room for",
        arguments: [
            "Content-Length: 101\r\n\r\n" + String(repeating: "x", count: 101),
            "\r\n" + String(repeating: "x", count: 101),
            "Transfer-Encoding: chunked\r\n\r\n65\r\n" + String(repeating: "x", count: 101),
        ])
    func room(rest: String) throws {
        let reading = try asked()
        #expect(throws: HTTPTalk.Damage.tooLarge(bytesMax: 100)) {
            try reading.take(Array("HTTP/1.1 200 OK\r\n\(rest)".utf8)[...])
        }
        #expect(reading.takeBody().count <= 100)
    }
}
