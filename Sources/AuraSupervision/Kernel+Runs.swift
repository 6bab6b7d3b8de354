import AuraModel

/// Admission, attempts and endings of runs.
extension Kernel {
    /// Lets a top-level run of `name` in.
    ///
    /// It starts when a slot is free.
    mutating func admit(
        _ id: RunID, of name: AutomatonName, trigger: Trigger,
        inputs: [String: JSONValue]? = nil, by principal: Principal = .daemon, at now: Instant
    ) throws {
        guard let row = state.automata[name], let definition = state.definitions[row.definition]
        else { return }
        let today = day(of: definition, at: now)
        var budget = definition.budget.run
        let used = state.budgets[State.BudgetKey(name, today)]
        let left = definition.budget.day.remaining(
            after: (used?.spent ?? .zero) + (used?.reserved ?? .zero))
        budget = budget.tightened(by: BudgetLimits(wall: left.wall))
        let admitted = RunAdmitted(
            trigger: trigger, kind: definition.kind, definition: row.definition, task: nil,
            budget: budget, day: today,
            // What nobody gave is as the definition says; what has no such value fires by no clock.
            inputs: inputs ?? RunInputs.standard(definition.inputs ?? []),
            rules: KernelRules.current, edits: editForm(of: definition.reasoner))
        try record(.runAdmitted(admitted), automaton: name, run: id, by: principal, at: now)
        var streak = definition.kind == .devLoop ? row.streak : nil
        // Who orders a run has seen how the last ones went.
        if case .order = trigger { streak?.forgive() }
        try transact(
            .started(trigger: trigger, inputs: admitted.inputs, streak: streak), on: id, at: now)
    }

    /// How the model behind `reasoner` changes files.
    private func editForm(of reasoner: String) -> EditForm {
        guard let settings = settings.reasoners[reasoner] else { return .exact }
        return settings.edits ?? .standard(model: settings.model)
    }

    /// Lets a child in, with a budget carved out of what its parent has left.
    ///
    /// It needs no slot.
    mutating func admitChild(
        _ id: RunID, of parent: RunID, command: CommandID, _ request: SpawnRequest,
        at now: Instant
    ) throws {
        guard let row = state.runs[parent] else { return }
        var left = row.budget.remaining(after: row.spent + row.reserved)
        if let wall = row.budget.wall, let deadline = deadline(of: row) {
            let closing = min(wall.count / Self.closingShare, Self.closingMax.count)
            left.wall = Milliseconds(max(0, (deadline - now).count - closing))
        }
        let trigger = Trigger.parent(run: parent, command: command)
        let admitted = RunAdmitted(
            trigger: trigger, kind: .taskRun, definition: row.definition, task: request.task,
            budget: request.budget.tightened(by: left), day: row.day, reasoner: request.reasoner,
            rules: KernelRules.current,
            edits: editForm(of: request.reasoner ?? state.reasoner(of: row)))
        try record(
            .runAdmitted(admitted), automaton: row.automaton, run: id, parent: parent, at: now)
        try transact(.started(trigger: trigger), on: id, at: now)
    }

    /// A twentieth of its wall time, at most five minutes: what a coordinator keeps for itself, so
    /// that a child's work can still be put away when the time is up.
    static let closingShare = 20
    static let closingMax = Milliseconds.minutes(5)

    /// When a run must be over by its wall budget; nil while its wall time stands still.
    func deadline(of row: RunRow) -> Instant? {
        guard row.restsSince == nil, let wall = row.budget.wall, let started = row.startedAt else {
            return nil
        }
        return started + wall + (row.stepped ?? .zero) + (row.rested ?? .zero)
    }

    /// When a run that backs off starts its next attempt.
    func nextStart(of row: RunRow) -> Instant? {
        guard case .backingOff(let until) = row.phase else { return nil }
        return until
    }

    mutating func endOverdueRuns(at now: Instant) throws {
        // Before the definitions are read nobody knows what is chained to the runs that end.
        guard areDefinitionsRead else { return }
        placeRuns(at: now)
        let overdue = openRuns { row in
            !row.isInLine && deadline(of: row).map { $0 <= now } == true
        }
        if !overdue.isEmpty { refresh() }
        let parked = overdue.filter(state.index.parked.contains)
        for id in overdue.filter(state.index.underWay.contains) + parked {
            guard let row = state.runs[id] else { continue }
            let limit = DurationText.format(row.budget.wall?.count ?? 0)
            let detail = "the run's budget of wall time (\(limit)) is used up"
            try finish(id, RunOutcome(.budget, detail), at: now)
        }
    }

    /// Starts what may start: children and resumed runs at once, others as slots allow.
    ///
    /// A slot goes to the first in line of all the reasoners that have one free.
    mutating func startAttempts(at now: Instant) throws {
        placeRuns(at: now)
        for id in openRuns(where: { $0.isUnderWay && $0.phase != .running }) {
            guard let row = state.runs[id] else { continue }
            switch row.phase {
            case .queued: try startAttempt(id, row, at: now)
            case .backingOff(let until) where until <= now: try startAttempt(id, row, at: now)
            case .backingOff, .launching, .running, .parked, .finished: continue
            }
        }
        while state.index.active < settings.runsMax, let id = firstInLine(),
            let row = state.runs[id]
        {
            try startAttempt(id, row, at: now)
        }
    }

    private func firstInLine() -> RunID? {
        let open = state.index.lines.filter { reasoner, line in
            settings.reasoners[reasoner]?.runsMax.map { line.active < $0 } ?? true
        }
        return open.values.compactMap(\.waiting.first).min()?.run
    }

    private mutating func startAttempt(_ id: RunID, _ row: RunRow, at now: Instant) throws {
        let generation = row.generation + 1
        // Those below a parked run were parked with it, and have no place in line of their own.
        for child in (state.index.children[id] ?? []).sorted() {
            guard case .parked? = state.runs[child]?.phase else { continue }
            try record(.runUnparked, run: child, at: now)
        }
        attempts[id] = Attempt(
            generation: generation, deadline: now + deadlines(of: row).launch)
        try record(.attemptStarted, run: id, at: now)
        actions.append(.launch(id, generation))
    }

    mutating func welcome(
        _ id: RunID, _ generation: Generation, _ attestation: Attestation, at now: Instant
    ) throws {
        guard let row = state.runs[id], row.phase == .launching,
            attempts[id]?.generation == generation
        else { return }
        attempts[id]?.isReady = true
        let silence = deadlines(of: row).silence
        attempts[id]?.deadline = now + silence
        try record(.attemptReady(attestation: attestation), run: id, at: now)
    }

    /// The process of an attempt is gone.
    ///
    /// Unless the run ended first, another attempt takes over.
    mutating func bury(
        _ id: RunID, _ generation: Generation, _ exit: AttemptExit, detail: String, at now: Instant
    ) throws {
        guard attempts[id]?.generation == generation, state.runs[id] != nil else { return }
        try record(.attemptEnded(exit: exit, detail: detail), run: id, at: now)
        attempts[id] = nil
        guard let row = state.runs[id],
            row.fruitlessAttempts >= workerAttempts(of: row)
        else { return }
        if case .refused(let feature) = exit {
            try finish(id, RunOutcome(.confinement, feature), at: now)
        } else {
            let times = HumanText.plural(row.fruitlessAttempts, "time")
            let why = "the worker died \(times) in a row without progress; last: \(detail)"
            let outcome = RunOutcome(.crashed, why)
            try quarantineCause(of: row, outcome, at: now)
            try finish(id, outcome, at: now)
        }
    }

    /// The worker's cage stands, and its program runs.
    mutating func noteLaunch(of id: RunID, _ generation: Generation, at now: Instant) {
        guard let row = state.runs[id], let attempt = attempts[id],
            attempt.generation == generation, !attempt.isLaunched, !attempt.isReady
        else { return }
        attempts[id]?.isLaunched = true
        let firstFrame = deadlines(of: row).firstFrame
        attempts[id]?.deadline = now + firstFrame
    }

    /// How long the workers of a run may take.
    func deadlines(of row: RunRow) -> Supervision.Deadlines {
        (state.definitions[row.definition]?.supervised ?? .standard).deadlines
    }

    mutating func endSilentAttempts(at now: Instant) throws {
        placeRuns(at: now)
        let silent = openRuns { attempts[$0.id]?.deadline.map { $0 <= now } == true }
        for id in silent {
            guard let attempt = attempts[id] else { continue }
            let (phase, after) = attempt.lateness(state.runs[id].map(deadlines) ?? .init())
            // The cage's exit would come later as an event of a generation that is gone by then.
            actions.append(.endAttempt(id, attempt.generation))
            try bury(
                id, attempt.generation, .overdue(phase: phase, after: after),
                detail: phase.text(after: after), at: now)
        }
    }

    /// Ends a run and everything below it.
    ///
    /// A parent learns of it in the same turn.
    mutating func finish(
        _ id: RunID, _ outcome: RunOutcome, report: String = "", at now: Instant
    ) throws {
        guard let row = state.runs[id] else { return }
        for child in (state.index.children[id] ?? []).sorted() {
            try finish(child, RunOutcome(.cancelled, "its parent run ended"), at: now)
        }
        for pending in state.runs[id]?.pending ?? [] where pending.reserved != .zero {
            try settleUnfinished(pending, of: id, at: now)
        }
        let spent = state.runs[id]?.spent
        dropCalls(of: id)
        let wall = row.wall(at: now)
        try record(
            .runFinished(outcome: outcome, report: report, wall: wall), run: id, at: now)
        actions.append(.cancelEffects(id))
        if let attempt = attempts.remove(id) {
            actions.append(.endAttempt(id, attempt.generation))
        }
        if case .parent(let parent, let command) = row.trigger {
            let news = Transaction.childFinished(
                command: command, run: id, outcome: outcome, report: report, spent: spent)
            try transact(news, on: parent, at: now)
        } else {
            actions.append(.releaseWorkspace(id))
            try openBreaker(of: row, outcome, at: now)
            try supervise(row, outcome, wall: wall, at: now)
            try fireFollowers(of: row, outcome, at: now)
            if case .message(let thread, _, _) = row.trigger {
                try beginTurn(of: .init(row.automaton, thread), at: now)
            }
        }
    }
}
