import ArgumentParser
import AuraModel

/// Checks definition files without putting them into force.
struct Verify: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Check definition files; nothing is put into force.",
        discussion: "Exit status 65 when a file has errors.")

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
            let found: [Diagnostic] = try session.client.post(
                ControlPath.definition,
                DefinitionText(file: file, text: text, besides: texts.count > 1 ? texts : nil))
            all += found
            lines += found.flatMap { DiagnosticText.lines(of: $0, source: text, session.style) }
            if found.isEmpty {
                lines.append("\(session.style.paint("✔", .green)) \(SafeText.line(file)): good")
            }
        }
        try session.show(all) { lines }
        return (all.isEmpty ? AuraExit.success : .badDefinition).rawValue
    }
}
