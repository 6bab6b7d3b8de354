package import AuraModel

extension Handover {
    /// What an earlier daemon has handed over: alive, or ended with its outcome kept.
    package struct Found: Hashable, Sendable {
        /// A run's worker.
        package struct Worker: Hashable, Sendable {
            package var generation: Generation
            package var process: Int

            /// The worker that was launched for `generation`.
            package init(generation: Generation, process: Int) {
                self.generation = generation
                self.process = process
            }
        }

        /// The newest worker of each run.
        package var attempts: [RunID: Worker] = [:]
        /// The processes of commands.
        package var commands: [RunID: [CommandID: Int]] = [:]
        /// Commands that were let begin; nil when that is not known, and any may have.
        package var begun: [RunID: Set<CommandID>]?

        /// Nothing.
        package init() {}
    }
}

/// What was under way when the daemon before this one went away.
extension Kernel {
    /// What was handed over goes on.
    ///
    /// What was not has gone with the last process: what it did is unknown, calls stay charged as
    /// reserved, and the kernel of the run is told.
    mutating func takeUp(_ id: RunID, _ found: Handover.Found, at now: Instant) throws {
        guard let row = state.runs[id] else { return }
        var isResumed = false
        switch row.phase {
        case .queued, .backingOff, .parked, .finished: break
        case .launching, .running:
            if let worker = found.attempts[id], worker.generation <= row.generation {
                try takeOver(worker, of: id, row, at: now)
            } else {
                isResumed = true
                attempts[id] = Attempt(generation: row.generation)
                let detail = "the daemon went away; the run goes on from the record"
                try record(.attemptEnded(exit: .orphaned, detail: detail), run: id, at: now)
                attempts[id] = nil
            }
        }
        for pending in row.pending where pending.intent.plan.diesWithDaemon {
            if try takeOver(pending, of: row, found, at: now) { continue }
            if asksAgain(pending, row) { continue }
            if try interrupt(pending, of: id, at: now) { isResumed = true }
        }
        if isResumed { handover.resumed += 1 }
    }

    /// The same process, fenced anew: whatever it has sent to the daemon before is not heard.
    private mutating func takeOver(
        _ worker: Handover.Found.Worker, of id: RunID, _ row: RunRow, at now: Instant
    ) throws {
        let generation = row.generation + 1
        // It may be in the middle of an edit, and answers when it is done.
        attempts[id] = Attempt(
            generation: generation, isLaunched: true, deadline: now + deadlines(of: row).silence)
        let taken = TakenOver(earlier: row.generation, process: worker.process)
        try record(.takenOver(taken), run: id, at: now)
        actions.append(.takeOver(id, generation))
        handover.workers += 1
    }

    /// Whether the command goes on, or begins only now.
    private mutating func takeOver(
        _ pending: RunRow.Pending, of row: RunRow, _ found: Handover.Found, at now: Instant
    ) throws -> Bool {
        let command = pending.intent.command
        if let process = found.commands[row.id]?[command] {
            let taken = TakenOver(command: command, process: process)
            try record(.takenOver(taken), run: row.id, at: now)
            actions.append(.takeOverCommand(row.id, command, pending.intent.plan))
            handover.commands += 1
            return true
        }
        switch pending.intent.plan {
        case .step(let request) where found.isYetToBegin(pending, of: row.id):
            actions.append(.step(row.id, command, request))
            return true
        case .tool(let call):
            guard found.isYetToBegin(pending, of: row.id) || found.canBeHadAgain(call, of: row)
            else { return false }
            actions.append(.tool(row.id, command, call))
            return true
        case .step, .reason, .spawn, .ask, .wait, .finish: return false
        }
    }

    /// A call of a tool that changes nothing is made again, of a server that is started anew.
    private mutating func asksAgain(_ pending: RunRow.Pending, _ row: RunRow) -> Bool {
        guard case .tool(let call) = pending.intent.plan, let served = call.served,
            let servers = state.definitions[row.definition]?.servers,
            servers.first(where: { $0.name == served.server })?.effect == .readOnly
        else { return false }
        actions.append(.tool(row.id, pending.intent.command, call))
        return true
    }

    /// Whether anything was lost.
    private mutating func interrupt(
        _ pending: RunRow.Pending, of id: RunID, at now: Instant
    ) throws -> Bool {
        let command = pending.intent.command
        // Nothing is under way for a call that waits: the run's worker will name it again.
        if pending.call != nil, pending.reserved == .zero { return false }
        if pending.reserved != .zero {
            try record(
                .settled(command: command, amount: pending.reserved, estimated: true), run: id,
                at: now)
        }
        let reason = pending.intent.plan.lossText
        try transact(.interrupted(command: command, reason: reason), on: id, at: now)
        return true
    }
}

extension Handover.Found {
    /// Whether it was decided and had not begun when the daemon went away.
    fileprivate func isYetToBegin(_ pending: RunRow.Pending, of run: RunID) -> Bool {
        guard let begun else { return false }
        switch pending.intent.plan {
        case .tool(let call) where call.tool != .runCommand: return false
        case .reason, .spawn, .ask, .wait, .finish: return false
        case .tool, .step: return begun[run]?.contains(pending.intent.command) != true
        }
    }

    /// A look at a command that goes on does nothing, and none ends twice.
    fileprivate func canBeHadAgain(_ call: ToolCall, of row: RunRow) -> Bool {
        guard call.tool == .commandOutput || call.tool == .killCommand,
            let other = call.input["command"]?.integerValue
        else { return false }
        return commands[row.id]?[other] != nil
            || row.pending.contains {
                $0.intent.command == other && isYetToBegin($0, of: row.id)
            }
    }
}
