package import AuraModel

/// The head of a request to the proxy of a cage, read so strictly that no two programs can read it
/// differently.
///
/// One request a connection: what stands behind it is never read. What goes on to the server is made
/// anew of the parts.
package struct ProxyHead: Hashable, Sendable {
    /// Why a head is none, and what a client is answered.
    package struct Flaw: Error, Hashable, Sendable {
        package let status: Int
        package let text: String
    }

    /// Nil for a tunnel.
    package let method: FetchMethod?
    /// Of a tunnel its origin, as `https`.
    package let url: FetchURL
    /// So many bytes of a body follow.
    package let bodyBytes: Int
    /// What the server is sent in place of the head; empty for a tunnel.
    package let forwarded: [UInt8]

    /// 100 fields: browsers send twenty.
    private static let fieldsMax = 100
    /// 15 digits: a petabyte.
    private static let lengthDigitsMax = 15

    /// Bytes of the head at the beginning of `bytes`, its empty line counted; nil: not all there.
    ///
    /// The first `searched` bytes are known to hold no end: a head that comes in many pieces is not
    /// searched again with each.
    package static func count(in bytes: [UInt8], searched: Int = 0) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count >= end.count else { return nil }
        // It may have begun in what was searched.
        let first = max(0, searched - end.count + 1)
        return (first...max(first, bytes.count - end.count))
            .first { bytes[$0...].starts(with: end) }.map { $0 + end.count }
    }

    /// The head that `bytes`, which end with its empty line, are.
    package init(_ bytes: some Collection<UInt8>) throws(Flaw) {
        // No other control character: a bare CR or LF is a line's end to some.
        let isClean = bytes.allSatisfy { (0x20...0x7e).contains($0) || [9, 10, 13].contains($0) }
        guard isClean else { throw Flaw(status: 400, text: "only visible ASCII in a head") }
        let lines = Array(bytes).split(separator: 10, omittingEmptySubsequences: false)
        let isEnded = lines.dropLast().allSatisfy { $0.firstIndex(of: 13) == $0.indices.last }
        guard lines.count > 2, isEnded, lines[lines.count - 2].count == 1, lines.last == [] else {
            throw Flaw(status: 400, text: "each line ends with CR LF, the head with an empty one")
        }
        let texts = lines.dropLast(2).map { String(decoding: $0.dropLast(), as: UTF8.self) }
        let words = (texts.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else {
            throw Flaw(status: 400, text: "begin with `METHOD TARGET HTTP/1.1`")
        }
        let fields = try Self.fields(texts.dropFirst())
        if words[0] == "CONNECT" {
            (method, url) = (nil, try Self.tunnel(words[1]))
            (bodyBytes, forwarded) = (0, [])
            return
        }
        guard let method = FetchMethod(rawValue: String(words[0])) else {
            let all = FetchMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw Flaw(status: 501, text: "a method is CONNECT, \(all)")
        }
        guard words[1].lowercased().hasPrefix("http://") else {
            throw Flaw(status: 400, text: "a target begins with http://; for https use CONNECT")
        }
        self.method = method
        url = try Self.address(String(words[1]))
        bodyBytes = try Self.bodyBytes(of: method, fields)
        forwarded = Self.forwarded(method, url, bodyBytes, fields)
    }

    private struct Field: Hashable {
        let name: String
        let line: String
        let value: String
    }

    private static func fields(_ lines: ArraySlice<String>) throws(Flaw) -> [Field] {
        guard lines.count <= fieldsMax else { throw Flaw(status: 431, text: "too many fields") }
        var fields: [Field] = []
        for line in lines {
            // A name and its colon, without a space: neither a folded line nor a hidden field.
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex,
                line[..<colon].utf8.allSatisfy({
                    $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
                })
            else { throw Flaw(status: 400, text: "a field is `Name: value`") }
            var value = line[line.index(after: colon)...].drop(while: \.isWhitespace)
            while value.last?.isWhitespace == true { value.removeLast() }
            fields.append(
                Field(name: line[..<colon].lowercased(), line: line, value: String(value)))
        }
        return fields
    }

    private static func tunnel(_ target: Substring) throws(Flaw) -> FetchURL {
        let hasPort = target.last != "]" && target.contains(":")
        guard hasPort, target.utf8.allSatisfy({ !"/?#@".utf8.contains($0) }) else {
            throw Flaw(status: 400, text: "CONNECT wants a host and a port")
        }
        return try address("https://" + target)
    }

    private static func address(_ text: String) throws(Flaw) -> FetchURL {
        do throws(FetchURL.Flaw) { return try FetchURL(text) } catch {
            throw Flaw(status: 400, text: error.text)
        }
    }

    private static func bodyBytes(
        of method: FetchMethod, _ fields: [Field]
    ) throws(Flaw) -> Int {
        guard !fields.contains(where: { $0.name == "transfer-encoding" }) else {
            throw Flaw(status: 411, text: "no Transfer-Encoding: send a Content-Length")
        }
        let lengths = fields.filter { $0.name == "content-length" }
        guard lengths.count <= 1, fields.count(where: { $0.name == "host" }) <= 1 else {
            throw Flaw(status: 400, text: "one Host and one Content-Length at most")
        }
        guard let text = lengths.first?.value else { return 0 }
        guard (1...lengthDigitsMax).contains(text.utf8.count), text.utf8.allSatisfy(\.isDigit),
            let count = Int(text)
        else { throw Flaw(status: 400, text: "a Content-Length is a number") }
        guard count == 0 || method.sendsData else {
            throw Flaw(status: 400, text: "\(method.rawValue) sends no body")
        }
        return count
    }

    /// Of one connection only (RFC 9110, section 7.6.1), or written anew.
    private static let ownFields: Set<String> = [
        "host", "content-length", "connection", "keep-alive", "proxy-connection",
        "proxy-authorization", "proxy-authenticate", "te", "trailer", "upgrade", "expect",
    ]

    private static func forwarded(
        _ method: FetchMethod, _ url: FetchURL, _ bodyBytes: Int, _ fields: [Field]
    ) -> [UInt8] {
        let named = fields.filter { $0.name == "connection" }
            .flatMap { $0.value.lowercased().split(separator: ",") }
            .map { $0.filter { !$0.isWhitespace } }
        let dropped = ownFields.union(named)
        let authority = url.origin.text.dropFirst("http://".utf8.count)
        var lines = ["\(method.rawValue) \(url.target) HTTP/1.1", "Host: \(authority)"]
        lines += fields.filter { !dropped.contains($0.name) }.map(\.line)
        if method.sendsData { lines.append("Content-Length: \(bodyBytes)") }
        lines.append("Connection: close")
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    fileprivate var isLetter: Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
    }
}
