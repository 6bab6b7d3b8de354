/// A repository's task list: a text file in which lines of one form are tasks, and all else is
/// prose.
///
///     - [ ] T001 what is to be done
///       after: T000
///       verify: make test
///       tag: fix
///       any other indented line belongs to the task's text
///
/// A task's line begins in the first column with `-` or `*`, a box, and an id: letters, digits,
/// `.`, `-` and `_`, at least one of them a digit. Its indented lines may be bullets. Lines between
/// ``` fences are prose. The text is kept byte for byte; a tick changes the one byte in its box.
package struct TaskList: Hashable, Sendable {
    /// One task of the list.
    package struct Task: Hashable, Sendable {
        package var id: String
        package var title: String
        /// Other indented lines, without their indentation.
        package var details: [String] = []
        /// Ids that must be done before it.
        package var after: [String] = []
        /// Shell lines that must succeed on the result.
        package var verify: [String] = []
        package var tags: [String] = []
        package var isDone: Bool
        /// From 1.
        package var line: Int
        /// Where in the text's UTF-8 the box's mark stands.
        fileprivate var markOffset: Int
    }

    /// 63: an id is a component of a branch name and a word in audit lines.
    package static let idLengthMax = 63

    package let text: String
    /// In the order of the file.
    package private(set) var tasks: [Task] = []
    /// Lines with an open box that have no id: nothing can be done about them, and they are not
    /// done.
    package private(set) var nameless: [Int] = []

    /// Reads a list.
    ///
    /// Every text is one; in the worst case it has no tasks.
    package init(_ text: String) {
        self.text = text
        var offset = 0
        var line = 0
        var isFenced = false
        for bytes in text.utf8.split(separator: Self.newline, omittingEmptySubsequences: false) {
            line += 1
            defer { offset += bytes.count + 1 }
            let content = Self.withoutReturn(Array(bytes))
            if content.starts(with: "```".utf8) || content.starts(with: "~~~".utf8) {
                isFenced.toggle()
                continue
            }
            if isFenced { continue }
            read(content, line: line, offset: offset)
        }
    }

    /// The text with the box of `id` ticked: exactly one byte differs.
    ///
    /// The text itself when there is no open task `id`, or more than one task of that id.
    package func ticking(_ id: String) -> String {
        let found = tasks.filter { $0.id == id }
        guard found.count == 1, let task = found.first, !task.isDone else { return text }
        var bytes = Array(text.utf8)
        bytes[task.markOffset] = UInt8(ascii: "x")
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where in the text's UTF-8 the marks of all boxes stand.
    var markOffsets: [Int] { tasks.map(\.markOffset) }

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
    private static let tab = UInt8(ascii: "\t")

    private static func withoutReturn(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes[...]
    }

    private mutating func read(_ content: ArraySlice<UInt8>, line: Int, offset: Int) {
        guard let first = content.first else { return }
        if first == Self.space || first == Self.tab {
            readDetail(content)
        } else if let mark = Self.mark(content) {
            readBox(content, mark: mark, line: line, offset: offset)
        } else {
            // Prose in the first column ends the task before it.
            openTask = nil
        }
    }

    /// Which task the indented lines belong to.
    private var openTask: Int?

    /// The byte in the box of a line `- [ ] ...`, or nil when it is not such a line.
    private static func mark(_ content: ArraySlice<UInt8>) -> UInt8? {
        let bytes = Array(content.prefix(6))
        guard bytes.count >= 5, bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "*"),
            bytes[1] == space, bytes[2] == UInt8(ascii: "["), bytes[4] == UInt8(ascii: "]"),
            bytes.count == 5 || bytes[5] == space || bytes[5] == tab,
            bytes[3] == space || bytes[3] == UInt8(ascii: "x") || bytes[3] == UInt8(ascii: "X")
        else { return nil }
        return bytes[3]
    }

    private mutating func readBox(
        _ content: ArraySlice<UInt8>, mark: UInt8, line: Int, offset: Int
    ) {
        let words = String(decoding: content.dropFirst(5), as: UTF8.self)
            .split(maxSplits: 1) { $0 == " " || $0 == "\t" }
        guard let id = words.first.map(String.init), Self.isID(id) else {
            if mark == Self.space { nameless.append(line) }
            openTask = nil
            return
        }
        openTask = tasks.count
        tasks.append(
            Task(
                id: id, title: words.count > 1 ? Self.trimmed(words[1]) : "",
                isDone: mark != Self.space, line: line, markOffset: offset + 3))
    }

    private mutating func readDetail(_ content: ArraySlice<UInt8>) {
        guard let openTask else { return }
        var text = Self.trimmed(Substring(decoding: content, as: UTF8.self))
        guard !text.isEmpty else { return }
        let plain = text
        if text.hasPrefix("- ") || text.hasPrefix("* ") {
            text = Self.trimmed(text.dropFirst(2))
        }
        if let value = Self.value(of: "verify", in: text) {
            tasks[openTask].verify.append(value)
        } else if let value = Self.value(of: "after", in: text) {
            tasks[openTask].after += Self.words(value)
        } else if let value = Self.value(of: "tag", in: text) {
            tasks[openTask].tags += Self.words(value)
        } else {
            tasks[openTask].details.append(plain)
        }
    }

    /// What stands behind `key:`; nil when the line is another, or nothing stands there.
    private static func value(of key: String, in text: String) -> String? {
        guard text.hasPrefix(key + ":") else { return nil }
        let value = trimmed(text.dropFirst(key.count + 1))
        return value.isEmpty ? nil : value
    }

    private static func words(_ text: String) -> [String] {
        text.split { $0 == "," || $0 == " " || $0 == "\t" }.map(String.init)
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }

    /// Whether a word can be an id: safe as the last component of a reference
    /// (git-check-ref-format(1)).
    private static func isID(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= idLengthMax,
            isDigit(first) || isLetter(first), last != UInt8(ascii: "."), !word.hasSuffix(".lock"),
            bytes.contains(where: isDigit)
        else { return false }
        let hasDots = zip(bytes, bytes.dropFirst()).contains { $0 == 0x2E && $1 == 0x2E }
        return !hasDots
            && bytes.allSatisfy {
                isDigit($0) || isLetter($0) || $0 == 0x2E || $0 == 0x2D || $0 == 0x5F
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
