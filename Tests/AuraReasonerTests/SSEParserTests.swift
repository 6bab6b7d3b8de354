import AuraReasoner
import Testing

@Suite("Server-sent events")
struct SSEParserTests {
    private static func parse(_ text: String) throws -> [SSEEvent] {
        var parser = SSEParser()
        return try parser.push(Array(text.utf8)) + [try parser.finish()].compactMap(\.self)
    }

    private static func event(_ name: String, _ data: String) -> SSEEvent {
        SSEEvent(name: name, data: Array(data.utf8))
    }

    @Test("lines may end with LF, CR or CRLF", arguments: ["\n", "\r", "\r\n"])
    func lineEnds(_ end: String) throws {
        let lines = ["event: a", "data: 1", "", "data:2", "data: 3", "", ""]
        #expect(
            try Self.parse(lines.joined(separator: end))
                == [Self.event("a", "1"), Self.event("", "2\n3")])
    }

    @Test("comments, unknown fields, a byte order mark and events without data are passed over")
    func passedOver() throws {
        #expect(
            try Self.parse("\u{feff}: hi\nid: 7\nretry\n\nevent: ping\n\ndata\n\n")
                == [Self.event("", "")])
    }

    @Test("a last event without its blank line is delivered at the end")
    func unfinished() throws {
        #expect(try Self.parse("event: a\ndata: 1") == [Self.event("a", "1")])
    }

    @Test("a line or an event beyond its bound is refused, in one piece or in many")
    func bounds() throws {
        var parser = SSEParser(lineBytesMax: 8, eventBytesMax: 20)
        #expect(throws: SSEParser.Failure.lineTooLong(bytesMax: 8)) {
            for _ in 0..<9 { _ = try parser.push([0x61]) }
        }
        parser = SSEParser(lineBytesMax: 8, eventBytesMax: 6)
        #expect(throws: SSEParser.Failure.eventTooLong(bytesMax: 6)) {
            _ = try parser.push(Array("data:12\ndata:34\ndata:56\n".utf8))
        }
    }

    @Test(
        "a stream means the same however it is cut: split at every position, and byte by byte",
        .enabled(if: Conformance.isExpected, "conformance files are absent"))
    func splits() throws {
        for fixture in try Conformance.anthropic() {
            for bytes in [fixture.bytes, Self.withCarriageReturns(fixture.bytes)] {
                var whole = SSEParser()
                let expected = try whole.push(bytes) + [try whole.finish()].compactMap(\.self)
                var head = SSEParser()
                var seen: [SSEEvent] = []
                for (place, byte) in bytes.enumerated() {
                    var tail = head
                    let rest = try tail.push(Array(bytes[place...]))
                    let last = [try tail.finish()].compactMap(\.self)
                    guard seen + rest + last == expected else {
                        Issue.record("\(fixture.name) split at \(place) differs")
                        return
                    }
                    seen += try head.push([byte])
                }
                #expect(seen + [try head.finish()].compactMap(\.self) == expected)
            }
        }
    }

    private static func withCarriageReturns(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { $0 == UInt8(ascii: "\n") ? [UInt8(ascii: "\r"), $0] : [$0] }
    }
}
