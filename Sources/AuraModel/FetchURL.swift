/// A scheme, a host and a port: what a definition grants and what a request goes to.
package struct FetchOrigin: Hashable, Sendable {
    /// What is spoken.
    package enum Scheme: String, Sendable, CaseIterable {
        case http, https

        /// The port when none is written.
        package var standardPort: Int { self == .http ? 80 : 443 }
    }

    package var scheme: Scheme
    /// In lower case: a name of letters, digits, hyphens and dots, or an address without brackets.
    package var host: String
    package var port: Int

    /// The address that the host is written as; nil for a name.
    package var address: NetworkAddress? { NetworkAddress(text: host) }

    /// `https://example.com`, with the port where it is not the scheme's own.
    package var text: String {
        let shown = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return "\(scheme.rawValue)://\(shown)" + (port == scheme.standardPort ? "" : ":\(port)")
    }
}

/// An address on the web, taken apart so strictly that no two programs can read it differently.
///
/// What is sent is made of the parts, not of the text that was given. No user, no fragment, no
/// control character, no backslash, no byte that is not ASCII.
package struct FetchURL: Hashable, Sendable {
    package var origin: FetchOrigin
    /// The path, beginning with a slash, and the query.
    package var target: String

    /// What is wrong with an address, in words on which a model can act.
    package struct Flaw: Error, Hashable, Sendable {
        package let text: String
    }

    /// 4,096 bytes: the longest that servers commonly take is twice that.
    package static let bytesMax = 4_096
    /// 253 bytes of a host's name and 63 of each label: RFC 1035.
    private static let hostBytesMax = 253
    private static let labelBytesMax = 63

    /// The whole, as it is sent.
    package var text: String { origin.text + target }

    /// The address that `text` is.
    package init(_ text: String) throws(Flaw) {
        guard text.utf8.count <= Self.bytesMax else {
            throw Flaw(text: "longer than \(Self.bytesMax) bytes")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x5c }) else {
            throw Flaw(
                text: "only visible ASCII without a backslash: write other bytes as %XX, and a "
                    + "host's other letters in its xn-- form")
        }
        guard let colon = text.firstRange(of: "://"),
            let scheme = FetchOrigin.Scheme(rawValue: text[..<colon.lowerBound].lowercased())
        else { throw Flaw(text: "begin with https:// or http://") }
        let rest = text[colon.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        origin = try Self.origin(scheme, rest[..<end])
        target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
    }

    /// The parts put together again.
    private init(_ origin: FetchOrigin, _ target: String) {
        self.origin = origin
        self.target = target
    }

    /// Where a `Location` of an answer from here leads: RFC 3986, section 5.2.
    package func resolving(_ location: String) throws(Flaw) -> FetchURL {
        let location = String(location.prefix { $0 != "#" })
        if location.hasPrefix("//") {
            return try FetchURL(origin.scheme.rawValue + ":" + location)
        }
        let name = location.prefix { $0 != ":" && $0 != "/" && $0 != "?" }
        if name.count < location.count, location[name.endIndex] == ":" {
            return try FetchURL(location)
        }
        let path = target.prefix { $0 != "?" }
        let merged: String
        if location.isEmpty {
            merged = target
        } else if location.hasPrefix("/") {
            merged = location
        } else if location.hasPrefix("?") {
            merged = String(path) + location
        } else {
            merged = String(path[...(path.lastIndex(of: "/") ?? path.startIndex)]) + location
        }
        return try FetchURL(FetchURL(origin, Self.withoutDots(merged)).text)
    }

    private static func origin(
        _ scheme: FetchOrigin.Scheme, _ authority: Substring
    ) throws(Flaw) -> FetchOrigin {
        guard !authority.contains("@") else { throw Flaw(text: "no user and no password") }
        var host = authority
        var port = Substring(String(scheme.standardPort))
        let close = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[close...].lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy(\.isDigit),
            let number = Int(port), (1...65_535).contains(number)
        else { throw Flaw(text: "a port is 1 to 65535") }
        return FetchOrigin(scheme: scheme, host: try canonical(host), port: number)
    }

    private static func canonical(_ written: Substring) throws(Flaw) -> String {
        if written.hasPrefix("[") {
            guard written.hasSuffix("]"),
                let address = NetworkAddress(text: String(written.dropFirst().dropLast())),
                address.bytes.count == 16
            else { throw Flaw(text: "\(written) is no IPv6 address") }
            return address.text
        }
        let host = written.lowercased()
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard host.utf8.count <= hostBytesMax, labels.allSatisfy(isLabel) else {
            throw Flaw(text: "a host is letters, digits, hyphens and dots, not `\(written)`")
        }
        // A last label that begins with a digit makes resolvers look for an address.
        if labels.last?.utf8.first?.isDigit == true, NetworkAddress(text: host) == nil {
            throw Flaw(text: "an IPv4 address is four decimals, not `\(written)`")
        }
        return host
    }

    private static func isLabel(_ label: Substring) -> Bool {
        let bytes = label.utf8
        return (1...labelBytesMax).contains(bytes.count)
            && bytes.allSatisfy { $0.isDigit || $0.isLetter || $0 == UInt8(ascii: "-") }
            && bytes.first != UInt8(ascii: "-") && bytes.last != UInt8(ascii: "-")
    }

    /// RFC 3986, section 5.2.4, on the path before the query.
    private static func withoutDots(_ target: String) -> String {
        let path = target.prefix { $0 != "?" }
        var kept: [Substring] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (place, part) in parts.enumerated() {
            let isLast = place == parts.count - 1
            switch part {
            case "..":
                _ = kept.popLast()
                if isLast { kept.append("") }
            case ".":
                if isLast { kept.append("") }
            default: kept.append(part)
            }
        }
        return "/" + kept.joined(separator: "/") + target[path.endIndex...]
    }
}
