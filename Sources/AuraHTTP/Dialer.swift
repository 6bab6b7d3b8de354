package import AuraModel
internal import CCurl
internal import Glibc

/// Connections to servers for somebody else to speak over, driven by an event loop that belongs to
/// someone else.
///
/// Names are resolved here, and every address is judged like that of a request. Everything happens
/// on the thread that calls in; `watch` is called back during that and must not call in itself. A
/// connection ends exactly once: in `takeFinished`, or silently by `cancel`.
package final class Dialer {
    /// Names one connection; the caller chooses it and never uses it twice.
    package typealias ID = UInt64

    private final class Dial: CurlTransfer {
        let easy: UnsafeMutableRawPointer
        let gate: AddressGate
        private let errorText: UnsafeMutablePointer<CChar>

        /// A connection to be made; nil when libcurl refuses an option.
        init?(_ origin: FetchOrigin, _ grants: [FetchGrant], _ limits: FetchLimits) {
            guard let easy = curl_easy_init() else { return nil }
            self.easy = easy
            gate = AddressGate(origin, grants)
            errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
            errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
            // As `http` whatever is spoken over it: connected, and not a byte sent.
            var plain = origin
            plain.scheme = .http
            let isSet = [
                aura_curl_set_text(easy, CURLOPT_URL, plain.text + "/"),
                aura_curl_set_long(easy, CURLOPT_CONNECT_ONLY, 1),
                aura_curl_set_text(easy, CURLOPT_PROXY, ""),
                aura_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
                aura_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1),
                aura_curl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0),
                aura_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.count),
                aura_curl_set_text(easy, CURLOPT_ERRORBUFFER, errorText),
                gate.attach(to: easy),
            ].allSatisfy { $0 == CURLE_OK }
            guard isSet else { return nil }
        }

        deinit {
            curl_easy_cleanup(easy)
            errorText.deallocate()
        }

        /// What came of it, once libcurl says that it is over.
        func result(_ code: CURLcode) -> Result<Int32, FetchFailure> {
            if let refusal = gate.refusal { return .failure(.refused(refusal)) }
            let active = code == CURLE_OK ? aura_curl_active_socket(easy) : -1
            // A descriptor that stays when libcurl closes its own.
            let descriptor = active < 0 ? -1 : fcntl(active, F_DUPFD_CLOEXEC, 0)
            if descriptor >= 0 { return .success(descriptor) }
            guard code != CURLE_OK else { return .failure(.failed("no descriptor is free")) }
            let detail = String(cString: errorText)
            return .failure(
                .failed(detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail))
        }
    }

    private let limits: FetchLimits
    private let dials: CurlTransfers<Dial, Int32>

    /// When `timerFired` wants to be called, by the clock of `now`; nil: never.
    package var due: Milliseconds? { dials.due }

    /// An engine without connections; `now` is a clock that only goes forward.
    package init(
        limits: FetchLimits = FetchLimits(), now: @escaping () -> Milliseconds,
        watch: @escaping (_ descriptor: Int32, _ read: Bool, _ write: Bool) -> Void
    ) {
        self.limits = limits
        dials = CurlTransfers(now: now, watch: watch)
    }

    /// Begins to connect to `origin` under those grants.
    package func start(_ id: ID, _ origin: FetchOrigin, granted: [FetchGrant]) {
        dials.start(id, Dial(origin, granted, limits))
    }

    /// Gives a connection up.
    package func cancel(_ id: ID) { dials.drop(id) }

    /// Tells that a watched descriptor is ready; an error or a hang-up counts as both.
    package func socketReady(_ descriptor: Int32, readable: Bool, writable: Bool) {
        dials.socketReady(descriptor, readable: readable, writable: writable)
        collect()
    }

    /// Tells that the time `due` has come.
    package func timerFired() {
        dials.timerFired()
        collect()
    }

    /// What has ended since the last call: a connected socket, non-blocking, is the caller's to
    /// close.
    package func takeFinished() -> [(ID, Result<Int32, FetchFailure>)] { dials.takeFinished() }

    private func collect() {
        dials.collect { id, dial, code in dials.end(id, dial.result(code)) }
    }
}
