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
            schedule: Self.schedule(of: definition),
            next: next(of: row),
            whyNot: row.pause == nil ? nil : Self.paused(row),
            runs: runs(of: row.name),
            budget: definition.budget.run,
            today: used ?? BudgetRow(automaton: row.name, day: today, limits: limits),
            waiting: waiting(of: row), notes: notes(on: row, definition, at: now),
            when: Self.occasion(of: definition), inputs: definition.inputs,
            concessions: definition.landing.networkRemote.map {
                ["pushes to \($0): the cage of that step has the host's network"]
            }, profile: CageProfile(of: definition, role: nil).rawValue,
            servers: definition.servers?.map(\.summary))
    }

    /// The schedule as it was written, with its zone where that matters to it.
    private static func schedule(of definition: Definition) -> String {
        if let chain = definition.firing?.after {
            return "after \(chain.automaton), on \(chain.on.rawValue)"
        }
        if let trigger = definition.firing?.trigger { return trigger.words(for: definition.name) }
        return switch definition.schedule {
        case .manual, .reboot, .at: "\(definition.schedule)"
        case .cron, .calendar, .every: "\(definition.schedule) \(definition.zone)"
        }
    }

    /// When it fires next, where no clock knows; nil where one does, or nothing makes it fire.
    private static func occasion(of definition: Definition) -> String? {
        if let chain = definition.firing?.after {
            return "when a run of \(chain.automaton) ends (\(chain.on.rawValue))"
        }
        return definition.firing?.trigger?.words(for: definition.name)
    }

    /// When a run of it starts next by itself, as far as that is known.
    private func next(of row: AutomatonRow) -> Instant? {
        guard let until = state.holding[row.name] else { return nextOccurrence(of: row) }
        if row.setback?.held.restarts == true { return until }
        return nextOccurrence(of: row).map { max($0, until) }
    }

    private func notes(
        on row: AutomatonRow, _ definition: Definition, at now: Instant
    ) -> [String]? {
        var notes = [setbackNote(row, at: now)].compactMap { $0 }
        if row.isOverdue == true, let expect = definition.firing?.expect {
            notes.append("no success for \(DurationText.format(expect.count))")
        }
        if withoutFile.contains(row.name) {
            notes.append("its file is refused, an older one is in force")
        }
        if let failures = row.streak?.failures, failures > 0, row.pause == nil {
            let most = (definition.breaker ?? .standard).failures
            notes.append(
                "\(HumanText.plural(failures, "task")) failed in a row; at \(most) the breaker opens"
            )
        }
        return notes.isEmpty ? nil : notes
    }
}

extension Kernel {
    /// The reasoners by name, with what their providers are asked now; `problems` are their
    /// credentials'.
    package func reasoners(problems: [String: String]) -> [ReasonerStatus] {
        settings.reasoners.sorted { $0.key < $1.key }.map { name, reasoner in
            let asked = calls.values.filter { $0.reasoner == name }
            return ReasonerStatus(
                name: name, route: reasoner.route, underWay: asked.count { $0.isUnderWay },
                waiting: asked.count { !$0.isUnderWay }, problem: problems[name],
                open: reasoner.route.flatMap { state.daemon.routes?[$0] })
        }
    }

    /// Every budget in force, the widest first: the host's date, the automatons' days, and the runs
    /// that are not over, of one automaton or of all.
    package func budgets(of name: AutomatonName?, at now: Instant) -> [BudgetLevel] {
        var automata: [BudgetLevel] = []
        var days: Set<String> = []
        for row in state.automata.values.sorted(by: { $0.name < $1.name })
        where row.isLoaded && (name == nil || row.name == name) {
            guard let definition = state.definitions[row.definition] else { continue }
            let today = day(of: definition, at: now)
            let runs = (state.index.live[row.name] ?? []).sorted()
            for date in Set(runs.compactMap { state.runs[$0]?.day } + [today]).sorted() {
                days.insert(date)
                automata.append(
                    Ledger.level(
                        of: state.budgets[State.BudgetKey(row.name, date)]
                            ?? BudgetRow(
                                automaton: row.name, day: date, limits: definition.budget.day)))
            }
            automata += self.runs(of: row.name).map(level)
        }
        return days.sorted().map { ledger.host(on: $0) } + automata
    }

    private func level(of run: RunRow) -> BudgetLevel {
        var level = Ledger.level(of: run)
        level.reservations = run.pending.filter { $0.reserved != .zero }.map {
            .init(
                run: run.id, command: $0.intent.command, amount: $0.reserved, since: $0.since)
        }
        return level
    }

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
