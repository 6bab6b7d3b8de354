/// What an automaton consumed in one civil day of its zone.
///
/// Key: automaton, slash, date.
package struct BudgetRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var day: String
    package var limits: BudgetLimits
    package var reserved: Amount
    package var spent: Amount
    package var runs: Int

    /// An unused day.
    package init(automaton: AutomatonName, day: String, limits: BudgetLimits) {
        self.automaton = automaton
        self.day = day
        self.limits = limits
        reserved = .zero
        spent = .zero
        runs = 0
    }
}
