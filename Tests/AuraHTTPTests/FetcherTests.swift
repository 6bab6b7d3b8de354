import AuraHTTP
import AuraModel
import Testing

/// Requests to a real server in a process of its own.
@Suite("Requests of agents")
struct FetcherTests {
    /// Where clouds tell a machine about itself.
    private static let metadata = "169.254.169.254"

    private func refusal(_ outcome: FetchLoop.Outcome?) -> String {
        guard case .failure(.refused(let why)) = outcome else { return "" }
        return why
    }

    private func failure(_ outcome: FetchLoop.Outcome?) -> String {
        guard case .failure(.failed(let why)) = outcome else { return "" }
        return why
    }

    @Test("a granted request is answered, and carries nothing but itself")
    func plain() throws {
        let web = try FakeWeb()
        let loop = FetchLoop()
        let grants = [FetchGrant(origin: web.origin, send: true)]
        let text = try loop.fetch(web.origin + "/text", granted: grants)?.get()
        #expect(text?.status == 200)
        #expect(text?.contentType == "text/plain; charset=utf-8")
        #expect(text?.body == Array("hello from the web\n".utf8))
        // The cookie of the first answer is not sent with the second request.
        let sent = try loop.fetch(web.origin + "/echo", .put, body: "data", granted: grants)?.get()
        let echo = String(decoding: sent?.body ?? [], as: UTF8.self)
        #expect(echo.contains("\"method\": \"PUT\"") && echo.contains("\"body\": \"data\""))
        for header in ["cookie", "authorization", "proxy", "expect", "referer"] {
            #expect(!echo.contains("\"\(header)"), "\(echo)")
        }
        let head = try loop.fetch(web.origin + "/text", .head, granted: grants)?.get()
        #expect(head?.status == 200 && head?.body.isEmpty == true)
    }

    @Test("a name that leads to this host is refused before anything is connected to")
    func loopback() throws {
        let web = try FakeWeb()
        let name = "http://localhost:\(web.port)"
        let why = refusal(
            try FetchLoop().fetch(name + "/text", granted: [FetchGrant(origin: name)]))
        #expect(why.contains("loopback"), "\(why)")
        #expect(web.log.isEmpty)
        // The address and the port, named by themselves, lift that; another port does not.
        let port = FetchGrant(origin: "http://127.0.0.1:1")
        let other = refusal(
            try FetchLoop().fetch(name + "/text", granted: [FetchGrant(origin: name), port]))
        #expect(other.contains("loopback"), "\(other)")
        let both = [FetchGrant(origin: name), FetchGrant(origin: web.origin)]
        #expect(try FetchLoop().fetch(name + "/text", granted: both)?.get().status == 200)
    }

    @Test("each redirect is judged like the first address, and followed for GET and HEAD only")
    func redirects() throws {
        let (web, inner) = (try FakeWeb(), try FakeWeb())
        let loop = FetchLoop()
        let name = "http://localhost:\(inner.port)"
        let grants = [FetchGrant(origin: web.origin, send: true), FetchGrant(origin: name)]
        func follow(_ to: String, _ method: FetchMethod = .get) throws -> FetchLoop.Outcome? {
            try loop.fetch(web.origin + "/redirect?to=" + to, method, granted: grants)
        }
        let there = try follow("/text")?.get()
        #expect(there?.url == web.origin + "/text" && there?.redirects.count == 1)
        #expect(refusal(try follow(inner.origin + "/text")).contains("is not granted"))
        #expect(refusal(try follow(name + "/text")).contains("loopback"))
        #expect(refusal(try follow("http://\(Self.metadata)/latest")).contains("is not granted"))
        #expect(refusal(try follow("file:///etc/passwd")).contains("redirects to"))
        #expect(refusal(try follow("//user@127.0.0.1/")).contains("redirects to"))
        #expect(inner.log.isEmpty)
        let sent = try follow("/text", .post)?.get()
        #expect(sent?.status == 302 && sent?.location == "/text")
        let loops = try loop.fetch(web.origin + "/loop", granted: grants)
        #expect(failure(loops).contains("redirects"))
        #expect(web.log.count { $0.contains("/loop") } == FetchBounds.redirectsMax + 1)
    }

    @Test("a long answer is cut, a slow one given up, an untrusted one not believed")
    func bounds() throws {
        let web = try FakeWeb()
        var limits = FetchLimits()
        limits.answerBytesMax = 100_000
        limits.total = .seconds(2)
        let loop = FetchLoop(limits)
        let grants = [FetchGrant(origin: web.origin)]
        let huge = try loop.fetch(web.origin + "/huge", granted: grants)?.get()
        #expect(huge?.isCut == true && huge?.body.count == 100_000)
        let drip = try loop.fetch(web.origin + "/drip", granted: grants)
        #expect(failure(drip).contains("timed out"), "\(failure(drip))")
        let tls = try FakeWeb(tls: true)
        let secure = "https://127.0.0.1:\(tls.port)"
        let distrusted = try FetchLoop().fetch(
            secure + "/text", granted: [FetchGrant(origin: secure)])
        #expect(failure(distrusted).contains("certificate"), "\(failure(distrusted))")
        #expect(tls.log.isEmpty)
    }

    @Test("nothing goes to what is not granted, and data goes only where it may")
    func grants() throws {
        let web = try FakeWeb()
        let loop = FetchLoop()
        let reads = [FetchGrant(origin: web.origin)]
        #expect(refusal(try loop.fetch(web.origin + "/text", granted: [])).contains("nothing"))
        let why = refusal(
            try loop.fetch(web.origin + "/echo", .post, body: "x", granted: reads))
        #expect(why.contains("Allowed: \(web.origin) (GET, HEAD)"), "\(why)")
        #expect(web.log.isEmpty)
    }
}
