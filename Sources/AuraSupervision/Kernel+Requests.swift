import AuraModel

/// Requests that commands lead to: where a `fetch` is redirected, and what programs in a cage ask
/// its proxy for.
extension Kernel {
    /// Policy: only what the definition grants, and so often; each an entry before it is made.
    mutating func consider(_ request: WebRequest, of id: RunID, at now: Instant) throws {
        guard let row = state.runs[id], row.index(of: request.command) != nil else {
            let refusal = WebRequestRefusal("the command is over")
            return actions.append(.request(id, request, refusal: refusal))
        }
        let grants = state.definitions[row.definition]?.capabilities.fetch ?? []
        guard
            let refusal = Policy.refusal(
                of: request, of: row, granted: grants, within: settings.proxy, at: now)
        else {
            try record(.requestMade(request), run: id, at: now)
            return actions.append(.request(id, request, refusal: nil))
        }
        if Policy.isWorthAnEntry(request, of: row, within: settings.proxy, at: now) {
            try record(.requestRefused(request, reason: refusal.reason), run: id, at: now)
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
        of request: WebRequest, of run: RunRow, granted: [FetchGrant],
        within limits: ProxyLimits, at now: Instant
    ) -> WebRequestRefusal? {
        let next = use(of: request, run, at: now)
        if request.way == .redirect, let tooMany = next.refusal {
            return WebRequestRefusal(tooMany)
        }
        if request.way != .redirect,
            let tooMany = next.refusal(
                total: limits.requests, perMinute: limits.requestsPerMinute)
        {
            // An installation that is told when goes on by itself.
            let isForGood = next.total > limits.requests
            return WebRequestRefusal(tooMany, retryAfter: isForGood ? nil : next.rest(at: now))
        }
        return granted.refusal(of: request).map { WebRequestRefusal($0) }
    }

    /// Whether a refusal of `request` is written down: of a flood only the first one of a minute.
    static func isWorthAnEntry(
        _ request: WebRequest, of run: RunRow, within limits: ProxyLimits, at now: Instant
    ) -> Bool {
        let next = use(of: request, run, at: now)
        return request.way == .redirect
            || next.total <= limits.requests + 1 && next.recent <= limits.requestsPerMinute + 1
    }

    private static func use(of request: WebRequest, _ run: RunRow, at now: Instant) -> FetchUse {
        FetchUse(after: request.way == .redirect ? run.fetches : run.proxied, at: now)
    }
}
