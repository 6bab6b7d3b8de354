/// The client's side of a conversation with one tool server: a JSON message a line, in either era
/// of the Model Context Protocol.
///
/// From 2026-07-28 on every request says what it needs and a server is asked what it is; before
/// that a connection begins with a handshake. Which it is shows the answer to the first question.
/// One request is under way at a time. Whatever the bytes are, `take` returns, and holds no more
/// than a line.
package struct ServerTalk: Sendable {
    /// What the server's bytes came to.
    package enum Word: Hashable, Sendable {
        /// It is ready to be called, and has these of the declared tools.
        case ready(ServerListing)
        case answered(text: String, isError: Bool)
        /// Nothing more is to be taken from it.
        case failed(ServerFlaw)
    }

    private enum Version {
        static let modern = "2026-07-28"
        /// Newest first: the first is the one that is offered.
        static let legacy = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
    }

    /// What is waited for.
    private enum Phase: Hashable {
        case idle
        case discovering
        case initializing
        case listing
        case calling
        case over
    }

    /// 4 MiB: a picture fits; what is longer is no answer that anybody reads.
    package static let lineBytesMax = 4 << 20
    /// 16 MiB for one answer, with all that is told before it.
    package static let answerBytesMax = 16 << 20
    /// 10,000 messages for one answer: a tool may tell how it gets on.
    package static let messagesMax = 10_000
    /// 32 pages of a list of tools.
    static let pagesMax = 32
    /// 256 KiB of a call's input: what is larger belongs into a file.
    package static let inputBytesMax = 256 << 10

    private let declaration: ServerDeclaration
    private var phase = Phase.discovering
    private var isModern = false
    private var line: [UInt8] = []
    private var lastID = 0
    /// The question by which the era shows; its answer counts whenever it comes.
    private var probe = 0
    private var listed: [JSONValue] = []
    private var pages = 0
    private var bytes = 0
    private var messages = 0
    private var words: [Word] = []
    private var out: [UInt8] = []

    /// A conversation with the server that `declaration` declares, not begun.
    package init(_ declaration: ServerDeclaration) { self.declaration = declaration }

    /// Whether a call can be made.
    package var isReady: Bool { phase == .idle }

    /// The first question.
    package mutating func begin() -> [UInt8] {
        isModern = true
        ask("server/discover", [:])
        probe = lastID
        return takeOut()
    }

    /// No answer to the first question: the server may know the handshake alone.
    ///
    /// Empty when there was an answer.
    package mutating func giveUpProbe() -> [UInt8] {
        guard phase == .discovering else { return [] }
        shakeHands()
        return takeOut()
    }

    /// Calls a tool of a server that is ready; nil when the input is too long.
    package mutating func call(_ tool: String, _ input: JSONValue) -> [UInt8]? {
        precondition(isReady, "one request at a time")
        guard let text = try? JSON.text(input), text.utf8.count <= Self.inputBytesMax else {
            return nil
        }
        phase = .calling
        ask("tools/call", ["name": .string(tool), "arguments": input])
        return takeOut()
    }

    /// Tells the server that the request which is under way is not waited for any more.
    package mutating func cancel(_ reason: String) -> [UInt8] {
        tell(
            "notifications/cancelled",
            ["requestId": .integer(lastID), "reason": .string(reason)])
        return takeOut()
    }

    /// Takes what the server wrote: what it came to, and what is to be written to it.
    package mutating func take(_ more: [UInt8]) -> (words: [Word], out: [UInt8]) {
        bytes += more.count
        var rest = more[...]
        while phase != .over, let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            line += rest[..<end]
            rest = rest[(end + 1)...]
            takeLine()
        }
        if phase != .over {
            line += rest
            if line.count > Self.lineBytesMax {
                fail(.flood, "it wrote a line of more than \(SizeText.format(Self.lineBytesMax))")
            } else if bytes > Self.answerBytesMax || messages > Self.messagesMax {
                fail(.flood, "it wrote \(messages) messages, \(bytes) bytes, and no answer")
            }
        }
        defer { words = [] }
        return (words, takeOut())
    }
}

// MARK: What it says

extension ServerTalk {
    private mutating func takeOut() -> [UInt8] {
        defer { out = [] }
        return out
    }

    private mutating func send(_ members: [String: JSONValue]) {
        let message = members.merging(["jsonrpc": .string("2.0")]) { $1 }
        // Canonical JSON has no line break in it.
        guard let text = try? JSON.encode(JSONValue.object(message)) else { return }
        out += text + [UInt8(ascii: "\n")]
    }

    private mutating func ask(_ method: String, _ parameters: [String: JSONValue]) {
        lastID += 1
        (bytes, messages) = (0, 0)
        send([
            "id": .integer(lastID), "method": .string(method),
            "params": .object(parameters.merging(meta) { $1 }),
        ])
    }

    private mutating func tell(_ method: String, _ parameters: [String: JSONValue]) {
        send(["method": .string(method), "params": .object(parameters.merging(meta) { $1 })])
    }

    /// Who asks, in the era in which each request says it.
    private var meta: [String: JSONValue] {
        guard isModern else { return [:] }
        let prefix = "io.modelcontextprotocol/"
        return [
            "_meta": .object([
                prefix + "protocolVersion": .string(Version.modern),
                prefix + "clientCapabilities": .object([:]),
                prefix + "clientInfo": Self.client,
            ])
        ]
    }

    private static let client = JSONValue.object([
        "name": .string("aura"), "version": .string("1"),
    ])

    private mutating func shakeHands() {
        isModern = false
        phase = .initializing
        ask(
            "initialize",
            [
                "protocolVersion": .string(Version.legacy[0]), "capabilities": .object([:]),
                "clientInfo": Self.client,
            ])
    }

    private mutating func list(after cursor: String? = nil) {
        phase = .listing
        ask("tools/list", cursor.map { ["cursor": .string($0)] } ?? [:])
    }

    private mutating func fail(_ kind: ServerFlaw.Kind, _ text: String) {
        phase = .over
        line = []
        words.append(.failed(ServerFlaw(kind, text)))
    }
}

// MARK: What it hears

extension ServerTalk {
    private mutating func takeLine() {
        let text = line
        line = []
        guard text.count <= Self.lineBytesMax else {
            return fail(.flood, "it wrote a line of \(text.count) bytes")
        }
        guard text.contains(where: { $0 > 0x20 }) else { return }
        messages += 1
        guard let message = try? JSON.decode(JSONValue.self, from: text),
            case .object(let members) = message
        else {
            let start = SafeText.brief(String(decoding: text.prefix(200), as: UTF8.self), max: 80)
            return fail(.garbled, "it wrote a line that is no JSON object: \(start)")
        }
        if let method = members["method"] {
            guard let id = members["id"], id != .null else { return }
            return refuse(method.stringValue ?? "", id)
        }
        guard members["result"] != nil || members["error"] != nil else {
            return fail(.garbled, "it wrote a message that is neither request nor answer")
        }
        answered(members)
    }

    /// A request of the server's own: in the older era it gets an answer, and there is none but one.
    private mutating func refuse(_ method: String, _ id: JSONValue) {
        guard !isModern else { return }
        guard method != "ping" else { return send(["id": id, "result": .object([:])]) }
        let error: [String: JSONValue] = [
            "code": .integer(-32601), "message": .string("not offered by this client"),
        ]
        send(["id": id, "error": .object(error)])
    }

    private mutating func answered(_ members: [String: JSONValue]) {
        let id = members["id"] ?? .null
        if id == .integer(probe), phase == .initializing, let result = members["result"] {
            // It was slow, and knows the new era after all.
            isModern = true
            return discovered(result)
        }
        // An answer that came too late, or to a question that could not be read.
        if let number = id.integerValue, number >= 1, number < lastID { return }
        guard id == .integer(lastID) || (id == .null && members["error"] != nil), phase != .idle
        else { return fail(.garbled, "it answered what was not asked") }
        if let error = members["error"] { return refused(error) }
        let result = members["result"] ?? .null
        guard case .object = result else {
            return fail(.garbled, "it gave an answer that is no object")
        }
        switch phase {
        case .discovering: discovered(result)
        case .initializing: initialized(result)
        case .listing: listed(result)
        case .calling: called(result)
        case .idle, .over: return
        }
    }

    private mutating func refused(_ error: JSONValue) {
        let message = SafeText.brief(error["message"]?.stringValue ?? "no reason given")
        let text = "\(message) (error \(error["code"]?.integerValue ?? 0))"
        switch phase {
        case .discovering: shakeHands()
        case .initializing: fail(.version, "it refused the handshake: \(text)")
        case .listing: fail(.garbled, "it does not list its tools: \(text)")
        case .calling:
            phase = .idle
            words.append(.answered(text: "The server refused the call: \(text)", isError: true))
        case .idle, .over: return
        }
    }

    private mutating func discovered(_ result: JSONValue) {
        guard case .array(let versions)? = result["supportedVersions"],
            versions.contains(.string(Version.modern))
        else { return shakeHands() }
        list()
    }

    private mutating func initialized(_ result: JSONValue) {
        let version = result["protocolVersion"]?.stringValue ?? ""
        guard Version.legacy.contains(version) else {
            return fail(
                .version,
                "it speaks version \(SafeText.brief(version, max: 40)) of the protocol; known are "
                    + ([Version.modern] + Version.legacy).joined(separator: ", "))
        }
        tell("notifications/initialized", [:])
        list()
    }

    private mutating func listed(_ result: JSONValue) {
        guard isComplete(result), case .array(let page)? = result["tools"] else {
            return fail(.garbled, "its list of tools is none")
        }
        let wanted = Set(declaration.tools)
        listed += page.filter { $0["name"]?.stringValue.map(wanted.contains) ?? false }
        pages += 1
        if let cursor = result["nextCursor"]?.stringValue {
            guard pages < Self.pagesMax, listed.count <= wanted.count else {
                return fail(.flood, "its list of tools does not end")
            }
            return list(after: cursor)
        }
        phase = .idle
        words.append(.ready(ServerTools.listing(of: listed, declaration)))
        listed = []
    }

    private mutating func called(_ result: JSONValue) {
        phase = .idle
        (bytes, messages) = (0, 0)
        guard isComplete(result) else {
            let kind = SafeText.brief(result["resultType"]?.stringValue ?? "", max: 40)
            let text =
                "The server gave no result but \"\(kind)\": what it wants is not offered here."
            return words.append(.answered(text: text, isError: true))
        }
        words.append(
            .answered(
                text: ServerTools.text(of: result), isError: result["isError"]?.boolValue ?? false))
    }

    /// The older era has no word for it.
    private func isComplete(_ result: JSONValue) -> Bool {
        result["resultType"].map { $0 == .string("complete") } ?? true
    }
}
