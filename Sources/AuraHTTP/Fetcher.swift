package import AuraModel
internal import CCurl

/// Requests of agents, driven by an event loop that belongs to someone else.
///
/// Everything happens on the thread that calls in; `watch` is called back during that and must not
/// call in itself. A request ends exactly once: in `takeFinished`, or silently by `cancel`. It is
/// made once: what fails is not made again. Only GET and HEAD follow redirects, each one judged like
/// the first address, and followed when `proceed` says so.
package final class Fetcher {
    /// Names one request; the caller chooses it and never uses it twice.
    package typealias ID = UInt64

    private struct Fetch: CurlTransfer {
        let order: FetchOrder
        let transfer: FetchTransfer
        let deadline: Milliseconds
        let redirects: [String]

        var easy: UnsafeMutableRawPointer { transfer.easy }
    }

    /// A redirect that is not followed yet.
    package struct Hop: Hashable, Sendable {
        package let id: ID
        package let url: FetchURL
        /// 1 for the first redirect of the request.
        package let number: Int
        /// What the answer was that leads there.
        package let status: Int
        package let received: Int
    }

    /// A request between two exchanges.
    private struct Waiting {
        let order: FetchOrder
        let url: FetchURL
        let deadline: Milliseconds
        let redirects: [String]
    }

    private let limits: FetchLimits
    private let fetches: CurlTransfers<Fetch, FetchAnswer>
    private var waiting: [ID: Waiting] = [:]
    private var hops: [Hop] = []

    /// An engine without requests; `now` is a clock that only goes forward.
    package init(
        limits: FetchLimits = FetchLimits(), now: @escaping () -> Milliseconds,
        watch: @escaping (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void
    ) {
        self.limits = limits
        fetches = CurlTransfers(now: now, watch: watch)
    }

    /// When `timerFired` wants to be called, by the clock of `now`; nil: never.
    package var due: Milliseconds? {
        // A redirect is to be collected like what has ended.
        hops.isEmpty ? fetches.due : fetches.now()
    }

    /// Begins a request; its end comes from `takeFinished`, also when it fails at once.
    package func start(_ id: ID, _ order: FetchOrder) {
        guard fetches.count + waiting.count < limits.requestsMax else {
            return fetches.end(id, .failure(.failed("too many requests at once; try again")))
        }
        begin(
            id, order, order.request.url,
            deadline: Milliseconds(fetches.now().count + limits.total.count), after: [])
    }

    /// Follows the redirect that `takeHops` told of; or not, for a reason that ends the request.
    package func proceed(_ id: ID, refusal: String? = nil) {
        guard let next = waiting.removeValue(forKey: id) else { return }
        if let refusal {
            let way = next.redirects.joined(separator: ", ")
            fetches.end(id, .failure(.refused("\(way) leads here: \(refusal)")))
        } else {
            begin(id, next.order, next.url, deadline: next.deadline, after: next.redirects)
        }
    }

    /// The redirects since the last call: each waits for `proceed`.
    package func takeHops() -> [Hop] {
        defer { hops = [] }
        return hops
    }

    /// Gives a request up: its connection is closed and nothing more is heard of it.
    package func cancel(_ id: ID) {
        fetches.forget(id)
        hops.removeAll { $0.id == id }
        waiting[id] = nil
        fetches.drop(id)
    }

    /// Tells that a watched descriptor is ready; an error or a hang-up counts as both.
    package func socketReady(_ descriptor: Int32, readable: Bool, writable: Bool) {
        fetches.socketReady(descriptor, readable: readable, writable: writable)
        collect()
    }

    /// Tells that the time `due` has come.
    package func timerFired() {
        fetches.timerFired()
        collect()
    }

    /// What has ended since the last call, in the order in which it did.
    package func takeFinished() -> [(ID, Result<FetchAnswer, FetchFailure>)] {
        fetches.takeFinished()
    }

    private func begin(
        _ id: ID, _ order: FetchOrder, _ url: FetchURL, deadline: Milliseconds,
        after redirects: [String]
    ) {
        // The supervision refused what is not granted; no redirect may lead around that.
        if let refusal = order.grants.refusal(of: order.request.method, at: url) {
            let way = redirects.isEmpty ? "" : "\(redirects.joined(separator: ", ")) leads here: "
            return fetches.end(id, .failure(.refused(way + refusal)))
        }
        let timeLeft = Milliseconds(deadline.count - fetches.now().count)
        let transfer = FetchTransfer(url, order, limits, timeLeft: timeLeft)
        fetches.start(
            id,
            transfer.map {
                Fetch(order: order, transfer: $0, deadline: deadline, redirects: redirects)
            })
    }

    private func collect() {
        fetches.collect { id, fetch, code in
            if let failure = fetch.transfer.failure(code) {
                fetches.end(id, .failure(failure))
            } else {
                answered(id, fetch)
            }
        }
    }

    private func answered(_ id: ID, _ fetch: Fetch) {
        let transfer = fetch.transfer
        let isRedirect = [301, 302, 303, 307, 308].contains(transfer.status)
        // What sends data is not sent elsewhere: the model may do that itself.
        guard isRedirect, let location = transfer.location,
            !fetch.order.request.method.sendsData
        else {
            let answer = FetchAnswer(
                url: transfer.url.text, status: transfer.status,
                contentType: transfer.contentType, location: transfer.location,
                body: transfer.body, isCut: transfer.isCut, redirects: fetch.redirects)
            return fetches.end(id, .success(answer))
        }
        let redirects = fetch.redirects + [transfer.url.text]
        guard redirects.count <= FetchBounds.redirectsMax else {
            return fetches.end(
                id,
                .failure(
                    .failed(
                        "more than \(FetchBounds.redirectsMax) redirects: "
                            + redirects.joined(separator: ", "))))
        }
        do throws(FetchURL.Flaw) {
            let next = try transfer.url.resolving(location)
            waiting[id] = Waiting(
                order: fetch.order, url: next, deadline: fetch.deadline, redirects: redirects)
            hops.append(
                Hop(
                    id: id, url: next, number: redirects.count, status: transfer.status,
                    received: transfer.received))
        } catch {
            let shown = location.prefix(Self.shownMax)
            fetches.end(id, .failure(.refused("it redirects to `\(shown)`: \(error.text)")))
        }
    }

    /// 200 characters of a strange address: enough to see what it is.
    private static let shownMax = 200
}
