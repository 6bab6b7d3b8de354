import AuraModel

/// What operators order. Every order is answered; "already so" is success that changed nothing.
extension Kernel {
    mutating func carryOut(
        _ order: Order, by principal: Principal, ticket: Ticket, at now: Instant
    ) throws {
        let answer: Result<OrderResult, APIError>
        do throws(APIError) {
            answer = .success(try result(of: order, by: principal, at: now))
        } catch {
            answer = .failure(error)
        }
        actions.append(.reply(ticket, answer))
    }

    private mutating func result(
        of order: Order, by principal: Principal, at now: Instant
    ) throws(APIError) -> OrderResult {
        do {
            switch order {
            case .start(let name): return try start(name, by: principal, at: now)
            case .stop(let name, let how): return try stop(name, how, by: principal, at: now)
            case .restart(let name):
                _ = try stop(name, StopOrder(), by: principal, at: now)
                var result = try start(name, by: principal, at: now)
                result.message = "\(name) restarted"
                return result
            case .run(let name, let given):
                return try run(name, given, by: principal, at: now)
            case .stopRun(let id): return try stop(id, by: principal, at: now)
            case .pause(let name): return try pause(name, by: principal, at: now)
            case .resume(let name): return try resume(name, by: principal, at: now)
            case .backfill(let name, let nominals):
                return try backfill(name, nominals, by: principal, at: now)
            case .answer(let id, let text):
                return try answer(id, text, by: principal, at: now)
            case .tell(let id, let message):
                return try tell(id, message, by: principal, at: now)
            case .say(let name, let thread, let message):
                return try say(message, to: thread, of: name, by: principal, at: now)
            case .fork(let name, let fork):
                return try carryOut(fork, of: name, by: principal, at: now)
            case .prune(let pruned):
                try record(.recordPruned(pruned), by: principal, at: now)
                return OrderResult(changed: true, message: "pruned up to #\(pruned.through)")
            case .deliver(let name, let delivery):
                return try take(delivery, for: name, at: now)
            }
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.internalError, "the order could not be recorded: \(error)")
        }
    }

    func known(_ name: AutomatonName) throws(APIError) -> AutomatonRow {
        guard let row = state.automata[name], row.isLoaded else {
            throw APIError(
                .notFound, "there is no automaton '\(name)'", hint: "aura-ctl list")
        }
        return row
    }

    private mutating func start(
        _ name: AutomatonName, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        let row = try known(name)
        guard !row.isActive else {
            guard row.pause?.quarantine != nil else {
                return OrderResult(changed: false, message: "\(name) is active already")
            }
            return OrderResult(
                changed: false,
                message: "\(name) is active, but in quarantine: aura-ctl resume \(name)")
        }
        try record(.automatonStarted, automaton: name, by: principal, at: now)
        return OrderResult(changed: true, message: "\(name) started")
    }

    private mutating func stop(
        _ name: AutomatonName, _ how: StopOrder, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        let row = try known(name)
        let live = state.index.live[name] ?? []
        if row.isActive {
            let reason = "the automaton was stopped by \(principal)"
            try closeSchedule(of: name, reason, at: now)
            try cancelWaiting(of: name, reason, at: now)
            try record(.automatonStopped, automaton: name, by: principal, at: now)
        }
        if how.drain == true || how.grace != nil, !live.isEmpty {
            return try letEnd(name, live, how, by: principal, at: now)
        }
        // With each run of a chat that ends the next message of its thread gets one.
        while let id = state.index.live[name]?.min() {
            _ = try stop(id, by: principal, at: now)
        }
        guard row.isActive || !live.isEmpty else {
            return OrderResult(changed: false, message: "\(name) is inactive already")
        }
        let runs = live.isEmpty ? "" : "; \(live.count) run(s) cancelled"
        return OrderResult(changed: true, message: "\(name) stopped\(runs)")
    }

    private mutating func run(
        _ name: AutomatonName, _ given: RunOrder, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        let row = try known(name)
        guard row.kind != .chat else {
            throw APIError(
                .refused, "\(name) is a chat: it runs when it is told something",
                hint: "aura-ctl chat \(name)")
        }
        let inputs = try inputs(given, of: row)
        if let reason = refusalToAdmit(name, at: now) ?? overlapRefusal(name) {
            throw APIError(
                .conflict, "\(name) cannot run now: \(reason)", hint: "aura-ctl runs \(name)")
        }
        let id = RunID(at: now, sequence: nextSequence)
        try admit(
            id, of: name, trigger: .order(by: principal), inputs: inputs, by: principal, at: now)
        return OrderResult(changed: true, message: "\(name) runs as \(id)", run: id)
    }

    /// What was given, complete, by the definition in force.
    private func inputs(
        _ given: RunOrder, of row: AutomatonRow
    ) throws(APIError) -> [String: JSONValue]? {
        let declared = state.definitions[row.definition]?.inputs ?? []
        do throws(InputFault) {
            return try RunInputs.complete(given.inputs, texts: given.texts, declared)
        } catch {
            throw APIError(.badRequest, error.message, hint: error.hint(for: row.name))
        }
    }

    private mutating func stop(
        _ id: RunID, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        guard state.runs[id] != nil else {
            return OrderResult(changed: false, message: "run \(id) is not under way", run: id)
        }
        let reason = "stopped by \(principal)"
        try record(.stopRequested(reason: reason), run: id, by: principal, at: now)
        try finish(id, RunOutcome(.cancelled, reason), at: now)
        return OrderResult(changed: true, message: "run \(id) stopped", run: id)
    }

    private mutating func answer(
        _ id: RunID, _ text: String, by principal: Principal, at now: Instant
    ) throws -> OrderResult {
        guard state.runs[id] != nil else {
            throw APIError(.notFound, "run \(id) is not under way", hint: "aura-ctl runs")
        }
        // A coordinator is asked for its agents.
        let asking = tree(of: id).filter { state.runs[$0]?.question != nil }
        guard let run = asking.first,
            let question = state.runs[run]?.pending.first(where: {
                $0.intent.plan.question != nil
            })
        else {
            throw APIError(
                .conflict, "run \(id) has not asked anything", hint: "aura-ctl show \(id)")
        }
        guard asking.count == 1 || run == id else {
            let names = asking.map(\.short).joined(separator: ", ")
            throw APIError(
                .refused, "more than one run below \(id) asks: \(names)",
                hint: "aura-ctl answer \(run) TEXT")
        }
        let command = question.intent.command
        try transact(
            .operatorAnswered(command: command, text: text), on: run, by: principal, at: now)
        return OrderResult(changed: true, message: "run \(run) has your answer", run: run)
    }
}
