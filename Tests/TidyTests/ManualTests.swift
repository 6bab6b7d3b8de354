import Testing

/// What the manuals say of the keys of definitions, of `aurad.yaml` and of tasks, against what is
/// read.
@Suite struct ManualTests {
    /// What the readers look up: `fields["zone"]`, `fields.required("kind", ...)`.
    private static func read() throws -> Set<String> {
        var keys: Set<String> = []
        for file in try SourceTree.below("Sources/AuraConfiguration") {
            let text = file.lines.filter { !$0.trimmed.hasPrefix("//") }.joined(separator: "\n")
            for match in text.matches(of: /\w\[\s*"([a-z][a-z-]*)"\s*\]/) {
                keys.insert(String(match.1))
            }
            for match in text.matches(of: /required\(\s*"([a-z][a-z-]*)"/) {
                keys.insert(String(match.1))
            }
        }
        return keys
    }

    private static func manual(_ name: String = "aurad.8") throws -> [String] {
        try SourceTree.all().first { $0.path == "debian/\(name)" }?.lines ?? []
    }

    @Test("every key that is read stands in aurad(8)")
    func documented() throws {
        let keys = try Self.read()
        // The readers look up keys in this form, and there are many.
        try #require(keys.count > 150, "\(keys.sorted())")
        var known: Set<String> = []
        for line in try Self.manual() {
            for match in line.matches(of: /([a-z][a-z0-9-]*):/) { known.insert(String(match.1)) }
            guard line.hasPrefix("."), line.hasWord("Cm") else { continue }
            known.formUnion(line.split { $0 == " " || $0 == "," }.map(String.init))
        }
        let missing = keys.subtracting(known).sorted()
        #expect(missing.isEmpty, "not in debian/aurad.8: \(missing)")
    }

    @Test("the keys of a task are those that aura-tasks(5) lists")
    func tasks() throws {
        let path = "Sources/AuraAutomata/MarkdownTasks.swift"
        let source = try SourceTree.swiftSources().first { $0.path == path }?.lines ?? []
        let keys = Set(
            source.joined(separator: "\n").matches(of: /case "([A-Za-z]+)":/).map { String($0.1) })
        let manual = try Self.manual("aura-tasks.5")
        // One comes from spec lists, between underscores: `_Requirements: 1.2_`.
        let missing = keys.filter { key in
            !manual.contains { $0.hasWord(key) || $0.contains("_\(key):") }
        }
        #expect(keys.count > 8 && missing.isEmpty, "not in debian/aura-tasks.5: \(missing)")
        let listed = manual.filter { $0.hasPrefix(".It Cm ") }.map { String($0.dropFirst(7)) }
        let unknown = listed.filter { !$0.hasPrefix("[") && !keys.contains($0) }
        #expect(listed.count > 8 && unknown.isEmpty, "read by nobody: \(unknown)")
    }

    @Test("every key that aurad(8) lists is read")
    func real() throws {
        let keys = try Self.read()
        var section = ""
        var listed: Set<String> = []
        for line in try Self.manual() {
            if line.hasPrefix(".Sh ") { section = String(line.dropFirst(4)) }
            guard ["CONFIGURATION", "DEFINITIONS", "SCHEDULES"].contains(section),
                line.hasPrefix(".It Cm ")
            else { continue }
            let words = line.dropFirst(7).split { $0 == " " || $0 == "," }
            listed.formUnion(words.map(String.init))
        }
        try #require(listed.count > 40, "\(listed.sorted())")
        let unknown = listed.subtracting(keys).sorted()
        #expect(unknown.isEmpty, "in debian/aurad.8 and read by nobody: \(unknown)")
    }
}
