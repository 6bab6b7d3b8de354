import ArgumentParser
import AuraModel

extension Record {
    /// What is old goes; its hashes stay.
    struct Prune: Verb {
        static let configuration = CommandConfiguration(
            abstract: "Let go of the record's oldest entries; what is left stays as provable.",
            discussion: """
                Entries of runs that go on, loaded definitions in use and conversations stay. With \
                the entries go the rows of runs that had finished and of firings that were decided. \
                Nothing younger than a day goes.
                """)

        @Option(help: "Entries older than this, such as 90d.", transform: Self.age)
        var olderThan: Milliseconds?
        @Option(
            help: "The oldest entries while more than this is in use, such as 20GiB.",
            transform: Self.size)
        var toSize: Int?
        @Flag(help: "Only tell what would go.") var dryRun = false
        @OptionGroup var common: CommonOptions

        func validate() throws {
            guard olderThan != nil || toSize != nil else {
                throw ValidationError("say what is to go: --older-than 90d or --to-size 20GiB")
            }
        }

        func perform(_ session: Session) throws -> Int32 {
            let order = PruneOrder(
                rule: PruneRule(olderThan: olderThan, toBytes: toSize), isDryRun: dryRun)
            let report: PruneReport = try session.client.post(
                ControlPath.prune, order, patience: Verify.patience)
            try session.show(report) { [line(of: report)] }
            return AuraExit.success.rawValue
        }

        private func line(of report: PruneReport) -> String {
            guard report.entries > 0 else { return "nothing to prune" }
            let what = [
                HumanText.plural(report.entries, "entry", "entries"),
                HumanText.plural(report.runs, "run"),
                HumanText.plural(report.occurrences, "firing"),
            ].joined(separator: ", ")
            return "\(dryRun ? "would prune" : "pruned") up to #\(report.through): \(what)"
        }

        private static func age(_ text: String) throws -> Milliseconds {
            do { return Milliseconds(try DurationText.parse(text)) } catch {
                throw ValidationError("\(error)")
            }
        }

        private static func size(_ text: String) throws -> Int {
            do { return try SizeText.parse(text) } catch { throw ValidationError("\(error)") }
        }
    }
}
