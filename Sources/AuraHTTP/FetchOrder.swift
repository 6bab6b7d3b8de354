package import AuraModel

/// One request of an agent, with all that bounds it.
package struct FetchOrder: Sendable {
    package var request: FetchRequest
    /// What the run's definition grants.
    package var grants: [FetchGrant]

    /// The request under those grants.
    package init(request: FetchRequest, grants: [FetchGrant]) {
        self.request = request
        self.grants = grants
    }
}

/// What came of a request.
package struct FetchAnswer: Hashable, Sendable {
    /// The last address asked, after redirects.
    package var url: String
    package var status: Int
    /// As the server said; empty when it did not.
    package var contentType: String
    /// Where a redirect that was not followed leads.
    package var location: String?
    /// The first bytes of the body, at most `FetchLimits.answerBytesMax`.
    package var body: [UInt8]
    /// Whether the body goes on beyond the bound.
    package var isCut: Bool
    /// Addresses that redirected, in order.
    package var redirects: [String]
}

/// Why a request brought no answer.
package enum FetchFailure: Error, Hashable, Sendable {
    /// A rule forbids it: nothing was sent to that place.
    case refused(String)
    /// The connection, the other end or the time did not allow it.
    case failed(String)
}

/// Bounds of one request, redirects included.
package struct FetchLimits: Sendable {
    /// 30 seconds from the name's resolution to the answer's last byte: a drip ends there, too.
    package var total = Milliseconds.seconds(30)
    /// 10 seconds to connect, as a browser's user waits.
    package var connect = Milliseconds.seconds(10)
    /// 1 MiB: of a text of that size a model is shown a thirtieth.
    package var answerBytesMax = 1 << 20
    /// 64 at once: each holds its answer in memory.
    package var requestsMax = 64

    /// The bounds above.
    package init() {}
}
