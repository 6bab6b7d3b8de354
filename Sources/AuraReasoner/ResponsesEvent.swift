internal import AuraModel

/// One event of a response's stream, as far as it is understood; unknown ones are passed over.
struct ResponsesEvent {
    var type = ""
    var place: Int?
    var delta: String?
    var item: JSONValue?
    var response: Response?
    var error: ProviderError?

    /// The response as its first and last events carry it.
    struct Response {
        var model: String?
        var usage: OpenAIUsage?
        var error: ProviderError?
        /// Why it is incomplete.
        var reason: String?
    }

    /// The event in `data`.
    init(_ data: [UInt8]) throws(JSONScanner.Malformed) {
        var scan = JSONScanner(data)
        var code: String?
        var message: String?
        guard try scan.enterObject() else { throw JSONScanner.Malformed() }
        while let key = try scan.nextKey() {
            switch key {
            case "type": type = try scan.text() ?? ""
            case "output_index": place = try scan.whole()
            case "delta": delta = try scan.text()
            case "item": item = try scan.value()
            case "response": response = try Response(&scan)
            case "code": code = try scan.text()
            case "message": message = try scan.text()
            case "error":
                let value = try scan.value()
                if value != .null { error = ProviderError(value) }
            default: try scan.skip()
            }
        }
        try scan.end()
        guard type == "error", error == nil else { return }
        // The event is the error itself.
        var members: [String: JSONValue] = ["message": .string(message ?? "")]
        if let code { members["code"] = .string(code) }
        error = ProviderError(.object(members))
    }
}

extension ResponsesEvent.Response {
    init?(_ scan: inout JSONScanner) throws(JSONScanner.Malformed) {
        guard try scan.enterObject() else { return nil }
        while let key = try scan.nextKey() {
            switch key {
            case "model": model = try scan.text()
            case "usage": usage = try OpenAIUsage(&scan)
            case "error":
                let value = try scan.value()
                if value != .null { error = ProviderError(value) }
            case "incomplete_details":
                reason = try scan.value()["reason"]?.stringValue
            default: try scan.skip()
            }
        }
    }
}
