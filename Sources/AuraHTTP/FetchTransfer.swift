internal import AuraModel
internal import CCurl

/// One exchange of a fetch: a request to one address, without redirects.
///
/// Used on one thread. What is connected to is looked at when libcurl is about to connect, after
/// every resolution: no answer of a name server can come between.
final class FetchTransfer {
    let easy: UnsafeMutableRawPointer
    let url: FetchURL
    private(set) var status = 0
    private(set) var contentType = ""
    private(set) var location: String?
    private(set) var body: [UInt8] = []
    private(set) var isCut = false

    private let grants: [FetchGrant]
    private let answerBytesMax: Int
    private var headers: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var refusal: String?
    /// 4 KiB: an address that is longer is none that is followed.
    private static let headerBytesMax = FetchURL.bytesMax

    /// An exchange that is ready to be added to a multi handle; nil when libcurl refuses an option.
    init?(
        _ url: FetchURL, _ order: FetchOrder, _ limits: FetchLimits, timeLeft: Milliseconds
    ) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.url = url
        grants = order.grants
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
        if let refusal { return .refused(refusal) }
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
            aura_curl_set_pointer(
                easy, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(self).toOpaque()),
            aura_curl_set_open_socket(easy) { context, purpose, address in
                guard let address, let transfer = FetchTransfer.from(context),
                    transfer.admits(address)
                else { return CURL_SOCKET_BAD }
                return aura_curl_open_socket(context, purpose, address)
            },
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
        // SAFETY: used by callbacks of this easy handle only, which deinit destroys.
        let context = Unmanaged.passUnretained(self).toOpaque()
        return [
            aura_curl_set_pointer(easy, CURLOPT_WRITEDATA, context),
            aura_curl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                let isTaken = FetchTransfer.from(context)?.takeBody(bytes, size * count) ?? false
                // Any other number than was offered ends the exchange.
                return isTaken ? size * count : 0
            },
            aura_curl_set_pointer(easy, CURLOPT_HEADERDATA, context),
            aura_curl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                FetchTransfer.from(context)?.takeHeader(bytes, size * count)
                return size * count
            },
        ].allSatisfy { $0 == CURLE_OK }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> FetchTransfer? {
        // SAFETY: set in init to self; the handle, and with it the callbacks, are gone before self
        // is.
        context.map { Unmanaged<FetchTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether the address may be connected to.
    ///
    /// One that may not ends the exchange: a name that leads to a public and to a private address is
    /// not tried further.
    private func admits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
        guard refusal == nil else { return false }
        var port: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            // SAFETY: the shim writes at most the 16 bytes that there is room for.
            count = Int(aura_curl_address(address, buffer.baseAddress, &port))
        }
        guard let peer = NetworkAddress(bytes: bytes) else {
            refusal = "\(url.origin.host) leads to no internet address"
            return false
        }
        guard let restriction = peer.restriction else { return true }
        if grants.names(peer, port: Int(port)) { return true }
        refusal =
            "\(url.origin.host) leads to \(peer.text), which is \(restriction): such an address "
            + "is reached only where the definition names it with its port"
        return false
    }

    private func takeHeader(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) {
        let line = String(
            decoding: Self.copy(bytes, min(count, Self.headerBytesMax)), as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            // A new head: what came before was an interim answer.
            let parts = line.split(separator: " ", maxSplits: 2)
            status = parts.count > 1 ? Int(parts[1].prefix { $0.isNumber }) ?? 0 : 0
            (contentType, location) = ("", nil)
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = Self.trimmed(line[line.index(after: colon)...])
        switch line[..<colon].lowercased() {
        case "content-type": contentType = value
        case "location": location = value
        default: break
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private func takeBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Bool {
        let room = answerBytesMax - body.count
        body += Self.copy(bytes, min(count, room))
        isCut = count > room
        return !isCut
    }

    private static func copy(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> [UInt8] {
        // SAFETY: libcurl lends `count` readable bytes for the length of its callback.
        Array(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
    }
}
