import AuraModel

/// Reads the task lists that other programs keep as JSON: Taskmaster's, Ralph's and beads'.
extension TaskList {
    /// Whether `bytes` were one of them.
    mutating func readJSON(_ bytes: [UInt8]) -> Bool {
        var reader = JSONSpans(bytes)
        guard let first = reader.document() else { return false }
        if reader.isAtEnd {
            if let stories = first["userStories"]?.items {
                for story in stories { addRalph(story) }
            } else if let list = first["tasks"]?.items {
                for task in list { addTaskmaster(task) }
            } else if let tagged = first.members?.lazy.compactMap({ $0.value["tasks"]?.items })
                .first
            {
                // Taskmaster keeps a list for each tag; the first is the one in use.
                for task in tagged { addTaskmaster(task) }
            } else {
                return addBead(first)
            }
            return true
        }
        guard addBead(first) else { return false }
        while !reader.isAtEnd {
            guard let next = reader.document(), addBead(next) else {
                tasks = []
                return false
            }
        }
        return true
    }

    private mutating func addRalph(_ story: JSONSpan) {
        guard let id = story["id"]?.text, let passes = story["passes"],
            case .truth(let isDone) = passes.value
        else { return }
        add(id, story, isDone: isDone, mark: .init(range: passes.range, ticked: "true")) {
            $0.priority = story["priority"]?.whole ?? 0
            $0.accept = story["acceptanceCriteria"]?.items?.compactMap(\.text) ?? []
            $0.details += [story["notes"]?.text].compactMap { $0 }
        }
    }

    private mutating func addTaskmaster(_ task: JSONSpan) {
        guard let id = task["id"]?.text, let status = task["status"], let word = status.text
        else { return }
        let mark = Mark(range: status.range, ticked: "\"done\"")
        add(id, task, isDone: word == "done" || word == "completed", mark: mark) {
            $0.after = task["dependencies"]?.items?.compactMap(\.text) ?? []
            $0.isParallel = true
            $0.priority =
                switch task["priority"]?.text {
                case "critical": -1
                case "high": 0
                case "low": 2
                default: 1
                }
            for key in ["details", "testStrategy"] {
                $0.details += [task[key]?.text].compactMap { $0 }
            }
            for part in task["subtasks"]?.items ?? [] {
                $0.details.append("- " + (part["title"]?.text ?? ""))
            }
            if word == "cancelled" || word == "deferred" { $0.flaw = "it is \(word)" }
        }
    }

    private mutating func addBead(_ bead: JSONSpan) -> Bool {
        guard let id = bead["id"]?.text, let status = bead["status"], let word = status.text,
            bead["title"] != nil
        else { return false }
        let mark = Mark(range: status.range, ticked: "\"closed\"")
        add(id, bead, isDone: word == "closed", mark: mark) {
            let blocking = bead["dependencies"]?.items?.filter {
                ($0["type"]?.text ?? "blocks") == "blocks"
            }
            $0.after = blocking?.compactMap { $0["depends_on_id"]?.text ?? $0.text } ?? []
            $0.isParallel = true
            $0.priority = bead["priority"]?.whole ?? 0
            $0.accept = [bead["acceptance_criteria"]?.text].compactMap { $0 }
            if word != "open", word != "in_progress", word != "closed" { $0.flaw = "it is \(word)" }
        }
        return true
    }

    private mutating func add(
        _ id: String, _ span: JSONSpan, isDone: Bool, mark: Mark, _ fill: (inout Task) -> Void
    ) {
        guard Self.isID(id.utf8) else {
            if !isDone { nameless.append(span.line) }
            return
        }
        var task = Task(
            id: id, title: Excerpt.line(span["title"]?.text ?? ""), isDone: isDone,
            line: span.line, mark: mark)
        task.details = [span["description"]?.text].compactMap { $0 }
        // None of them knows it: an own member, which they keep.
        task.model = span["model"]?.text
        fill(&task)
        tasks.append(task)
    }
}

/// A JSON value with its place in the text.
struct JSONSpan {
    enum Value {
        case object([(key: String, value: JSONSpan)])
        case array([JSONSpan])
        case string(String)
        case number(String)
        case truth(Bool)
        case null
    }

    var value: Value
    var range: Range<Int>
    /// From 1.
    var line: Int

    subscript(key: String) -> JSONSpan? { members?.last { $0.key == key }?.value }

    var members: [(key: String, value: JSONSpan)]? {
        if case .object(let members) = value { members } else { nil }
    }

    var items: [JSONSpan]? { if case .array(let items) = value { items } else { nil } }

    /// A string, or a number as it is written.
    var text: String? {
        switch value {
        case .string(let text), .number(let text): text
        case .object, .array, .truth, .null: nil
        }
    }

    var whole: Int? { if case .number(let text) = value { Int(text) } else { nil } }
}

/// Reads JSON values one after the other, and where each of their parts stands.
struct JSONSpans {
    private let bytes: [UInt8]
    private var place = 0
    private var line = 1

    /// 32: lists nest five deep; a recursion without bound is a way to bring a reader down.
    private static let depthMax = 32

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether nothing but blanks is left.
    var isAtEnd: Bool {
        mutating get {
            skipBlanks()
            return place == bytes.count
        }
    }

    /// The next value; nil where there is none.
    mutating func document() -> JSONSpan? { value(depth: 0) }

    private mutating func skipBlanks() {
        while place < bytes.count, Ascii.isBlank(bytes[place]) {
            if bytes[place] == Ascii.newline { line += 1 }
            place += 1
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard place < bytes.count, bytes[place] == byte else { return false }
        place += 1
        return true
    }

    private mutating func value(depth: Int) -> JSONSpan? {
        skipBlanks()
        guard place < bytes.count, depth < Self.depthMax else { return nil }
        let (start, startLine) = (place, line)
        let value: JSONSpan.Value?
        switch bytes[place] {
        case Ascii.brace: value = object(depth: depth)
        case UInt8(ascii: "["): value = array(depth: depth)
        case Ascii.quote: value = string().map { .string($0) }
        default: value = word()
        }
        return value.map { JSONSpan(value: $0, range: start..<place, line: startLine) }
    }

    private mutating func object(depth: Int) -> JSONSpan.Value? {
        place += 1
        var members: [(key: String, value: JSONSpan)] = []
        if take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            skipBlanks()
            guard place < bytes.count, bytes[place] == Ascii.quote, let key = string(),
                take(UInt8(ascii: ":")), let value = value(depth: depth + 1)
            else { return nil }
            members.append((key, value))
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> JSONSpan.Value? {
        place += 1
        var items: [JSONSpan] = []
        if take(UInt8(ascii: "]")) { return .array(items) }
        repeat {
            guard let item = value(depth: depth + 1) else { return nil }
            items.append(item)
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]")) ? .array(items) : nil
    }

    /// The string that begins here.
    private mutating func string() -> String? {
        let start = place
        place += 1
        var isPlain = true
        while place < bytes.count, bytes[place] != Ascii.quote {
            guard bytes[place] >= 0x20 else { return nil }
            if bytes[place] == UInt8(ascii: "\\") {
                isPlain = false
                place += 1
            }
            place += 1
        }
        guard place < bytes.count else { return nil }
        place += 1
        if isPlain { return String(decoding: bytes[(start + 1)..<(place - 1)], as: UTF8.self) }
        return try? JSON.decode(String.self, from: bytes[start..<place])
    }

    private mutating func word() -> JSONSpan.Value? {
        let start = place
        while place < bytes.count, !Ascii.isBlank(bytes[place]),
            bytes[place] != UInt8(ascii: ","), bytes[place] != UInt8(ascii: "}"),
            bytes[place] != UInt8(ascii: "]")
        {
            place += 1
        }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        switch text {
        case "true": return .truth(true)
        case "false": return .truth(false)
        case "null": return .null
        default:
            guard let first = text.utf8.first, Ascii.isDigit(first) || first == Ascii.dash,
                text.utf8.allSatisfy({ Ascii.isDigit($0) || "+-.eE".utf8.contains($0) })
            else { return nil }
            return .number(text)
        }
    }
}
