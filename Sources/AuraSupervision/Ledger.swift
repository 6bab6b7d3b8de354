import AuraModel

/// Holds every call against every budget above it before it is made.
struct Ledger {
    let state: State

    /// Four fifths: the share of a budget at which the kernel is told to wrap up.
    static let wrapUpNumerator = 4
    static let wrapUpDenominator = 5

    /// What a model call may cost at worst.
    static func worst(
        requestBytes: Int, answerTokensMax: Int, prices: PriceTable
    ) -> Amount {
        let input = TokenBound.inputTokens(requestBytes: requestBytes)
        return Amount(
            tokens: input + answerTokensMax,
            microDollars: (input * prices.dearestInput + answerTokensMax * prices.output + 999_999)
                / 1_000_000,
            calls: 1)
    }

    /// Why `amount` does not fit, naming the level and the limit; nil when every level has room.
    func refusal(of amount: Amount, for id: RunID) -> String? {
        guard let run = state.runs[id] else { return "the run is over" }
        for (index, owner) in state.lineage(of: id).enumerated() {
            guard let row = state.runs[owner] else { continue }
            let total = row.spent + row.reserved + amount
            if let part = row.budget.firstExceeded(by: total) {
                return "the \(index == 0 ? "run" : "parent run")'s budget of \(part)"
            }
        }
        if let day = state.budgets[State.BudgetKey(run.automaton, run.day)] {
            let withoutWall = Amount(
                tokens: day.spent.tokens + day.reserved.tokens + amount.tokens,
                microDollars: day.spent.microDollars + day.reserved.microDollars
                    + amount.microDollars,
                calls: day.spent.calls + day.reserved.calls + amount.calls)
            if let part = day.limits.firstExceeded(by: withoutWall) {
                return "the budget of \(part) for \(day.day)"
            }
        }
        return nil
    }

    /// Why the automaton may not begin a run today; nil when it may.
    func refusal(ofRunBy name: AutomatonName, on day: String, limits: BudgetLimits) -> String? {
        guard let row = state.budgets[State.BudgetKey(name, day)] else { return nil }
        let used = row.spent + row.reserved
        let part: String? =
            if let most = limits.tokens, used.tokens >= most {
                "tokens"
            } else if let most = limits.microDollars, used.microDollars >= most {
                "money"
            } else if let most = limits.calls, used.calls >= most {
                "calls"
            } else if let most = limits.wall, used.wall >= most {
                "wall time"
            } else {
                nil
            }
        return part.map { "the day's budget of \($0) is used up" }
    }

    /// Which part of a run's own budget is four fifths used; nil while none is.
    static func nearlyUsed(_ row: RunRow, at now: Instant) -> String? {
        func near(_ used: Int, _ limit: Int?) -> Bool {
            limit.map { used * wrapUpDenominator >= $0 * wrapUpNumerator } ?? false
        }
        if near(row.spent.tokens, row.budget.tokens) { return "tokens" }
        if near(row.spent.microDollars, row.budget.microDollars) { return "money" }
        if near(row.spent.calls, row.budget.calls) { return "calls" }
        if let started = row.startedAt, near((now - started).count, row.budget.wall?.count) {
            return "wall time"
        }
        return nil
    }
}
