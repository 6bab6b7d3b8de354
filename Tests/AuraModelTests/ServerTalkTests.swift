import AuraModel
import Testing

/// The client's side of the Model Context Protocol.
@Suite struct ServerTalkTests {
    private static let declaration = ServerDeclaration(
        name: "docs", argv: ["/opt/docs"], tools: ["look.up", "add"])

    private static func tool(_ name: String, _ more: String = "") -> String {
        #"{"name":"\#(name)","description":"About \#(name).","inputSchema":{"type":"object"}\#(more)}"#
    }

    private static func list(_ id: Int, _ tools: [String], _ more: String = "") -> String {
        #"{"jsonrpc":"2.0","id":\#(id),"result":{"tools":[\#(tools.joined(separator: ","))]\#(more)}}"#
    }

    private static let discovered =
        #"{"jsonrpc":"2.0","id":1,"result":{"resultType":"complete","#
        + #""supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}}"#

    /// What is asked, a word each, and what came of it all.
    private struct Heard: Equatable {
        var asked: [String] = []
        var words: [ServerTalk.Word] = []
        var listing: ServerListing? {
            words.lazy.compactMap { if case .ready(let listing) = $0 { listing } else { nil } }
                .first
        }
        var flaw: ServerFlaw? {
            words.lazy.compactMap { if case .failed(let flaw) = $0 { flaw } else { nil } }.first
        }
    }

    private static func methods(_ bytes: [UInt8]) throws -> [JSONValue] {
        try bytes.split(separator: UInt8(ascii: "\n")).map {
            try JSON.decode(JSONValue.self, from: $0)
        }
    }

    private func hear(
        _ lines: [String], chunk: Int = .max, by talk: inout ServerTalk
    ) throws -> Heard {
        var heard = Heard()
        var bytes = Array((lines.joined(separator: "\n") + "\n").utf8)[...]
        while !bytes.isEmpty {
            let (words, out) = talk.take(Array(bytes.prefix(chunk)))
            bytes = bytes.dropFirst(chunk)
            heard.words += words
            heard.asked += try Self.methods(out).map { message in
                message["method"]?.stringValue ?? (message["error"] == nil ? "result" : "error")
            }
        }
        return heard
    }

    private func begun() throws -> ServerTalk {
        var talk = ServerTalk(Self.declaration)
        let first = try Self.methods(talk.begin())
        #expect(first.count == 1 && first[0]["method"]?.stringValue == "server/discover")
        return talk
    }

    private func ready() throws -> ServerTalk {
        var talk = try begun()
        _ = try hear([Self.discovered, Self.list(2, [Self.tool("add")])], by: &talk)
        #expect(talk.isReady)
        return talk
    }

    private func call(
        _ talk: inout ServerTalk, _ input: JSONValue = .object([:])
    ) throws -> [UInt8] {
        let bytes = talk.call("add", input)
        return try #require(bytes)
    }

    @Test("a server of the new era is asked what it is, and every request says who asks")
    func modern() throws {
        var talk = try begun()
        let heard = try hear(
            [Self.discovered, Self.list(2, [Self.tool("add"), Self.tool("hidden")])], by: &talk)
        #expect(heard.asked == ["tools/list"])
        #expect(heard.listing?.tools.map(\.name) == ["docs__add"])
        #expect(heard.listing?.problem == "there is no tool `look.up`")
        let call = try call(&talk, .object(["a": .integer(1)]))
        let message = try #require(try Self.methods(call).first)
        let meta = message["params"]?["_meta"]
        let prefix = "io.modelcontextprotocol/"
        #expect(meta?[prefix + "protocolVersion"]?.stringValue == "2026-07-28")
        #expect(meta?[prefix + "clientCapabilities"] == .object([:]))
        #expect(message["params"]?["arguments"] == .object(["a": .integer(1)]))
        let answer =
            #"{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","content":["#
            + #"{"type":"text","text":"42"},{"type":"image","data":"AAAA"}],"isError":false}}"#
        let said = "42\n[image, 4 bytes in base64: not shown]"
        let heardOfCall = try hear([answer], by: &talk)
        #expect(heardOfCall.words == [.answered(text: said, isError: false)])
        #expect(talk.isReady)
    }

    @Test("a server of the old era gets its handshake, and an answer to what it asks")
    func legacy() throws {
        for chunk in [1, 7, .max] {
            var talk = try begun()
            let heard = try hear(
                [
                    #"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"not yet"}}"#,
                    #"{"jsonrpc":"2.0","id":"p","method":"ping"}"#,
                    #"{"jsonrpc":"2.0","id":7,"method":"roots/list"}"#, "",
                    #"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#,
                    #"{"jsonrpc":"2.0","id":2,"result":{"protocolVersion":"2024-11-05"}}"#,
                    Self.list(3, [Self.tool("add")], #","nextCursor":"p2""#),
                    Self.list(4, [Self.tool("look.up")]),
                ], chunk: chunk, by: &talk)
            #expect(
                heard.asked == [
                    "initialize", "result", "error", "notifications/initialized", "tools/list",
                    "tools/list",
                ])
            // In the declared order, whatever order they came in.
            #expect(heard.listing?.tools.map(\.name) == ["docs__look_up", "docs__add"])
            #expect(heard.listing?.problem == nil)
        }
    }

    @Test("who is slow to say that it is of the new era is believed all the same")
    func slow() throws {
        var talk = try begun()
        let handshake = talk.giveUpProbe()
        #expect(try Self.methods(handshake).first?["method"] == .string("initialize"))
        let heard = try hear([Self.discovered], by: &talk)
        #expect(heard.asked == ["tools/list"] && heard.flaw == nil)
        let after = try hear(
            [
                #"{"jsonrpc":"2.0","id":2,"error":{"code":-32601,"message":"no such method"}}"#,
                Self.list(3, [Self.tool("add"), Self.tool("look.up")]),
            ], by: &talk)
        let later = talk.giveUpProbe()
        #expect(after.listing?.tools.count == 2 && later.isEmpty)
    }

    @Test(
        "what is no answer is told for what it is",
        arguments: [
            ("Warning: hello", ServerFlaw.Kind.garbled), ("[]", .garbled), ("{}", .garbled),
            (#"{"id":99,"result":{}}"#, .garbled), (#"{"id":"3","result":{}}"#, .garbled),
            (#"{"id":3,"result":7}"#, .garbled),
            (#"{"id":3,"result":"# + String(repeating: "[", count: 5000), .garbled),
            (String(repeating: "x", count: ServerTalk.lineBytesMax + 1), .flood),
            (
                Array(
                    repeating: #"{"method":"notifications/progress"}"#,
                    count: ServerTalk.messagesMax + 1
                ).joined(separator: "\n"), .flood
            ),
        ])
    func flaws(line: String, kind: ServerFlaw.Kind) throws {
        var talk = try ready()
        _ = try call(&talk)
        let heard = try hear([line], by: &talk)
        #expect(heard.flaw?.kind == kind)
        let after = try hear([Self.discovered], by: &talk)
        #expect(after == Heard())
    }

    @Test("a late answer, and one that says what it wants instead, end nothing")
    func late() throws {
        var talk = try ready()
        _ = try call(&talk)
        let text = talk.cancel("too slow")
        let cancelled = try #require(try Self.methods(text).first)
        #expect(cancelled["params"]?["requestId"] == .integer(3) && cancelled["id"] == nil)
        let late = try hear([Self.list(2, [])], by: &talk)
        #expect(late.words == [])
        let wants = #"{"id":3,"result":{"resultType":"input_required","inputRequests":{}}}"#
        guard case .answered(let said, true)? = try hear([wants], by: &talk).words.first else {
            Issue.record("not answered")
            return
        }
        #expect(said.contains("input_required") && talk.isReady)
        let huge = JSONValue.string(String(repeating: "x", count: ServerTalk.inputBytesMax))
        let refused = talk.call("add", huge)
        #expect(refused == nil && talk.isReady)
    }

    @Test(
        "a tool that cannot be shown to a model is left out, with the reason",
        arguments: [
            (#"{"name":"add"}"#, "is none of an object"),
            (#"{"name":"add","inputSchema":{"type":"array"}}"#, "is none of an object"),
            (
                #"{"name":"add","inputSchema":{"type":"object","properties":"#
                    + #"{"a":{"$ref":"file:///etc/passwd"}}}}"#, "refers to file:///etc/passwd"
            ),
            (
                #"{"name":"add","inputSchema":{"type":"object","title":""#
                    + String(repeating: "x", count: 20_000) + #""}}"#, "has more than"
            ),
        ])
    func unfit(tool: String, said: String) throws {
        var talk = try begun()
        let heard = try hear(
            [Self.discovered, Self.list(2, [tool, Self.tool("look.up")])], by: &talk)
        #expect(heard.listing?.tools.map(\.tool) == ["look.up"])
        #expect(heard.listing?.problem?.contains(said) == true, "\(heard)")
    }

    @Test("what a server says of its tools is bounded, and a change of it shows in the mark")
    func marks() throws {
        func listing(_ about: String) throws -> ServedTool {
            var talk = try begun()
            let tool = #"{"name":"add","description":"\#(about)","inputSchema":{"type":"object"}}"#
            let heard = try hear([Self.discovered, Self.list(2, [tool])], by: &talk)
            return try #require(heard.listing?.tools.first)
        }
        let plain = try listing("Adds.")
        #expect(try plain == listing("Adds.") && plain.mark != listing("Adds!").mark)
        #expect(plain.input["properties"] == .object([:]))
        let long = try listing(#"a\u001b[31m\u202e"# + String(repeating: "x", count: 5000))
        #expect(long.description.utf8.count < 2200 && long.description.hasSuffix(" [cut]"))
        #expect(
            !long.description.unicodeScalars.contains { $0.value == 0x1b || $0.value == 0x202e })
        let read = ServerListing.read(try JSON.text(ServerListing(name: "docs", tools: [plain])))
        #expect(read.first?.tools == [plain])
    }

    @Test("names are what every provider takes")
    func names() {
        #expect(Self.declaration.callName(of: "a/b.c d") == "docs__a_b_c_d")
        #expect(Self.declaration.callName(of: "größe") == "docs__gr__e")
        #expect(Self.declaration.callName(of: String(repeating: "x", count: 58)) != nil)
        #expect(Self.declaration.callName(of: String(repeating: "x", count: 59)) == nil)
    }

    @Test("whatever a server writes, the talk returns", arguments: 1...200)
    func anything(seed: Int) throws {
        var chance = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15
        func draw(_ below: Int) -> Int {
            chance ^= chance << 13
            chance ^= chance >> 7
            chance ^= chance << 17
            return Int(chance % UInt64(below))
        }
        let pieces = [
            Self.discovered, Self.list(2, [Self.tool("add")]), #"{"id":3,"result":{"content":[]}}"#,
            #"{"id":2,"error":{"code":1}}"#, #"{"id":1,"result":{}}"#, "{\"id\":", "\u{0}\u{ff}",
            #"{"id":2,"result":{"protocolVersion":"2025-11-25"}}"#, #"{"id":9,"method":"ping"}"#,
            "null", "\"", "}", "[1e999]",
        ]
        var talk = ServerTalk(Self.declaration)
        _ = talk.begin()
        var hasFailed = false
        for _ in 0..<40 {
            var line = Array(pieces[draw(pieces.count)].utf8)
            if draw(3) == 0, !line.isEmpty { line[draw(line.count)] = UInt8(draw(256)) }
            if draw(8) != 0 { line.append(UInt8(ascii: "\n")) }
            if draw(6) == 0 { _ = talk.giveUpProbe() }
            let (words, _) = talk.take(line)
            #expect(!hasFailed || words.isEmpty, "seed \(seed): a word after the last one")
            hasFailed = hasFailed || words.contains { if case .failed = $0 { true } else { false } }
            if talk.isReady, draw(2) == 0 { _ = talk.call("add", .object([:])) }
        }
    }
}
