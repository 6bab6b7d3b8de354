import AuraModel

/// A table of cells.
///
/// In a pipe nothing is cut; on a terminal the flexible column gives way.
struct Table {
    struct Column {
        var title: String
        var isRight = false
        /// May be cut so that a row fits a terminal.
        var isFlexible = false
    }

    struct Cell: ExpressibleByStringLiteral {
        var text: String
        var colour: Style.Colour?

        init(_ text: String, _ colour: Style.Colour? = nil) {
            self.text = SafeText.line(text)
            self.colour = colour
        }

        init(stringLiteral text: String) { self.init(text) }
    }

    var columns: [Column]
    var rows: [[Cell]] = []

    /// Two blanks between columns.
    private static let gap = "  "

    /// 8: a flexible column narrower than this says nothing any more; the terminal wraps instead.
    private static let flexibleMin = 8

    /// The lines, title line first.
    ///
    /// Rows have as many cells as there are columns.
    func lines(width: Int?, _ style: Style) -> [String] {
        var widths = columns.enumerated().map { index, column in
            rows.reduce(TextWidth.of(column.title)) { max($0, TextWidth.of($1[index].text)) }
        }
        if let width {
            let gaps = Self.gap.count * (columns.count - 1)
            var excess = widths.reduce(gaps, +) - width
            // The widest gives way first: a long remark before a short state.
            while excess > 0,
                let widest = columns.indices.filter({ columns[$0].isFlexible })
                    .max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.flexibleMin
            {
                widths[widest] -= 1
                excess -= 1
            }
        }
        let titles = columns.map { Cell($0.title, .faint) }
        return ([titles] + rows).map { line($0, widths, style) }
    }

    private func line(_ cells: [Cell], _ widths: [Int], _ style: Style) -> String {
        var parts: [String] = []
        for (index, cell) in cells.enumerated() {
            let text = TextWidth.cut(cell.text, to: widths[index])
            let isLast = index == cells.count - 1
            // The colour covers the text only, and the last column has no blanks behind it.
            let painted = style.paint(text, cell.colour)
            let blanks = String(repeating: " ", count: max(0, widths[index] - TextWidth.of(text)))
            if columns[index].isRight {
                parts.append(blanks + painted)
            } else {
                parts.append(isLast ? painted : painted + blanks)
            }
        }
        return parts.joined(separator: Self.gap)
    }
}
