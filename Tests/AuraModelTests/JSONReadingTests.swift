import AuraModel
import Testing

@Suite struct JSONReadingTests {
    /// Any values, the same of one seed.
    private struct Values: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 29)
        }

        mutating func value(depth: Int) -> JSONValue {
            switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &self) {
            case 0: .null
            case 1: .bool(Bool.random(using: &self))
            case 2: .integer(Int(truncatingIfNeeded: next()))
            case 3: .number(Double(Int.random(in: -9999...9999, using: &self)) + 0.25)
            case 4: .string(text())
            case 5: .array((0..<count()).map { _ in value(depth: depth + 1) })
            default:
                .object(
                    Dictionary(
                        (0..<count()).map { _ in
                            (text(), value(depth: depth + 1))
                        }, uniquingKeysWith: { first, _ in first }))
            }
        }

        mutating func count() -> Int { Int.random(in: 0...4, using: &self) }

        mutating func text() -> String {
            let pieces = ["a", "\"", "\\", "\n", "\u{0}", "é", "😀", "/", "\u{7f}", " ", "{", "]"]
            return (0..<Int.random(in: 0...6, using: &self))
                .map { _ in pieces[Int.random(in: 0..<pieces.count, using: &self)] }.joined()
        }
    }

    @Test("what is written is read back, the same bytes and the same value", arguments: 1...40)
    func roundTrip(seed: UInt64) throws {
        var values = Values(state: seed)
        for _ in 0..<50 {
            let value = values.value(depth: 0)
            let bytes = try JSON.encode(value)
            #expect(try JSON.decode(JSONValue.self, from: bytes) == value, "seed \(seed)")
            #expect(try JSON.encode(JSON.decode(JSONValue.self, from: bytes)) == bytes)
        }
    }

    @Test("a text with a byte changed is refused, or the text of a value", arguments: 1...20)
    func mutated(seed: UInt64) throws {
        var values = Values(state: seed)
        for _ in 0..<200 {
            var bytes = try JSON.encode(values.value(depth: 0))
            let place = Int.random(in: 0..<bytes.count, using: &values)
            bytes[place] = UInt8.random(in: 0...255, using: &values)
            guard let value = try? JSON.decode(JSONValue.self, from: bytes) else { continue }
            #expect(
                try JSON.decode(JSONValue.self, from: JSON.encode(value)) == value, "seed \(seed)")
        }
    }

    @Test(
        "what RFC 8259 does not have is refused",
        arguments: [
            "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "01", "-", "1.", ".5", "1e", "+1", "NaN",
            "tru", "nulll", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
            "\"\n\"", "[1] 2", "// c\n1", "'a'", "[1 2]", "{\"a\" 1}", "\u{feff}1",
        ] as [String])
    func refused(text: String) {
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, from: text.utf8) }
    }

    @Test("bytes that are no UTF-8, and nesting without end, are refused")
    func hostile() {
        for bytes in [
            [0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], Array("\"\\n".utf8) + [0xc0, 0x22],
        ] {
            #expect(throws: DecodingError.self) {
                try JSON.decode(JSONValue.self, from: bytes as [UInt8])
            }
        }
        let deep = Array(repeating: UInt8(ascii: "["), count: 1_000_000)
        #expect(throws: DecodingError.self) { try JSON.decode(JSONValue.self, from: deep) }
    }

    @Test("numbers and escapes mean what they say")
    func meanings() throws {
        let text = #" { "e" : "\ud83d\ude00\u00e9\/\b" , "n" : [ 1.0, -0, 1e3, 0.5, 1e300 ] } "#
        #expect(
            try JSON.decode(JSONValue.self, from: text.utf8)
                == .object([
                    "e": .string("😀é/\u{8}"),
                    "n": .array([
                        .integer(1), .integer(0), .integer(1000), .number(0.5), .number(1e300),
                    ]),
                ]))
    }

    @Test("a conversation is sent once: a frame has what the request adds, and is whole again")
    func abridged() throws {
        let tools = [ToolSchema(name: "t", description: "d", input: .object([:]))]
        func proposal(_ texts: [String]) -> Proposal {
            let messages = texts.enumerated().map { place, text in
                Message(role: place.isMultiple(of: 2) ? .user : .assistant, content: [.text(text)])
            }
            let request = ModelRequest(
                system: "s", messages: messages, tools: tools, answerTokensMax: 5)
            return Proposal(
                basis: 1, outcomes: [], commands: [],
                further: [
                    .init(outcomes: [], commands: [Command(id: 2, act: .reason(request: request))])
                ])
        }
        let first = proposal(["task"])
        for texts in [["task", "a", "b"], ["task"], ["other", "a"], ["task", "x"]] {
            let whole = proposal(texts)
            let frame = whole.abridged(after: first.request)
            let read = try JSON.decode(Proposal.self, from: JSON.encode(frame))
            #expect(read.completed(with: first.request)?.request == whole.request)
            #expect(frame.keptMessages == (texts[0] == "task" ? 1 : 0))
            #expect(frame.keptMessages == 0 || read.completed(with: nil) == nil)
        }
    }
}
