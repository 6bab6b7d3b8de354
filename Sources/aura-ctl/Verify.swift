import ArgumentParser
import AuraModel
import Glibc

/// Checks definition files without putting them into force.
struct Verify: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Check definition files; nothing is put into force.",
        discussion: "Exit status 65 when a file has errors.")

    @Argument(help: "The files.") var files: [String]
    @OptionGroup var common: CommonOptions

    /// 1 MiB: a definition has a few kilobytes; something else was named by mistake.
    static let fileBytesMax = 1 << 20

    func perform(_ session: Session) throws -> Int32 {
        var all: [Diagnostic] = []
        var lines: [String] = []
        for file in files {
            let text = try Self.read(file)
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

    private static func read(_ file: String) throws -> String {
        func failed(_ reason: String) -> Failure {
            Failure(
                .inputOutput, .badRequest, "cannot read \(file): \(reason)", hint: "ls -l \(file)")
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failed(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: fileBytesMax + 1)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress.map { $0 + length }, $0.count - length)
            }
            guard count >= 0 else { throw failed(String(cString: strerror(errno))) }
            if count == 0 { break }
            length += count
        }
        guard length <= fileBytesMax else { throw failed("larger than 1 MiB") }
        return String(decoding: bytes[..<length], as: UTF8.self)
    }
}
