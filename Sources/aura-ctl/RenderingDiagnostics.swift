import AuraModel

/// Diagnostics as compilers print them: the place, the line of the file, a caret, a hint.
enum DiagnosticText {
    /// 4: blanks for a tab, in the source line and so under the caret.
    private static let tabWidth = 4

    /// The lines for one diagnostic; `source` is the text of its file, where it is at hand.
    static func lines(of diagnostic: Diagnostic, source: String?, _ style: Style) -> [String] {
        var place = SafeText.line(diagnostic.file)
        if diagnostic.line > 0 { place += ":\(diagnostic.line)" }
        if diagnostic.line > 0, diagnostic.column > 0 { place += ":\(diagnostic.column)" }
        let colour: Style.Colour = diagnostic.isWarning == true ? .yellow : .red
        var lines = [
            "\(style.paint(place, .bold)): \(style.paint(diagnostic.severity + ":", colour)) "
                + SafeText.line(diagnostic.message)
        ]
        if let source, let text = line(diagnostic.line, of: source) {
            lines += pointed(text, column: diagnostic.column, style)
        }
        if let hint = diagnostic.hint { lines.append("  hint: " + SafeText.line(hint)) }
        return lines
    }

    /// The line, and a caret under its column; columns count from 1, and 0 is none.
    static func pointed(_ text: some StringProtocol, column: Int, _ style: Style) -> [String] {
        guard column > 0 else { return ["  " + shown(text)] }
        // A column behind the end of the line is where something is missing.
        let before = shown(String(String.UnicodeScalarView(text.unicodeScalars.prefix(column - 1))))
        let blanks = String(repeating: " ", count: TextWidth.of(before))
        return ["  " + shown(text), "  " + blanks + style.paint("^", .green)]
    }

    private static func line(_ number: Int, of source: String) -> Substring? {
        guard number > 0 else { return nil }
        let lines = source.split(omittingEmptySubsequences: false) { $0.isNewline }
        return number <= lines.count ? lines[number - 1] : nil
    }

    private static func shown(_ text: some StringProtocol) -> String {
        text.split(separator: "\t", omittingEmptySubsequences: false)
            .map { SafeText.line($0) }
            .joined(separator: String(repeating: " ", count: tabWidth))
    }
}
