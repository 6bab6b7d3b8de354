/// The name of a thread of a chat: what an operator types, and a component of a branch name.
///
/// A lower-case letter or digit, then up to 39 lower-case letters, digits or hyphens.
package struct ThreadName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    /// 40: with the automaton's name before it, it still is a short key and a readable branch.
    package static let lengthMax = 40

    /// What a valid name looks like, for error messages.
    package static let expectation =
        "a lower-case letter or digit, then lower-case letters, digits or hyphens, at most 40 in all"

    /// The name, or nil when `text` is not one.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= Self.lengthMax, first != UInt8(ascii: "-"),
            bytes.allSatisfy({ Self.isPlain($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.text = text
    }

    private init(unchecked text: String) { self.text = text }

    /// The thread of whoever names none.
    package static let main = Self(unchecked: "main")

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "a thread's name is \(Self.expectation)")
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// Bounds of chats, known to both sides of the control socket.
package enum ChatBounds {
    /// 64 KiB, some sixteen thousand tokens: longer material belongs into the workspace.
    package static let messageBytesMax = 64 << 10
    /// 64 characters: a client's own id of a message, such as a UUID.
    package static let idLengthMax = 64
    /// 16 messages of a thread without an answer: they are answered one after the other.
    package static let waitingMax = 16
    /// 256: the newest messages of a thread whose ids are remembered, so that one that is sent
    /// again, after a crash say, is known again.
    package static let recentMax = 256
    /// 1000 threads of one chat: each is kept in memory.
    package static let threadsMax = 1000
    /// 48 KiB, some twelve thousand tokens: what the model is told of the conversation so far.
    package static let historyBytesMax = 48 << 10
}

/// One message to a chat.
package struct ChatMessage: Hashable, Sendable, Codable {
    /// The sender's own name for it: the same id in the same thread is the same message.
    package var id: String
    package var text: String

    /// The message `id`.
    package init(id: String, text: String) {
        self.id = id
        self.text = text
    }

    /// Why the message cannot be taken; nil when it can.
    package var flaw: String? {
        guard (1...ChatBounds.idLengthMax).contains(id.utf8.count),
            id.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            return "a message's id has 1 to \(ChatBounds.idLengthMax) printable characters of "
                + "ASCII, without blanks"
        }
        guard text.contains(where: { !$0.isWhitespace }) else { return "the message is empty" }
        guard text.utf8.count <= ChatBounds.messageBytesMax else {
            return "the message has \(text.utf8.count) bytes, more than "
                + "\(ChatBounds.messageBytesMax)"
        }
        return text.unicodeScalars.contains("\0") ? "the message contains a NUL" : nil
    }
}

/// A message of the past and what was answered.
package struct ChatExchange: Hashable, Sendable, Codable {
    package var number: Int
    package var text: String
    /// Nil: there was no answer, because the turn ended otherwise.
    package var answer: String?

    /// An exchange.
    package init(number: Int, text: String, answer: String?) {
        self.number = number
        self.text = text
        self.answer = answer
    }
}

/// A chat's turn: the message that is to be answered, and what was said before it.
package struct ChatTurn: Hashable, Sendable, Codable {
    package var thread: ThreadName
    package var number: Int
    package var message: ChatMessage
    package var by: Principal
    /// Oldest first, at most `ChatBounds.historyBytesMax` bytes.
    package var earlier: [ChatExchange]
    /// Exchanges before those, which the model is not told.
    package var omitted: Int

    /// A turn.
    package init(
        thread: ThreadName, number: Int, message: ChatMessage, by: Principal,
        earlier: [ChatExchange], omitted: Int
    ) {
        self.thread = thread
        self.number = number
        self.message = message
        self.by = by
        self.earlier = earlier
        self.omitted = omitted
    }
}

/// A thread of a chat.
///
/// Key: automaton, slash, thread.
package struct ThreadRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var thread: ThreadName
    /// Messages so far.
    package var messages: Int
    /// Messages without an answer, oldest first; the first of them has a run.
    package var waiting: [MessageRow]
    /// The newest messages' ids, oldest first.
    package var recent: [Recent]
    /// What the model is told with the next message, oldest first.
    package var history: [ChatExchange]
    package var omitted: Int
    package var lastAt: Instant
    /// The thread that this one was forked from.
    package var origin: ThreadName?

    /// The id of a message and its number.
    package struct Recent: Hashable, Sendable, Codable {
        package var id: String
        package var number: Int

        /// The message `number` is called `id`.
        package init(id: String, number: Int) {
            self.id = id
            self.number = number
        }
    }

    /// A thread without messages.
    package init(automaton: AutomatonName, thread: ThreadName, at: Instant) {
        self.automaton = automaton
        self.thread = thread
        messages = 0
        waiting = []
        recent = []
        history = []
        omitted = 0
        lastAt = at
    }

    /// Adds to the history and drops its oldest part, where it grew too long.
    package mutating func remember(_ exchange: ChatExchange) {
        history.append(exchange)
        var bytes = history.reduce(0) { $0 + $1.text.utf8.count + ($1.answer?.utf8.count ?? 0) }
        // The newest exchange stays, however long it is: its parts have bounds of their own.
        while bytes > ChatBounds.historyBytesMax, history.count > 1 {
            let first = history.removeFirst()
            bytes -= first.text.utf8.count + (first.answer?.utf8.count ?? 0)
            omitted += 1
        }
    }
}

/// A message of a thread and what came of it.
///
/// Key: automaton, thread, number.
package struct MessageRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var thread: ThreadName
    package var number: Int
    package var message: ChatMessage
    package var by: Principal
    package var at: Instant
    /// The run that answers it; nil while messages before it are being answered.
    package var run: RunID?
    /// How that run ended; nil while it goes on.
    package var outcome: RunOutcome?
    package var answer: String?
    package var answeredAt: Instant?
    /// Why nobody will try to answer it again, nor be told of it.
    package var quarantine: Quarantine?

    /// A message that was just received.
    package init(
        automaton: AutomatonName, thread: ThreadName, number: Int, message: ChatMessage,
        by: Principal, at: Instant
    ) {
        self.automaton = automaton
        self.thread = thread
        self.number = number
        self.message = message
        self.by = by
        self.at = at
    }
}

/// The keys of a chat's rows: they sort by automaton, thread and number.
package enum ChatKey {
    /// Nine digits: a message a second for thirty years.
    private static let digits = 9

    /// What the key of each thread of the automaton begins with.
    package static func prefix(_ name: AutomatonName) -> String { "\(name)/" }

    /// The key of a thread's row.
    package static func thread(_ name: AutomatonName, _ thread: ThreadName) -> String {
        "\(name)/\(thread)"
    }

    /// What the key of each message of the thread begins with.
    package static func messages(_ name: AutomatonName, _ thread: ThreadName) -> String {
        "\(name)/\(thread)/"
    }

    /// The key of a message's row.
    package static func message(
        _ name: AutomatonName, _ thread: ThreadName, _ number: Int
    ) -> String {
        let text = String(number)
        return messages(name, thread)
            + String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// A message for a thread, as the control API takes it.
package struct ChatOrder: Hashable, Sendable, Codable {
    package var thread: ThreadName
    package var message: ChatMessage

    /// A message for `thread`.
    package init(thread: ThreadName, message: ChatMessage) {
        self.thread = thread
        self.message = message
    }
}

/// A new thread that begins with what was said in another one.
package struct ForkOrder: Hashable, Sendable, Codable {
    package var thread: ThreadName
    package var from: ThreadName
    /// The last message of `from` that the new thread knows; nil: all of them.
    package var through: Int?

    /// A fork of `from`.
    package init(thread: ThreadName, from: ThreadName, through: Int?) {
        self.thread = thread
        self.from = from
        self.through = through
    }
}

/// A thread as `aura-ctl chat NAME --list` shows it.
package struct ThreadStatus: Hashable, Sendable, Codable {
    package var thread: ThreadName
    package var messages: Int
    package var waiting: Int
    package var lastAt: Instant
    package var origin: ThreadName?

    /// How a thread stands.
    package init(_ row: ThreadRow) {
        thread = row.thread
        messages = row.messages
        waiting = row.waiting.count
        lastAt = row.lastAt
        origin = row.origin
    }
}
