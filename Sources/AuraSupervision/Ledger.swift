import AuraModel

/// Holds every call against every budget above it before it is made.
struct Ledger {
    let state: State
    /// What all automatons together may use on a date.
    var hostLimits: BudgetLimits = .none

    /// 256 tokens: with less room than that a model hardly gets to say what it was about to do.
    static let answerTokensMin = 256

    /// The budgets that `id` is charged to: its own, those of the runs above it, its automaton's
    /// day and the host's.
    func levels(for id: RunID) -> [BudgetLevel] {
        guard let run = state.runs[id] else { return [] }
        var levels = state.lineage(of: id).compactMap { state.runs[$0].map(Self.level) }
        if let day = state.budgets[State.BudgetKey(run.automaton, run.day)] {
            levels.append(Self.level(of: day))
        }
        levels.append(host(on: run.day))
        return levels
    }

    /// A run's own budget.
    static func level(of run: RunRow) -> BudgetLevel {
        BudgetLevel(
            kind: .run, automaton: run.automaton, run: run.id, parent: run.parent,
            limits: run.budget, spent: run.spent, reserved: run.reserved)
    }

    /// An automaton's day.
    static func level(of day: BudgetRow) -> BudgetLevel {
        BudgetLevel(
            kind: .automaton, automaton: day.automaton, day: day.day, limits: day.limits,
            spent: day.spent, reserved: day.reserved)
    }

    /// The host's date.
    func host(on day: String) -> BudgetLevel {
        let used = state.daemon.days?.first { $0.day == day } ?? DaemonRow.HostDay(day: day)
        return BudgetLevel(
            kind: .host, day: day, limits: hostLimits, spent: used.spent, reserved: used.reserved)
    }

    /// Why `amount` does not fit, naming the level and the limit; nil when every level has room.
    func refusal(of amount: Amount, for id: RunID) -> String? {
        let levels = levels(for: id)
        guard !levels.isEmpty else { return "the run is over" }
        for level in levels {
            var total = level.used + amount
            // Runs hold their wall time themselves; a call takes none beside it.
            if level.kind != .run { total.wall = .zero }
            if let part = level.limits.firstExceeded(by: total) {
                return level.kind == .run && level.run != id
                    ? "the parent run's budget of \(part)" : level.sentence(part)
            }
        }
        return nil
    }

    /// How many tokens of answer there is room for at every level, at `prices` and beside `input`
    /// tokens; `Int.max` where nothing bounds them, negative where not even the input fits.
    func answerRoom(beside input: Int, _ prices: PriceTable, for id: RunID) -> Int {
        let inputCost = Amount.cost(input: input, answer: 0, prices)
        var room = Int.max
        for level in levels(for: id) {
            let used = level.used
            if let most = level.limits.tokens { room = min(room, most - used.tokens - input) }
            if let most = level.limits.microDollars {
                let left = most - used.microDollars - inputCost
                if left < 0 {
                    room = -1
                } else if prices.output > 0 {
                    let (product, overflow) = left.multipliedReportingOverflow(by: 1_000_000)
                    if !overflow { room = min(room, product / prices.output) }
                }
            }
        }
        return room
    }

    /// Whether a budget in tokens binds the run at some level.
    func bindsTokens(of id: RunID) -> Bool { levels(for: id).contains { $0.limits.tokens != nil } }

    /// Why the automaton may not begin a run today; nil when it may.
    func refusal(ofRunBy name: AutomatonName, on day: String, limits: BudgetLimits) -> String? {
        if let part = Self.usedUp(host(on: day).used, hostLimits) {
            return "the host's budget of \(part) for the day is used up"
        }
        guard let row = state.budgets[State.BudgetKey(name, day)] else { return nil }
        return Self.usedUp(row.spent + row.reserved, limits).map {
            "the day's budget of \($0) is used up"
        }
    }

    private static func usedUp(_ used: Amount, _ limits: BudgetLimits) -> String? {
        if let most = limits.tokens, used.tokens >= most { return "tokens" }
        if let most = limits.microDollars, used.microDollars >= most { return "money" }
        if let most = limits.calls, used.calls >= most { return "calls" }
        if let most = limits.wall, used.wall >= most { return "wall time" }
        return nil
    }

    /// Which part of a run's own budget is four fifths used; nil while none is.
    static func nearlyUsed(_ row: RunRow, at now: Instant) -> String? {
        if let part = level(of: row).nearlyUsed { return part }
        guard let wall = row.budget.wall?.count, row.startedAt != nil,
            row.wall(at: now).count * BudgetLevel.wrapUpDenominator
                >= wall * BudgetLevel.wrapUpNumerator
        else { return nil }
        return "wall time"
    }

    /// What a call costs whose provider did not say: what was held, but for an input that it had
    /// counted at the beginning of its answer.
    static func atMost(
        _ pending: RunRow.Pending, begun: TokenUsage?, _ prices: PriceTable
    ) -> Amount {
        guard var usage = begun else { return pending.reserved }
        usage.output = max(usage.output, pending.answerTokens)
        return Amount(
            tokens: usage.total, microDollars: prices.cost(of: usage),
            calls: pending.reserved.calls)
    }
}

extension BudgetLevel {
    /// `the run's budget of tokens (500)`: what a refusal names.
    func sentence(_ part: String) -> String {
        switch kind {
        case .run: "the run's budget of \(part)"
        case .automaton: "the budget of \(part) for \(day ?? "")"
        case .host: "the host's budget of \(part) for \(day ?? "")"
        }
    }

    /// `the budget for 2027-01-15`.
    var text: String {
        switch kind {
        case .run: "the run's budget"
        case .automaton: "the automaton's budget for \(day ?? "")"
        case .host: "the host's budget for \(day ?? "")"
        }
    }
}

extension Amount {
    /// Micro-dollars for so many tokens at worst, rounded up.
    static func cost(input: Int, answer: Int, _ prices: PriceTable) -> MicroDollars {
        (input * prices.dearestInput + answer * prices.output + 999_999) / 1_000_000
    }
}

/// What has to be held for a model call.
enum CallCost {
    /// So much, for an answer of so many tokens at most.
    case held(Amount, answerTokens: Int)
    /// No budget has room for it, or nobody knows what it would cost.
    case refused(String)

    var answerTokens: Int? {
        guard case .held(_, let tokens) = self else { return nil }
        return tokens
    }
}

extension Kernel {
    var ledger: Ledger { Ledger(state: state, hostLimits: settings.dayBudget) }

    /// What a call has to hold at worst: its input as far as it can be bounded, and its answer at
    /// its longest, made shorter where a budget or the model's context asks for that.
    func cost(
        of request: ModelRequest, bytes: Int, reasoner name: String, _ row: RunRow, at now: Instant
    ) -> CallCost {
        let reasoner = settings.reasoners[name]
        let pricing = reasoner?.pricing ?? .always(.free)
        guard let prices = pricing.prices(at: now) else {
            return .refused("the price of \(reasoner?.model ?? name) is not known for today")
        }
        if pricing == .tokensOnly, !ledger.bindsTokens(of: row.id) {
            return .refused(
                "the price of \(reasoner?.model ?? name) is not known, and no budget in tokens "
                    + "bounds the run: set budget.run.tokens")
        }
        var input = TokenBound.inputTokens(requestBytes: bytes)
        var wanted = min(request.answerTokensMax, reasoner?.answerTokensMax ?? .max)
        let primary = state.reasoner(of: row)
        if let known = row.calibration, (known.reasoner.isEmpty ? primary : known.reasoner) == name
        {
            input = TokenBound.inputTokens(
                requestBytes: bytes, known: known.tokens, of: known.bytes)
            if let context = reasoner?.contextTokens, context - input >= Ledger.answerTokensMin {
                wanted = min(wanted, context - input)
            }
        }
        let ledger = ledger
        let least = min(wanted, Ledger.answerTokensMin)
        let answer = min(wanted, max(least, ledger.answerRoom(beside: input, prices, for: row.id)))
        let amount = Amount(
            tokens: input + answer,
            microDollars: Amount.cost(input: input, answer: answer, prices), calls: 1)
        if let reason = ledger.refusal(of: amount, for: row.id) {
            return .refused("stopped before the call that could exceed \(reason)")
        }
        return .held(amount, answerTokens: answer)
    }
}
