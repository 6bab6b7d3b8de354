/// What a tunnel begins with: a TLS client's first message, see RFC 8446, section 4.1.2.
///
/// Only the name of the server is read: a tunnel to one host leads to no other one behind the same
/// address, and carries nothing but TLS.
package enum ClientHello {
    /// What the first bytes say.
    package enum Reading: Hashable, Sendable {
        /// The message is not all there.
        case incomplete
        /// The server's name in lower case; nil: it names none.
        case name(String?)
        /// Why it is no such message.
        case malformed(String)
    }

    /// 16 KiB and the five bytes before them: the largest record of TLS.
    package static let bytesMax = (16 << 10) + 5

    /// Why a client may not go on with a tunnel to `host`; nil when it may, or when not all is there
    /// yet (`isComplete` is then false).
    package static func refusal(
        of bytes: [UInt8], to host: String, isAddress: Bool
    ) -> (refusal: String?, isComplete: Bool) {
        switch read(bytes) {
        case .incomplete: return (nil, false)
        case .malformed(let why): return ("not TLS: \(why)", true)
        case .name(nil) where isAddress: return (nil, true)
        case .name(let name):
            guard name != host else { return (nil, true) }
            return ("TLS for \(name ?? "no name") in a tunnel to \(host)", true)
        }
    }

    /// Reads the first bytes of a connection.
    package static func read(_ bytes: [UInt8]) -> Reading {
        guard bytes.first.map({ $0 == 22 }) ?? true else { return .malformed("no handshake") }
        guard bytes.count >= 5 else { return .incomplete }
        let length = Int(bytes[3]) << 8 | Int(bytes[4])
        guard bytes[1] == 3, (4...bytesMax - 5).contains(length) else {
            return .malformed("a wrong record")
        }
        guard bytes.count >= 5 + length else { return .incomplete }
        var reader = Reader(rest: bytes[5..<5 + length])
        guard let name = try? hello(&reader) else { return .malformed("a wrong first message") }
        return .name(name.text)
    }

    private struct Short: Error {}
    private struct Name { let text: String? }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func take(_ count: Int) throws(Short) -> ArraySlice<UInt8> {
            guard count <= rest.count else { throw Short() }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func number(_ bytes: Int) throws(Short) -> Int {
            try take(bytes).reduce(0) { $0 << 8 | Int($1) }
        }

        /// What stands behind a length of so many bytes.
        mutating func vector(_ lengthBytes: Int) throws(Short) -> ArraySlice<UInt8> {
            try take(try number(lengthBytes))
        }
    }

    private static func hello(_ reader: inout Reader) throws(Short) -> Name {
        guard try reader.number(1) == 1 else { throw Short() }
        var body = Reader(rest: try reader.vector(3))
        _ = try body.take(2 + 32)
        _ = try body.vector(1)
        _ = try body.vector(2)
        _ = try body.vector(1)
        guard !body.rest.isEmpty else { return Name(text: nil) }
        var extensions = Reader(rest: try body.vector(2))
        var found: String?
        while !extensions.rest.isEmpty {
            let kind = try extensions.number(2)
            var content = Reader(rest: try extensions.vector(2))
            guard kind == 0 else { continue }
            // Twice would be two names to two readers.
            guard found == nil else { throw Short() }
            var names = Reader(rest: try content.vector(2))
            guard try names.number(1) == 0 else { throw Short() }
            let name = try names.vector(2)
            guard names.rest.isEmpty, name.allSatisfy({ (0x21...0x7e).contains($0) }) else {
                throw Short()
            }
            found = String(decoding: name, as: UTF8.self).lowercased()
        }
        return Name(text: found)
    }
}
