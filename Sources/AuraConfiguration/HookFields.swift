import AuraModel

/// Reads `hooks` of `aurad.yaml`.
enum HookFields {
    private static let expectation = "a mapping such as `{listen: 127.0.0.1:9180}`"
    private static let listenExpectation =
        "a loopback address with a port, such as `127.0.0.1:9180` or `[::1]:9180`"

    /// A million in a minute is no bound any more.
    private static let rateRange = 1...1_000_000

    static func read(_ field: Field, _ report: inout Report) -> HookSettings? {
        let keys = ["listen", "deliveries-per-minute", "requests-per-minute"]
        guard let fields = Fields(field, keys: keys, expected: expectation, &report),
            let listen = fields.required("listen", expected: listenExpectation, &report)?.text(
                expected: listenExpectation,
                hint: "let a proxy with TLS pass deliveries on from outside", &report,
                { address($0) != nil }),
            let (host, port) = address(listen)
        else { return nil }
        return HookSettings(
            host: host, port: port,
            deliveriesPerMinute: fields["deliveries-per-minute"]?.whole(rateRange, &report)
                ?? HookSettings.deliveriesStandard,
            requestsPerMinute: fields["requests-per-minute"]?.whole(rateRange, &report)
                ?? HookSettings.requestsStandard)
    }

    /// 127.0.0.0/8 or ::1, and a port; see RFC 6890.
    private static func address(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let (host, digits) = (text[..<colon], text[text.index(after: colon)...])
        guard (1...5).contains(digits.utf8.count), let port = Int(digits),
            (1...65_535).contains(port)
        else { return nil }
        if host == "[::1]" { return ("::1", port) }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127",
            parts.allSatisfy({
                UInt8($0) != nil && $0.utf8.allSatisfy { (0x30...0x39).contains($0) }
            })
        else { return nil }
        return (String(host), port)
    }
}
