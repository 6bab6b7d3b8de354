import AuraModel

/// Reads a task list in Markdown, line by line, in one pass over its bytes.
///
///     - [ ] T001 [P] [US1] what is to be done (depends on T000)
///       after: T000
///       accept: US1-AC1
///       files: src/**, tests/**
///       tests: tests/parser_test.*
///       verify: make test
///       budget: usd=2 calls=40
///       model: stronger
///       tag: fix
///       any other indented line belongs to the task's text
///
/// A task's line begins in the first column with `-` or `*`, a box, and an id: letters, digits, `.`,
/// `-` and `_`, at least one of them a digit, perhaps with a `.` or `:` behind. An indented box is a
/// task only when its id goes on from the one above (`1.2` below `1.`), which then is their group.
/// Lines between fences are prose.
struct MarkdownTasks {
    private let bytes: [UInt8]
    private(set) var tasks: [TaskList.Task] = []
    private(set) var nameless: [Int] = []
    private(set) var groups: [TaskList.Group] = []
    /// Whether indented lines belong to the last task.
    private var isOpen = false
    /// The group that nested boxes go into.
    private var group: Int?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() {
        var start = 0
        var line = 0
        var isFenced = false
        while start <= bytes.count {
            line += 1
            let end = bytes[start...].firstIndex(of: Ascii.newline) ?? bytes.count
            var content = bytes[start..<end]
            if content.last == 0x0D { content.removeLast() }
            if isFence(content) {
                isFenced.toggle()
            } else if !isFenced {
                read(content, line: line)
            }
            start = end + 1
        }
    }

    private func isFence(_ content: ArraySlice<UInt8>) -> Bool {
        guard let first = content.first, first == 0x60 || first == 0x7E else { return false }
        return content.prefix(3).elementsEqual([first, first, first])
    }

    private mutating func read(_ content: ArraySlice<UInt8>, line: Int) {
        guard let first = content.first else { return }
        guard first == Ascii.space || first == 0x09 else {
            if let box = Box(content) {
                readBox(box, line: line)
            } else {
                // Prose in the first column ends the task before it.
                isOpen = false
            }
            return
        }
        let inner = Self.trimmed(content)
        guard !inner.isEmpty else { return }
        if let box = Box(inner), readNested(box, line: line) { return }
        guard isOpen, let last = tasks.indices.last else { return }
        tasks[last].read(detail: inner)
    }

    private mutating func readBox(_ box: Box, line: Int) {
        group = nil
        guard let task = box.task(line: line) else {
            if !box.isDone, !box.isOptional { nameless.append(line) }
            isOpen = false
            return
        }
        tasks.append(task)
        isOpen = true
    }

    /// Reads an indented box as a task of a group; false when it is none.
    private mutating func readNested(_ box: Box, line: Int) -> Bool {
        guard isOpen || group != nil, var task = box.task(line: line) else { return false }
        if group == nil, let parent = tasks.last, task.id.hasPrefix(parent.id + ".") {
            groups.append(
                .init(
                    id: parent.id, title: parent.title, isDone: parent.isDone, mark: parent.mark))
            tasks.removeLast()
            group = groups.count - 1
        }
        guard let group, task.id.hasPrefix(groups[group].id + ".") else { return false }
        task.group = group
        task.details = ["Part of: \(groups[group].title)"]
        tasks.append(task)
        isOpen = true
        return true
    }

    static func trimmed(_ content: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = content
        while let first = rest.first, Ascii.isBlank(first) { rest.removeFirst() }
        while let last = rest.last, Ascii.isBlank(last) { rest.removeLast() }
        return rest
    }
}

/// A line `- [ ] ...`, taken apart.
private struct Box {
    let isDone: Bool
    /// Kiro marks what may be left out with a star behind the box.
    let isOptional: Bool
    private let markOffset: Int
    private let rest: ArraySlice<UInt8>

    init?(_ content: ArraySlice<UInt8>) {
        let start = content.startIndex
        guard content.count >= 5, content[start] == Ascii.dash || content[start] == Ascii.star,
            content[start + 1] == Ascii.space, content[start + 2] == UInt8(ascii: "["),
            content[start + 4] == UInt8(ascii: "]")
        else { return nil }
        switch content[start + 3] {
        // `-` and `~`: begun or queued, as some tools write it.
        case Ascii.space, Ascii.dash, UInt8(ascii: "~"): isDone = false
        case UInt8(ascii: "x"), UInt8(ascii: "X"): isDone = true
        default: return nil
        }
        markOffset = start + 3
        var after = content.dropFirst(5)
        isOptional = after.first == Ascii.star
        if isOptional { after.removeFirst() }
        guard after.first.map(Ascii.isBlank) ?? true else { return nil }
        rest = MarkdownTasks.trimmed(after)
    }

    /// The task of this line; nil when it has no id.
    func task(line: Int) -> TaskList.Task? {
        var word = rest.prefix { !Ascii.isBlank($0) }
        var behind = rest[word.endIndex...]
        if word.last == Ascii.dot || word.last == UInt8(ascii: ":") { word.removeLast() }
        guard !isOptional || isDone, word.contains(where: Ascii.isDigit), TaskList.isID(word)
        else { return nil }
        var task = TaskList.Task(
            id: String(decoding: word, as: UTF8.self), title: "", isDone: isDone, line: line,
            mark: .init(range: markOffset..<markOffset + 1, ticked: "x"))
        behind = MarkdownTasks.trimmed(behind)
        while let marker = Self.marker(behind) {
            if marker.elementsEqual("P".utf8) {
                task.isParallel = true
            } else {
                task.story = String(decoding: marker, as: UTF8.self)
            }
            behind = MarkdownTasks.trimmed(behind[(marker.endIndex + 1)...])
        }
        task.title = String(decoding: behind, as: UTF8.self)
        task.after = Self.dependencies(behind)
        return task
    }

    /// What stands in `[P]` or `[US1]` at the beginning.
    private static func marker(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard text.first == UInt8(ascii: "["),
            let end = text.firstIndex(of: UInt8(ascii: "]"))
        else { return nil }
        let inner = text[(text.startIndex + 1)..<end]
        let isStory =
            inner.count > 2 && inner.starts(with: "US".utf8)
            && inner.dropFirst(2).allSatisfy(Ascii.isDigit)
        return inner.elementsEqual("P".utf8) || isStory ? inner : nil
    }

    /// The ids of `(depends on T010, T011)`, as spec-kit writes it at the end of a title.
    private static func dependencies(_ title: ArraySlice<UInt8>) -> [String] {
        guard title.last == UInt8(ascii: ")"),
            let open = title.lastIndex(of: UInt8(ascii: "("))
        else { return [] }
        let inner = title[(open + 1)..<(title.endIndex - 1)]
        let words = "depends on"
        guard inner.count > words.utf8.count,
            zip(inner, words.utf8).allSatisfy({ ($0 | 0x20) == ($1 | 0x20) })
        else { return [] }
        return inner.dropFirst(words.utf8.count)
            .split { $0 == UInt8(ascii: ",") || Ascii.isBlank($0) }
            .filter { $0.contains(where: Ascii.isDigit) && TaskList.isID($0) }
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

extension TaskList.Task {
    /// Takes in an indented line below the task: a field of it, or more of its text.
    fileprivate mutating func read(detail line: ArraySlice<UInt8>) {
        var text = line
        if let first = text.first, first == Ascii.dash || first == Ascii.star,
            text.dropFirst().first == Ascii.space
        {
            text = MarkdownTasks.trimmed(text.dropFirst(2))
        }
        // Kiro: _Requirements: 1.2, 3.1_
        if text.first == UInt8(ascii: "_"), text.last == UInt8(ascii: "_"), text.count > 2 {
            text = text.dropFirst().dropLast()
        }
        guard let colon = text.prefix(16).firstIndex(of: UInt8(ascii: ":")),
            take(
                String(decoding: text[..<colon], as: UTF8.self),
                MarkdownTasks.trimmed(text[(colon + 1)...]))
        else {
            details.append(String(decoding: line, as: UTF8.self))
            return
        }
    }

    /// Takes in one field; false when there is none of that name, or nothing in it.
    private mutating func take(_ key: String, _ value: ArraySlice<UInt8>) -> Bool {
        guard !value.isEmpty else { return false }
        var words: [String] {
            value.split { $0 == UInt8(ascii: ",") || Ascii.isBlank($0) }
                .map { String(decoding: $0, as: UTF8.self) }
        }
        switch key {
        case "after": after += words
        case "verify": verify.append(String(decoding: value, as: UTF8.self))
        case "files": files += words
        case "tests": tests += words
        case "accept": accept += Self.criteria(value, words)
        case "Requirements": accept += words
        case "tag": tags += words
        case "budget": read(budget: words)
        case "model":
            // One word: a sentence about somebody's model is text.
            guard words.count == 1 else { return false }
            model = words[0]
        default: return false
        }
        return true
    }

    /// The ids of a list of ids, or else the whole line as it is.
    private static func criteria(_ line: ArraySlice<UInt8>, _ words: [String]) -> [String] {
        let isList = words.allSatisfy { $0.utf8.contains(where: Ascii.isDigit) }
        return isList ? words : [String(decoding: line, as: UTF8.self)]
    }

    /// `usd=2 tokens=100000 calls=40 wall=10m`; what cannot be read keeps the task from being begun.
    private mutating func read(budget words: [String]) {
        var limits = budget ?? .none
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count == 2 ? parts[1] : ""
            switch parts.first {
            case "usd": limits.microDollars = DollarText.parse(value)
            case "tokens": limits.tokens = Int(value)
            case "calls": limits.calls = Int(value)
            case "wall": limits.wall = (try? DurationText.parse(value)).map { Milliseconds($0) }
            default: break
            }
            let known: Bool =
                switch parts.first {
                case "usd": limits.microDollars.map { $0 > 0 } ?? false
                case "tokens": limits.tokens.map { $0 > 0 } ?? false
                case "calls": limits.calls.map { $0 > 0 } ?? false
                case "wall": limits.wall.map { $0.count > 0 } ?? false
                default: false
                }
            if !known {
                flaw =
                    "its budget (below line \(line)) has `\(Excerpt.line(word))`, expected usd=2, "
                    + "tokens=100000, calls=40 or wall=10m"
            }
        }
        budget = limits
    }
}
