/// An address of a machine, and whether an agent's request may go there.
package struct NetworkAddress: Hashable, Sendable {
    /// 4 bytes of IPv4 or 16 of IPv6, in network order.
    package let bytes: [UInt8]

    /// The address of 4 or 16 bytes; nil for any other number of them.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
    }

    /// The address written as four plain decimals, or as IPv6 without a zone.
    ///
    /// The other spellings of IPv4 (octal, hexadecimal, fewer parts) are none: programs disagree
    /// about them.
    package init?(text: String) {
        let parsed =
            text.utf8.contains(UInt8(ascii: ":"))
            ? Self.parseIPv6(Substring(text)) : Self.parseIPv4(Substring(text))
        guard let parsed else { return nil }
        bytes = parsed
    }

    /// Four decimals, or IPv6 in eight groups without a short form.
    package var text: String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2).map {
            String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }

    /// What keeps an agent's requests from going there, in a word or two; nil for a public address.
    ///
    /// IPv4 by the registry of special purposes (RFC 6890 and later) and multicast. Of IPv6 only
    /// global unicast, 2000::/3, is public, less what embeds an IPv4 address or documents: so
    /// mapped, NAT64 and local forms need no list.
    package var restriction: String? {
        let table = bytes.count == 4 ? Self.restrictedIPv4 : Self.restrictedIPv6
        if let found = table.first(where: { matches($0.prefix, bits: $0.bits) }) {
            return found.name
        }
        guard bytes.count == 16 else { return nil }
        return matches([0x20], bits: 3) ? nil : "no global unicast"
    }

    private struct Restricted {
        let prefix: [UInt8]
        let bits: Int
        let name: String
    }

    private static let restrictedIPv4 = [
        Restricted(prefix: [0], bits: 8, name: "this host"),
        Restricted(prefix: [10], bits: 8, name: "private"),
        Restricted(prefix: [100, 64], bits: 10, name: "private"),
        Restricted(prefix: [127], bits: 8, name: "loopback"),
        Restricted(prefix: [169, 254], bits: 16, name: "link-local"),
        Restricted(prefix: [172, 16], bits: 12, name: "private"),
        Restricted(prefix: [192, 0, 0], bits: 24, name: "reserved"),
        Restricted(prefix: [192, 0, 2], bits: 24, name: "documentation"),
        Restricted(prefix: [192, 88, 99], bits: 24, name: "relay"),
        Restricted(prefix: [192, 168], bits: 16, name: "private"),
        Restricted(prefix: [198, 18], bits: 15, name: "benchmarking"),
        Restricted(prefix: [198, 51, 100], bits: 24, name: "documentation"),
        Restricted(prefix: [203, 0, 113], bits: 24, name: "documentation"),
        Restricted(prefix: [224], bits: 4, name: "multicast"),
        Restricted(prefix: [240], bits: 4, name: "reserved"),
        // Not in the registry: a cloud answers here for the machine's own configuration.
        Restricted(prefix: [168, 63, 129, 16], bits: 32, name: "metadata"),
    ]

    private static let restrictedIPv6 = [
        Restricted(
            prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], bits: 128, name: "loopback"),
        Restricted(
            prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], bits: 96, name: "IPv4-mapped"),
        Restricted(prefix: [0, 0x64, 0xff, 0x9b], bits: 32, name: "NAT64"),
        Restricted(prefix: [0x20, 0x01, 0x0d, 0xb8], bits: 32, name: "documentation"),
        // Teredo, ORCHID, benchmarking and other protocols.
        Restricted(prefix: [0x20, 0x01, 0x00], bits: 23, name: "protocol assignment"),
        Restricted(prefix: [0x20, 0x02], bits: 16, name: "6to4"),
        Restricted(prefix: [0x3f, 0xff, 0x00], bits: 20, name: "documentation"),
        Restricted(prefix: [0xfc], bits: 7, name: "private"),
        Restricted(prefix: [0xfe, 0x80], bits: 10, name: "link-local"),
        Restricted(prefix: [0xff], bits: 8, name: "multicast"),
    ]

    private func matches(_ prefix: [UInt8], bits: Int) -> Bool {
        let whole = bits / 8
        guard bytes[..<whole].elementsEqual(prefix[..<whole]) else { return false }
        let rest = bits % 8
        guard rest > 0 else { return true }
        return bytes[whole] >> (8 - rest) == prefix[whole] >> (8 - rest)
    }

    private static func parseIPv4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy(\.isDigit),
                part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"),
                let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parseIPv6(_ text: Substring) -> [UInt8]? {
        // At most one `::`, which stands for the zeros that are missing.
        if let gap = text.firstRange(of: "::") {
            guard let head = groups(text[..<gap.lowerBound]),
                let tail = groups(text[gap.upperBound...]), head.count + tail.count < 16
            else { return nil }
            return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
        }
        guard let whole = groups(text), whole.count == 16 else { return nil }
        return whole
    }

    /// Groups of up to four hexadecimal digits; the last may be an IPv4 address.
    private static func groups(_ text: Substring) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (place, part) in parts.enumerated() {
            if part.utf8.contains(UInt8(ascii: ".")) {
                guard place == parts.count - 1, let last = parseIPv4(part) else { return nil }
                bytes += last
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(\.isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xff)]
        }
        return bytes
    }
}

extension UInt8 {
    /// `0` to `9`.
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    /// A digit of base 16, in either case.
    var isHexDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }

    /// `a` to `z`, in either case.
    var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }
}
