import ArgumentParser
import AuraModel

/// What a task-run left behind.
struct Artifacts: Verb {
    static let configuration = CommandConfiguration(
        abstract: "List the outputs of a task-run, or print one.",
        discussion: "They are in the record, as the run's step `collect` found them.")

    @Argument(help: "The run.", completion: .custom(Completions.runs))
    var run: String
    @Argument(help: "Print this output, byte for byte.") var path: String?
    @OptionGroup var common: CommonOptions

    /// One output.
    struct Row: Encodable {
        var path: String
        var bytes: Int
        /// The entry that holds it.
        var sequence: Int
        var text: String
    }

    func perform(_ session: Session) throws -> Int32 {
        let id = try Target.run(run, session.client)
        let rows = try rows(of: id, session)
        guard let path else {
            try session.show(rows) {
                var table = Table(columns: [
                    .init(title: "OUTPUT", isFlexible: true), .init(title: "BYTES", isRight: true),
                    .init(title: "ENTRY", isRight: true),
                ])
                table.rows = rows.map {
                    [.init(SafeText.line($0.path)), .init("\($0.bytes)"), .init("#\($0.sequence)")]
                }
                return rows.isEmpty
                    ? ["no outputs"] : table.lines(width: session.width, session.style)
            }
            return AuraExit.success.rawValue
        }
        guard let row = rows.first(where: { $0.path == path }) else {
            throw Failure(
                .unknown, .notFound, "run \(id.short) has no output \(SafeText.brief(path))",
                hint: "aura-ctl artifacts \(id.short)")
        }
        Output.write(row.text)
        return AuraExit.success.rawValue
    }

    /// What the run's last `collect` printed.
    private func rows(of id: RunID, _ session: Session) throws -> [Row] {
        var after = 0
        var asked: Set<CommandID> = []
        var rows: [Row] = []
        while true {
            let entries: [Entry] = try session.client.get(
                ControlPath.entries, EntryQuery(run: id, after: after).items)
            guard let last = entries.last else { return rows }
            after = last.sequence
            for entry in entries where entry.run == id {
                if case .commanded(_, let intents, _) = entry.fact {
                    for intent in intents {
                        guard case .step(.collect) = intent.plan else { continue }
                        asked.insert(intent.command)
                    }
                }
                guard case .transacted(_, .stepFinished(let command, let result)) = entry.fact,
                    asked.contains(command), result.isSuccess
                else { continue }
                let files = StepDocuments.read(result.output) ?? [:]
                rows = files.sorted { $0.key < $1.key }.map { path, text in
                    Row(path: path, bytes: text.utf8.count, sequence: entry.sequence, text: text)
                }
            }
        }
    }
}
