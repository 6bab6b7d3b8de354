/// A specification: what `spec.md` says, in values.
///
/// The text is markdown of one form, so that a person may edit it and it is still understood:
///
///     # Specification: A calculator
///     prose
///     ## Stories
///     ### US1 Multiply (P1)
///     prose
///     - **US1-AC1** Given two numbers, when I ask for `mul`, then I get the product.
///     ## Requirements
///     - **FR-001** `calc.sh mul A B` prints the product. [US1-AC1]
///     - ~~FR-002~~ (removed)
///     ## Success criteria
///     - **SC-001** Every operation has a test.
///     ## Clarifications
///     - **Q1** Are negative numbers meant too? **Answer:** Yes.
///
/// Ids are never used again: what was removed stays as a struck-out line. An item may go on in
/// indented lines.
struct SpecDocument: Hashable, Sendable, Encodable {
    /// A user story with its acceptance criteria.
    struct Story: Hashable, Sendable, Encodable {
        var id: String
        var title: String
        var priority: String
        var text: String
        var acceptance: [Item]
    }

    /// An id with its text; `line` is 0 where it comes from no file.
    struct Item: Hashable, Sendable, Encodable {
        var id: String
        var text: String
        /// Ids of acceptance criteria that stand for it; of a requirement only.
        var acceptance: [String] = []
        var line = 0
    }

    /// A question that an operator was asked.
    struct Clarification: Hashable, Sendable, Encodable {
        var id: String
        var question: String
        var answer: String
    }

    var title = ""
    var summary = ""
    var stories: [Story] = []
    var requirements: [Item] = []
    var success: [Item] = []
    var clarifications: [Clarification] = []
    /// Ids that were given up, in the order in which that happened.
    var removed: [String] = []

    /// Every id in use, with its line, in the order of the file.
    var ids: [(id: String, line: Int)] {
        var ids: [(String, Int)] = []
        for story in stories {
            ids.append((story.id, 0))
            ids += story.acceptance.map { ($0.id, $0.line) }
        }
        return ids + requirements.map { ($0.id, $0.line) } + success.map { ($0.id, $0.line) }
    }

    var acceptance: [Item] { stories.flatMap(\.acceptance) }
}

// MARK: Printing

extension SpecDocument {
    /// The document as `spec.md`; reading it gives the same document.
    var text: String {
        var parts = ["# Specification: \(Self.line(title))"]
        if !summary.isEmpty { parts.append(Self.prose(summary)) }
        parts.append("## Stories")
        for story in stories {
            let heading = "### \(story.id) \(Self.line(story.title)) (\(story.priority))"
            parts.append(heading)
            if !story.text.isEmpty { parts.append(Self.prose(story.text)) }
            parts.append(Self.list(story.acceptance.map(Self.bullet)))
        }
        let gone = Dictionary(grouping: removed, by: Self.section)
        parts.append(Self.list((gone[.stories] ?? []).map(Self.tombstone)))
        parts.append("## Requirements")
        parts.append(
            Self.list(
                requirements.map(Self.bullet) + (gone[.requirements] ?? []).map(Self.tombstone)))
        parts.append("## Success criteria")
        parts.append(
            Self.list(success.map(Self.bullet) + (gone[.success] ?? []).map(Self.tombstone)))
        if !clarifications.isEmpty {
            parts.append("## Clarifications")
            parts.append(
                Self.list(
                    clarifications.map {
                        "- **\($0.id)** \(Self.line($0.question)) **Answer:** "
                            + Self.line($0.answer)
                    }))
        }
        return parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    private enum Section: Hashable { case stories, requirements, success }

    private static func section(of id: String) -> Section {
        id.hasPrefix("FR-") ? .requirements : id.hasPrefix("SC-") ? .success : .stories
    }

    private static func bullet(_ item: Item) -> String {
        let names =
            item.acceptance.isEmpty
            ? "" : " [\(item.acceptance.joined(separator: ", "))]"
        return "- **\(item.id)** \(line(item.text))\(names)"
    }

    static func tombstone(_ id: String) -> String { "- ~~\(id)~~ (removed)" }

    private static func list(_ lines: [String]) -> String { lines.joined(separator: "\n") }

    /// Prose must not look like what is read: a heading or an item becomes plain.
    static func prose(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let isForm = line.hasPrefix("#") || line.hasPrefix("- **") || line.hasPrefix("- ~~")
            return (isForm ? "\\" : "") + line
        }.joined(separator: "\n").trimmed
    }

    static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

// MARK: Reading

extension SpecDocument {
    /// Reads `spec.md`; every text is one, in the worst case an empty one.
    init(_ text: String) {
        var reader = SpecReader()
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            reader.take(line.hasSuffix("\r") ? line.dropLast() : line, number: index + 1)
        }
        reader.end()
        self = reader.document
    }
}

/// Reads the lines of a `spec.md` one after the other.
private struct SpecReader {
    var document = SpecDocument()
    private var section = ""
    private var prose: [Substring] = []
    private var item: SpecDocument.Item?

    mutating func take(_ line: Substring, number: Int) {
        if line.hasPrefix("#") {
            flush()
            heading(line)
        } else if let (id, text) = Self.bold(line) {
            flush()
            item = SpecDocument.Item(id: id, text: text, line: number)
        } else if line.hasPrefix("- ~~"), let end = line.dropFirst(4).firstRange(of: "~~") {
            flush()
            document.removed.append(String(line.dropFirst(4)[..<end.lowerBound]))
        } else if item != nil, line.first?.isWhitespace == true {
            item?.text += " " + String(line).trimmed
        } else if item != nil, line.isEmpty {
            flush()
        } else {
            if item != nil { flush() }
            prose.append(line)
        }
    }

    mutating func end() { flush() }

    private mutating func heading(_ line: Substring) {
        let title = String(line.drop { $0 == "#" }).trimmed
        if line.hasPrefix("### ") {
            story(title)
        } else if line.hasPrefix("## ") {
            section = title
        } else if line.hasPrefix("# ") {
            let mark = "Specification:"
            document.title =
                title.hasPrefix(mark) ? String(title.dropFirst(mark.count)).trimmed : title
        }
    }

    private mutating func story(_ heading: String) {
        guard section == "Stories" else { return }
        var words = heading.split(separator: " ").map(String.init)
        guard !words.isEmpty else { return }
        let id = words.removeFirst()
        var priority = "P2"
        if let last = words.last, last.hasPrefix("("), last.hasSuffix(")") {
            priority = String(last.dropFirst().dropLast())
            words.removeLast()
        }
        document.stories.append(
            .init(
                id: id, title: words.joined(separator: " "), priority: priority, text: "",
                acceptance: []))
    }

    /// `- **ID** text`.
    private static func bold(_ line: Substring) -> (String, String)? {
        guard line.hasPrefix("- **") else { return nil }
        let rest = line.dropFirst(4)
        guard let end = rest.firstRange(of: "**") else { return nil }
        return (String(rest[..<end.lowerBound]), String(rest[end.upperBound...]).trimmed)
    }

    private mutating func flush() {
        if var item {
            self.item = nil
            switch section {
            case "Stories":
                guard let last = document.stories.indices.last else { break }
                document.stories[last].acceptance.append(item)
            case "Requirements":
                item.takeAcceptance()
                document.requirements.append(item)
            case "Success criteria": document.success.append(item)
            case "Clarifications":
                let parts = item.text.split(separator: "**Answer:**", maxSplits: 1)
                document.clarifications.append(
                    .init(
                        id: item.id, question: String(parts.first ?? "").trimmed,
                        answer: parts.count > 1 ? String(parts[1]).trimmed : ""))
            default: break
            }
        }
        let text = prose.map { $0.hasPrefix("\\#") || $0.hasPrefix("\\- ") ? $0.dropFirst() : $0 }
            .joined(separator: "\n").trimmed
        prose = []
        guard !text.isEmpty else { return }
        if section.isEmpty {
            document.summary = text
        } else if section == "Stories", let last = document.stories.indices.last {
            document.stories[last].text = text
        }
    }
}

extension SpecDocument.Item {
    /// Takes the names in brackets at the end of the text for ids of acceptance criteria.
    fileprivate mutating func takeAcceptance() {
        guard text.hasSuffix("]"), let open = text.lastIndex(of: "[") else { return }
        let names = text[text.index(after: open)...].dropLast()
        acceptance = names.split { $0 == "," || $0 == " " }.map(String.init)
        text = String(text[..<open]).trimmed
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
