import AuraModel

/// What is wrong with one file, gathered so that all of it is told at once.
struct Report {
    let file: String
    private var diagnostics: [Diagnostic] = []

    /// 100: more are the same slip again and again, and a message per line of a large file helps
    /// nobody.
    private static let diagnosticsMax = 100

    /// An empty report on `file`.
    init(_ file: String) { self.file = file }

    /// Whether nothing is wrong.
    var isEmpty: Bool { diagnostics.isEmpty }

    /// Notes something wrong at `place`; beyond the bound it is dropped.
    mutating func add(_ place: Place, _ message: String, hint: String? = nil) {
        guard diagnostics.count < Self.diagnosticsMax else { return }
        diagnostics.append(
            Diagnostic(
                file: file, line: place.line, column: place.column, message: message, hint: hint))
    }

    /// What is wrong, in the order of the file.
    var sorted: [Diagnostic] {
        // The order of arrival decides between two at one place: sort(by:) alone need not be
        // stable.
        diagnostics.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset)
                < ($1.element.line, $1.element.column, $1.offset)
        }.map(\.element)
    }
}
