extension RunRow {
    /// 64 messages to one run, whose ids are all remembered: with more to say, stop it.
    package static let toldMax = 64

    /// A message to a run that is at work.
    package struct Told: Hashable, Sendable, Codable {
        /// The sender's name for it.
        package var id: String
        /// Tells another text under the same id.
        package var mark: Int
        /// The transaction that it is.
        package var index: Int
        /// The model call that was told it; nil: none yet.
        package var command: CommandID?

        /// The message that is the transaction `index`, not yet in a model call.
        package init(_ message: ChatMessage, index: Int) {
            id = message.id
            mark = Self.mark(of: message.text)
            self.index = index
        }

        /// FNV-1a of a text, as much of it as every reader of JSON takes for a whole number: an
        /// accident, not an attack, is to be noticed.
        package static func mark(of text: String) -> Int {
            let hash: UInt64 = text.utf8.reduce(0xcbf2_9ce4_8422_2325) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01b3
            }
            return Int(hash >> 11)
        }
    }
}

extension EntryText {
    /// What an operator said to a run at work.
    static func told(_ message: ChatMessage, _ by: Principal) -> Self {
        Self(
            .notice,
            "told by \(SafeText.brief(by.name)): \(SafeText.firstLine(message.text, max: 120))")
    }
}
