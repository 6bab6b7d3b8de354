import AuraModel
import AuraReasoner
import FoundationEssentials
import Glibc
import Testing

/// Provider streams and what must be understood of them, from outside of the project.
enum Conformance {
    /// `AURA_CONFORMANCE`, else `shared/conformance` beside a directory above this file.
    static let directory: String? = {
        if let named = ProcessInfo.processInfo.environment["AURA_CONFORMANCE"] { return named }
        var place = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        while place.pathComponents.count > 1 {
            place.deleteLastPathComponent()
            let candidate = place.appendingPathComponent("shared/conformance").path
            if FileManager.default.fileExists(atPath: candidate) { return candidate }
        }
        return nil
    }()

    /// Whether tests that need it are to be run: on CI they fail when it is absent.
    static var isExpected: Bool {
        directory != nil || ProcessInfo.processInfo.environment["CI"] == "true"
    }

    struct Fixture: CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        let expected: JSONValue

        var testDescription: String { name }
    }

    static func anthropic() throws -> [Fixture] { try fixtures("anthropic") }

    static func openai() throws -> [Fixture] { try fixtures("openai") }

    private static func fixtures(_ dialect: String) throws -> [Fixture] {
        let folder = try #require(directory, "conformance files are absent") + "/sse/\(dialect)"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        return try names.filter { !$0.hasSuffix(".json") }.map { name in
            let stem = name.prefix { $0 != "." }
            return Fixture(
                name: name, bytes: try read("\(folder)/\(name)"),
                expected: try JSON.decode(
                    JSONValue.self, from: read("\(folder)/\(stem).expected.json")))
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

/// Where a stream in two pieces is understood otherwise than whole: nowhere, if all is well.
func cutsDiffering(
    _ bytes: [UInt8], _ stream: any AnswerStream, from expected: Result<ModelAnswer, ModelFailure>
) -> [Int] {
    (0...bytes.count).filter { cut in
        fold([Array(bytes[..<cut]), Array(bytes[cut...])], stream) != expected
    }
}

/// Folds a whole stream given in pieces.
///
/// What it shows on the way is what the answer then says, wherever the pieces are cut.
func fold(
    _ pieces: [[UInt8]], _ start: any AnswerStream = AnthropicMessages.Stream()
) -> Result<ModelAnswer, ModelFailure>? {
    var parser = SSEParser()
    var stream = start
    var prose = ""
    do {
        for piece in pieces {
            for event in try parser.push(piece) { stream.take(event) }
            prose += stream.takeProse()
        }
        stream.end(partial: try parser.finish())
    } catch {
        stream.fail(.malformed, "\(error)")
    }
    prose += stream.takeProse()
    // Responses may bring a text whole at its end.
    if case .success(let answer)? = stream.result, !prose.isEmpty || start is ChatCompletions.Stream
    {
        let texts = answer.content.compactMap { block -> String? in
            if case .text(let text) = block { text } else { nil }
        }
        #expect(prose == texts.joined())
    }
    return stream.result
}
