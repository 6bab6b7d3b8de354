/// The four files of a specification.
struct SpecFiles: Hashable, Sendable, Encodable {
    var spec = ""
    var plan = ""
    var tasks = ""
    var trace = ""

    static let names = ["spec.md", "plan.md", "tasks.md", "trace.json"]
}

/// A draft laid over what there is, by id.
enum SpecMerge {
    /// The new texts without their trace, or why they cannot be.
    enum Result: Hashable, Sendable {
        case files(SpecFiles)
        case flawed([String])
    }

    /// Merges a draft.
    ///
    /// An id that the draft leaves out is struck out and never used again; one that was struck out
    /// before is refused. Done tasks stay byte for byte. `answers` are kept in the document.
    static func merge(
        _ draft: SpecDraft, into old: SpecFiles, answers: [SpecDocument.Clarification]
    ) -> Result {
        let before = SpecDocument(old.spec)
        let tasks = SpecTasks(old.tasks)
        var document = draft.document
        let live = Set(document.ids.map(\.id))
        var flaws = reused(live, before.removed) + reused(draft.tasks.map(\.id), tasks.removed)
        flaws += twins(document.ids.map(\.id)) + twins(draft.tasks.map(\.id))
        document.removed = before.removed + before.ids.map(\.id).filter { !live.contains($0) }
        document.clarifications = before.clarifications + answers
        guard flaws.isEmpty else { return .flawed(flaws) }
        var files = old
        files.spec = document.text
        files.plan = "# Plan: \(SpecDocument.line(document.title))\n\n\(draft.plan)\n"
        files.tasks =
            old.tasks.isEmpty
            ? SpecTasks.text(of: draft.tasks, title: document.title) : tasks.merged(draft.tasks)
        // Judged as they will be read, not as they were meant.
        let found = SpecLint.findings(spec: files.spec, plan: files.plan, tasks: files.tasks)
        guard found.isEmpty else {
            return .flawed(found.map { "\($0.file):\($0.line): \($0.text)" })
        }
        return .files(files)
    }

    private static func reused(_ ids: some Collection<String>, _ removed: [String]) -> [String] {
        ids.filter { removed.contains($0) }.sorted()
            .map { "\($0) was removed before; an id is never used again: take a new one" }
    }

    private static func twins(_ ids: [String]) -> [String] {
        var seen: Set<String> = []
        return ids.filter { !seen.insert($0).inserted }.map { "\($0) stands twice" }
    }
}
