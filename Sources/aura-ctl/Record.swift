import ArgumentParser
import AuraModel

/// The record itself.
struct Record: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read and verify the record.",
        subcommands: [
            Cat.self, Verify.self, Key.self, Prove.self, Consistency.self, CheckProof.self,
            Export.self, Backup.self, Prune.self,
        ])

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
            abstract: "Verify the whole record: entries, tree, checkpoints and rows.",
            discussion: "Exit status 65 when an entry is wrong.")

        @Option(help: "Trust this key, in hex or in a file, and not the daemon's own.")
        var key: String?
        @Option(help: "A file with a checkpoint kept elsewhere, as AURA_CHECKPOINT in the journal.")
        var checkpoint: String?
        @Option(
            help: "Check a file that `record export` wrote instead; with --key, without a daemon.")
        var bundle: String?
        @Flag(help: "Only hashes, tree and checkpoints: a million entries in a second or two.")
        var hashes = false
        @OptionGroup var common: CommonOptions

        /// An hour: tens of gigabytes at a slow disk's pace.
        static let patience = Milliseconds.minutes(60)

        func perform(_ session: Session) throws -> Int32 {
            if let bundle { return try check(ProofFile.bundle(bundle)) }
            let verdict: RecordVerdict = try session.client.get(
                ControlPath.verify, try query(), patience: Self.patience)
            try session.show(verdict) { [RecordText.line(of: verdict, session.style)] }
            return (verdict.problem == nil ? AuraExit.success : .badDefinition).rawValue
        }

        private func check(_ bundle: RunBundle) throws -> Int32 {
            guard let key else {
                throw Failure(
                    .usage, .badRequest, "a bundle is checked against a key from elsewhere",
                    hint: "aura-ctl record verify --bundle FILE --key KEY")
            }
            if let problem = CheckProof.check.problem(in: bundle, key: try ProofFile.key(key)) {
                throw Failure(.badDefinition, .badRequest, "the bundle does not hold: \(problem)")
            }
            let count = HumanText.count(bundle.entries.count)
            Output.write("good: run \(bundle.run), \(count) entries, each in the signed record\n")
            return AuraExit.success.rawValue
        }

        private func query() throws -> [(String, String)] {
            var items: [(String, String)] = hashes ? [("hashes", "true")] : []
            if let key { items.append(("key", HexText.text(try ProofFile.key(key)))) }
            if let checkpoint {
                let text = ProofFile.trimmed(try ProofFile.read(checkpoint))
                items.append(("checkpoint", HexText.text(text.utf8)))
            }
            return items
        }
    }
}

extension Record {
    /// A copy of the record while it is in use.
    struct Backup: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Copy the record into a new directory, and verify the copy there.",
            discussion: """
                The directory is made by the daemon's user. To put it back: stop aurad, move it to \
                `record` in the state directory, start aurad. The signing key is not in it.
                """)

        @Argument(help: "A directory that is not there yet.", completion: .directory)
        var directory: String
        @OptionGroup var common: CommonOptions

        func perform(_ session: Session) throws -> Int32 {
            let verdict: RecordVerdict = try session.client.post(
                ControlPath.backup, BackupOrder(directory: ProofFile.absolute(directory)),
                patience: Verify.patience)
            try session.show(verdict) { [RecordText.line(of: verdict, session.style)] }
            return (verdict.problem == nil ? AuraExit.success : .badDefinition).rawValue
        }
    }
}

/// The verdict in a line.
enum RecordText {
    /// Good with its extent, or the first entry that is wrong and why.
    static func line(of verdict: RecordVerdict, _ style: Style) -> String {
        guard let problem = verdict.problem else {
            let count =
                verdict.entries == 1 ? "1 entry" : "\(HumanText.count(verdict.entries)) entries"
            let pruned =
                verdict.pruned.map { ", \(HumanText.count($0)) of them pruned" } ?? ""
            let signed =
                verdict.checkpoints == 0 ? "" : ", signed up to #\(verdict.covered)"
            return "\(style.paint("✔", .green)) good: \(count)\(pruned)\(signed), head "
                + SafeText.line(verdict.head)
        }
        let what = verdict.firstBad.map { "entry #\($0) is wrong: " } ?? "the record is wrong: "
        return "\(style.paint("✖", .red)) \(what)" + SafeText.line(problem)
    }
}
