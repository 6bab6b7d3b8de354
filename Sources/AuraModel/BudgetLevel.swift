/// One budget that a call needs room in, as `aura-ctl budget` shows it.
package struct BudgetLevel: Hashable, Sendable, Codable {
    /// What the budget is of.
    package enum Kind: String, Hashable, Sendable, Codable {
        /// All automatons together, on one date.
        case host
        /// One automaton, on one date of its zone.
        case automaton
        case run
    }

    package var kind: Kind
    package var automaton: AutomatonName?
    package var run: RunID?
    /// The run above this one.
    package var parent: RunID?
    /// The date that it counts for; nil for a run, which counts from its start to its end.
    package var day: String?
    package var limits: BudgetLimits
    package var spent: Amount
    package var reserved: Amount
    /// The calls that something is held for.
    package var reservations: [Reservation]

    /// What is held for one call.
    package struct Reservation: Hashable, Sendable, Codable {
        package var run: RunID
        package var command: CommandID
        package var amount: Amount
        package var since: Instant

        /// `amount` is held for a command since `since`.
        package init(run: RunID, command: CommandID, amount: Amount, since: Instant) {
            self.run = run
            self.command = command
            self.amount = amount
            self.since = since
        }
    }

    /// A level without reservations.
    package init(
        kind: Kind, automaton: AutomatonName? = nil, run: RunID? = nil, parent: RunID? = nil,
        day: String? = nil, limits: BudgetLimits, spent: Amount, reserved: Amount
    ) {
        self.kind = kind
        self.automaton = automaton
        self.run = run
        self.parent = parent
        self.day = day
        self.limits = limits
        self.spent = spent
        self.reserved = reserved
        reservations = []
    }

    /// What is spent and what may be.
    package var used: Amount { spent + reserved }

    /// Four fifths: the share of a budget at which its kernel is told to wrap up.
    package static let wrapUpNumerator = 4
    /// See `wrapUpNumerator`.
    package static let wrapUpDenominator = 5

    /// The part of the budget that is four fifths spent; nil while none is.
    ///
    /// Wall time is not one: nobody sees it pass by a call.
    package var nearlyUsed: String? {
        func near(_ used: Int, _ limit: Int?) -> Bool {
            limit.map { used * Self.wrapUpDenominator >= $0 * Self.wrapUpNumerator } ?? false
        }
        if near(spent.tokens, limits.tokens) { return "tokens" }
        if near(spent.microDollars, limits.microDollars) { return "money" }
        return near(spent.calls, limits.calls) ? "calls" : nil
    }
}
