import AuraConfiguration
import AuraModel
import FoundationEssentials
import Testing

/// Claims about any text at all, and about the files that a user gets.
@Suite struct AnyFileTests {
    /// The project's directory, also when its parts are reached through links.
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().resolvingSymlinksInPath()
        .deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: root.appending(path: path)), as: UTF8.self)
    }

    @Test("the definitions that are shipped are right, and none starts by itself")
    func shippedDefinitions() throws {
        let folder = Self.root.appending(path: "automata").path
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".yaml") }
            .map { (file: $0, text: try Self.text("automata/\($0)")) }
        let (definitions, diagnostics) = DefinitionDirectory.read(files)
        #expect(diagnostics == [])
        #expect(Set(definitions.map(\.definition.kind)) == Set(AutomatonKind.allCases))
        // A chat has nothing that could start: it answers whoever speaks to it.
        let others = definitions.filter { $0.definition.kind != .chat }
        #expect(others.allSatisfy { !$0.definition.enabled })
    }

    @Test("the settings that are shipped are right, as is their script")
    func shippedSettings() throws {
        let (settings, diagnostics) = SettingsReader.read(
            file: "etc/aurad.yaml", text: try Self.text("etc/aurad.yaml"))
        #expect(diagnostics == [])
        var expected = SettingsReader.standard
        expected.reasoners = [
            "trial": .init(provider: .scripted(file: "etc/trial.yaml"), model: "scripted")
        ]
        #expect(settings == expected)
        let script = ScriptReader.read(
            file: "etc/trial.yaml", text: try Self.text("etc/trial.yaml"))
        #expect(script.1 == [])
        #expect(script.0?.conversations.count == 3)
    }

    @Test("what the shipped settings show as a comment is right once it is taken in")
    func shippedComments() throws {
        let lines = try Self.text("etc/aurad.yaml").split(separator: "\n").map { line in
            let indent = line.prefix { $0 == " " }
            let comment = line.dropFirst(indent.count)
            let key = comment.dropFirst(2).drop { $0 == " " }.prefix { $0 != ":" }
            let isKey = key.allSatisfy { $0.isLowercase || $0 == "-" } && comment.contains(":")
            return comment.hasPrefix("# ") && isKey
                ? String(indent + comment.dropFirst(2)) : String(line)
        }
        // The one key whose default cannot be written as nothing.
        let text = lines.joined(separator: "\n").replacing("user:  ", with: "user: null ")
        let (settings, diagnostics) = SettingsReader.read(file: "etc/aurad.yaml", text: text)
        #expect(diagnostics == [], "\(text)")
        var standard = SettingsReader.standard
        standard.reasoners = settings?.reasoners ?? [:]
        standard.dayBudget = BudgetLimits(microDollars: 20_000_000)
        standard.retention = PruneRule(olderThan: .minutes(90 * 24 * 60))
        standard.hooks = HookSettings(host: "127.0.0.1", port: 9180)
        #expect(settings == standard)
        #expect(settings?.reasoners.keys.sorted() == ["main", "other", "trial"])
    }

    @Test("a file beyond a bound is refused by name")
    func bounds() {
        let long = DefinitionReader.read(
            file: "a", text: String(repeating: "#", count: (1 << 20) + 1))
        #expect(
            long.1.map(\.description) == [
                "a:1:1: error: the file has 1048577 bytes, expected at most 1048576"
            ])
        let items = String(repeating: "1,", count: 50_001)
        let many = DefinitionReader.read(file: "a", text: "verify: [\(items)]")
        #expect(many.1.map(\.message) == ["the file has more than 50000 values"])
        let keys = (0..<1_000).map { "key\($0): 1\n" }.joined()
        #expect(DefinitionReader.read(file: "a", text: keys).1.count == 100)
    }

    @Test("no text traps a reader, and each is either read or refused with a reason")
    func mutations() throws {
        let given = ProcessInfo.processInfo.environment["AURA_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0...UInt64(UInt32.max))
        print("mutated files: AURA_SEED=\(seed)")
        var chance = SplitMix(state: seed)
        let paths = [
            "etc/aurad.yaml", "etc/trial.yaml", "automata/dev-loop.yaml", "automata/task-run.yaml",
        ]
        let originals = try paths.map { Array(try Self.text($0).utf8) }
        // Comments are most of these files and a change in one means nothing: each kind is also
        // taken bare.
        let bare = originals.map { bytes in
            Array(
                String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                    .map { $0.prefix { $0 != "#" } }.joined(separator: "\n").utf8)
        }
        for _ in 0..<20_000 {
            let index = Int.random(in: originals.indices, using: &chance)
            var bytes = chance.next() % 8 == 0 ? originals[index] : bare[index]
            for _ in 0..<Int.random(in: 1...4, using: &chance) { chance.mutate(&bytes) }
            let text = String(decoding: bytes, as: UTF8.self)
            // Most often the reader that the file is for: the others refuse its first key.
            let reader = chance.next() % 8 == 0 ? (index + 1) % Self.readers.count : index
            let (isRead, diagnostics) = Self.readers[reader](text)
            let lineCount = bytes.count { $0 == 10 || $0 == 13 } + 2
            // Other line breaks that YAML knows are no bytes to count by.
            let isCounted = text.unicodeScalars.allSatisfy { $0.value < 0x80 }
            let arePlaced = diagnostics.allSatisfy {
                $0.line >= 1 && $0.column >= 1 && ($0.line <= lineCount || !isCounted)
            }
            guard isRead == diagnostics.isEmpty, arePlaced else {
                Issue.record("AURA_SEED=\(seed): \(diagnostics) of \(text)")
                return
            }
        }
    }

    /// In the order of the files that are mutated: whether there is a value, and the diagnostics.
    private static let readers: [@Sendable (String) -> (Bool, [Diagnostic])] = [
        { Self.outcome(SettingsReader.read(file: "a", text: $0)) },
        { Self.outcome(ScriptReader.read(file: "a", text: $0)) },
        { Self.outcome(DefinitionReader.read(file: "a", text: $0)) },
        { Self.outcome(DefinitionReader.read(file: "a", text: $0)) },
    ]

    private static func outcome<Value>(_ read: (Value?, [Diagnostic])) -> (Bool, [Diagnostic]) {
        (read.0 != nil, read.1)
    }
}

/// Steele, Lea and Flood's SplitMix64: any seed gives a full period.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    private static let pieces = [
        "\t", "- ", ": ", "{", "}", "[", "]", "&a ", "*a", "!!int ", "? ", "---\n", "...\n", "|\n",
        ">-\n", "\"", "'", "\\x00", "\u{0}", "\u{feff}", "\u{85}", "\u{2028}", "ä", "🙂", "~", "%",
        "99999999999999999999", "-1", "0", ".nan", "1e999", "\r\n", "<<: ", "..", "/", "@",
    ].map { Array($0.utf8) }

    mutating func mutate(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let start = Int.random(in: bytes.indices, using: &self)
        let end = min(bytes.count, start + Int.random(in: 1...20, using: &self))
        switch next() % 5 {
        case 0: bytes[start] = UInt8.random(in: 0...255, using: &self)
        case 1: bytes.removeSubrange(start..<end)
        case 2: bytes.insert(contentsOf: bytes[start..<end], at: start)
        case 3:
            let target = Int.random(in: bytes.indices, using: &self)
            bytes.insert(contentsOf: Array(bytes[start..<end]), at: target)
        default:
            let piece = Self.pieces[Int.random(in: Self.pieces.indices, using: &self)]
            bytes.insert(contentsOf: piece, at: start)
        }
    }
}
