/// One thing wrong, or doubtful, with a file that a person wrote: where, what was expected, and what to do next.
package struct Diagnostic: Hashable, Sendable, Codable, CustomStringConvertible, Error {
    package var file: String
    /// From 1; 0 when the whole file is meant.
    package var line: Int
    /// From 1, in characters; 0 when the whole line is meant.
    package var column: Int
    package var message: String
    /// What to type or change next.
    package var hint: String?
    /// Whether the file is good all the same; nil: it is not.
    package var isWarning: Bool?

    /// A diagnostic at a place in `file`; an error unless said otherwise.
    package init(
        file: String, line: Int, column: Int, message: String, hint: String? = nil,
        isWarning: Bool? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.isWarning = isWarning
    }

    /// What it is, in a word.
    package var severity: String { isWarning == true ? "warning" : "error" }

    /// In the form that compilers use: `file:line:column: error: message`, then the hint.
    package var description: String {
        "\(file):\(line):\(column): \(severity): \(message)"
            + (hint.map { "\n  hint: \($0)" } ?? "")
    }
}
