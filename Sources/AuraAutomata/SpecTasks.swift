/// A specification's `tasks.md`: a task list in which each task says what it is accepted by.
///
///     - [ ] T001 [P] [US1] Teach calc.sh to multiply
///           after: T000
///           accept: US1-AC1
///           files: calc.sh
///           verify: test "$(sh calc.sh mul 6 7)" = 42
///     - ~~T002~~ (removed)
struct SpecTasks: Hashable, Sendable, Encodable {
    /// A task as a draft has it.
    struct Draft: Hashable, Sendable, Encodable {
        var id: String
        var title: String
        var story: String?
        var isParallel = false
        var after: [String] = []
        var accept: [String] = []
        var verify: [String] = []
        var files: [String] = []
        var details = ""
    }

    let list: TaskList
    /// Ids that were given up.
    let removed: [String]

    /// Reads `tasks.md`.
    init(_ text: String) {
        list = TaskList(text)
        removed = text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("- ~~"), let end = line.dropFirst(4).firstRange(of: "~~") else {
                return nil
            }
            return String(line.dropFirst(4)[..<end.lowerBound])
        }
    }

    var text: String { list.text }

    /// The ids of the acceptance criteria that a task stands for.
    static func accept(of task: TaskList.Task) -> [String] {
        task.accept.flatMap { $0.split { $0 == "," || $0 == " " }.map(String.init) }
    }

    /// The list with every box open: what a receipt is made of, so that a tick does not spoil it.
    var opened: String {
        var bytes = Array(text.utf8)
        for place in list.markOffsets { bytes[place] = UInt8(ascii: " ") }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Writing

    /// The list of a specification that has none yet.
    static func text(of drafts: [Draft], title: String) -> String {
        "# Tasks: \(SpecDocument.line(title))\n\n" + drafts.map(block).joined()
    }

    /// The list with `drafts` merged in by id.
    ///
    /// Done tasks and every line that is no task stay as they are, byte for byte. An open task is
    /// written anew, or struck out where no draft has it; new tasks follow at the end.
    func merged(_ drafts: [Draft]) -> String {
        let byID = Dictionary(drafts.map { ($0.id, $0) }) { first, _ in first }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let starts = Dictionary(list.tasks.map { ($0.line - 1, $0) }) { first, _ in first }
        var output = ""
        var index = 0
        while index < lines.count {
            let isLast = index == lines.count - 1
            guard let task = starts[index] else {
                output += lines[index] + (isLast ? "" : "\n")
                index += 1
                continue
            }
            let end = Self.end(ofBlockAt: index, in: lines)
            if task.isDone {
                output += lines[index..<end].map { $0 + "\n" }.joined()
            } else if let draft = byID[task.id] {
                output += Self.block(draft)
            } else {
                output += SpecDocument.tombstone(task.id) + "\n"
            }
            index = end
        }
        if !output.hasSuffix("\n") { output += "\n" }
        let known = Set(list.tasks.map(\.id))
        return output + drafts.filter { !known.contains($0.id) }.map(Self.block).joined()
    }

    /// Behind the last line that is indented below a task's own.
    private static func end(ofBlockAt start: Int, in lines: [Substring]) -> Int {
        var end = start + 1
        for index in (start + 1)..<max(lines.count, start + 1) {
            guard let first = lines[index].first else { continue }
            guard first == " " || first == "\t" else { break }
            end = index + 1
        }
        return end
    }

    private static func block(_ draft: Draft) -> String {
        var head = "- [ ] \(draft.id)"
        if draft.isParallel { head += " [P]" }
        if let story = draft.story { head += " [\(story)]" }
        var lines = [head + " " + SpecDocument.line(draft.title)]
        func add(_ key: String, _ values: [String]) {
            guard !values.isEmpty else { return }
            lines.append("      \(key): \(values.joined(separator: ", "))")
        }
        add("after", draft.after)
        add("accept", draft.accept)
        add("files", draft.files)
        for line in draft.verify { add("verify", [line]) }
        for line in draft.details.split(separator: "\n") {
            let plain = String(line).trimmed
            // Would be read as something else than text.
            let isKey = ["after:", "accept:", "files:", "verify:", "tag:"]
                .contains { plain.hasPrefix($0) }
            if !plain.isEmpty { lines.append("      " + (isKey ? "| " : "") + plain) }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
