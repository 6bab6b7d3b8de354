import AuraModel

/// Requests that commands lead to: where a `fetch` is redirected, and what programs in a cage ask
/// its proxy for.
extension Kernel {
    /// Policy: only what the definition grants, and so often; each an entry before it is made.
    mutating func consider(_ request: WebRequest, of id: RunID, at now: Instant) throws {
        guard let row = state.runs[id], row.index(of: request.command) != nil else {
            return actions.append(.request(id, request, refusal: "the command is over"))
        }
        let grants = state.definitions[row.definition]?.capabilities.fetch ?? []
        guard let refusal = Policy.refusal(of: request, of: row, granted: grants, at: now)
        else {
            try record(.requestMade(request), run: id, at: now)
            return actions.append(.request(id, request, refusal: nil))
        }
        if Policy.isWorthAnEntry(request, of: row, at: now) {
            try record(.requestRefused(request, reason: refusal), run: id, at: now)
        }
        actions.append(.request(id, request, refusal: refusal))
    }

    /// What came of a request; of one whose command is over nothing more is told.
    mutating func close(_ end: WebRequestEnd, of id: RunID, at now: Instant) throws {
        guard state.runs[id]?.index(of: end.command) != nil else { return }
        try record(.requestEnded(end), run: id, at: now)
    }
}

extension Policy {
    /// Why `request` is refused to `run`; nil when it is granted.
    static func refusal(
        of request: WebRequest, of run: RunRow, granted: [FetchGrant], at now: Instant
    ) -> String? {
        let next = use(of: request, run, at: now)
        let tooMany =
            request.way == .redirect
            ? next.refusal
            : next.refusal(
                total: ProxyBounds.requestsMax, perMinute: ProxyBounds.requestsPerMinuteMax)
        return tooMany ?? granted.refusal(of: request)
    }

    /// Whether a refusal of `request` is written down: of a flood only the first one of a minute.
    static func isWorthAnEntry(_ request: WebRequest, of run: RunRow, at now: Instant) -> Bool {
        let next = use(of: request, run, at: now)
        return request.way == .redirect
            || next.total <= ProxyBounds.requestsMax + 1
                && next.recent <= ProxyBounds.requestsPerMinuteMax + 1
    }

    private static func use(of request: WebRequest, _ run: RunRow, at now: Instant) -> FetchUse {
        FetchUse(after: request.way == .redirect ? run.fetches : run.proxied, at: now)
    }
}
