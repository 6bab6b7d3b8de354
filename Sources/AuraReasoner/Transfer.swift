internal import AuraHTTP
internal import AuraModel
internal import CCurl

/// One HTTP exchange with a provider: owns its easy handle, folds what arrives.
///
/// Used on one thread. Callbacks come from libcurl only while the handle is in a multi handle.
final class Transfer: CurlReceiver {
    /// What a transfer is made of.
    struct Order {
        var url: String
        /// Whole lines, beside those of every exchange.
        var headers: [[UInt8]]
        var body: [UInt8]
        var stream: any AnswerStream
        var connectTimeout: Milliseconds
    }

    /// 64 MiB: an event carries a token in some 200 bytes, so this is more than 300,000 tokens.
    static let answerBytesMax = 64 << 20
    /// 64 KiB: an error's body is a few hundred bytes; a proxy's error page is cut.
    static let errorBytesMax = 64 << 10
    /// 1 KiB: the few header values that are kept are far shorter.
    static let headerBytesMax = 1 << 10

    let easy: UnsafeMutableRawPointer
    /// Bytes of the answer's body so far.
    private(set) var received = 0
    /// When bytes last went either way.
    private(set) var lastActivity: Milliseconds
    /// Whether the first byte of the answer, its head counted, is there.
    private(set) var hasAnswered = false

    private var headers: UnsafeMutablePointer<curl_slist>?
    private var answer: CurlContext?
    private let errorText: UnsafeMutablePointer<CChar>
    private let now: () -> Milliseconds
    private var head = ResponseHead(status: 0)
    private var errorBody: [UInt8] = []
    private var parser = SSEParser()
    private var stream: any AnswerStream
    private var uploaded: curl_off_t = 0
    private var failure: ModelFailure?

    /// The answer or failure, once known; bytes that come later change nothing.
    var result: Result<ModelAnswer, ModelFailure>? {
        if let failure { return .failure(failure) }
        return stream.result
    }

    /// What the provider said of the call's usage at its beginning.
    var begun: TokenUsage? { stream.begun }

    /// What the model has said since this was last asked.
    func takeProse() -> String { stream.takeProse() }

    /// A transfer that is ready to be added to a multi handle; nil when libcurl refuses an option.
    init?(order: Order, now: @escaping () -> Milliseconds) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.now = now
        stream = order.stream
        lastActivity = now()
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard configure(order), receive() else { return nil }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    /// Takes libcurl's word that the exchange is over; `result` is set afterwards.
    func end(_ code: CURLcode) {
        guard result == nil else { return }
        if head.status != 0, head.status != 200 {
            failure = ProviderError.failure(head: head, body: errorBody)
        } else if code == CURLE_OK, head.status == 200, !isEventStream {
            failure = failureOfOtherType
        } else if code != CURLE_OK {
            stream.fail(Self.cause(of: code), reason(code))
        } else {
            stream.end(partial: try? parser.finish())
        }
    }

    /// Gives the exchange up because a deadline passed.
    func expire(_ message: String) {
        guard result == nil else { return }
        stream.fail(.timeout, message)
    }

    private func configure(_ order: Order) -> Bool {
        let fields: [[UInt8]] =
            order.headers + [
                Array("content-type: application/json".utf8),
                Array("accept: text/event-stream".utf8),
                // Empty: no `Expect: 100-continue`, which would cost a round trip.
                Array("Expect:".utf8),
            ]
        for field in fields {
            let grown = (field + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    curl_slist_append(headers, $0.baseAddress)
                }
            }
            guard let grown else { return false }
            headers = grown
        }
        let size = order.body.count
        return [
            aura_curl_set_text(easy, CURLOPT_URL, order.url),
            aura_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
            aura_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            // Empty: environment variables do not choose who sees the key.
            aura_curl_set_text(easy, CURLOPT_PROXY, ""),
            aura_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
            aura_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            aura_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            aura_curl_set_close_on_exec(easy),
            // One exchange per connection: a stalled answer holds up no other, and to abort is to
            // close.
            aura_curl_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1),
            aura_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, order.connectTimeout.count),
            aura_curl_set_text(easy, CURLOPT_USERAGENT, "aura"),
            aura_curl_set_list(easy, CURLOPT_HTTPHEADER, headers),
            aura_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(size)),
            // Copied by libcurl, so that it may send it again on a connection that turns out dead.
            order.body.withUnsafeBytes {
                aura_curl_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress)
            },
            aura_curl_set_text(easy, CURLOPT_ERRORBUFFER, errorText),
        ].allSatisfy { $0 == CURLE_OK }
    }

    private func receive() -> Bool {
        // SAFETY: used by a callback of this easy handle only, which deinit destroys.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let answer = CurlContext(self)
        self.answer = answer
        guard answer.attach(to: easy) else { return false }
        return [
            aura_curl_set_pointer(easy, CURLOPT_XFERINFODATA, context),
            aura_curl_set_long(easy, CURLOPT_NOPROGRESS, 0),
            aura_curl_set_progress(easy) { context, _, _, _, sent in
                Transfer.from(context)?.noteUpload(sent)
                return 0
            },
        ].allSatisfy { $0 == CURLE_OK }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> Transfer? {
        // SAFETY: set in init to self; the handle, and with it the callbacks, are gone before self
        // is.
        context.map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func noteUpload(_ sent: curl_off_t) {
        guard sent != uploaded else { return }
        uploaded = sent
        lastActivity = now()
    }

    func takeHeader(_ line: [UInt8]) {
        lastActivity = now()
        hasAnswered = true
        if let status = CurlContext.status(of: line) {
            // A new head: what came before was an interim answer.
            head = ResponseHead(status: status)
            return
        }
        guard let field = CurlContext.field(of: line, bytesMax: Self.headerBytesMax),
            Self.keptHeaders.contains(field.name)
        else { return }
        head.headers[field.name] = field.value
    }

    private static let keptHeaders: Set<String> = [
        "content-type", "date", "retry-after", "retry-after-ms", "request-id",
        "x-request-id", "x-should-retry",
    ]

    func takeBody(_ bytes: [UInt8]) -> Bool {
        lastActivity = now()
        received += bytes.count
        guard head.status == 200, isEventStream else {
            let room = Self.errorBytesMax - errorBody.count
            errorBody += bytes.prefix(room)
            if bytes.count > room, head.status == 200 { failure = failureOfOtherType }
            return bytes.count <= room
        }
        // The answer is whole or has failed: what is left is read only to keep the connection.
        if let result { return (try? result.get()) != nil && received <= Self.answerBytesMax }
        guard received <= Self.answerBytesMax else {
            stream.fail(.malformed, "an answer of more than \(Self.answerBytesMax) bytes")
            return false
        }
        do {
            for event in try parser.push(bytes) { stream.take(event) }
        } catch {
            stream.fail(.malformed, "not a valid stream: \(error)")
        }
        if case .failure = stream.result { return false }
        return true
    }

    /// A proxy that strips the type off leaves a stream; to take it for something else would be to
    /// pay for it twice.
    private var isEventStream: Bool {
        head.headers["content-type"].map { $0.lowercased().hasPrefix("text/event-stream") } ?? true
    }

    /// A 200 that is no stream: an error that forgot its status, or not the API at all.
    private var failureOfOtherType: ModelFailure {
        if let error = ProviderError.inBody(errorBody) {
            return error.failureInStream(usage: nil, begun: nil)
        }
        let type = head.headers["content-type"] ?? "nothing"
        return ModelFailure(
            cause: .malformed,
            message: ProviderError.line("the answer is \(type), not an event stream"))
    }

    private func reason(_ code: CURLcode) -> String {
        let detail = String(cString: errorText)
        return detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
    }

    private static func cause(of code: CURLcode) -> ModelFailure.Class {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: .timeout
        case CURLE_URL_MALFORMAT: .badRequest
        // What answers does not speak HTTP; the URL's own scheme was seen to be right before.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: .malformed
        default: .network
        }
    }
}
