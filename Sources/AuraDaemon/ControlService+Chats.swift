import AuraModel
import AuraRecord
import AuraSupervision

/// What the control API tells of chats, and what can be said to them.
extension ControlService {
    /// 100: the messages of one screen and then some; `limit` asks for more.
    private static let messagesDefault = 100
    private static let messagesMax = 1000

    func threads(of name: AutomatonName) async throws -> [ThreadStatus] {
        let rows = try await inbox.ask { kernel in
            kernel.state.automata[name].map { row in
                (row.kind, kernel.state.threads.filter { $0.key.automaton == name }.map(\.value))
            }
        }.get()
        guard let (kind, threads) = rows else { throw Self.unknown(name) }
        guard kind == .chat else { throw Self.noChat(name, kind) }
        return threads.map { ThreadStatus($0) }.sorted { $0.thread < $1.thread }
    }

    /// Messages of a thread after the number `after`, in order.
    ///
    /// Those that a fork has in common with its origin come from there.
    func messages(of name: AutomatonName, query: Query) async throws -> [MessageRow] {
        let after = try query.number("after", 0, in: 0...Int.max - 1)
        let limit = try query.number("limit", Self.messagesDefault, in: 1...Self.messagesMax)
        guard let thread = query["thread"].map({ ThreadName($0) }) ?? .main else {
            throw APIError(.badRequest, "a thread's name is \(ThreadName.expectation)")
        }
        let key = State.ThreadKey(name, thread)
        guard let count = try await inbox.ask({ $0.state.threads[key]?.messages }).get() else {
            return []
        }
        var rows: [MessageRow] = []
        var number = after + 1
        while number <= count, rows.count < limit {
            if let row = try messageOrOrigin(number, key) { rows.append(row) }
            number += 1
        }
        return rows
    }

    func say(
        _ order: ChatOrder, to name: AutomatonName, by principal: Principal
    ) async throws -> OrderResult {
        let result = try await inbox.order(
            .say(name, order.thread, order.message), by: principal
        ).get()
        if !result.changed, let number = result.number,
            let known = try message(number, .init(name, order.thread)),
            known.message != order.message
        {
            throw APIError(
                .refused, "message \(number) has the id \(order.message.id) and another text",
                hint: "send a new message under an id of its own")
        }
        return result
    }

    /// Begins a thread with the exchanges of another one up to a message.
    func fork(
        _ order: ForkOrder, of name: AutomatonName, by principal: Principal
    ) async throws -> OrderResult {
        let key = State.ThreadKey(name, order.from)
        guard let origin = try await inbox.ask({ $0.state.threads[key] }).get() else {
            throw APIError(
                .notFound, "\(name) has no thread \(order.from)",
                hint: "aura-ctl chat \(name) --list")
        }
        let through = order.through ?? origin.messages - origin.waiting.count
        guard (0...origin.messages).contains(through) else {
            throw APIError(
                .badRequest, "thread \(order.from) has \(origin.messages) messages",
                hint: "aura-ctl chat \(name) --thread \(order.from) --history")
        }
        var copy = ThreadRow(automaton: name, thread: order.thread, at: origin.lastAt)
        for number in 1..<(through + 1) {
            // What the origin itself was forked from is read there.
            guard let row = try messageOrOrigin(number, key) else { continue }
            guard row.outcome != nil else {
                throw APIError(
                    .conflict, "message \(number) of \(order.from) has no answer yet",
                    hint: "aura-ctl chat \(name) --fork \(order.from):\(number - 1)")
            }
            copy.remember(
                ChatExchange(number: number, text: row.message.text, answer: row.answer))
        }
        let fork = ThreadFork(
            thread: order.thread, from: order.from, through: through, earlier: copy.history,
            omitted: copy.omitted)
        return try await inbox.order(.fork(name, fork), by: principal).get()
    }

    private func message(_ number: Int, _ key: State.ThreadKey) throws -> MessageRow? {
        try reader.row(.messages, ChatKey.message(key.automaton, key.thread, number)).map {
            try JSON.decode(MessageRow.self, from: $0.utf8)
        }
    }

    /// A message of the thread, or of the one that it was forked from.
    private func messageOrOrigin(_ number: Int, _ key: State.ThreadKey) throws -> MessageRow? {
        var key = key
        // Forks of forks end: a thread is older than what is forked from it.
        for _ in 0..<ChatBounds.threadsMax {
            if let row = try message(number, key) { return row }
            guard let text = try reader.row(.threads, key.text),
                let origin = try JSON.decode(ThreadRow.self, from: text.utf8).origin
            else { return nil }
            key.thread = origin
        }
        return nil
    }

    private static func unknown(_ name: AutomatonName) -> APIError {
        APIError(.notFound, "there is no automaton '\(name)'", hint: "aura-ctl list")
    }

    private static func noChat(_ name: AutomatonName, _ kind: AutomatonKind) -> APIError {
        APIError(
            .badRequest, "\(name) is a \(kind.rawValue); only a chat has threads",
            hint: "aura-ctl show \(name)")
    }
}
