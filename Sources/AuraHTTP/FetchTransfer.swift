internal import AuraModel
internal import CCurl

/// One exchange of a fetch: a request to one address, without redirects.
///
/// Used on one thread. What is connected to is looked at when libcurl is about to connect, after
/// every resolution: no answer of a name server can come between.
final class FetchTransfer: CurlReceiver {
    let easy: UnsafeMutableRawPointer
    let url: FetchURL
    private(set) var status = 0
    private(set) var contentType = ""
    private(set) var location: String?
    private(set) var body: [UInt8] = []
    private(set) var isCut = false

    /// Bytes of the answer's body so far.
    var received: Int { body.count }

    private let gate: AddressGate
    private var answer: CurlContext?
    private let answerBytesMax: Int
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    /// 4 KiB: an address that is longer is none that is followed.
    private static let headerBytesMax = FetchURL.bytesMax

    /// An exchange that is ready to be added to a multi handle; nil when libcurl refuses an option.
    init?(
        _ url: FetchURL, _ order: FetchOrder, _ limits: FetchLimits, timeLeft: Milliseconds
    ) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.url = url
        gate = AddressGate(url.origin, order.grants)
        answerBytesMax = limits.answerBytesMax
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard isolate(), address(limits, timeLeft), method(order.request), receive() else {
            return nil
        }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// Why there is no answer, once libcurl says that the exchange is over; nil when there is one.
    func failure(_ code: CURLcode) -> FetchFailure? {
        if let refusal = gate.refusal { return .refused(refusal) }
        if code == CURLE_OK || isCut { return nil }
        let detail = String(cString: errorText)
        return .failed(detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail)
    }

    /// Nothing of the daemon's own goes along, and nothing chooses another way.
    private func isolate() -> Bool {
        [
            aura_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
            aura_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            // Empty: no proxy, whatever the environment says.
            aura_curl_set_text(easy, CURLOPT_PROXY, ""),
            aura_curl_set_long(easy, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
            aura_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
            aura_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            aura_curl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            aura_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            // A connection of its own, gone afterwards: checked for this request, used once, and
            // libcurl sends nothing a second time.
            aura_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1),
            aura_curl_set_long(easy, CURLOPT_FORBID_REUSE, 1),
            // Each request asks the name server itself: what it says later is judged then.
            aura_curl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0),
            aura_curl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1),
            aura_curl_set_text(easy, CURLOPT_USERAGENT, "aura"),
            aura_curl_set_text(easy, CURLOPT_ERRORBUFFER, errorText),
            gate.attach(to: easy),
        ].allSatisfy { $0 == CURLE_OK }
    }

    private func address(_ limits: FetchLimits, _ timeLeft: Milliseconds) -> Bool {
        [
            aura_curl_set_text(easy, CURLOPT_URL, url.text),
            aura_curl_set_long(easy, CURLOPT_PATH_AS_IS, 1),
            aura_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, limits.connect.count),
            aura_curl_set_long(easy, CURLOPT_TIMEOUT_MS, max(1, timeLeft.count)),
        ].allSatisfy { $0 == CURLE_OK }
    }

    private func method(_ request: FetchRequest) -> Bool {
        guard request.method.sendsData else {
            return request.method == .get
                || aura_curl_set_long(easy, CURLOPT_NOBODY, 1) == CURLE_OK
        }
        for line in ["content-type: \(request.contentType)", "Expect:"] {
            guard let grown = curl_slist_append(headers, line) else { return false }
            headers = grown
        }
        let body = Array(request.body.utf8)
        return [
            aura_curl_set_list(easy, CURLOPT_HTTPHEADER, headers),
            aura_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)),
            body.withUnsafeBytes {
                aura_curl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            },
            aura_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue),
        ].allSatisfy { $0 == CURLE_OK }
    }

    private func receive() -> Bool {
        let answer = CurlContext(self)
        self.answer = answer
        return answer.attach(to: easy)
    }

    func takeHeader(_ line: [UInt8]) {
        if let status = CurlContext.status(of: line) {
            // A new head: what came before was an interim answer.
            self.status = status
            (contentType, location) = ("", nil)
            return
        }
        switch CurlContext.field(of: line, bytesMax: Self.headerBytesMax) {
        case ("content-type", let value)?: contentType = value
        case ("location", let value)?: location = value
        default: break
        }
    }

    func takeBody(_ bytes: [UInt8]) -> Bool {
        let room = answerBytesMax - body.count
        body += bytes.prefix(room)
        isCut = bytes.count > room
        return !isCut
    }
}
