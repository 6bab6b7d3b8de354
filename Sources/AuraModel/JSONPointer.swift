/// A place in a JSON value, as RFC 6901 writes it: `/head_commit/id`, `/commits/0`; empty: the
/// whole.
package struct JSONPointer: Hashable, Sendable {
    private let tokens: [String]

    /// What a pointer looks like, for error messages.
    package static let expectation = "a JSON pointer such as `/ref` or `/commits/0/id`"
    /// 256 bytes: deeper places are not made for people.
    private static let bytesMax = 256

    /// The pointer, or nil when `text` is none.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax, text.isEmpty || text.hasPrefix("/") else {
            return nil
        }
        var tokens: [String] = []
        for token in text.utf8.split(separator: 0x2f, omittingEmptySubsequences: false).dropFirst()
        {
            guard let token = Self.unescaped(Array(token)) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    /// `~1` is a slash and `~0` a tilde; any other tilde is a fault.
    private static func unescaped(_ token: [UInt8]) -> String? {
        var bytes: [UInt8] = []
        var index = 0
        while index < token.count {
            if token[index] != 0x7e {
                bytes.append(token[index])
            } else {
                index += 1
                guard index < token.count, token[index] == 0x30 || token[index] == 0x31 else {
                    return nil
                }
                bytes.append(token[index] == 0x30 ? 0x7e : 0x2f)
            }
            index += 1
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What stands there; nil when nothing does.
    package func value(in root: JSONValue) -> JSONValue? {
        var value = root
        for token in tokens {
            switch value {
            case .object(let members):
                guard let member = members[token] else { return nil }
                value = member
            case .array(let items):
                // No sign and no leading zero: RFC 6901, section 4.
                guard let index = Int(token), String(index) == token, items.indices.contains(index)
                else { return nil }
                value = items[index]
            case .null, .bool, .integer, .number, .string: return nil
            }
        }
        return value
    }
}
