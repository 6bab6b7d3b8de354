import AuraModel
import Testing

@Suite struct PatternTests {
    /// By the definition: a star is any number of characters.
    private static func fits(_ name: Substring, _ pattern: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return fits(name, pattern.dropFirst())
                || (!name.isEmpty && fits(name.dropFirst(), pattern))
        }
        guard let own = name.first, first == "?" || first == own else { return false }
        return fits(name.dropFirst(), pattern.dropFirst())
    }

    private static func words(_ alphabet: [Character], upTo length: Int) -> [String] {
        var all = [""]
        var last = [""]
        for _ in 1...length {
            last = last.flatMap { word in alphabet.map { word + String($0) } }
            all += last
        }
        return all
    }

    @Test("every short pattern fits exactly the names that its definition says")
    func exhaustive() {
        let names = Self.words(["a", "b"], upTo: 4).filter { !$0.isEmpty }
        for pattern in Self.words(["a", "*", "?"], upTo: 4)
        where pattern.contains(where: { $0 != "a" }) && pattern != "**" {
            let part = PathPattern("/srv/" + pattern).rest.first
            for name in names {
                let expected = Self.fits(name[...], pattern[...])
                #expect(part?.fits(name) == expected, "\(pattern) \(name)")
            }
        }
    }

    @Test("a path is split where its first pattern begins, and hidden names are not meant")
    func parts() {
        let plain = PathPattern("/srv/in")
        #expect(plain.prefix == "/srv/in")
        #expect(plain.rest.isEmpty)
        let pattern = PathPattern("/srv/in/**/*.csv")
        #expect(pattern.prefix == "/srv/in")
        #expect(pattern.rest == [.anyDirectories, .pattern("*.csv")])
        #expect(pattern.rest.last?.fits(".csv") == false)
        #expect(PathPattern("/srv/.*").rest.last?.fits(".csv") == true)
    }

    @Test(
        "a pointer finds what RFC 6901 says, and nothing else",
        arguments: [
            ("", #"{"a/b":1,"c":[1,{"m~n":null}]}"#), ("/a~1b", "1"), ("/c/0", "1"),
            ("/c/1/m~0n", "null"), ("/c/2", nil), ("/c/01", nil), ("/c/-", nil), ("/d", nil),
            ("/a~1b/x", nil),
        ])
    func pointers(text: String, json: String?) throws {
        let root = try JSONSchemaTests.value(#"{"a/b": 1, "c": [1, {"m~n": null}]}"#)
        let found = try #require(JSONPointer(text)).value(in: root)
        #expect(try found.map { try JSON.text($0) } == json)
    }

    @Test("what is no pointer is refused", arguments: ["a", "/~", "/~2", "/a~"])
    func noPointers(text: String) { #expect(JSONPointer(text) == nil) }
}
