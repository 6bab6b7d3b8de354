/// One thing wrong with a file that a person wrote: where, what was expected, and what to do next.
package struct Diagnostic: Hashable, Sendable, Codable, CustomStringConvertible, Error {
    package var file: String
    /// From 1; 0 when the whole file is meant.
    package var line: Int
    /// From 1, in characters; 0 when the whole line is meant.
    package var column: Int
    package var message: String
    /// What to type or change next.
    package var hint: String?

    /// A diagnostic at a place in `file`.
    package init(file: String, line: Int, column: Int, message: String, hint: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
    }

    /// In the form that compilers use: `file:line:column: error: message`, then the hint.
    package var description: String {
        "\(file):\(line):\(column): error: \(message)" + (hint.map { "\n  hint: \($0)" } ?? "")
    }
}
