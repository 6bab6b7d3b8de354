import AuraModel

/// Automata and the daemon.
enum AutomatonText {
    /// Whether the schedule is in force: a glyph, a word, a colour.
    static func state(of row: AutomatonRow) -> RunText.State {
        if !row.isLoaded {
            return RunText.State(glyph: "✖", word: "no definition", colour: .red)
        }
        return row.isActive
            ? RunText.State(glyph: "●", word: "active", colour: .green)
            : RunText.State(glyph: "○", word: "inactive", colour: .faint)
    }

    /// A table of automata in the order given.
    static func table(
        _ automata: [AutomatonStatus], width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        guard !automata.isEmpty else { return ["no automata"] }
        var table = Table(columns: [
            .init(title: "AUTOMATON"), .init(title: "STATE"), .init(title: "KIND"),
            .init(title: "SCHEDULE", isFlexible: true), .init(title: "NEXT"),
            .init(title: "LAST", isFlexible: true), .init(title: "TODAY", isRight: true),
        ])
        table.rows = automata.map { status in
            let state = state(of: status.row)
            let last = last(of: status)
            return [
                .init(status.row.name.text), .init(state.text, state.colour),
                .init(status.row.kind.rawValue), .init(status.schedule),
                .init(status.next.map { times.cell($0, isCompact: width != nil) } ?? "-"),
                .init(last.text, last.colour),
                .init(DollarText.format(status.today.spent.microDollars)),
            ]
        }
        return table.lines(width: width, style)
    }

    /// A run under way counts before one that has ended.
    private static func last(of status: AutomatonStatus) -> RunText.State {
        if let run = status.runs.first(where: { !$0.isFinished }) {
            return RunText.state(of: run.phase)
        }
        return status.row.lastOutcome.map { RunText.state(of: $0.ending) }
            ?? RunText.State(glyph: "○", word: "none", colour: .faint)
    }

    /// One automaton in full.
    static func lines(
        of status: AutomatonStatus, width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        let state = state(of: status.row)
        var head = "\(style.paint(state.glyph, state.colour)) "
        head += style.paint(status.row.name.text, .bold)
        if !status.description.isEmpty { head += " - " + SafeText.line(status.description) }
        var lines = [head]
        func add(_ name: String, _ value: String) {
            lines.append("  " + TextWidth.pad(name + ":", to: 11, right: true) + " " + value)
        }
        add("state", style.paint(state.word, state.colour))
        add("kind", status.row.kind.rawValue)
        add("schedule", SafeText.line(status.schedule))
        add("next", status.next.map { times.both($0) } ?? "none")
        if let outcome = status.row.lastOutcome {
            let ending = RunText.state(of: outcome.ending)
            let when = status.row.lastFinished.map { ", " + times.both($0) } ?? ""
            add("last", style.paint(ending.text, ending.colour) + when)
            if !outcome.detail.isEmpty { add("", SafeText.brief(outcome.detail)) }
        }
        add("today", BudgetText.spent(status.today.spent, of: status.today.limits))
        if status.today.reserved != .zero {
            add("held", HumanText.amount(status.today.reserved))
        }
        add("definition", SafeText.line(status.row.definition.prefix(12)))
        if !status.runs.isEmpty {
            lines.append("")
            lines += RunText.table(status.runs, width: width, style, times)
        }
        return lines
    }
}

/// The daemon as a whole.
enum DaemonText {
    /// `aura-ctl status` without a name.
    static func lines(
        of status: DaemonStatus, width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        var lines = [
            "\(style.paint("●", .green)) \(style.paint("aurad", .bold)) "
                + "\(SafeText.line(status.version)) - active since \(times.both(status.startedAt))"
        ]
        func add(_ name: String, _ value: String) {
            lines.append("  " + TextWidth.pad(name + ":", to: 11, right: true) + " " + value)
        }
        add("process", "\(status.pid), epoch \(status.epoch)")
        add("record", HumanText.count(status.sequence) + " entries")
        add("runs", "\(status.runsActive) active, \(status.runsQueued) queued")
        for weakness in status.weaknesses {
            add("warning", style.paint("not enforced here: " + SafeText.line(weakness), .yellow))
        }
        if !status.refused.isEmpty {
            lines.append("")
            lines.append(style.paint("✖ definitions that are not in force:", .red))
            for diagnostic in status.refused {
                lines += DiagnosticText.lines(of: diagnostic, source: nil, style).map { "  " + $0 }
            }
        }
        lines.append("")
        return lines + AutomatonText.table(status.automata, width: width, style, times)
    }
}
