import AuraModel

/// A whole specification as a model hands it in.
struct SpecDraft: Hashable, Sendable, Encodable {
    var document = SpecDocument()
    var plan = ""
    var tasks: [SpecTasks.Draft] = []
    var questions: [SpecDocument.Item] = []

    /// 500 of each: a larger specification is several.
    static let countMax = 500
    /// 8: more questions at a time are a sign that the requirements are not there yet.
    static let questionsMax = 8

    /// A draft, or everything for which it is none.
    enum Reading: Hashable, Sendable {
        case draft(SpecDraft)
        case flawed([String])
    }

    /// Reads what `submit_spec` was called with.
    static func read(_ value: JSONValue) -> Reading {
        var reader = SpecDraftReader()
        let draft = reader.read(value)
        return reader.flaws.isEmpty ? .draft(draft) : .flawed(reader.flaws)
    }
}

/// Reads a draft and gathers all that is wrong with it.
private struct SpecDraftReader {
    var flaws: [String] = []

    mutating func read(_ value: JSONValue) -> SpecDraft {
        var draft = SpecDraft()
        draft.document.title = text(value, "title", at: "the specification")
        draft.document.summary = value["summary"]?.stringValue ?? ""
        draft.plan = text(value, "plan", at: "the specification")
        draft.document.stories = items(value, "stories").map { story($0) }
        draft.document.requirements = items(value, "requirements").map { value in
            var item = item(value, form: "FR-", text: "text")
            item.acceptance = strings(value, "acceptance", at: item.id)
            return item
        }
        draft.document.success = items(value, "success").map { item($0, form: "SC-", text: "text") }
        draft.tasks = items(value, "tasks").map { task($0) }
        draft.questions = items(value, "questions").map { item($0, form: "Q", text: "question") }
        if draft.questions.count > SpecDraft.questionsMax {
            flaws.append(
                "\(draft.questions.count) questions; ask at most \(SpecDraft.questionsMax)")
        }
        return draft
    }

    private mutating func story(_ value: JSONValue) -> SpecDocument.Story {
        let head = item(value, form: "US", text: "title")
        let priority = value["priority"]?.stringValue ?? "P2"
        if !["P1", "P2", "P3"].contains(priority) {
            flaws.append("\(head.id): priority is P1, P2 or P3")
        }
        return SpecDocument.Story(
            id: head.id, title: head.text, priority: priority,
            text: value["text"]?.stringValue ?? "",
            acceptance: items(value, "acceptance").map { criterion in
                let id = id(criterion, form: head.id + "-AC")
                let parts = ["given", "when", "then"].map { text(criterion, $0, at: id) }
                return .init(id: id, text: "Given \(parts[0]), when \(parts[1]), then \(parts[2])")
            })
    }

    private mutating func task(_ value: JSONValue) -> SpecTasks.Draft {
        let head = item(value, form: "T", text: "title")
        var task = SpecTasks.Draft(id: head.id, title: head.text)
        task.story = value["story"]?.stringValue
        task.isParallel = value["parallel"]?.boolValue ?? false
        task.after = strings(value, "after", at: head.id)
        task.accept = strings(value, "accept", at: head.id)
        task.files = strings(value, "files", at: head.id)
        task.verify = strings(value, "verify", at: head.id)
        task.details = value["details"]?.stringValue ?? ""
        for line in task.verify where line.contains(where: \.isNewline) {
            flaws.append("\(head.id): a verify is one line of shell: \(Excerpt.line(line))")
        }
        return task
    }

    private mutating func item(
        _ value: JSONValue, form: String, text key: String
    ) -> SpecDocument.Item {
        let id = id(value, form: form)
        return .init(id: id, text: SpecDocument.line(text(value, key, at: id)))
    }

    /// An id is a form and a number.
    private mutating func id(_ value: JSONValue, form: String) -> String {
        let id = value["id"]?.stringValue ?? ""
        let digits = id.dropFirst(form.count)
        guard id.hasPrefix(form), (1...6).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else {
            flaws.append("\"\(Excerpt.line(id))\" is no id of the form \(form) and a number")
            return id
        }
        return id
    }

    private mutating func text(_ value: JSONValue, _ key: String, at place: String) -> String {
        let text = value[key]?.stringValue?.trimmed ?? ""
        if text.isEmpty { flaws.append("\(place): `\(key)` is missing") }
        return text
    }

    private mutating func items(_ value: JSONValue, _ key: String) -> [JSONValue] {
        guard let member = value[key], member != .null else { return [] }
        guard case .array(let items) = member, items.count <= SpecDraft.countMax else {
            flaws.append("`\(key)` is a list of at most \(SpecDraft.countMax)")
            return []
        }
        return items
    }

    private mutating func strings(_ value: JSONValue, _ key: String, at place: String) -> [String] {
        items(value, key).compactMap { item in
            if let text = item.stringValue?.trimmed, !text.isEmpty { return text }
            flaws.append("\(place): `\(key)` is a list of texts")
            return nil
        }
    }
}

// MARK: The schema

extension SpecDraft {
    /// What `submit_spec` takes, as the model is told of it.
    static let schema = object(
        [
            "title": text("A few words"),
            "summary": text("What it is for, in a paragraph"),
            "stories": list(
                object(
                    [
                        "id": text("US1"), "title": text("A few words"),
                        "priority": text("P1, P2 or P3"), "text": text("As a ..., I want ..."),
                        "acceptance": list(
                            object(
                                [
                                    "id": text("US1-AC1"), "given": text("Without the word given"),
                                    "when": text("Without the word when"),
                                    "then": text("Without the word then"),
                                ], required: ["id", "given", "when", "then"])),
                    ], required: ["id", "title", "priority", "acceptance"])),
            "requirements": list(
                object(
                    [
                        "id": text("FR-001"), "text": text("One testable sentence"),
                        "acceptance": list(text("Ids of the criteria that show it")),
                    ], required: ["id", "text", "acceptance"])),
            "success": list(
                object(
                    ["id": text("SC-001"), "text": text("A measurable outcome")],
                    required: ["id", "text"])),
            "plan": text("How it will be built, in markdown: parts, decisions, risks"),
            "tasks": list(
                object(
                    [
                        "id": text("T001"), "title": text("What is to be done, in a sentence"),
                        "story": text("US1"),
                        "parallel": .object(["type": .string("boolean")]),
                        "after": list(text("Ids of tasks that must be done before")),
                        "accept": list(text("Ids of acceptance criteria")),
                        "files": list(text("Paths that it will touch")),
                        "verify": list(
                            text("A shell line that succeeds only if the task is done")),
                        "details": text("What else whoever does it has to know"),
                    ], required: ["id", "title", "accept", "verify"])),
            "questions": list(
                object(
                    [
                        "id": text("Q1"),
                        "question": text("What only a person can decide, answerable in a line"),
                    ], required: ["id", "question"])),
        ], required: ["title", "stories", "requirements", "plan", "tasks"])

    private static func text(_ about: String) -> JSONValue {
        .object(["type": .string("string"), "description": .string(about)])
    }

    private static func list(_ item: JSONValue) -> JSONValue {
        .object(["type": .string("array"), "items": item])
    }

    private static func object(_ members: [String: JSONValue], required: [String]) -> JSONValue {
        .object([
            "type": .string("object"), "properties": .object(members),
            "required": .array(required.map { .string($0) }),
            "additionalProperties": .bool(false),
        ])
    }
}
