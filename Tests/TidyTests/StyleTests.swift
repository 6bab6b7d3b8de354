import Testing

/// What the compiler and the formatter do not check.
@Suite struct StyleTests {
    /// 400 lines: a file is one idea.
    static let linesMax = 400
    /// 120 columns: the formatter wants 100 and lets long words stand; beyond this a diff wraps.
    static let columnsMax = 120
    /// How a longer file says why it is one.
    static let reason = "// Over \(linesMax) lines: "

    @Test("a file is at most 400 lines, or says why it is longer")
    func length() throws {
        for file in try SourceTree.all() where file.isSwift || file.path.hasPrefix("Sources/") {
            let isExcused = file.lines.contains { $0.hasPrefix(Self.reason) }
            #expect(file.lines.count <= Self.linesMax || isExcused, "\(file.path)")
        }
    }

    @Test("a line is at most 120 columns, without white space at its end or tabs")
    func columns() throws {
        for file in try SourceTree.all() where file.isSwift {
            for (index, line) in file.lines.enumerated() {
                #expect(line.count <= Self.columnsMax, "\(file.path):\(index + 1)")
                #expect(
                    line.last?.isWhitespace != true && !line.contains("\t"),
                    "\(file.path):\(index + 1)")
            }
        }
    }

    @Test("a task of aurad runs and waits on threads that sleep, not on libdispatch's")
    func tasks() throws {
        for file in try SourceTree.below("Sources/AuraDaemon") where file.isSwift {
            for (index, line) in file.lines.enumerated() where !line.trimmed.hasPrefix("//") {
                let isBegun =
                    line.hasWord("Task")
                    && (line.contains("Task {") || line.contains("Task.detached"))
                if line.contains("Task.sleep") || isBegun && !line.contains("PoolExecutor") {
                    Issue.record("\(file.path):\(index + 1): see PoolExecutor")
                }
            }
        }
    }

    @Test("nothing is public, nothing is forced, nothing is left for later")
    func words() throws {
        let words = ["fatalError", "TODO", "FIXME", "HACK"]
        let declarations = ["public ", "open class ", "open func ", "open var "]
        let texts = ["try!", "as!", "nonisolated(unsafe)"]
        for file in try SourceTree.swiftSources() {
            for (index, line) in file.lines.enumerated() {
                let isComment = line.trimmed.hasPrefix("//")
                for word in words where line.hasWord(word) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
                for word in declarations where line.trimmed.hasPrefix(word) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
                for text in texts where !isComment && line.contains(text) {
                    Issue.record("\(file.path):\(index + 1): \(text)")
                }
                #expect(!line.lowercased().contains("placeholder"), "\(file.path):\(index + 1)")
            }
        }
        for file in try SourceTree.below("Sources") where !file.isSwift {
            for (index, line) in file.lines.enumerated() {
                for word in ["TODO", "FIXME", "HACK"] where line.hasWord(word) {
                    Issue.record("\(file.path):\(index + 1): \(word)")
                }
            }
        }
    }

    @Test("an unchecked Sendable says right above why it holds")
    func unchecked() throws {
        for file in try SourceTree.swiftSources() {
            for (index, line) in file.lines.enumerated()
            where line.contains("@unchecked Sendable") && !line.trimmed.hasPrefix("//") {
                let above = file.lines[..<index].reversed().prefix { $0.trimmed.hasPrefix("///") }
                let isExplained = above.contains { $0.contains("`@unchecked Sendable`:") }
                #expect(isExplained, "\(file.path):\(index + 1)")
            }
        }
    }

    /// Whether a line declares something for other targets that needs words.
    ///
    /// A stored property does not: its name and type say it, or it has a comment because they do
    /// not. Nor do the members that a protocol of the standard library asks for.
    static func needsDocumentation(_ line: String) -> Bool {
        let line = line.trimmed
        guard line.hasPrefix("package "), !line.hasPrefix("package import ") else { return false }
        let modifiers = [
            "final", "mutating", "consuming", "borrowing", "convenience", "indirect",
            "private(set)", "internal(set)",
        ]
        var words = line.split(separator: " ").dropFirst()
        while let word = words.first, modifiers.contains(String(word)) { words.removeFirst() }
        let isStatic = words.first == "static"
        if isStatic { words.removeFirst() }
        guard let keyword = words.first else { return false }
        switch keyword {
        case "var", "let":
            return (isStatic || line.contains("{")) && !line.contains("var description:")
        case "func":
            let name = words.dropFirst().first ?? ""
            let isOperator = name.first.map { !$0.isLetter && $0 != "_" } ?? false
            return !isOperator && !name.hasPrefix("encode(to") && !name.hasPrefix("hash(into")
        default: return !keyword.hasPrefix("init(from")
        }
    }

    @Test("what other targets use says what it guarantees")
    func documentation() throws {
        for file in try SourceTree.swiftSources() {
            for (index, line) in file.lines.enumerated() where Self.needsDocumentation(line) {
                let above = file.lines[..<index].last { line in
                    !["@", "// "].contains { line.trimmed.hasPrefix($0) }
                }
                #expect(
                    above?.trimmed.hasPrefix("///") == true,
                    "\(file.path):\(index + 1): \(line.trimmed)")
            }
        }
    }

    @Test("the rule on documentation knows what needs none")
    func rule() {
        for line in [
            "package struct A {", "package init?(_ text: String) {", "package init(a: Int) {",
            "    package static let max = 1", "package private(set) var all: [Int] {",
            "package var isEmpty: Bool { true }",
            "package mutating func go() {", "package static func make() -> Self {",
            "package typealias A = Int", "package enum E {", "package final class C {",
        ] { #expect(Self.needsDocumentation(line), "\(line)") }
        for line in [
            "package import AuraModel", "    package var name: String", "package let a: Int",
            "package private(set) var a: Int",
            "package init(from decoder: any Decoder) throws {",
            "package func encode(to encoder: any Encoder) throws {",
            "package static func < (left: Self, right: Self) -> Bool {", "func a() {",
            "package var description: String { text }",
        ] { #expect(!Self.needsDocumentation(line), "\(line)") }
    }
}
