import AuraModel
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

@Suite("Text as it comes")
struct LiveTextsTests {
    private static let key = "sk-test-0123456789"
    private static let runs = (1...3).map {
        RunID(at: Instant(milliseconds: 1_000), sequence: $0)
    }

    private func withTexts(_ body: (LiveTexts) throws -> Void) throws {
        let directory = try Scratch.makeDirectory("live")
        defer { try? FileSystem.removeTree(directory) }
        try body(try Self.texts(in: directory))
    }

    private static func texts(in directory: String) throws -> LiveTexts {
        mkdir(directory + "/credentials", 0o700)
        let path = directory + "/credentials/key"
        try FileSystem.writeAtomically(Array(Self.key.utf8), to: path)
        chmod(path, 0o600)
        let credentials = Credentials(configurationDirectory: directory)
        _ = credentials.secret("key")
        return LiveTexts(redactor: Redactor(credentials: credentials))
    }

    @Test("a secret is not shown, however its text is cut; what only begins like one is")
    func redaction() throws {
        try withTexts { texts in
            let whole = "ü sk-test-012 \(Self.key)\(Self.key) sk-te"
            let bytes = Array(whole.unicodeScalars)
            let mark = "[redacted: key]"
            var call = 0
            for first in 0...bytes.count {
                for second in stride(from: first, through: bytes.count, by: 5) {
                    call += 1
                    var places: [Int: (run: RunID, bytes: Int)] = [:]
                    var seen = ""
                    texts.begin(call, lineage: [Self.runs[0]])
                    for part in [bytes[..<first], bytes[first..<second], bytes[second...]] {
                        var text = String.UnicodeScalarView()
                        text.append(contentsOf: part)
                        texts.append(String(text), to: call)
                        seen += texts.read(of: Self.runs[0], since: &places).map(\.text).joined()
                    }
                    #expect(seen == "ü sk-test-012 \(mark)\(mark) ", "\(first) \(second)")
                    texts.append("lla", to: call)
                    let rest = texts.read(of: Self.runs[0], since: &places)
                    #expect(rest.map(\.text) == ["sk-tella"])
                    texts.end(call)
                }
            }
        }
    }

    @Test("a slow reader is told what it missed; nobody is waited for, and the end is the end")
    func ring() throws {
        try withTexts { texts in
            texts.begin(7, lineage: [Self.runs[1], Self.runs[0]])
            var quick: [Int: (run: RunID, bytes: Int)] = [:]
            var slow = quick
            var read = 0
            let piece = String(repeating: "ü€", count: 200)
            for _ in 0..<1_000 {
                texts.append(piece, to: 7)
                for part in texts.read(of: Self.runs[1], since: &quick) {
                    #expect(part.skipped == 0)
                    read += part.text.utf8.count
                }
            }
            #expect(read == 1_000 * piece.utf8.count)
            let late = texts.read(of: Self.runs[0], since: &slow)
            #expect(late.map(\.run) == [Self.runs[1]], "a coordinator's reader sees its agents")
            let part = try #require(late.first)
            #expect(part.skipped + part.text.utf8.count == read)
            #expect(part.skipped > 0 && part.text.utf8.count <= 2 * LiveTexts.bytesMax)
            #expect(!part.text.contains("\u{FFFD}"), "cut between characters")
            #expect(
                texts.read(of: Self.runs[2], since: &slow).map(\.isOver) == [true], "not its run")
            texts.end(7)
            #expect(texts.read(of: Self.runs[1], since: &quick).map(\.isOver) == [true])
            #expect(texts.read(of: Self.runs[1], since: &quick).isEmpty)
        }
    }

    @Test("a reader sleeps until its run says something or ends it, and not for another's")
    func news() async throws {
        let directory = try Scratch.makeDirectory("live")
        defer { try? FileSystem.removeTree(directory) }
        let texts = try Self.texts(in: directory)
        texts.begin(1, lineage: [Self.runs[1], Self.runs[0]])
        texts.begin(2, lineage: [Self.runs[2]])
        texts.append("other", to: 2)
        var places: [Int: (run: RunID, bytes: Int)] = [:]
        for word in ["a", "b", nil] {
            let seen = places
            async let waiting: Void = texts.news(of: Self.runs[0], since: seen)
            if let word { texts.append(word, to: 1) } else { texts.end(1) }
            await waiting
            let pieces = texts.read(of: Self.runs[0], since: &places)
            #expect(pieces.map(\.text) == [word ?? ""])
            #expect(pieces.map(\.isOver) == [word == nil])
        }
        #expect(places.isEmpty)
    }
}
