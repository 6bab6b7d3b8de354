import AuraModel

/// What the end of a model call means: what it cost, whether it is made again, and by whom.
extension Kernel {
    /// A try ended: settle what was held, then answer the run's kernel or let the call wait.
    mutating func end(
        _ key: CallKey, _ result: Result<ModelAnswer, ModelFailure>, chance: UInt64,
        at now: Instant
    ) throws {
        guard let row = state.runs[key.run], let pending = pending(key),
            pending.call == nil || pending.reserved != .zero
        else { return }
        let reasoner = calls[key]?.reasoner ?? pending.call?.reasoner ?? state.reasoner(of: row)
        let amount = cost(of: result, pending, reasoner: reasoner)
        if let call = calls[key] {
            release(key, call, used: amount.isEstimated ? nil : amount.amount.tokens)
            calls[key]?.isUnderWay = false
            calls[key]?.begun = nil
        }
        let before = daysNearlyUsed(by: key.run)
        try record(
            .settled(command: key.command, amount: amount.amount, estimated: amount.isEstimated),
            run: key.run, at: now)
        try noteHealth(of: reasoner, result, at: now)
        try warnOfBudget(key.run, before: before, at: now)
        switch result {
        case .success(let answer):
            calls[key] = nil
            try transact(.modelAnswered(command: key.command, answer: answer), on: key.run, at: now)
        case .failure(let failure):
            try retry(key, failure, reasoner: reasoner, chance: chance, at: now)
        }
    }

    /// Makes the call wait for its next try, here or elsewhere, or gives it up.
    private mutating func retry(
        _ key: CallKey, _ failure: ModelFailure, reasoner: String, chance: UInt64, at now: Instant
    ) throws {
        guard let pending = pending(key) else { return }
        let tries = (pending.call?.tries ?? 0) + 1
        let triesHere = pending.call?.reasoner == reasoner ? pending.call?.triesHere ?? 0 : 0
        let block = settings.reasoners[reasoner]?.block
        let most = block?.retriesMax ?? ProviderSettings.retriesStandard
        let other = failure.mayBeAskedElsewhere ? nextReasoner(after: reasoner, of: key.run) : nil
        let isWorthIt = failure.isTransient && tries <= most && calls[key] != nil
        let reason = "\(failure.cause.rawValue): \(failure.message)"
        if let other, !isWorthIt || triesHere + 1 >= CallPolicy.triesBeforeFallback,
            calls[key] != nil
        {
            try hold(key, until: now, reasoner: other, reason, tries: (tries, 0), at: now)
        } else if isWorthIt {
            let span = CallPolicy.wait(
                afterFailure: tries, asked: failure.retryAfter, chance: chance)
            try hold(
                key, until: now + span, reasoner: reasoner, reason,
                tries: (tries, triesHere + 1), at: now)
        } else {
            try giveUp(key, failure, tries: tries, at: now)
        }
    }

    /// Tells the run's kernel that the call failed, and how often it was made.
    mutating func giveUp(
        _ key: CallKey, _ failure: ModelFailure, tries: Int, at now: Instant
    ) throws {
        dropCall(key, used: nil)
        var failure = failure
        failure.tries = tries
        try transact(.modelFailed(command: key.command, failure: failure), on: key.run, at: now)
    }

    // MARK: - Money

    private struct Settlement {
        var amount: Amount
        var isEstimated: Bool
    }

    /// What a try cost: by the provider's own usage; else what was held, but for an input that it
    /// had counted already.
    private func cost(
        of result: Result<ModelAnswer, ModelFailure>, _ pending: RunRow.Pending, reasoner: String
    ) -> Settlement {
        let usage: TokenUsage?
        var begun: TokenUsage?
        switch result {
        case .success(let answer): usage = answer.isUsageUnknown == true ? nil : answer.usage
        case .failure(let failure):
            begun = failure.begun
            // An error in mid-stream comes after work that is charged.
            let isCharged = failure.mayHaveBeenCharged || begun != nil
            usage = failure.usage ?? (isCharged ? nil : TokenUsage())
        }
        let prices = settings.reasoners[reasoner]?.pricing.prices(at: pending.since) ?? .free
        guard let usage else {
            return Settlement(
                amount: Ledger.atMost(pending, begun: begun, prices), isEstimated: true)
        }
        return Settlement(
            amount: Amount(
                tokens: usage.total, microDollars: prices.cost(of: usage), calls: 1),
            isEstimated: false)
    }

    /// Settles a call whose end nobody will hear of: what the provider said already, and the rest as
    /// it was held.
    mutating func settleUnfinished(
        _ pending: RunRow.Pending, of run: RunID, at now: Instant
    ) throws {
        let key = CallKey(run: run, command: pending.intent.command)
        let call = calls[key]
        let reasoner = call?.reasoner ?? ""
        let prices = settings.reasoners[reasoner]?.pricing.prices(at: pending.since) ?? .free
        var amount = pending.reserved
        // Not sent yet, so it cannot have cost anything.
        if let call, !call.isUnderWay { amount = .zero }
        if let call, call.isUnderWay {
            amount = Ledger.atMost(pending, begun: call.begun, prices)
        }
        try record(
            .settled(command: key.command, amount: amount, estimated: amount != .zero), run: run,
            at: now)
    }

    /// The daemon stops: calls under way are settled with what is known, and will be made anew.
    mutating func abandonCalls(at now: Instant) throws {
        for key in calls.keys.sorted() {
            guard let pending = pending(key), calls[key]?.isUnderWay == true else { continue }
            try settleUnfinished(pending, of: key.run, at: now)
            dropCall(key, used: nil)
            try transact(
                .interrupted(command: key.command, reason: "aurad stopped"), on: key.run, at: now)
            actions.append(.abandonCall(key.run, key.command))
        }
    }

    // MARK: - Routes

    /// Opens a route that fails again and again, closes it when it answers.
    private mutating func noteHealth(
        of reasoner: String, _ result: Result<ModelAnswer, ModelFailure>, at now: Instant
    ) throws {
        guard let route = settings.reasoners[reasoner]?.route else { return }
        let open = state.daemon.routes?[route]
        guard case .failure(let failure) = result, failure.speaksAgainstRoute else {
            if case .failure(let failure) = result, failure.cause == .rate {
                // Neither well nor ill: it wants to be left alone for a while.
                if let asked = failure.retryAfter {
                    health[route, default: .init()].restUntil = now + asked
                }
                return
            }
            health[route] = nil
            if open != nil { try record(.routeClosed(route: route), at: now) }
            return
        }
        let failures = (health[route]?.failuresInRow ?? 0) + 1
        health[route, default: .init()].failuresInRow = failures
        // Of several calls that were under way together, the first one to fail opens the route.
        if let open, open.until > now { return }
        guard open != nil || failures >= CallPolicy.failuresToOpen else { return }
        let until = now + CallPolicy.coolDown(opened: (open?.count ?? 0) + 1)
        let reason = "\(failures) failures in a row; the last: \(failure.message)"
        try record(.routeOpened(route: route, until: until, reason: reason), at: now)
    }
}
