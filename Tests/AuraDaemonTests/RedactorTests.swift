import AuraModel
import AuraSupervision
import AuraSystem
import Glibc
import Testing

@testable import AuraDaemon

@Suite struct RedactorTests {
    private static let key = "sk-test-0123456789"

    /// A redactor that knows `key`, as the file's content was handed out.
    private func withRedactor(
        _ content: String = key + "\n", _ body: (Redactor) throws -> Void
    ) throws {
        let directory = try Scratch.makeDirectory("redactor")
        defer { try? FileSystem.removeTree(directory) }
        mkdir(directory + "/credentials", 0o700)
        let path = directory + "/credentials/key"
        try FileSystem.writeAtomically(Array(content.utf8), to: path)
        chmod(path, 0o600)
        let credentials = Credentials(configurationDirectory: directory)
        let redactor = Redactor(credentials: credentials)
        #expect(redactor.redacted(Self.key) == nil, "it was not handed out yet")
        _ = credentials.secret("key")
        try body(redactor)
    }

    @Test("R42: a known secret is replaced wherever it stands, and everything else stays")
    func everywhere() throws {
        try withRedactor { redactor in
            let mark = "[redacted: key]"
            for (before, after) in [("", ""), ("a", "b"), ("ü", "\u{1F511}"), ("=", "\n")] {
                let text = before + Self.key + after
                #expect(redactor.redacted(text) == before + mark + after)
                #expect(
                    redactor.redacted(text + text) == before + mark + after + before + mark + after)
            }
            #expect(redactor.redacted(String(Self.key.dropLast())) == nil)
            #expect(redactor.redacted("") == nil)
        }
    }

    @Test("a secret that is a part of its own mark is replaced once")
    func ownMark() throws {
        try withRedactor("redacted") { redactor in
            #expect(redactor.redacted("a redacted b") == "a [redacted: key] b")
        }
    }

    @Test("what is too short to be a key is left alone")
    func short() throws {
        try withRedactor("secret") { redactor in #expect(redactor.redacted("secret") == nil) }
    }

    @Test("a proposal that holds a secret loses it and its commands; any other stays as it is")
    func proposals() throws {
        try withRedactor { redactor in
            let run = RunID(at: Instant(milliseconds: 0), sequence: 1)
            let clean = Proposal(basis: 1, outcomes: [outcome("nothing")], commands: [])
            guard
                case .proposed(_, _, clean, _) =
                    redactor.clean(.proposed(run, 1, clean, digests: [:]))
            else {
                Issue.record("a proposal without a secret was touched")
                return
            }
            let round = Proposal.Round(
                outcomes: [outcome("A=" + Self.key)],
                commands: [Command(id: 2, act: .wait(span: .seconds(1), reason: Self.key))])
            let found = Proposal(
                basis: 1, outcomes: [outcome("fine")], commands: [], further: [round, round])
            guard
                case .redacted(_, _, let left, _) =
                    redactor.clean(.proposed(run, 1, found, digests: [:]))
            else {
                Issue.record("a secret came through")
                return
            }
            let redacted = Proposal.Round(outcomes: [outcome("A=[redacted: key]")], commands: [])
            #expect(left.rounds == [found.rounds[0], redacted])
        }
    }

    private func outcome(_ text: String) -> Transaction {
        .toolFinished(command: 1, result: ToolResult(output: text, place: .worker))
    }
}
