import AuraModel

/// Chats: each message of a thread gets a run of its own, one after the other.
///
/// Between messages there is no run, so that an idle thread costs nothing but its row; what was
/// said before comes to each run in its second transaction.
extension Kernel {
    /// Takes a message in.
    ///
    /// One that is there already, by its id, changes nothing.
    mutating func say(
        _ message: ChatMessage, to thread: ThreadName, of name: AutomatonName,
        by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        try mustBeChat(name)
        if let flaw = message.flaw { throw APIError(.badRequest, flaw) }
        let key = State.ThreadKey(name, thread)
        let row = state.threads[key]
        if let known = row?.recent.last(where: { $0.id == message.id }) {
            return OrderResult(
                changed: false, message: "message \(known.number) of thread \(thread) is there",
                run: row?.waiting.first { $0.number == known.number }?.run, number: known.number)
        }
        if row == nil { try mustHaveRoom(name) }
        guard (row?.waiting.count ?? 0) < ChatBounds.waitingMax else {
            throw APIError(
                .conflict, "\(ChatBounds.waitingMax) messages of thread \(thread) wait already",
                hint: "aura-ctl chat \(name) --thread \(thread) --history")
        }
        let number = (row?.messages ?? 0) + 1
        try record(
            .messageReceived(thread: thread, number: number, message: message), automaton: name,
            by: principal, at: now)
        try beginTurn(of: key, at: now)
        return OrderResult(
            changed: true, message: "message \(number) of thread \(thread)",
            run: state.threads[key]?.waiting.last?.run, number: number)
    }

    /// Begins a thread with what was said in another one.
    mutating func carryOut(
        _ fork: ThreadFork, of name: AutomatonName, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        try mustBeChat(name)
        guard state.threads[.init(name, fork.thread)] == nil else {
            throw APIError(
                .refused, "there is a thread \(fork.thread) already",
                hint: "aura-ctl chat \(name) --list")
        }
        try mustHaveRoom(name)
        try record(
            .threadForked(
                thread: fork.thread, from: fork.from, through: fork.through,
                earlier: fork.earlier, omitted: fork.omitted),
            automaton: name, by: principal, at: now)
        return OrderResult(
            changed: true,
            message: "thread \(fork.thread) goes on from message \(fork.through) of \(fork.from)",
            number: fork.through)
    }

    /// Lets a run in for the oldest message without an answer, unless it has one.
    mutating func beginTurn(of key: State.ThreadKey, at now: Instant) throws {
        guard let row = state.threads[key], let next = row.waiting.first, next.run == nil
        else { return }
        let id = RunID(at: now, sequence: nextSequence)
        let trigger = Trigger.message(thread: key.thread, number: next.number, by: next.by)
        try admit(id, of: key.automaton, trigger: trigger, by: next.by, at: now)
        let turn = ChatTurn(
            thread: key.thread, number: next.number, message: next.message, by: next.by,
            earlier: row.history, omitted: row.omitted)
        try transact(.messaged(turn: turn), on: id, at: now)
    }

    private func mustBeChat(_ name: AutomatonName) throws(APIError) {
        let row = try known(name)
        guard row.kind == .chat else {
            throw APIError(
                .badRequest, "\(name) is a \(row.kind.rawValue); only a chat takes messages",
                hint: "aura-ctl run \(name)")
        }
    }

    private func mustHaveRoom(_ name: AutomatonName) throws(APIError) {
        guard state.threads.keys.count(where: { $0.automaton == name }) < ChatBounds.threadsMax
        else {
            throw APIError(
                .refused, "\(name) has \(ChatBounds.threadsMax) threads already",
                hint: "aura-ctl chat \(name) --list")
        }
    }
}
