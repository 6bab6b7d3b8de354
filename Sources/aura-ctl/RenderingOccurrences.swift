import AuraModel

/// Past firings and what became of them.
enum OccurrenceText {
    /// What became of a firing: a glyph, a word, a colour.
    static func state(of decision: OccurrenceDecision) -> RunText.State {
        switch decision {
        case .started: RunText.State(glyph: "✔", word: "started", colour: .green)
        case .skipped: RunText.State(glyph: "○", word: "skipped", colour: .yellow)
        case .missed: RunText.State(glyph: "✖", word: "missed", colour: .red)
        case .queued: RunText.State(glyph: "○", word: "waits", colour: .faint)
        case .cancelled: RunText.State(glyph: "○", word: "cancelled", colour: .yellow)
        }
    }

    /// The run that was started, or why there is none.
    static func reason(of decision: OccurrenceDecision) -> String {
        switch decision {
        case .started(let run): "run \(run.short)"
        case .skipped(let reason), .missed(let reason), .queued(let reason),
            .cancelled(let reason):
            SafeText.brief(reason)
        }
    }

    /// A table of firings in the order given.
    static func table(
        _ rows: [OccurrenceRow], width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        guard !rows.isEmpty else { return ["no firings"] }
        var table = Table(columns: [
            .init(title: "DUE"), .init(title: "DECISION"), .init(title: "LATE", isRight: true),
            .init(title: "ENTRY", isRight: true), .init(title: "WHY", isFlexible: true),
        ])
        table.rows = rows.map { row in
            let state = state(of: row.decision)
            return [
                .init(times.cell(row.nominal, isCompact: width != nil)),
                .init(state.text, state.colour),
                .init(HumanText.span(row.decidedAt - row.nominal)),
                .init("#\(row.sequence)"),
                .init(
                    (row.through.map { "and all others up to \(times.absolute($0)): " } ?? "")
                        + (row.cause.map { $0.words + ": " } ?? "") + reason(of: row.decision)),
            ]
        }
        return table.lines(width: width, style)
    }
}

/// Why an automaton did, or did not, run.
enum ExplanationText {
    /// A head line with the verdict, then each sentence beside the entry that proves it.
    static func lines(
        of explanation: Explanation, asked: Instant?, width: Int?, _ style: Style,
        _ times: TimeText
    ) -> [String] {
        let name = style.paint(explanation.automaton.text, .bold)
        var head: String
        if let nominal = explanation.nominal {
            head = "\(name), due \(times.both(nominal)): "
            if let decision = explanation.decision {
                let state = OccurrenceText.state(of: decision)
                head += style.paint(state.text, state.colour)
            } else {
                head += style.paint("not decided yet", .faint)
            }
        } else if let asked {
            head = "\(name), \(times.both(asked)): nothing was planned"
        } else {
            head = "\(name): has not fired yet"
        }
        var lines = [head]
        var sentences = explanation.lines
        if let reason = reason(of: explanation.decision),
            !sentences.contains(where: { $0.text.contains(reason) })
        {
            sentences.insert(.init(reason), at: 0)
        }
        let numbers = sentences.map { $0.sequence.map { "#\($0)" } ?? "" }
        let margin = numbers.map(\.count).max() ?? 0
        for (number, line) in zip(numbers, sentences) {
            let room = width.map { max(textMin, $0 - margin - 4) }
            let wrapped = TextWidth.wrap(SafeText.line(line.text), to: room)
            for (index, text) in wrapped.enumerated() {
                let label = TextWidth.pad(index == 0 ? number : "", to: margin, right: true)
                let start = margin == 0 ? "  " : "  " + style.paint(label, .faint) + "  "
                lines.append(start + text)
            }
        }
        if case .started(let run) = explanation.decision {
            lines.append(style.paint("what it did: aura-ctl show \(run.short)", .faint))
        }
        return lines
    }

    private static func reason(of decision: OccurrenceDecision?) -> String? {
        switch decision {
        case .skipped(let reason), .missed(let reason), .queued(let reason),
            .cancelled(let reason):
            reason
        case .started, nil: nil
        }
    }

    /// 20: a text in fewer columns is no sentence any more.
    private static let textMin = 20
}
