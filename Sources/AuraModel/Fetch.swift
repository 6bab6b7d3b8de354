/// An origin that a definition lets its agents make requests to, through aurad.
package struct FetchGrant: Hashable, Sendable, Codable {
    /// `https://example.com` or `http://example.com:port`, as `FetchOrigin.text` writes it.
    package var origin: String
    /// Whether requests may send data there (POST, PUT, PATCH, DELETE); nil: only GET and HEAD.
    package var send: Bool?
    /// Whether commands reach it, through the proxy of their cage; nil: they do not.
    ///
    /// What goes through a tunnel is not seen, so an `https` origin needs `send` as well.
    package var proxy: Bool?

    /// Leave to make requests to `origin`.
    package init(origin: String, send: Bool? = nil, proxy: Bool? = nil) {
        self.origin = origin
        self.send = send
        self.proxy = proxy
    }

    /// `https://example.com (GET, HEAD)`.
    package var text: String {
        "\(origin) (\(FetchMethod.allowed(send == true).map(\.rawValue).joined(separator: ", ")))"
    }
}

/// What a request does.
package enum FetchMethod: String, Sendable, CaseIterable {
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"

    /// Whether it changes something at the other end, as its definition has it: RFC 9110.
    package var sendsData: Bool { self != .get && self != .head }

    /// What a grant with or without leave to send allows.
    package static func allowed(_ send: Bool) -> [Self] {
        send ? allCases : allCases.filter { !$0.sendsData }
    }
}

/// The bounds of requests.
package enum FetchBounds {
    /// 200 requests in a run: a bound on what a run that goes astray can do to somebody's server.
    package static let requestsMax = 200
    /// 30 in a minute, as a person who clicks fast.
    package static let requestsPerMinuteMax = 30
    /// 64 KiB of a request's body: it is part of an entry.
    package static let bodyBytesMax = 64 << 10
    /// 5 redirects: a chain that is longer is a loop or a tracker.
    package static let redirectsMax = 5
}

/// A request as a tool call asks for it.
package struct FetchRequest: Hashable, Sendable {
    package var method: FetchMethod
    package var url: FetchURL
    package var body: String
    package var contentType: String

    /// What an agent's body is when it does not say.
    private static let standardType = "text/plain; charset=utf-8"
    /// 200 bytes: the longest registered type with its parameters is half that.
    private static let typeBytesMax = 200

    /// The request of a call's input.
    package init(input: JSONValue) throws(FetchURL.Flaw) {
        let text = input["url"]?.stringValue ?? ""
        guard let method = FetchMethod(rawValue: input["method"]?.stringValue ?? "GET") else {
            let all = FetchMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw FetchURL.Flaw(text: "`method` must be one of \(all)")
        }
        self.method = method
        do {
            url = try FetchURL(text)
        } catch {
            throw FetchURL.Flaw(text: "`url`: \(error.text)")
        }
        body = input["body"]?.stringValue ?? ""
        contentType = input["content_type"]?.stringValue ?? Self.standardType
        guard body.isEmpty || method.sendsData else {
            throw FetchURL.Flaw(text: "`body`: \(method.rawValue) sends none")
        }
        guard body.utf8.count <= FetchBounds.bodyBytesMax else {
            throw FetchURL.Flaw(text: "`body`: at most \(FetchBounds.bodyBytesMax) bytes")
        }
        guard contentType.utf8.count <= Self.typeBytesMax,
            contentType.utf8.allSatisfy({ (0x20...0x7e).contains($0) })
        else { throw FetchURL.Flaw(text: "`content_type`: a short line of visible ASCII") }
    }
}

extension [FetchGrant] {
    /// Why nothing here allows `method` at `url`, with what would be allowed; nil when one does.
    package func refusal(of method: FetchMethod, at url: FetchURL) -> String? {
        let here = first { $0.origin == url.origin.text }
        if let here, !method.sendsData || here.send == true { return nil }
        let list = isEmpty ? "nothing" : map(\.text).joined(separator: "; ")
        return "\(method.rawValue) \(url.origin.text) is not granted. Allowed: \(list)."
    }

    /// Whether an address and port are named by themselves, which lifts every restriction there.
    package func names(_ address: NetworkAddress, port: Int) -> Bool {
        contains { grant in
            guard let origin = try? FetchURL(grant.origin).origin else { return false }
            return origin.address == address && origin.port == port
        }
    }
}

/// How many requests a run has made.
package struct FetchUse: Hashable, Sendable, Codable {
    package var total: Int
    /// The first of the current minute, and how many since then.
    package var since: Instant
    package var recent: Int

    /// One more after `earlier`, at `now`.
    package init(after earlier: FetchUse?, at now: Instant) {
        total = (earlier?.total ?? 0) + 1
        // A clock that is set back begins a new minute, too.
        let goesOn = earlier.map { (.zero..<Self.minute).contains(now - $0.since) } ?? false
        since = goesOn ? earlier?.since ?? now : now
        recent = (goesOn ? earlier?.recent ?? 0 : 0) + 1
    }

    /// Why the newest request is one too many; nil when it is not.
    package var refusal: String? {
        refusal(total: FetchBounds.requestsMax, perMinute: FetchBounds.requestsPerMinuteMax)
    }

    /// The same by these bounds.
    package func refusal(total totalMax: Int, perMinute recentMax: Int) -> String? {
        if total > totalMax { return "a run makes at most \(totalMax) requests" }
        guard recent > recentMax else { return nil }
        return "more than \(recentMax) requests in a minute: wait a minute"
    }

    /// How long after `now` the next minute begins.
    package func rest(at now: Instant) -> Milliseconds {
        Milliseconds(Self.minute.count - (now - since).count)
    }

    private static let minute = Milliseconds.minutes(1)
}
