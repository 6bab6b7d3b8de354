import AuraModel

/// What operators say to runs that are at work.
///
/// A message is one transaction of the run: in the record before it is acknowledged, folded once like
/// every other, and said to the model with its next call.
extension Kernel {
    /// Takes a message in; one that is there already, by its id, changes nothing.
    ///
    /// A run that only coordinates passes it on to the agents that are at work for it.
    mutating func tell(
        _ id: RunID, _ message: ChatMessage, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        if let flaw = message.flaw { throw APIError(.badRequest, flaw) }
        guard let row = state.runs[id] else {
            throw APIError(.refused, "run \(id) is over", hint: "aura-ctl show \(id)")
        }
        if let known = row.told?.first(where: { $0.id == message.id }) {
            guard known.mark == RunRow.Told.mark(of: message.text) else {
                throw APIError(
                    .refused, "run \(id) was told something else under the id \(message.id)",
                    hint: "send a new message under an id of its own")
            }
            return OrderResult(
                changed: false, message: "run \(id) has that message already", run: id)
        }
        let listeners = try listeners(of: row)
        for run in [id] + listeners.filter({ $0 != id }) {
            guard state.runs[run]?.told?.count ?? 0 < RunRow.toldMax else {
                throw APIError(
                    .refused, "run \(run) was told \(RunRow.toldMax) things already",
                    hint: "aura-ctl stop \(run)")
            }
        }
        for run in [id] + listeners.filter({ $0 != id }) {
            try hear(message, run, by: principal, at: now)
        }
        return OrderResult(changed: true, message: remark(on: row, listeners), run: id)
    }

    /// Who has a model that can be told something: the run, or the agents below it.
    private func listeners(of row: RunRow) throws(APIError) -> [RunID] {
        guard let definition = state.definitions[row.definition] else { return [row.id] }
        if row.kind == .devLoop {
            let agents = (state.index.children[row.id] ?? []).sorted().filter {
                state.runs[$0]?.task?.role == nil
            }
            guard !agents.isEmpty else {
                throw APIError(
                    .conflict, "no agent of run \(row.id) is at work now: \(row.activity)",
                    hint: "aura-ctl show \(row.id)")
            }
            return agents
        }
        guard row.task != nil || definition.run?.isEmpty ?? true else {
            throw APIError(
                .refused, "run \(row.id) does declared commands, it asks no model",
                hint: "aura-ctl stop \(row.id)")
        }
        return [row.id]
    }

    private mutating func hear(
        _ message: ChatMessage, _ id: RunID, by principal: Principal, at now: Instant
    ) throws {
        guard let row = state.runs[id], row.told?.contains(where: { $0.id == message.id }) != true
        else { return }
        try record(
            .transacted(
                index: row.transactions + 1, transaction: .told(message: message, by: principal)),
            run: id, by: principal, at: now)
        // Whoever speaks wants to be heard now, and not when some time has passed.
        for pending in row.pending {
            guard case .wait = pending.intent.plan else { continue }
            try transact(.waited(command: pending.intent.command), on: id, at: now)
        }
    }

    private func remark(on row: RunRow, _ listeners: [RunID]) -> String {
        let isAsking = row.pending.contains { pending in
            if case .ask = pending.intent.plan { true } else { false }
        }
        if isAsking {
            return "run \(row.id) has your message; it still waits for an answer to its question"
        }
        guard listeners != [row.id] else { return "run \(row.id) has your message" }
        let tasks = listeners.compactMap { state.runs[$0]?.task?.id }.joined(separator: ", ")
        return "run \(row.id) has your message, for those at work on \(tasks)"
    }
}
