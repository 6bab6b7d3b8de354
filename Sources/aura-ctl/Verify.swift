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
        var all: [Diagnostic] = []
        var lines: [String] = []
        for file in files {
            let text = String(
                decoding: try InputFile.read(file, bytesMax: Self.fileBytesMax), as: UTF8.self)
            let found: [Diagnostic] = try session.client.post(
                ControlPath.definition, DefinitionText(file: file, text: text))
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
