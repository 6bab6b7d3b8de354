import ArgumentParser
import AuraModel

/// The record itself.
struct Record: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read and verify the record.", subcommands: [Cat.self, Verify.self])

    /// Entries as lines of JSON.
    struct Cat: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Print entries, each as a line of JSON; -o table for people.")

        @Option(help: "Only entries after this sequence number.") var after = 0
        @Option(help: "Only this run, with its children.") var run: String?
        @Option(help: "Only this automaton.") var automaton: String?
        @OptionGroup var common: CommonOptions

        func perform(_ session: Session) throws -> Int32 {
            var query = EntryQuery(after: after)
            query.run = try run.map { try Target.run($0, session.client) }
            query.automaton = try automaton.map { try Target.automaton($0) }
            var teller = EntryTeller()
            while true {
                let entries: [Entry] = try session.client.get(ControlPath.entries, query.items)
                guard let last = entries.last else { return AuraExit.success.rawValue }
                query.after = last.sequence
                let lines = try entries.map { entry in
                    guard common.output == .table else { return try JSON.text(entry) }
                    let time = session.times.absolute(entry.at)
                    return teller.tell(entry).line(for: entry, time: time)
                }
                Output.write(lines.map { $0 + "\n" }.joined())
            }
        }
    }

    /// A walk over the whole record.
    struct Verify: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Verify the hash chain and the rows of the whole record.",
            discussion: "Exit status 65 when an entry is wrong.")

        @OptionGroup var common: CommonOptions

        /// An hour: tens of gigabytes at a slow disk's pace.
        private static let patience = Milliseconds.minutes(60)

        func perform(_ session: Session) throws -> Int32 {
            let verdict: RecordVerdict = try session.client.get(
                ControlPath.verify, patience: Self.patience)
            try session.show(verdict) { [RecordText.line(of: verdict, session.style)] }
            return (verdict.firstBad == nil ? AuraExit.success : .badDefinition).rawValue
        }
    }
}

/// The verdict in a line.
enum RecordText {
    /// Good with its extent, or the first entry that is wrong and why.
    static func line(of verdict: RecordVerdict, _ style: Style) -> String {
        guard let bad = verdict.firstBad else {
            let count =
                verdict.entries == 1 ? "1 entry" : "\(HumanText.count(verdict.entries)) entries"
            return "\(style.paint("✔", .green)) good: \(count), head \(SafeText.line(verdict.head))"
        }
        return "\(style.paint("✖", .red)) entry #\(bad) is wrong: "
            + SafeText.line(verdict.problem ?? "no reason given")
    }
}
