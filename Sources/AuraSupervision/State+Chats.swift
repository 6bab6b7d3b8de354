package import AuraModel

/// How facts move the threads of chats and their messages.
extension State {
    /// Names a thread of a chat.
    package struct ThreadKey: Hashable, Sendable {
        package var automaton: AutomatonName
        package var thread: ThreadName

        /// The key of `thread` of `automaton`.
        package init(_ automaton: AutomatonName, _ thread: ThreadName) {
            self.automaton = automaton
            self.thread = thread
        }

        /// The key in the record.
        package var text: String { ChatKey.thread(automaton, thread) }

        /// The key that is written so in the record; nil when none is.
        init?(text: String) {
            let parts = text.split(separator: "/")
            guard parts.count == 2, let name = AutomatonName(String(parts[0])),
                let thread = ThreadName(String(parts[1]))
            else { return nil }
            self.init(name, thread)
        }
    }

    mutating func applyToChat(_ name: AutomatonName, _ entry: Entry) throws {
        switch entry.fact {
        case .messageReceived(let thread, let number, let message):
            let key = ThreadKey(name, thread)
            var row = threads[key] ?? ThreadRow(automaton: name, thread: thread, at: entry.at)
            let received = MessageRow(
                automaton: name, thread: thread, number: number, message: message,
                by: entry.principal, at: entry.at)
            row.messages = number
            row.lastAt = entry.at
            row.waiting.append(received)
            row.recent = Array(
                (row.recent + [.init(id: message.id, number: number)])
                    .suffix(ChatBounds.recentMax))
            threads[key] = row
            touch(.threads, key.text)
            try write(received)
        case .threadForked(let thread, let from, let through, let earlier, let omitted):
            let key = ThreadKey(name, thread)
            var row = ThreadRow(automaton: name, thread: thread, at: entry.at)
            row.origin = from
            row.history = earlier
            row.omitted = omitted
            // Numbers go on, so that those of the common part mean the same in both threads.
            row.messages = through
            threads[key] = row
            touch(.threads, key.text)
        default: break
        }
    }

    /// A run was let in to answer the oldest message of its thread.
    mutating func noteTurn(of run: RunRow) throws {
        guard case .message(let thread, let number, _) = run.trigger else { return }
        let key = ThreadKey(run.automaton, thread)
        guard var row = threads[key],
            let place = row.waiting.firstIndex(where: { $0.number == number })
        else { return }
        row.waiting[place].run = run.id
        threads[key] = row
        touch(.threads, key.text)
        try write(row.waiting[place])
    }

    /// That run has ended: the message has its answer, or the reason why there is none.
    mutating func noteAnswer(of run: RunRow, at: Instant) throws {
        guard case .message(let thread, let number, _) = run.trigger else { return }
        let key = ThreadKey(run.automaton, thread)
        guard var row = threads[key],
            let place = row.waiting.firstIndex(where: { $0.number == number })
        else { return }
        var message = row.waiting.remove(at: place)
        message.outcome = run.outcome
        message.answer = run.report.isEmpty ? nil : run.report
        message.answeredAt = at
        row.lastAt = at
        message.quarantine = run.quarantine
        // What killed the workers of its own run would kill those of the next one.
        let text =
            run.quarantine == nil
            ? message.message.text
            : "[This message is quarantined and cannot be shown.]"
        row.remember(ChatExchange(number: number, text: text, answer: message.answer))
        threads[key] = row
        touch(.threads, key.text)
        try write(message)
    }

    private mutating func write(_ row: MessageRow) throws {
        write(
            .messages, ChatKey.message(row.automaton, row.thread, row.number),
            try JSON.text(row))
    }
}
