import AuraModel

/// Model calls: each within the provider's limits, and again while that may help.
extension Kernel {
    /// Takes up a call that is in the record, with what is held for it.
    mutating func addCall(
        _ request: ModelRequest, bytes: Int, _ key: CallKey, reasoner: String
    ) {
        lastCall += 1
        calls[key] = ModelCall(
            request: request, bytes: bytes, reasoner: reasoner, number: lastCall)
    }

    /// Makes every call that may be made now, in the order in which they came.
    mutating func placeCalls(at now: Instant) throws {
        let waiting = calls.waiting
        guard !waiting.isEmpty else { return }
        callWakes = [:]
        var full: Set<String> = []
        for (key, call) in waiting {
            // One that was ended by what an earlier one did is not there any more.
            guard calls[key] != nil, let pending = pending(key) else {
                calls[key] = nil
                continue
            }
            if let until = pending.call?.until, until > now {
                callWakes[key] = until
                try park(key, until: until, at: now)
                continue
            }
            let provider = settings.reasoners[call.reasoner]?.block?.name ?? ""
            // First come, first served: what came later does not slip past.
            guard !full.contains(provider) else { continue }
            if let wake = try place(key, call, pending, at: now) {
                callWakes[key] = wake
                full.insert(provider)
            }
        }
    }

    /// When a waiting call should be looked at again by itself.
    var nextCallWake: Instant? {
        callWakes.values.filter { $0.milliseconds < .max }.min()
    }

    func pending(_ key: CallKey) -> RunRow.Pending? {
        state.runs[key.run]?.pending.first { $0.intent.command == key.command }
    }

    /// Makes the call, or says when its provider may have room for it.
    private mutating func place(
        _ key: CallKey, _ call: ModelCall, _ pending: RunRow.Pending, at now: Instant
    ) throws -> Instant? {
        let route = settings.reasoners[call.reasoner]?.route
        if let route, let closed = closedUntil(route, for: key, at: now) {
            let reason = state.daemon.routes?[route]?.reason ?? "the provider asked for a pause"
            if let other = nextReasoner(after: call.reasoner, of: key.run) {
                try hold(key, until: now, reasoner: other, "\(route): \(reason)", at: now)
                guard let moved = calls[key], let pending = self.pending(key) else { return nil }
                return try place(key, moved, pending, at: now)
            }
            if closed.milliseconds < .max {
                try hold(key, until: closed, reasoner: call.reasoner, reason, at: now)
            }
            return closed
        }
        let block = settings.reasoners[call.reasoner]?.block
        // Most providers are bounded by nothing but their own refusals: nothing is counted then.
        let limits = block.flatMap { $0.limits == .init() ? nil : $0 }
        if let limits {
            let tokens = pending.reserved == .zero ? call.bytes : pending.reserved.tokens
            let opening = gates[limits.name, default: ProviderGate()].opening(
                for: tokens, limits.limits, at: now)
            if let opening { return opening }
        }
        guard let answerTokens = try reserveAgain(key, call, pending, at: now) else { return nil }
        if let limits, let held = self.pending(key)?.reserved {
            gates[limits.name]?.begin(key, tokens: held.tokens, at: now)
        }
        if let route, state.daemon.routes?[route] != nil {
            health[route, default: .init()].probe = key
        }
        calls[key]?.isUnderWay = true
        var request = call.request
        request.answerTokensMax = answerTokens
        actions.append(.reason(key.run, key.command, reasoner: call.reasoner, request))
        return nil
    }

    /// Until when the route may not be asked; nil when it may.
    private func closedUntil(_ route: String, for key: CallKey, at now: Instant) -> Instant? {
        let health = health[route]
        if let rest = health?.restUntil, rest > now { return rest }
        guard let open = state.daemon.routes?[route] else { return nil }
        if open.until > now { return open.until }
        // One call at a time finds out whether it answers again; its end is waited for.
        if let probe = health?.probe, probe != key { return Instant(milliseconds: .max) }
        return nil
    }

    /// The bound on the answer of this try, with its cost held; nil when the run ended because no
    /// budget has room for it.
    private mutating func reserveAgain(
        _ key: CallKey, _ call: ModelCall, _ pending: RunRow.Pending, at now: Instant
    ) throws -> Int? {
        guard pending.call != nil else { return pending.answerTokens }
        guard let row = state.runs[key.run] else { return nil }
        let held = cost(of: call.request, bytes: call.bytes, reasoner: call.reasoner, row, at: now)
        switch held {
        case .refused(let reason):
            try finish(key.run, RunOutcome(.budget, reason), at: now)
            return nil
        case .held(let amount, let answerTokens):
            try record(
                .callPlaced(
                    CallPlacement(
                        command: key.command, reasoner: call.reasoner,
                        answerTokensMax: answerTokens)), run: key.run, at: now)
            try record(.reserved(command: key.command, amount: amount), run: key.run, at: now)
            return answerTokens
        }
    }

    /// Lets the call wait until `until` for `reasoner`; what was held for it is free meanwhile.
    ///
    /// A run that would not live to see that time learns at once that the call failed.
    mutating func hold(
        _ key: CallKey, until: Instant, reasoner: String, _ reason: String,
        tries: (all: Int, here: Int)? = nil, at now: Instant
    ) throws {
        guard let pending = pending(key) else { return }
        calls[key]?.reasoner = reasoner
        let hold = CallHold(
            command: key.command, tries: tries?.all ?? pending.call?.tries ?? 0,
            triesHere: tries?.here ?? 0, until: until, reasoner: reasoner, reason: reason)
        // A wait that goes on is one entry, not one in every turn.
        guard pending.call != hold else { return }
        if pending.reserved != .zero {
            try record(
                .settled(command: key.command, amount: .zero, estimated: false), run: key.run,
                at: now)
        }
        let rows = state.lineage(of: key.run).compactMap { state.runs[$0] }
        if let deadline = rows.compactMap({ deadline(of: $0) }).min(), until >= deadline {
            let failure = ModelFailure(
                cause: .overloaded,
                message:
                    "\(reason); the next try at \(HumanText.dateTime(until))Z would come after "
                    + "the end of the run's wall time")
            return try giveUp(key, failure, tries: hold.tries, at: now)
        }
        try record(.callHeld(hold), run: key.run, at: now)
    }

    /// The reasoner that stands in for `reasoner` in calls of the run: the next one declared.
    func nextReasoner(after reasoner: String, of run: RunID) -> String? {
        guard let row = state.runs[run] else { return nil }
        let primary = state.reasoner(of: row)
        let chain = [primary] + (settings.reasoners[primary]?.fallbacks ?? [])
        guard let index = chain.firstIndex(of: reasoner) else { return nil }
        return chain.dropFirst(index + 1).first { settings.reasoners[$0] != nil }
    }

    /// Forgets the calls of a run that is over or parked.
    mutating func dropCalls(of run: RunID) {
        for key in calls.keys where key.run == run { dropCall(key, used: nil) }
    }

    /// The call is over: its provider has room again.
    mutating func dropCall(_ key: CallKey, used tokens: Int?) {
        guard let call = calls[key] else { return }
        calls[key] = nil
        // Or it would be waited for when nobody waits any more.
        callWakes[key] = nil
        release(key, call, used: tokens)
    }

    mutating func release(_ key: CallKey, _ call: ModelCall, used tokens: Int?) {
        guard call.isUnderWay, let reasoner = settings.reasoners[call.reasoner] else { return }
        if let name = reasoner.block?.name { gates[name]?.end(key, used: tokens) }
        if let route = reasoner.route, health[route]?.probe == key { health[route]?.probe = nil }
    }
}

extension RunRow.Pending {
    /// The bound on the answer of the newest try.
    var answerTokens: Int {
        guard case .reason(_, _, _, let planned, _) = intent.plan else { return 0 }
        return answerTokensMax ?? planned
    }
}
