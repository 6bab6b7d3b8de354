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

extension AnthropicMessages {
    /// 512: an operator's line, and a bound on what a server can put into the record by failing.
    package static let messageCharactersMax = 512

    /// The failure that an answer other than 200 tells of.
    ///
    /// Classified by the provider's error type and message, and by the status where there is none.
    /// The message has the status, the type, the provider's words and its request id, on one line.
    package static func failure(head: ResponseHead, body: [UInt8]) -> ModelFailure {
        let said = try? JSON.decode(ErrorBody.self, from: body)
        let type = said?.error.type
        let words = said?.error.message ?? ""
        var message = "HTTP \(head.status)"
        if let type { message += " \(type)" }
        if !words.isEmpty { message += ": \(words)" }
        if (300..<400).contains(head.status) {
            message += ": redirects are not followed; correct the base URL"
        }
        if let id = said?.requestID ?? head.headers["request-id"] { message += " (\(id))" }
        return ModelFailure(
            cause: cause(status: head.status, type: type, message: words), message: line(message),
            retryAfter: retryAfter(head.headers))
    }

    /// The class of an error, from whatever is known of it.
    static func cause(status: Int?, type: String?, message: String) -> ModelFailure.Class {
        let words = message.lowercased()
        if type == "invalid_request_error" || status == 400 {
            if words.contains("prompt is too long") || words.contains("exceed context limit") {
                return .contextOverflow
            }
            if words.contains("credit balance") { return .quota }
        }
        if let type, let cause = causes[type] { return cause }
        switch status {
        case 401, 403: return .auth
        case 402: return .quota
        case 408, 504: return .timeout
        case 413: return .contextOverflow
        case 429: return .rate
        case 503, 529: return .overloaded
        case .some(300..<500): return .badRequest
        default: return .network
        }
    }

    private static let causes: [String: ModelFailure.Class] = [
        "authentication_error": .auth, "permission_error": .auth, "billing_error": .quota,
        "rate_limit_error": .rate, "overloaded_error": .overloaded, "timeout_error": .timeout,
        "request_too_large": .contextOverflow, "invalid_request_error": .badRequest,
        "not_found_error": .badRequest,
    ]

    private struct ErrorBody: Decodable {
        struct Failure: Decodable {
            var type: String?
            var message: String?
        }
        var error: Failure
        var requestID: String?

        private enum CodingKeys: String, CodingKey {
            case error
            case requestID = "request_id"
        }
    }

    /// A year: not a ceiling on waiting, but on arithmetic with what a server may say.
    private static let retryAfterMax = Milliseconds.seconds(366 * 86_400)

    /// How long the provider asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a
    /// date.
    ///
    /// A date is taken against the answer's own `date`, so that no clock is read. Nil when nothing
    /// is said, or nothing that makes sense.
    private static func retryAfter(_ headers: [String: String]) -> Milliseconds? {
        if let text = headers["retry-after-ms"], let span = span(Double(text), unit: 1) {
            return span
        }
        guard let text = headers["retry-after"] else { return nil }
        if let span = span(Double(text), unit: 1000) { return span }
        guard let then = seconds(date: text), let now = headers["date"].flatMap(seconds(date:))
        else { return nil }
        return span(Double(then) - Double(now), unit: 1000)
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
