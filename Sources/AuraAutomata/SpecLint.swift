/// What has to hold of a specification before anything is built by it: pure code, no model.
enum SpecLint {
    /// What is wrong, and where.
    struct Finding: Hashable, Sendable {
        /// `spec.md`, `plan.md` or `tasks.md`.
        var file: String
        /// From 1; 0: the file as a whole.
        var line: Int
        var text: String
    }

    /// Raised with every rule: a receipt of older rules is none.
    static let version = 1

    /// Everything that is wrong with the three texts, in the order of the files.
    static func findings(spec: String, plan: String, tasks: String) -> [Finding] {
        let document = SpecDocument(spec)
        let list = SpecTasks(tasks)
        var found = open(spec, "spec.md") + open(plan, "plan.md") + open(tasks, "tasks.md")
        found += ids(document, list)
        found += requirements(document)
        found += acceptance(document, list)
        found += self.tasks(document, list)
        return found.sorted { ($0.file, $0.line, $0.text) < ($1.file, $1.line, $1.text) }
    }

    /// Nobody may build on a guess.
    private static func open(_ text: String, _ file: String) -> [Finding] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { $0.element.contains("[NEEDS CLARIFICATION") }
            .map { Finding(file: file, line: $0.offset + 1, text: "an open clarification") }
    }

    /// Each id stands once, and never after it was removed.
    private static func ids(_ document: SpecDocument, _ tasks: SpecTasks) -> [Finding] {
        var found: [Finding] = []
        var seen: Set<String> = []
        let removed = Set(document.removed)
        for (id, line) in document.ids {
            if !seen.insert(id).inserted {
                found.append(Finding(file: "spec.md", line: line, text: "\(id) stands twice"))
            }
            if removed.contains(id) {
                found.append(
                    Finding(
                        file: "spec.md", line: line,
                        text: "\(id) was removed; an id is never used again"))
            }
        }
        seen = []
        for task in tasks.list.tasks {
            if !seen.insert(task.id).inserted {
                found.append(
                    Finding(file: "tasks.md", line: task.line, text: "\(task.id) stands twice"))
            }
            if tasks.removed.contains(task.id) {
                found.append(
                    Finding(
                        file: "tasks.md", line: task.line,
                        text: "\(task.id) was removed; an id is never used again"))
            }
        }
        return found
    }

    private static func requirements(_ document: SpecDocument) -> [Finding] {
        guard !document.requirements.isEmpty else {
            return [Finding(file: "spec.md", line: 0, text: "there is no requirement")]
        }
        let known = Set(document.acceptance.map(\.id))
        return document.requirements.flatMap { item -> [Finding] in
            guard !item.acceptance.isEmpty else {
                return [
                    Finding(
                        file: "spec.md", line: item.line,
                        text: "\(item.id) has no acceptance criterion")
                ]
            }
            return item.acceptance.filter { !known.contains($0) }.map {
                Finding(
                    file: "spec.md", line: item.line,
                    text: "\(item.id) names \($0), which is no acceptance criterion")
            }
        }
    }

    private static func acceptance(_ document: SpecDocument, _ tasks: SpecTasks) -> [Finding] {
        let served = Set(tasks.list.tasks.flatMap { SpecTasks.accept(of: $0) })
        return document.acceptance.filter { !served.contains($0.id) }.map {
            Finding(file: "spec.md", line: $0.line, text: "\($0.id) has no task")
        }
    }

    /// What is done is done: only open tasks are judged, but for their ids.
    private static func tasks(_ document: SpecDocument, _ tasks: SpecTasks) -> [Finding] {
        func finding(_ line: Int, _ text: String) -> Finding {
            Finding(file: "tasks.md", line: line, text: text)
        }
        guard !tasks.list.tasks.isEmpty else { return [finding(0, "there is no task")] }
        var found = tasks.list.nameless.map { finding($0, "a task without an id") }
        let known = Set(document.acceptance.map(\.id))
        for task in tasks.list.tasks where !task.isDone {
            if task.verify.isEmpty { found.append(finding(task.line, "\(task.id) has no verify")) }
            let accept = SpecTasks.accept(of: task)
            if accept.isEmpty { found.append(finding(task.line, "\(task.id) accepts nothing")) }
            found += accept.filter { !known.contains($0) }.map {
                finding(task.line, "\(task.id) names \($0), which is no acceptance criterion")
            }
        }
        let order = TaskOrder(tasks.list, landed: [])
        let lines = Dictionary(tasks.list.tasks.map { ($0.id, $0.line) }) { first, _ in first }
        for task in order.open(excluding: []) {
            guard let obstacle = task.obstacle, !obstacle.hasPrefix("waits for"),
                !obstacle.hasPrefix("its id stands")
            else { continue }
            found.append(finding(lines[task.id] ?? 0, "\(task.id): \(obstacle)"))
        }
        return found
    }
}
