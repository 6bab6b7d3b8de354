import AuraModel

/// Runs as tables and in full.
enum RunText {
    /// A state in a glyph, a word and a colour.
    struct State: Equatable {
        var glyph: String
        var word: String
        var colour: Style.Colour?

        var text: String { glyph + " " + word }
    }

    /// Where a run stands: one that waits, parked, for an answer is `waiting`.
    static func state(of run: RunRow) -> State {
        guard case .parked = run.phase, run.restsSince != nil else { return state(of: run.phase) }
        return State(glyph: "?", word: "waiting", colour: .yellow)
    }

    /// Where a run of this phase stands.
    static func state(of phase: RunRow.Phase) -> State {
        switch phase {
        case .queued: State(glyph: "○", word: "queued", colour: .faint)
        case .launching: State(glyph: "◌", word: "launching", colour: .blue)
        case .running: State(glyph: "●", word: "running", colour: .blue)
        case .backingOff: State(glyph: "◌", word: "backing off", colour: .yellow)
        case .parked: State(glyph: "◌", word: "parked", colour: .yellow)
        case .finished(let outcome): state(of: outcome.ending)
        }
    }

    /// How a run ended.
    static func state(of ending: RunOutcome.Ending) -> State {
        switch ending {
        case .done: State(glyph: "✔", word: ending.rawValue, colour: .green)
        case .cancelled: State(glyph: "■", word: ending.rawValue, colour: .yellow)
        default: State(glyph: "✖", word: ending.rawValue, colour: .red)
        }
    }

    /// How long a run has gone on, or did.
    static func span(of run: RunRow, now: Instant) -> Milliseconds {
        (run.finishedAt ?? now) - (run.startedAt ?? run.admittedAt)
    }

    /// What is to be said of a run in one line: why it ended, or what it does.
    static func remark(on run: RunRow) -> String {
        if let outcome = run.outcome { return SafeText.brief(outcome.detail) }
        if let reason = run.stopReason { return "stopping: " + SafeText.brief(reason) }
        return SafeText.brief(run.activity)
    }

    /// A run's cause.
    static func text(of trigger: Trigger, _ times: TimeText) -> String {
        switch trigger {
        case .schedule(let nominal): "schedule, due " + times.absolute(nominal)
        case .change(let nominal, let what):
            "\(SafeText.brief(what)), at \(times.absolute(nominal))"
        case .delivery(let nominal, let id):
            "delivery \(SafeText.brief(id)), at \(times.absolute(nominal))"
        case .chain(let run, let name, _): "after run \(run.short) of \(name)"
        case .message(let thread, let number, let principal):
            "message \(number) of thread \(thread) by \(SafeText.line(principal.name))"
        case .restart(let failures):
            failures == 0
                ? "its restart policy"
                : "its restart policy, after the \(HumanText.ordinal(failures)) failure in a row"
        case .order(let principal): "order of \(SafeText.line(principal.name))"
        case .parent(let run, _): "run \(run.short)"
        }
    }

    /// A table of runs in the order given.
    static func table(_ runs: [RunRow], width: Int?, _ style: Style, _ times: TimeText) -> [String]
    {
        guard !runs.isEmpty else { return ["no runs"] }
        var table = Table(columns: [
            .init(title: "RUN"), .init(title: "AUTOMATON", isFlexible: true),
            .init(title: "STATE", isFlexible: true),
            .init(title: "BEGAN"), .init(title: "TOOK", isRight: true),
            .init(title: "TOKENS", isRight: true), .init(title: "COST", isRight: true),
            .init(title: "REMARK", isFlexible: true),
        ])
        table.rows = runs.map { run in
            let state = state(of: run)
            let began = run.startedAt ?? run.admittedAt
            // The short form fits a terminal; a pipe gets what never becomes ambiguous.
            let id = width == nil ? run.id.text : run.id.short
            return [
                .init(id), .init(run.automaton.text), .init(state.text, state.colour),
                .init(times.cell(began, isCompact: width != nil)),
                .init(HumanText.span(span(of: run, now: times.now))),
                .init(HumanText.count(run.spent.tokens)),
                .init(DollarText.format(run.spent.microDollars)), .init(remark(on: run)),
            ]
        }
        return table.lines(width: width, style)
    }

    /// As far as the values of `lines` stand.
    private static let indent = String(repeating: " ", count: 14)

    /// One run in full, with its children.
    static func lines(
        of detail: RunDetail, width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        let run = detail.run
        let state = state(of: run)
        var lines = [
            "\(style.paint(state.glyph, state.colour)) run \(style.paint(run.id.text, .bold)) of "
                + "\(run.automaton) (\(run.kind.rawValue))"
        ]
        func add(_ name: String, _ value: String) {
            guard !value.isEmpty else { return }
            lines.append("  " + TextWidth.pad(name + ":", to: 11, right: true) + " " + value)
        }
        add("state", style.paint(state.word, state.colour))
        if let outcome = run.outcome {
            add("why", SafeText.line(outcome.detail))
            add("exit", "\(outcome.ending.exitStatus)")
        } else {
            add("now", remark(on: run))
        }
        add("cause", text(of: run.trigger, times))
        if let task = run.task {
            add("task", "\(SafeText.line(task.id)): \(SafeText.firstLine(task.text))")
        }
        for (name, value) in (run.inputs ?? [:]).sorted(by: { $0.key < $1.key }) {
            add("input", SafeText.line("\(name) = \((try? JSON.text(value)) ?? "?")"))
        }
        add("admitted", times.both(run.admittedAt))
        if let started = run.startedAt { add("started", times.both(started)) }
        if let finished = run.finishedAt { add("finished", times.both(finished)) }
        add("took", HumanText.span(span(of: run, now: times.now)))
        add("spent", BudgetText.spent(run.spent, of: run.budget))
        if run.reserved != .zero { add("held", HumanText.amount(run.reserved)) }
        add("day", SafeText.line(run.day))
        add("cage", SafeText.line(detail.profile ?? ""))
        add("attempts", "\(run.generation)")
        for death in run.deaths ?? [] {
            add("", "died (#\(death.sequence)): \(SafeText.brief(death.detail))")
        }
        if let quarantine = run.quarantine {
            let what = SafeText.brief(quarantine.subject ?? "what it was for")
            add("quarantine", style.paint("\(what) is not tried again", .red))
            add("", "release it with: aura-ctl retry \(run.id.short)")
        }
        add("steps", HumanText.plural(run.transactions, "transaction"))
        for asking in [run] + detail.children {
            for pending in asking.pending {
                guard case .ask(let question, let until) = pending.intent.plan else { continue }
                add("asks", SafeText.lines(question).joined(separator: "\n" + indent))
                add("", "until \(times.both(until)); aura-ctl answer \(asking.id.short) TEXT")
            }
        }
        for pending in run.pending where pending.intent.plan.question == nil {
            let title = EntryText.Subject(pending.intent.plan).title
            add("waits for", "\(title), since \(times.relative(pending.since))")
        }
        if let told = run.told, !told.isEmpty {
            let unread = told.count { $0.command == nil }
            let read = unread == 0 ? "all read" : "\(unread) not read yet"
            add(
                "told",
                "\(HumanText.plural(told.count, "message")), "
                    + (run.kind == .devLoop ? "passed on to its agents" : read))
        }
        add("definition", SafeText.line(run.definition.prefix(12)))
        if !run.report.isEmpty {
            lines.append("report:")
            lines += SafeText.lines(run.report).map { "  " + $0 }
        }
        if !detail.children.isEmpty {
            lines.append("children:")
            let inner = width.map { $0 - 2 }
            lines += table(detail.children, width: inner, style, times).map { "  " + $0 }
        }
        return lines
    }
}

/// Budgets and what was consumed of them.
enum BudgetText {
    /// `12,800 of 100,000 tokens, $0.12 of $5.00, 1m3s`.
    static func spent(_ amount: Amount, of limits: BudgetLimits) -> String {
        var parts: [String] = []
        parts.append(
            limits.tokens.map {
                "\(HumanText.count(amount.tokens)) of \(HumanText.count($0)) tokens"
            }
                ?? HumanText.plural(amount.tokens, "token"))
        let money = DollarText.format(amount.microDollars)
        parts.append(limits.microDollars.map { "\(money) of \(DollarText.format($0))" } ?? money)
        if let calls = limits.calls {
            parts.append("\(HumanText.count(amount.calls)) of \(HumanText.count(calls)) calls")
        }
        let wall = HumanText.span(amount.wall)
        parts.append(limits.wall.map { "\(wall) of \(HumanText.span($0))" } ?? wall)
        return parts.joined(separator: ", ")
    }
}
