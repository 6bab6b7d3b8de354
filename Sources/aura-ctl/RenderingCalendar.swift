import AuraModel

/// Expressions, what they mean and when they fire.
enum CalendarText {
    /// The expression, its meaning, and a line for each firing.
    static func lines(
        of answer: CalendarAnswer, width: Int?, _ style: Style, now: Instant
    ) -> [String] {
        var lines = [
            style.paint(SafeText.line(answer.expression.drop { $0.isWhitespace }), .bold)
                + style.paint("  (\(SafeText.line(answer.zone)))", .faint)
        ]
        if let meaning = answer.meaning {
            lines += TextWidth.wrap(SafeText.line(meaning), to: width.map { $0 - 2 }).map {
                "  " + $0
            }
        }
        let times = TimeText(now: now) { _ in 0 }
        for firing in answer.firings {
            if let change = firing.change {
                lines.append("  " + style.paint(text(of: change), .yellow))
            }
            let civil = CivilTime(reading: firing.at.seconds + firing.offset)
            lines.append(
                "  \(CivilText.full(civil)) \(CivilText.offset(firing.offset))  "
                    + times.relative(firing.at))
            if let note = firing.note { lines.append("      " + style.paint(note, .yellow)) }
        }
        if answer.firings.isEmpty {
            lines.append("  " + style.paint("no time of a firing is known from then on", .yellow))
        }
        return lines
    }

    /// `Sun 2026-10-25 03:00 -> 02:00: the clocks go back, to +01:00`.
    static func text(of change: CalendarAnswer.Change) -> String {
        let before = CivilTime(reading: change.at.seconds + change.before)
        let after = CivilTime(reading: change.at.seconds + change.after)
        let day = before.date == after.date ? "" : CivilText.day(after.date) + " "
        return "\(CivilText.day(before.date)) \(CivilText.clock(before)) -> \(day)"
            + "\(CivilText.clock(after)): the clocks go "
            + (change.after > change.before ? "forward" : "back")
            + ", to \(CivilText.offset(change.after))"
    }

    /// What is wrong with an expression, with a caret under the character.
    static func lines(
        of error: TextError, in text: String, line: Int?, hint: String?, width: Int?,
        _ style: Style
    ) -> [String] {
        let place = line.map { "line \($0), " } ?? ""
        let verdict = error.isNever ? "this can never fire: " : ""
        let message = "aura-ctl: \(verdict)\(place)\(SafeText.line("\(error)"))"
        return TextWidth.wrap(message, to: width)
            + DiagnosticText.pointed(text, column: error.column, style)
            + (hint.map { ["hint: " + SafeText.line($0)] } ?? [])
    }
}
