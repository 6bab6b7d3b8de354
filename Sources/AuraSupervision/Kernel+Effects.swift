import AuraModel

/// Outcomes of what the daemon did for a run.
extension Kernel {
    /// A model call ended: settle what was held, tell the kernel, and warn it when a budget runs
    /// low.
    mutating func settleCall(
        _ result: Result<ModelAnswer, ModelFailure>, of id: RunID, _ command: CommandID,
        at now: Instant
    ) throws {
        guard let row = state.runs[id],
            let pending = row.pending.first(where: { $0.intent.command == command })
        else { return }
        let usage: TokenUsage?
        let transaction: Transaction
        switch result {
        case .success(let answer):
            usage = answer.usage
            transaction = .modelAnswered(command: command, answer: answer)
        case .failure(let failure):
            usage = failure.usage ?? (failure.mayHaveBeenCharged ? nil : TokenUsage())
            transaction = .modelFailed(command: command, failure: failure)
        }
        let prices = state.definitions[row.definition].flatMap {
            settings.reasoners[$0.reasoner]?.prices
        }
        let amount =
            usage.map {
                Amount(
                    tokens: $0.total, microDollars: (prices ?? .free).cost(of: $0), calls: 1)
            } ?? pending.reserved
        try record(
            .settled(command: command, amount: amount, estimated: usage == nil), run: id, at: now)
        try warnOfBudget(id, at: now)
        try transact(transaction, on: id, at: now)
    }

    /// Before the answer, so that the kernel knows when it decides what the answer is for.
    private mutating func warnOfBudget(_ id: RunID, at now: Instant) throws {
        for owner in state.lineage(of: id) {
            guard let row = state.runs[owner], !row.wrapUpSent,
                let part = Ledger.nearlyUsed(row, at: now)
            else { continue }
            try transact(
                .wrapUp(reason: "four fifths of the budget of \(part) are used"), on: owner,
                at: now)
        }
    }

    /// Ends waits and questions whose time has come.
    mutating func endWaits(at now: Instant) throws {
        for id in state.index.underWay.sorted() {
            for pending in state.runs[id]?.pending ?? [] {
                guard let until = pending.intent.plan.until, until <= now else { continue }
                let command = pending.intent.command
                if case .ask = pending.intent.plan {
                    try transact(.operatorAnswered(command: command, text: nil), on: id, at: now)
                } else {
                    try transact(.waited(command: command), on: id, at: now)
                }
            }
        }
    }
}

extension ModelFailure {
    /// Whether a provider may have worked before this failure without saying how much.
    var mayHaveBeenCharged: Bool {
        switch cause {
        case .network, .timeout, .malformed: true
        case .auth, .quota, .rate, .overloaded, .badRequest, .contextOverflow, .refused: false
        }
    }
}
