import AuraModel

/// Runs that wait long for a provider give up their worker and their slot meanwhile.
extension Kernel {
    /// Parks the tree of a run whose call waits until `until`, if that is far off and nothing else
    /// goes on in it.
    mutating func park(_ key: CallKey, until: Instant, at now: Instant) throws {
        guard until - now >= CallPolicy.parkAfter, let root = state.lineage(of: key.run).last
        else { return }
        let runs = tree(of: root)
        var soonest = until
        for id in runs {
            guard let wake = farWait(of: id, at: now) else { return }
            soonest = min(soonest, wake)
        }
        let reason = pending(key)?.call?.reason ?? ""
        for id in runs {
            dropCalls(of: id)
            let generation = attempts.removeValue(forKey: id)?.generation
            try record(.runParked(until: soonest, reason: reason), run: id, at: now)
            if let generation { actions.append(.endAttempt(id, generation)) }
        }
        for key in callWakes.keys where runs.contains(key.run) { callWakes[key] = nil }
    }

    /// Puts parked runs whose time has come back into line; those below them follow with the start.
    mutating func unpark(at now: Instant) throws {
        for id in state.index.parked.sorted() {
            guard let row = state.runs[id], row.parent == nil,
                let until = row.phase.parkedUntil, until <= now
            else { continue }
            try record(.runUnparked, run: id, at: now)
        }
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
                case .reason(let digest, let bytes, _, _) = pending.intent.plan
            else { continue }
            guard digests[command.id]?.sha256 == digest else {
                let detail = "the worker asks something else than is in the record"
                return try finish(id, RunOutcome(.protocolViolation, detail), at: now)
            }
            addCall(request, bytes: bytes, key, reasoner: hold.reasoner)
        }
    }

    private func tree(of root: RunID) -> [RunID] {
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
            case .tool, .step, .ask, .wait, .finish: return nil
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
