import AuraModel

/// Runs that wait long, for a provider or for the operator, give up their worker and their slot
/// meanwhile.
extension Kernel {
    /// Parks the tree of a run whose call waits until `until`, if that is far off and nothing else
    /// goes on in it.
    mutating func park(_ key: CallKey, until: Instant, at now: Instant) throws {
        guard until - now >= CallPolicy.parkAfter else { return }
        try parkTree(of: key.run, pending(key)?.call?.reason ?? "", at: now)
    }

    /// Parks the trees of runs whose questions nobody has answered within the grace.
    mutating func parkQuestions(at now: Instant) throws {
        placeRuns(at: now)
        for id in openRuns(where: { $0.isUnderWay && $0.question != nil }) {
            guard attempts[id] != nil, let row = state.runs[id], let question = row.question,
                let end = graceEnd(of: row), end <= now
            else { continue }
            try parkTree(of: id, question, at: now)
        }
    }

    /// When a run that asks the operator may be parked; nil while it asks nothing.
    func graceEnd(of row: RunRow) -> Instant? {
        row.pending.first { $0.intent.plan.question != nil }.map {
            $0.since + CallPolicy.questionGrace
        }
    }

    /// Parks the run, all above and all below it, if nothing goes on in any of them.
    private mutating func parkTree(of run: RunID, _ reason: String, at now: Instant) throws {
        guard let root = state.lineage(of: run).last else { return }
        let runs = tree(of: root)
        var soonest = Instant(milliseconds: .max)
        for id in runs {
            guard let wake = farWait(of: id, at: now) else { return }
            soonest = min(soonest, wake)
        }
        let question = runs.compactMap { state.runs[$0]?.question }.first
        for id in runs {
            dropCalls(of: id)
            let generation = attempts.remove(id)?.generation
            try record(
                .runParked(until: soonest, reason: question ?? reason, rests: question != nil),
                run: id, at: now)
            if let generation { actions.append(.endAttempt(id, generation)) }
        }
        for key in callWakes.keys where runs.contains(key.run) { callWakes[key] = nil }
    }

    /// Puts parked trees back into line whose time has come, or of which one has news; those below
    /// the first follow with its start.
    mutating func unpark(at now: Instant) throws {
        placeRuns(at: now)
        for id in openRuns(where: \.isParked) {
            guard let row = state.runs[id], let due = unparkDue(of: row), due <= now,
                let root = state.lineage(of: id).last
            else { continue }
            try record(.runUnparked, run: root, at: now)
        }
    }

    /// When the tree of a parked run goes back into line because of this one; nil when it is there.
    func unparkDue(of row: RunRow) -> Instant? {
        guard let root = state.lineage(of: row.id).last, let phase = state.runs[root]?.phase,
            phase.parkedUntil != nil
        else { return nil }
        return row.phase.parkedUntil
    }

    /// Takes up again the calls that wait, from what a new worker wants: it folds what the one
    /// before had folded, so its requests are the same to the byte.
    mutating func takeUpCalls(
        of id: RunID, from proposal: Proposal, digests: [CommandID: RequestDigest],
        at now: Instant
    ) throws {
        for command in proposal.rounds.flatMap(\.commands) {
            let key = CallKey(run: id, command: command.id)
            guard case .reason(let request) = command.act, calls[key] == nil,
                let pending = pending(key), pending.reserved == .zero, let hold = pending.call,
                case .reason(let digest, let bytes, _, _, _) = pending.intent.plan
            else { continue }
            guard digests[command.id]?.sha256 == digest else {
                let detail = "the worker asks something else than is in the record"
                return try finish(id, RunOutcome(.protocolViolation, detail), at: now)
            }
            addCall(request, bytes: bytes, key, reasoner: hold.reasoner)
        }
    }

    func tree(of root: RunID) -> [RunID] {
        var runs = [root]
        var index = 0
        while index < runs.count {
            runs += (state.index.children[runs[index]] ?? []).sorted()
            index += 1
        }
        return runs
    }

    /// When the run next has something to do, if it only waits for that; nil when it does not, or
    /// soon has.
    private func farWait(of id: RunID, at now: Instant) -> Instant? {
        guard let row = state.runs[id], row.phase == .running, let attempt = attempts[id],
            attempt.isReady, attempt.deadline == nil, attempt.folded == row.transactions
        else { return nil }
        var soonest = Instant(milliseconds: .max)
        for pending in row.pending {
            switch pending.intent.plan {
            case .spawn: continue
            case .reason:
                guard let until = pending.call?.until, pending.reserved == .zero,
                    until - now >= CallPolicy.parkAfter
                else { return nil }
                soonest = min(soonest, until)
            case .ask(_, let until):
                guard pending.since + CallPolicy.questionGrace <= now else { return nil }
                soonest = min(soonest, until)
            case .tool, .step, .wait, .finish: return nil
            }
        }
        return row.pending.isEmpty ? nil : soonest
    }
}

extension RunRow.Phase {
    /// Until when a parked run is parked.
    var parkedUntil: Instant? {
        guard case .parked(let until) = self else { return nil }
        return until
    }
}
