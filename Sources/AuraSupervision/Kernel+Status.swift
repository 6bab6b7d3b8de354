package import AuraModel

/// What an operator is shown of the kernel's state.
extension Kernel {
    /// How an automaton stands at `now`; nil when its definition is gone.
    package func status(of row: AutomatonRow, at now: Instant) -> AutomatonStatus? {
        guard let definition = state.definitions[row.definition] else { return nil }
        let today = day(of: definition, at: now)
        let limits = definition.budget.day
        let used = state.budgets[State.BudgetKey(row.name, today)]
        return AutomatonStatus(
            row: row, description: definition.description,
            schedule: "\(definition.schedule)"
                + (definition.schedule == .manual ? "" : " \(definition.zone)"),
            next: nextOccurrence(of: row),
            runs: state.runs.values.filter { $0.automaton == row.name }.sorted { $0.id < $1.id },
            budget: definition.budget.run,
            today: used ?? BudgetRow(automaton: row.name, day: today, limits: limits))
    }
}
