/// A request that a command of a run leads to, besides what the command itself says: aurad makes it,
/// and each is an entry before it is made.
package struct WebRequest: Hashable, Sendable, Codable {
    /// How the command asks for it.
    package enum Way: String, Hashable, Sendable, Codable {
        /// The answer to a `fetch` led there.
        case redirect
        /// A program in the command's cage asked the cage's proxy, in the open.
        case proxy
        /// A program asked for a tunnel: what goes through it is not seen.
        case tunnel
    }

    /// Whose it is.
    package var command: CommandID
    /// 1, 2, 3, of the command's requests.
    package var number: Int
    package var way: Way
    /// GET, POST; of a tunnel CONNECT.
    package var method: String
    /// Of a tunnel only its origin.
    package var url: String

    /// The request `number` of `command`.
    package init(command: CommandID, number: Int, way: Way, method: String, url: String) {
        self.command = command
        self.number = number
        self.way = way
        self.method = method
        self.url = url
    }

    /// `CONNECT https://example.com`.
    package var text: String { "\(method) \(url)" }
}

/// Why a request is not made, for whoever asked.
package struct WebRequestRefusal: Hashable, Sendable {
    package var reason: String
    /// After so long the same request may be made; nil: never.
    package var retryAfter: Milliseconds?

    /// A refusal for `reason`.
    package init(_ reason: String, retryAfter: Milliseconds? = nil) {
        self.reason = reason
        self.retryAfter = retryAfter
    }
}

/// What came of a request.
package struct WebRequestEnd: Hashable, Sendable, Codable {
    package var command: CommandID
    package var number: Int
    /// What the server said; nil where there was no answer, or where it was not to be seen.
    package var status: Int?
    /// Why it did not come to its own end; nil when it did.
    package var failure: String?
    /// Bytes that went to the server, and that came from it.
    package var sent: Int
    package var received: Int
    package var took: Milliseconds

    /// The end of the request `number` of `command`.
    package init(
        command: CommandID, number: Int, status: Int? = nil, failure: String? = nil, sent: Int = 0,
        received: Int = 0, took: Milliseconds = .zero
    ) {
        self.command = command
        self.number = number
        self.status = status
        self.failure = failure
        self.sent = sent
        self.received = received
        self.took = took
    }
}

extension [FetchGrant] {
    /// The origins that commands reach through the proxy of their cage.
    package var proxied: Self { filter { $0.proxy == true } }

    /// Why nothing here allows `request`; nil when something does.
    package func refusal(of request: WebRequest) -> String? {
        guard let url = try? FetchURL(request.url) else { return "no address: \(request.url)" }
        switch request.way {
        case .redirect:
            return refusal(of: FetchMethod(rawValue: request.method) ?? .post, at: url)
        case .proxy:
            return proxied.refusal(of: FetchMethod(rawValue: request.method) ?? .post, at: url)
        case .tunnel:
            // What is sent through it cannot be told from what is asked.
            guard url.origin.scheme == .https,
                proxied.refusal(of: .post, at: url) == nil
            else {
                let tunnels = proxied.filter { $0.send == true && $0.origin.hasPrefix("https:") }
                let list =
                    tunnels.isEmpty ? "nothing" : tunnels.map(\.origin).joined(separator: "; ")
                return "a tunnel to \(url.origin.text) is not granted. Allowed: \(list)."
            }
            return nil
        }
    }
}
