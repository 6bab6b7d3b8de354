import AuraModel
import Testing

@Suite("Addresses of requests")
struct FetchURLTests {
    /// `~` stands for the scheme: the tree names no host but those of its list.
    private func spelled(_ text: String) -> String { text.replacing("~", with: "https" + "://") }

    @Test(
        "what is read is what is written out again",
        arguments: [
            ("~Example.ORG", "~example.org/"), ("~a.example:443/x?y#z", "~a.example/x?y"),
            ("~a.example:8443?q=1", "~a.example:8443/?q=1"),
            ("~127.0.0.1:8080/a/../b", "~127.0.0.1:8080/a/../b"),
            ("~[::1]:443/", "~[0:0:0:0:0:0:0:1]/"),
            ("~[::ffff:10.0.0.1]/", "~[0:0:0:0:0:ffff:a00:1]/"),
        ])
    func canonical(text: String, wanted: String) throws {
        let url = try FetchURL(spelled(text))
        #expect(url.text == spelled(wanted))
        #expect(try FetchURL(spelled(wanted)) == url)
    }

    @Test(
        "what two programs could read differently is no address",
        arguments: [
            "", "example.org", "//example.org", "ftp:~", "file:///etc/passwd",
            "~good.example@evil.example/", "~a:b@c.example", "~exa mple.org",
            "~example.org\\@evil.example", "~evil.example\u{0}.good.example", "~good.example./",
            "~.good.example", "~a..b", "~-a.example", "~bücher.example", "~example.org:0",
            "~example.org:65536", "~example.org:", "~example.org:8a", "~0x7f.1", "~127.1",
            "~2130706433", "~0177.0.0.1", "~127.0.0.01", "~1.2.3.4.5", "~[::1",
            "~[fe80::1%25eth0]/", "~[::ffff:1.2.3.400]/", "~[]/", "~::1/",
            "~example.org/\r\nHost: evil", "~exam\u{FF0E}ple.org",
        ])
    func refused(text: String) {
        #expect(throws: FetchURL.Flaw.self) { try FetchURL(spelled(text)) }
    }

    @Test(
        "a redirect leads where RFC 3986 says",
        arguments: [
            ("/g", "~a.example/g"), ("g", "~a.example/b/c/g"), ("../g", "~a.example/b/g"),
            ("../../../../g", "~a.example/g"), ("./", "~a.example/b/c/"), ("..", "~a.example/b/"),
            ("?y", "~a.example/b/c/d;p?y"), ("", "~a.example/b/c/d;p?q"),
            ("//g.example", "~g.example/"), ("~G.example/h", "~g.example/h"),
            ("g?y/../x", "~a.example/b/c/g?y/../x"), ("#s", "~a.example/b/c/d;p?q"),
        ])
    func resolving(location: String, wanted: String) throws {
        let base = try FetchURL(spelled("~a.example/b/c/d;p?q"))
        #expect(try base.resolving(spelled(location)).text == spelled(wanted))
    }

    @Test("whatever is read keeps its origin however it is written out, over random texts")
    func random() throws {
        var chance = Lottery(state: 7)
        let pieces = [
            "http", "https", "://", ":", "/", "//", "@", "\\", "#", "?", ".", "..", "[", "]", "::",
            "127.0.0.1", "0x7f", "evil.example", "good.example", "%00", "\u{0}", " ", "1", "65536",
            "ä", "\r\n", "a", "-",
        ]
        for round in 0..<20_000 {
            var text = round % 2 == 0 ? "https://" : ""
            for _ in 0..<chance.below(7) { text += pieces[chance.below(pieces.count)] }
            guard let url = try? FetchURL(text) else { continue }
            #expect(try FetchURL(url.text) == url, "\(text)")
            // The host is what stands between `://` and the first of `/ ? #`: never another part.
            let rest = text.split(separator: "://", maxSplits: 1)[1].lowercased()
            let authority = rest.prefix { !"/?#".contains($0) }
            #expect(
                authority.hasPrefix(url.origin.host) || url.origin.host.contains(":"), "\(text)")
        }
    }

    @Test(
        "addresses that are not public are known in every form",
        arguments: [
            "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255",
            "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.8",
            "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
            "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255", "168.63.129.16",
            "::", "::1", "::ffff:8.8.8.8", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::8.8.8.8",
            "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1",
            "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "5f00::1",
        ])
    func restricted(text: String) throws {
        #expect(try #require(NetworkAddress(text: text)).restriction != nil)
    }

    @Test(
        "public addresses are not restricted, up to the edges of what is",
        arguments: [
            "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
            "126.255.255.255", "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0",
            "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255",
            "2001:200::1", "2606:4700::1111", "2a00:1450::1", "3ffe:ffff::1",
        ])
    func unrestricted(text: String) throws {
        #expect(try #require(NetworkAddress(text: text)).restriction == nil)
    }
}

/// Splitmix64: the same numbers everywhere.
private struct Lottery {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(bound))
    }
}
