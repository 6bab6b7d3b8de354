import AuraModel

/// A run under way, as a few lines that are drawn again in place; and its end.
enum ProgressText {
    private static let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]

    /// 8: children shown at once; a dev loop has one or a few under way, and a terminal 24 lines.
    static let childrenMax = 8

    /// The lines of a run: what it is, what it does now, what it has used; children that are under
    /// way, or were last, below it.
    ///
    /// No line is wider than the terminal, or drawing again would go wrong.
    static func lines(
        of detail: RunDetail, frame: Int, width: Int, _ style: Style, _ times: TimeText
    ) -> [String] {
        var lines = block(detail.run, indent: "", frame, width, style, times)
        let children = detail.children.suffix(childrenMax)
        if children.count < detail.children.count {
            let hidden = detail.children.count - children.count
            lines.append(cut("  … and \(HumanText.plural(hidden, "earlier run"))", width))
        }
        for child in children {
            lines += block(child, indent: "  ", frame, width, style, times)
        }
        return lines
    }

    private static func block(
        _ run: RunRow, indent: String, _ frame: Int, _ width: Int, _ style: Style,
        _ times: TimeText
    ) -> [String] {
        let state = RunText.state(of: run)
        let glyph = run.isFinished ? state.glyph : frames[frame % frames.count]
        let name = run.task.map { "task \(SafeText.brief($0.id, max: 40))" } ?? run.automaton.text
        let span = HumanText.span(RunText.span(of: run, now: times.now))
        let head = cut(
            "\(indent)\(glyph) \(name) (run \(run.id.short)): \(state.word), \(span)", width)
        var lines = [style.paint(head, state.colour)]
        let remark = RunText.remark(on: run)
        if !remark.isEmpty { lines.append(cut("\(indent)  \(remark)", width)) }
        // A child's use is part of its parent's: one line is enough once it has ended.
        if indent.isEmpty || !run.isFinished {
            let spent = BudgetText.spent(run.spent, of: run.budget)
            lines.append(style.paint(cut("\(indent)  \(spent)", width), .faint))
        }
        return lines
    }

    /// The last line: how it ended, what it took.
    static func result(of run: RunRow, _ style: Style, _ times: TimeText) -> String {
        guard let outcome = run.outcome else { return "run \(run.id) goes on" }
        let state = RunText.state(of: outcome.ending)
        let span = HumanText.span(RunText.span(of: run, now: times.now))
        let detail = outcome.detail.isEmpty ? "" : ": " + SafeText.brief(outcome.detail)
        return style.paint(state.text, state.colour)
            + "\(detail) (run \(run.id), \(span), \(HumanText.plural(run.spent.tokens, "token")), "
            + "\(DollarText.format(run.spent.microDollars)))"
    }

    /// What moves the cursor to the beginning of `count` lines drawn before, and clears them.
    static func erase(lines count: Int) -> String {
        count == 0 ? "" : "\u{1b}[\(count)A\r\u{1b}[J"
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        TextWidth.cut(text, to: max(1, width - 1))
    }
}
