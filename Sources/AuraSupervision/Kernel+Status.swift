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
            whyNot: row.pause == nil ? nil : Self.paused(row),
            runs: runs(of: row.name),
            budget: definition.budget.run,
            today: used ?? BudgetRow(automaton: row.name, day: today, limits: limits),
            waiting: waiting(of: row))
    }
}

extension Kernel {
    private func runs(of name: AutomatonName) -> [RunRow] {
        var found: [RunRow] = []
        var next = Array(state.index.live[name] ?? [])
        while let id = next.popLast() {
            if let run = state.runs[id] { found.append(shown(run)) }
            next += state.index.children[id] ?? []
        }
        return found.sorted { $0.id < $1.id }
    }

    /// What waits of an automaton, in words: firings with their reason, runs with their place in
    /// line.
    func waiting(of row: AutomatonRow) -> [String]? {
        var lines = (row.waiting ?? []).map {
            "the firing of \(HumanText.dateTime($0.nominal))Z waits: \($0.reason)"
        }
        for id in (state.index.live[row.name] ?? []).sorted() {
            guard let run = state.runs[id], run.phase == .queued else { continue }
            lines.append("run \(id.short) \(place(of: run))")
        }
        return lines.isEmpty ? nil : lines
    }

    /// A run as an operator is shown it: one that waits says for what, and how many go before it.
    package func shown(_ run: RunRow) -> RunRow {
        guard run.phase == .queued, run.parent == nil else { return run }
        var run = run
        run.activity = place(of: run)
        return run
    }

    private func place(of run: RunRow) -> String {
        let reasoner = state.reasoner(of: run)
        guard let line = state.index.lines[reasoner] else { return run.activity }
        let most = settings.reasoners[reasoner]?.runsMax
        let what =
            if let most, line.active >= most { "a slot of reasoner \(reasoner)" } else {
                "a slot of the host"
            }
        return "waits for \(what), place \(line.index(of: run.place) + 1) of \(line.waiting.count)"
    }
}
