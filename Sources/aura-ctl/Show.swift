import ArgumentParser
import AuraModel

/// One run in full.
struct Show: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Show one run in full, with its story.",
        discussion: """
            Each step with its time: what the model said and what that cost, what changed in which file, what verify \
            printed. `aura-ctl logs RUN` has every entry, also of the runs below it.
            """)

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @OptionGroup var common: CommonOptions

    func perform(_ session: Session) throws -> Int32 {
        let id = try Target.run(run, session.client)
        let detail: RunDetail = try session.client.get("\(ControlPath.runs)/\(id)")
        let story = session.isJSON ? [] : try story(of: detail.run, session)
        try session.show(detail) {
            RunText.lines(of: detail, width: session.width, session.style, session.times) + story
        }
        return AuraExit.success.rawValue
    }

    private func story(of run: RunRow, _ session: Session) throws -> [String] {
        var story = RunStory(of: run, width: session.width, session.style)
        var query = EntryQuery(run: run.id, after: 0)
        while true {
            let entries: [Entry] = try session.client.get(ControlPath.entries, query.items)
            guard let last = entries.last else { break }
            for entry in entries { story.take(entry) }
            query.after = last.sequence
        }
        return story.lines.isEmpty ? [] : ["story:"] + story.lines
    }
}
