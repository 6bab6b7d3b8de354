import AuraHTTP
import AuraModel

/// What a model reads of an answer: a line about it, then its text.
enum FetchText {
    /// 12 KiB and 20 KiB: together what an agent is shown of any tool.
    private static let headMax = 12 << 10
    private static let tailMax = 20 << 10
    /// Types that are text though their name does not begin so.
    private static let textTypes = ["json", "xml", "javascript", "yaml", "x-www-form-urlencoded"]
    /// 200 characters of what a server says of itself.
    private static let headerMax = 200

    /// `GET https://example.com/ -> 200, text/html, 512 bytes`, and the body, cleaned before it is cut.
    static func text(
        of answer: FetchAnswer, to request: FetchRequest, _ clean: (String) -> String
    ) -> String {
        let type = clean(String(answer.contentType.prefix(headerMax)))
        var lines = [
            "\(request.method.rawValue) \(answer.url) -> \(answer.status)"
                + (type.isEmpty ? "" : ", \(type)") + ", "
                + (answer.isCut ? "more than " : "") + "\(answer.body.count) bytes"
        ]
        if !answer.redirects.isEmpty {
            lines.append("redirected by " + answer.redirects.joined(separator: ", "))
        }
        if let location = answer.location {
            lines.append("location: " + clean(String(location.prefix(headerMax))))
        }
        if let text = text(in: answer) {
            var output = OutputTail(head: headMax, tail: tailMax)
            output.append(Array(clean(text).utf8))
            lines += ["", output.text()]
            if answer.isCut { lines.append("[it goes on beyond that; no more was read]") }
        } else {
            lines.append("[binary: not shown]")
        }
        return lines.joined(separator: "\n")
    }

    /// The body as text; nil when it is none.
    ///
    /// Text that says that it is may have a few bytes that are no UTF-8; a body that says nothing
    /// may not. A NUL is never text.
    private static func text(in answer: FetchAnswer) -> String? {
        guard !answer.body.contains(0) else { return nil }
        // Cut anywhere, perhaps in a character: its up to three bytes are no sign of anything.
        let whole = answer.isCut ? answer.body.dropLast(3) : answer.body[...]
        let type = answer.contentType.lowercased()
        let isNamed = type.hasPrefix("text/") || textTypes.contains { type.contains($0) }
        guard isNamed || String(validating: whole, as: UTF8.self) != nil else { return nil }
        return String(decoding: answer.body, as: UTF8.self)
    }
}
