package import AuraModel

/// A repository's task list, as a person or another program wrote it.
///
/// Markdown with boxes (our own form, spec-kit's, OpenSpec's and Kiro's), or JSON of Taskmaster, Ralph
/// or beads; `aura-tasks(5)` has the grammar. The text is kept byte for byte: a tick changes the mark
/// of its task, and where that closes a group the group's, and nothing else.
package struct TaskList: Hashable, Sendable, Encodable {
    /// One task of the list.
    package struct Task: Hashable, Sendable, Encodable {
        package var id: String
        package var title: String
        /// Further lines of its text, without their indentation.
        package var details: [String] = []
        /// Ids that must be done before it.
        package var after: [String] = []
        /// Shell lines that must succeed on the result.
        package var verify: [String] = []
        /// Globs outside of which it may change nothing; empty: no such bound.
        package var files: [String] = []
        /// Globs of the tests that it adds: red on the base, green on the result.
        package var tests: [String] = []
        /// What a reviewer has to find true.
        package var accept: [String] = []
        package var tags: [String] = []
        /// What it may consume; nil: what the definition says.
        package var budget: BudgetLimits?
        /// The reasoner that it wants for its first attempts; nil: the definition's.
        package var model: String?
        /// The user story it belongs to, as `US1`.
        package var story: String?
        /// Lower goes first; then the order of the file counts.
        package var priority = 0
        /// Whether it may be worked on beside others.
        package var isParallel = false
        package var isDone: Bool
        /// Why it cannot be begun as it is written; nil: it can.
        package var flaw: String?
        /// From 1.
        package var line: Int
        /// Where its mark stands, and what makes it a done one.
        var mark: Mark
        /// Its place among `groups`.
        var group: Int?
    }

    /// Bytes of the text that say whether something is done.
    struct Mark: Hashable, Sendable, Encodable {
        var range: Range<Int>
        var ticked: String
    }

    /// A box that stands for the boxes below it, as Kiro writes them.
    struct Group: Hashable, Sendable, Encodable {
        var id: String
        var title: String
        var isDone: Bool
        var mark: Mark
    }

    /// 63: an id is a component of a branch name and a word in audit lines.
    package static let idLengthMax = 63

    package let text: String
    /// In the order of the file.
    package internal(set) var tasks: [Task] = []
    /// Lines with an open box that have no id: nothing can be done about them, and they are not
    /// done.
    package internal(set) var nameless: [Int] = []
    var groups: [Group] = []

    /// Reads a list.
    ///
    /// Every text is one; in the worst case it has no tasks.
    package init(_ text: String) {
        self.text = text
        let bytes = Array(text.utf8)
        if let first = bytes.first(where: { !Ascii.isBlank($0) }),
            first == Ascii.brace || first == UInt8(ascii: "["), readJSON(bytes)
        {
            return
        }
        var reader = MarkdownTasks(bytes)
        reader.read()
        tasks = reader.tasks
        nameless = reader.nameless
        groups = reader.groups
        resolveGroups()
    }

    /// The text with the mark of `id` ticked: no other byte differs, but for a group's mark whose last
    /// open task this was.
    ///
    /// The text itself when there is no open task `id`, or more than one task of that id.
    package func ticking(_ id: String) -> String {
        let found = tasks.filter { $0.id == id }
        guard found.count == 1, let task = found.first, !task.isDone else { return text }
        var marks = [task.mark]
        if let place = task.group, !groups[place].isDone,
            !tasks.contains(where: { $0.group == place && !$0.isDone && $0.id != id })
        {
            marks.append(groups[place].mark)
        }
        var bytes = Array(text.utf8)
        for mark in marks.sorted(by: { $0.range.lowerBound > $1.range.lowerBound }) {
            bytes.replaceSubrange(mark.range, with: mark.ticked.utf8)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same list in which a task that names another model than `allowed` cannot be begun.
    func held(to allowed: [String]) -> Self {
        var list = self
        for (place, task) in tasks.enumerated() {
            guard let model = task.model, !allowed.contains(model), task.flaw == nil else {
                continue
            }
            list.tasks[place].flaw =
                "its `model: \(Excerpt.line(model))` (below line \(task.line)) is none that the "
                + "definition allows; it has \(allowed.joined(separator: ", ")), and `models` adds "
                + "to them"
        }
        return list
    }

    /// Where in the text's UTF-8 the one byte of each box's mark stands; none in a list of JSON.
    var markOffsets: [Int] {
        (tasks.map(\.mark) + groups.map(\.mark)).filter { $0.ticked == "x" }
            .map(\.range.lowerBound)
    }

    /// Who waits for a group waits for all that is in it.
    private mutating func resolveGroups() {
        guard !groups.isEmpty else { return }
        for place in tasks.indices {
            tasks[place].after = tasks[place].after.flatMap { id -> [String] in
                guard let group = groups.firstIndex(where: { $0.id == id }) else { return [id] }
                return tasks.filter { $0.group == group }.map(\.id)
            }
        }
    }

    /// Whether a word can be an id: safe as the last component of a reference
    /// (git-check-ref-format(1)).
    static func isID(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= idLengthMax,
            Ascii.isDigit(first) || Ascii.isLetter(first), last != Ascii.dot
        else { return false }
        var before: UInt8 = 0
        for byte in bytes {
            guard
                Ascii.isDigit(byte) || Ascii.isLetter(byte) || byte == Ascii.dash || byte == 0x5F
                    || (byte == Ascii.dot && before != Ascii.dot)
            else { return false }
            before = byte
        }
        return !(last == UInt8(ascii: "k") && bytes.suffix(5).elementsEqual(".lock".utf8))
    }
}

/// Bytes of ASCII by what they are.
enum Ascii {
    static let newline = UInt8(ascii: "\n")
    static let space = UInt8(ascii: " ")
    static let dot = UInt8(ascii: ".")
    static let dash = UInt8(ascii: "-")
    static let star = UInt8(ascii: "*")
    static let brace = UInt8(ascii: "{")
    static let quote = UInt8(ascii: "\"")

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// Space, tab, carriage return or line feed.
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == space || byte == 0x09 || byte == 0x0D || byte == newline
    }
}
