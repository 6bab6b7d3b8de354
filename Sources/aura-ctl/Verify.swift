import ArgumentParser
import AuraModel

/// Checks definition files without putting them into force.
struct Verify: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Check definition files; nothing is put into force.",
        discussion: """
            Exit status 65 when a file has errors; a warning is none. It asks aurad, which knows the reasoners; where \
            none runs, `aurad --check` looks at all that is installed.
            """)

    @Argument(help: "The files.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]
    @OptionGroup var common: CommonOptions

    /// 1 MiB: a definition has a few kilobytes; something else was named by mistake.
    static let fileBytesMax = 1 << 20

    func perform(_ session: Session) throws -> Int32 {
        let texts = try files.map { file in
            String(decoding: try InputFile.read(file, bytesMax: Self.fileBytesMax), as: UTF8.self)
        }
        var all: [Diagnostic] = []
        var lines: [String] = []
        for (file, text) in zip(files, texts) {
            // Files of one call may be chained to each other, and to those that are in force.
            let found = try check(
                DefinitionText(file: file, text: text, besides: texts.count > 1 ? texts : nil),
                session)
            all += found
            lines += found.flatMap { DiagnosticText.lines(of: $0, source: text, session.style) }
            if found.allSatisfy({ $0.isWarning == true }) {
                lines.append("\(session.style.paint("✔", .green)) \(SafeText.line(file)): good")
            }
        }
        try session.show(all) { lines }
        let isGood = all.allSatisfy { $0.isWarning == true }
        return (isGood ? AuraExit.success : .badDefinition).rawValue
    }

    private func check(_ definition: DefinitionText, _ session: Session) throws -> [Diagnostic] {
        do {
            return try session.client.post(ControlPath.definition, definition)
        } catch var failure as Failure where failure.isAbsence {
            // Which reasoners and chains there are is known to the daemon alone.
            let start = failure.error.hint.map { $0 + ", or " } ?? ""
            failure.error.hint = start + "without it, of all that is installed: aurad --check"
            throw failure
        }
    }
}
