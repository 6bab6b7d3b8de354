internal import AuraModel

/// The messages of one conversation as a dialect wrote them.
///
/// A conversation only grows, and what was written is not written again: a turn costs what it adds,
/// and a copy of the bytes that have to be sent.
package struct ConversationText {
    private var messages: [Message] = []
    /// Where the text of each message ends in `text`.
    private var ends: [Int] = []
    private var text = CanonicalText()

    /// A conversation of which nothing was written yet.
    package init() {}

    /// The canonical bytes of a request: an object of `members` and of the array `key`, in which
    /// stand `first`, what `write` makes of each of `messages`, and `last`.
    ///
    /// - Throws: what `write` throws, and `badRequest` for a number that JSON cannot express.
    mutating func body(
        _ members: [String: JSONValue], _ key: String, first: [JSONValue] = [],
        _ messages: ArraySlice<Message>, last: [JSONValue] = [],
        write: (Message) throws(ModelFailure) -> [JSONValue]
    ) throws(ModelFailure) -> [UInt8] {
        try take(messages, write)
        let elements = [try Self.elements(first), text.bytes, try Self.elements(last)]
            .filter { !$0.isEmpty }
        var body = CanonicalText()
        body.reserve(text.bytes.count + Self.roomBytes)
        var separator = UInt8(ascii: "{")
        for name in (members.keys + [key]).sorted() {
            body.append(separator)
            separator = UInt8(ascii: ",")
            try body.append(.string(name))
            body.append(UInt8(ascii: ":"))
            if let value = members[name] {
                try body.append(value)
            } else {
                body.append(UInt8(ascii: "["))
                for (index, bytes) in elements.enumerated() {
                    if index > 0 { body.append(UInt8(ascii: ",")) }
                    body.append(bytes)
                }
                body.append(UInt8(ascii: "]"))
            }
        }
        body.append(UInt8(ascii: "}"))
        return body.bytes
    }

    /// 64 KiB: the prompt, the tools and the newest messages, as a rule; more is made when needed.
    private static let roomBytes = 64 << 10

    private mutating func take(
        _ messages: ArraySlice<Message>, _ write: (Message) throws(ModelFailure) -> [JSONValue]
    ) throws(ModelFailure) {
        let kept = zip(self.messages, messages).prefix { $0 == $1 }.count
        self.messages.removeSubrange(kept...)
        ends.removeSubrange(kept...)
        text.cut(to: ends.last ?? 0)
        for message in messages.dropFirst(kept) {
            let written = try Self.elements(try write(message))
            if !text.bytes.isEmpty, !written.isEmpty { text.append(UInt8(ascii: ",")) }
            text.append(written)
            self.messages.append(message)
            ends.append(text.bytes.count)
        }
    }

    private static func elements(_ values: [JSONValue]) throws(ModelFailure) -> [UInt8] {
        var text = CanonicalText()
        for value in values {
            if !text.bytes.isEmpty { text.append(UInt8(ascii: ",")) }
            try text.append(value)
        }
        return text.bytes
    }
}

extension CanonicalText {
    /// Appends a part of a request.
    ///
    /// - Throws: `badRequest` when it holds a number that JSON cannot express.
    fileprivate mutating func append(_ value: JSONValue) throws(ModelFailure) {
        do {
            try write(value)
        } catch {
            throw ModelFailure(
                cause: .badRequest, message: "request cannot be written as JSON: \(error)")
        }
    }
}

extension JSONValue {
    /// The canonical bytes of a part of a request.
    ///
    /// - Throws: `badRequest` when it holds a number that JSON cannot express.
    func body() throws(ModelFailure) -> [UInt8] {
        var text = CanonicalText()
        try text.append(self)
        return text.bytes
    }
}
