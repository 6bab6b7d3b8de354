import AuraModel

/// Automata and the daemon.
enum AutomatonText {
    /// Whether the automaton fires by itself, and if not, why: a glyph, a word, a colour.
    static func state(of status: AutomatonStatus) -> RunText.State {
        if let whyNot = whyNot(status) { return whyNot }
        guard let notes = status.notes else {
            return RunText.State(glyph: "●", word: "active", colour: .green)
        }
        let words = notes.map { SafeText.brief($0) }.joined(separator: "; ")
        return RunText.State(glyph: "▲", word: "active: " + words, colour: .yellow)
    }

    /// Why the automaton does not fire by itself; nil when its schedule is in force and starts
    /// runs.
    static func whyNot(_ status: AutomatonStatus) -> RunText.State? {
        if !status.row.isLoaded {
            return RunText.State(glyph: "✖", word: "no definition", colour: .red)
        }
        if !status.row.isActive {
            return RunText.State(glyph: "○", word: "inactive", colour: .faint)
        }
        if let reason = status.whyNot {
            return RunText.State(glyph: "◌", word: SafeText.brief(reason), colour: .yellow)
        }
        if status.schedule.hasPrefix("\(Schedule.manual)") {
            return RunText.State(glyph: "○", word: "no schedule", colour: nil)
        }
        return nil
    }

    /// A table of automata in the order given.
    ///
    /// In a pipe with all columns; on a terminal what does not fire says why in place of its next
    /// time.
    static func table(
        _ automata: [AutomatonStatus], width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        guard !automata.isEmpty else { return ["no automata"] }
        guard let width else { return wideTable(automata, style, times) }
        var table = Table(columns: [
            .init(title: "  AUTOMATON", isFlexible: true),
            .init(title: "SCHEDULE", isFlexible: true),
            .init(title: "NEXT"), .init(title: "LAST", isFlexible: true),
        ])
        let hasRoom = width >= todayWidthMin
        if hasRoom { table.columns.append(.init(title: "TODAY", isRight: true)) }
        table.rows = automata.map { status in
            let state = state(of: status)
            let last = last(of: status, times, isCompact: true)
            let next =
                status.next.map { times.cell($0, isCompact: true) }
                ?? status.when.map { SafeText.brief($0, max: nextMax) } ?? "-"
            let schedule = status.schedule.trimmingPrefix("cron ")
            var cells: [Table.Cell] = [
                .init("\(state.glyph) \(status.row.name)", state.colour), .init(String(schedule)),
                whyNot(status).map {
                    .init(SafeText.brief($0.word, max: nextMax), $0.colour)
                } ?? .init(next),
                .init(last.text, last.colour),
            ]
            if hasRoom { cells.append(.init(today(of: status))) }
            return cells
        }
        return table.lines(width: width, style)
    }

    /// 22: the longest next time, `11-22 00:00 (in 1000d)`; `status NAME` has a longer reason in
    /// full.
    private static let nextMax = 22

    /// 100: on a narrower terminal the names and schedules need the columns more than the costs do.
    private static let todayWidthMin = 100

    private static func wideTable(
        _ automata: [AutomatonStatus], _ style: Style, _ times: TimeText
    ) -> [String] {
        var table = Table(columns: [
            .init(title: "AUTOMATON"), .init(title: "STATE"), .init(title: "KIND"),
            .init(title: "SCHEDULE"), .init(title: "NEXT"), .init(title: "LAST"),
            .init(title: "TODAY", isRight: true),
        ])
        table.rows = automata.map { status in
            let state = state(of: status)
            let last = last(of: status, times, isCompact: false)
            return [
                .init(status.row.name.text), .init(state.text, state.colour),
                .init(status.row.kind.rawValue), .init(status.schedule),
                .init(status.next.map { times.both($0) } ?? status.when ?? "-"),
                .init(last.text, last.colour),
                .init(today(of: status)),
            ]
        }
        return table.lines(width: nil, style)
    }

    private static func today(of status: AutomatonStatus) -> String {
        DollarText.format(status.today.spent.microDollars)
    }

    /// How the last run ended, and when; one that is under way counts before it.
    private static func last(
        of status: AutomatonStatus, _ times: TimeText, isCompact: Bool
    ) -> RunText.State {
        if let run = status.runs.first(where: { !$0.isFinished }) {
            return RunText.state(of: run)
        }
        guard let outcome = status.row.lastOutcome else {
            return RunText.State(glyph: "○", word: "never ran", colour: .faint)
        }
        var state = RunText.state(of: outcome.ending)
        if let finished = status.row.lastFinished {
            state.word += " " + (isCompact ? times.ago(finished) : times.both(finished))
        }
        return state
    }

    /// What an input takes, and what it is when nobody gives it.
    private static func text(of input: InputDeclaration) -> String {
        let standard = input.standard.flatMap { try? JSON.text($0) }
        let expected = JSONSchema.expectation(of: input.schema)
        let about = input.schema["description"]?.stringValue.map { " - " + $0 } ?? ""
        return "\(input.name): \(expected)"
            + (standard.map { "; \($0) unless given" } ?? "; has to be given") + about
    }

    /// One automaton in full.
    static func lines(
        of status: AutomatonStatus, width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        let state = state(of: status)
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
        add(
            "next",
            status.next.map { times.both($0) + (whyNot(status).map { " (\($0.word))" } ?? "") }
                ?? (whyNot(status).map { "none (\($0.word))" }
                    ?? SafeText.line(status.when ?? "none")))
        if status.row.pause != nil, status.next != nil {
            add("", "what fires is skipped until: aura-ctl resume \(status.row.name)")
        }
        if let quarantine = status.row.pause?.quarantine {
            lines += QuarantineText.lines(of: quarantine, status.row.name, times)
        }
        for (index, line) in (status.waiting ?? []).enumerated() {
            add(index == 0 ? "waiting" : "", SafeText.line(line))
        }
        // With a schedule that starts runs they stand in the state.
        for note in whyNot(status) == nil ? [] : status.notes ?? [] {
            add("note", style.paint(SafeText.line(note), .yellow))
        }
        for line in status.concessions ?? [] { add("warning", SafeText.line(line)) }
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
        for (index, input) in (status.inputs ?? []).enumerated() {
            add(index == 0 ? "inputs" : "", SafeText.brief(text(of: input)))
        }
        for (index, server) in (status.servers ?? []).enumerated() {
            add(index == 0 ? "servers" : "", SafeText.brief(server))
        }
        if let profile = status.profile { add("cage", SafeText.line(profile)) }
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
    private static func line(
        of reasoner: ReasonerStatus, _ style: Style, _ times: TimeText
    ) -> String {
        var line = SafeText.brief(reasoner.name)
        if let route = reasoner.route { line += " (\(SafeText.brief(route)))" }
        line += ": \(HumanText.plural(reasoner.underWay, "call")) under way"
        if reasoner.waiting > 0 { line += ", \(reasoner.waiting) waiting" }
        if let problem = reasoner.problem {
            line += "; " + style.paint("cannot be asked: " + SafeText.line(problem), .red)
        }
        if let open = reasoner.open {
            let text = "not asked until \(times.both(open.until)): \(SafeText.brief(open.reason))"
            line += "; " + style.paint(text, .yellow)
        }
        return line
    }

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
        if let trouble = status.trouble {
            let since = "\(trouble.state) since \(times.both(trouble.since)): "
            add("", style.paint("✖ " + since + SafeText.brief(trouble.reason), .red))
            add("", "nothing new begins; " + trouble.state.remedy)
        }
        let waiting = status.runsParked.map { $0 > 0 ? ", \($0) waiting without a slot" : "" } ?? ""
        add("runs", "\(status.runsActive) active, \(status.runsQueued) queued\(waiting)")
        if let handover = status.handover {
            add(
                "restart",
                HumanText.plural(handover.workers, "worker") + " and "
                    + HumanText.plural(handover.commands, "command") + " taken over, "
                    + HumanText.plural(handover.resumed, "run") + " resumed from the record")
        }
        for reasoner in status.reasoners ?? [] { add("reasoner", line(of: reasoner, style, times)) }
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
