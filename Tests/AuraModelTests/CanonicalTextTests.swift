import AuraModel
import Testing

@Suite("Canonical texts")
struct CanonicalTextTests {
    @Test("each byte is escaped as RFC 8259 has it, wherever it stands among others")
    func escapes() throws {
        for scalar in (0..<0x180).compactMap(Unicode.Scalar.init) {
            for before in 0..<18 {
                let text = String(repeating: "a", count: before) + String(scalar) + "bcdefghij"
                let expected = text.unicodeScalars.map(Self.escaped).joined()
                #expect(try JSON.text(text) == "\"\(expected)\"", "\(scalar.value) at \(before)")
            }
        }
    }

    @Test("a value is written the same as a whole and as a part, its members in order")
    func values() throws {
        let value = JSONValue.object([
            "b": .array([.null, .bool(true), .integer(-1), .number(1.5), .string("\u{1}")]),
            "a": .object([:]), "ä": .array([]), "a\"": .string("/"),
        ])
        let text = #"{"a":{},"a\"":"/","b":[null,true,-1,1.5,"\u0001"],"ä":[]}"#
        #expect(try JSON.text(value) == text)
        #expect(try JSON.text([value]) == "[\(text)]")
        #expect(try JSON.text(["k": value, "j": .null]) == "{\"j\":null,\"k\":\(text)}")
        #expect(throws: EncodingError.self) { try JSON.text(JSONValue.number(.nan)) }
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x08: return "\\b"
        case 0x09: return "\\t"
        case 0x0a: return "\\n"
        case 0x0c: return "\\f"
        case 0x0d: return "\\r"
        case 0x22: return "\\\""
        case 0x5c: return "\\\\"
        case ..<0x20:
            let digits = String(scalar.value, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: return String(scalar)
        }
    }
}
