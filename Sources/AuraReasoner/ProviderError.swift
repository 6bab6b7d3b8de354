package import AuraModel
internal import CCurl

/// What an HTTP answer said beside its body, as far as a failure is told by it.
package struct ResponseHead: Hashable, Sendable {
    package var status: Int
    /// Header values by lower-case name.
    package var headers: [String: String]

    /// A head.
    package init(status: Int, headers: [String: String] = [:]) {
        self.status = status
        self.headers = headers
    }
}

/// An error as a provider tells it, of whatever dialect: this is where it gets its class, once.
package struct ProviderError {
    /// HTTP's, or the one that the error itself names.
    var status: Int?
    var type: String?
    var code: String?
    var message = ""
    var requestID: String?

    /// 512: an operator's line, and a bound on what a server can put into the record by failing.
    package static let messageCharactersMax = 512

    /// The failure that an answer other than 200 tells of.
    ///
    /// Classified by the provider's error type, code and message, and by the status where there is
    /// none. The message has the status, the type, the provider's words and its request id, on one
    /// line.
    package static func failure(head: ResponseHead, body: [UInt8]) -> ModelFailure {
        var error = inBody(body) ?? Self()
        error.status = head.status
        var message = "HTTP \(head.status)"
        if let type = error.type ?? error.code { message += " \(type)" }
        if !error.message.isEmpty { message += ": \(error.message)" }
        if (300..<400).contains(head.status) {
            message += ": redirects are not followed; correct the base URL"
        }
        let id = error.requestID ?? head.headers["request-id"] ?? head.headers["x-request-id"]
        if let id { message += " (\(id))" }
        return ModelFailure(
            cause: error.cause, message: line(message), retryAfter: RetryHint.after(head.headers),
            shouldRetry: RetryHint.verdict(head.headers))
    }

    // MARK: - Classes

    /// The class of the error, from whatever is known of it.
    var cause: ModelFailure.Class {
        if let cause = causeByWords { return cause }
        for name in [code, type] {
            if let name, let cause = Self.causes[name] { return cause }
        }
        switch status {
        case 401, 403: return .auth
        case 402: return .quota
        case 408, 504, 524: return .timeout
        case 413: return .contextOverflow
        case 429: return .rate
        case 503, 529: return .overloaded
        case .some(300..<500): return .badRequest
        default: return .network
        }
    }

    /// What only the message tells: an overlong prompt is a plain bad request by type and status.
    private var causeByWords: ModelFailure.Class? {
        guard type == "invalid_request_error" || status.map({ 400..<500 ~= $0 }) == true
        else { return nil }
        let words = message.lowercased()
        if Self.overflows.contains(where: words.contains) { return .contextOverflow }
        return words.contains("credit balance") ? .quota : nil
    }

    /// As Anthropic, OpenAI and vLLM, llama.cpp, and OpenRouter say it.
    private static let overflows = [
        "prompt is too long", "exceed context limit", "maximum context length",
        "exceeds the available context size", "context length exceeded",
    ]

    private static let causes: [String: ModelFailure.Class] = [
        "authentication_error": .auth, "permission_error": .auth, "invalid_api_key": .auth,
        "billing_error": .quota, "insufficient_quota": .quota, "rate_limit_error": .rate,
        "rate_limit_exceeded": .rate, "overloaded_error": .overloaded,
        "insufficient_system_resource": .overloaded, "timeout_error": .timeout,
        "request_too_large": .contextOverflow, "context_length_exceeded": .contextOverflow,
        "exceed_context_size_error": .contextOverflow, "invalid_request_error": .badRequest,
        "invalid_prompt": .badRequest, "not_found_error": .badRequest,
        "model_not_found": .badRequest, "content_policy_violation": .refused,
    ]

    // MARK: - Reading

    /// The error in a body: `error` as an object or a text, or the members at the top, where some
    /// servers have them; nil when there is none.
    static func inBody(_ body: [UInt8]) -> Self? {
        guard let whole = try? JSONScanner.value(body) else { return nil }
        var error: Self
        if let inner = whole["error"], inner != .null {
            error = Self(inner)
        } else if whole["object"] == .string("error") || whole["detail"] != nil {
            error = Self(whole)
        } else {
            return nil
        }
        error.requestID = whole["request_id"]?.stringValue
        return error
    }

    private init() {}

    /// The error in the value of an `error` member, or in an event.
    init(_ value: JSONValue) {
        type = value["type"]?.stringValue
        message = value["message"]?.stringValue ?? value["detail"]?.stringValue ?? ""
        if case .string(let text) = value { message = text }
        // A status may stand in place of a code, also as text.
        code = value["code"]?.stringValue
        let number = value["code"]?.integerValue ?? code.flatMap { Int($0) }
        if let number, 400..<600 ~= number {
            status = number
            code = nil
        }
    }

    /// The failure of a call whose stream brought this error.
    func failureInStream(usage: TokenUsage?, begun: TokenUsage?) -> ModelFailure {
        let name = type ?? code ?? status.map { String($0) } ?? "error"
        return ModelFailure(
            cause: cause, message: Self.line("in the stream: \(name): \(message)"), usage: usage,
            begun: begun)
    }

    /// `text` on one line, without control characters, within `messageCharactersMax`.
    static func line(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars.prefix(messageCharactersMax) {
            let isControl = scalar.properties.generalCategory == .control
            line.unicodeScalars.append(isControl ? " " : scalar)
        }
        return line
    }
}

/// What headers say about asking again.
enum RetryHint {
    /// A year: not a ceiling on waiting, but on arithmetic with what a server may say.
    private static let retryAfterMax = Milliseconds.seconds(366 * 86_400)

    /// How long the provider asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a
    /// date.
    ///
    /// A date is taken against the answer's own `date`, so that no clock is read. Nil when nothing
    /// is said, or nothing that makes sense.
    static func after(_ headers: [String: String]) -> Milliseconds? {
        if let text = headers["retry-after-ms"], let span = span(Double(text), unit: 1) {
            return span
        }
        guard let text = headers["retry-after"] else { return nil }
        if let span = span(Double(text), unit: 1000) { return span }
        guard let then = seconds(date: text), let now = headers["date"].flatMap(seconds(date:))
        else { return nil }
        return span(Double(then) - Double(now), unit: 1000)
    }

    /// `x-should-retry`, the provider's own word.
    static func verdict(_ headers: [String: String]) -> Bool? {
        switch headers["x-should-retry"] {
        case "true": true
        case "false": false
        default: nil
        }
    }

    private static func span(_ count: Double?, unit: Double) -> Milliseconds? {
        guard let count, count.isFinite, count >= 0 else { return nil }
        let milliseconds = (count * unit).rounded(.up)
        return Milliseconds(Int(min(milliseconds, Double(retryAfterMax.count))))
    }

    /// Seconds since the epoch of an HTTP date; see curl_getdate(3).
    private static func seconds(date text: String) -> Int? {
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : seconds
    }
}
