import ArgumentParser
import AuraModel
import FoundationEssentials
import Glibc

/// The calendar: how fast it is, and with options whether it is right, at length.
struct TimeBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "time",
        abstract:
            "Next firings and proofs of never, beside croniter; or long checks of the calendar.",
        discussion: """
            Without a check named, measures. --oracle and --transitions hold the calendar against brute force and exit \
            with 1 at the first disagreement. --evaluate answers lines of standard input, for other \
            programs to compare with.
            """)

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(
        help: "Firings of each expression in each zone, of which the median of five rounds counts.")
    var firings = 20_000

    @Option(
        help:
            "Check this many random (expression, zone, instant) triples against walking civil time."
    )
    var oracle: Int?

    @Option(
        help: "Check this many random expressions over every change of the clocks, 1970 to 2037.")
    var transitions: Int?

    @Option(help: "What the random numbers of the checks start from.")
    var seed: UInt64?

    @Flag(
        help: "Read lines `dialect zone from count expression`, separated by tabs; answer firings.")
    var evaluate = false

    @Option(help: "Directory of compiled zones.")
    var zoneinfo = "/usr/share/zoneinfo"

    @Option(help: "Directory for a Python environment with croniter; made when it is not there.")
    var environment = "out/cron-oracles"

    func validate() throws {
        guard firings > 0, oracle ?? 1 > 0, transitions ?? 1 > 0 else {
            throw ValidationError("counts must be above zero")
        }
    }

    func run() throws {
        let zones = ZoneDirectory(zoneinfo)
        if evaluate { return evaluateInput(zones) }
        if oracle != nil || transitions != nil { return try check(zones) }
        try measure(zones)
    }

    private func check(_ zones: ZoneDirectory) throws {
        let all = zones.all()
        guard all.count > 1 else { throw BenchFailure("there are no zones in \(zoneinfo)") }
        // Links are the same zone by another name.
        let distinct = Dictionary(all.map { ("\($0.rules)", $0) }) { first, _ in first }
            .values.sorted { $0.name < $1.name }
        var random = Seeded(seed: seed ?? UInt64.random(in: 0...UInt64(UInt32.max)))
        print("seed \(random.seed), \(all.count) zones, \(distinct.count) of them distinct")
        let clock = ContinuousClock()
        if let oracle {
            let start = clock.now
            let (triples, changes) = try CalendarChecks.triples(oracle, distinct, &random)
            print(
                "\(triples) triples agree, \(changes) windows with a change: \(clock.now - start)")
        }
        if let transitions {
            let start = clock.now
            let (changes, steps) = try CalendarChecks.transitions(
                distinct, patterns: transitions, &random)
            print("\(steps) steps over \(changes) changes are in order: \(clock.now - start)")
        }
    }

    private func measure(_ zones: ZoneDirectory) throws {
        let names = ["Europe/Berlin", "America/New_York"]
        let rules = try names.map { name in
            guard let rules = zones.rules(name) else { throw BenchFailure("there is no \(name)") }
            return rules
        }
        var report = BenchReport(bench: "time")
        let speed = try TimeMeasures.firingsPerSecond(rules, firings: firings)
        report.results.append(
            BenchResult(
                name: "next-firing-vs-target", value: speed, unit: "firings/s",
                baseline: "target, 20 mixed expressions in two zones on one core",
                baselineValue: 1_000_000))
        switch CroniterBaseline(environment: environment).measure(zones: names) {
        case .success(let baseline):
            report.results.append(
                BenchResult(
                    name: "next-firing-vs-croniter", value: speed, unit: "firings/s",
                    baseline: "croniter, the same expressions and zones", baselineValue: baseline))
        case .failure(let why):
            let note = Array("next-firing-vs-croniter is left out: \(why)\n".utf8)
            _ = write(STDERR_FILENO, note, note.count)
        }
        report.results.append(
            BenchResult(
                name: "never-proven", value: try TimeMeasures.neverMilliseconds(rules[0]),
                unit: "ms", baseline: "target", baselineValue: 1))
        report.results += try Self.heap(rules)
        try report.print(output)
    }

    /// Medians of three rounds.
    private static func heap(_ zones: [ZoneRules]) throws -> [BenchResult] {
        let rounds = try (0..<3).map { _ in try HeapMeasures(zones) }
        func median(_ value: (HeapMeasures) -> Double) -> Double { rounds.map(value).median ?? 0 }
        func row(
            _ name: String, _ value: Double, _ unit: String, _ what: String, _ baseline: Double
        ) -> BenchResult {
            BenchResult(
                name: name, value: value, unit: unit, baseline: what, baselineValue: baseline)
        }
        return [
            row(
                "heap-pause-vs-target", median(\.longest), "ms",
                "target, the longest step of planning a million and firing a quarter of them", 5),
            row(
                "heap-step-p99.9-vs-target", median(\.most), "ms",
                "target, all of these steps but a thousandth", 5),
            row(
                "heap-pause-elapsed", median(\.longestElapsed), "ms",
                "the longest that a loop of nothing stopped on this machine in as much time",
                median(\.longestOfNothing)),
            row(
                "heap-memory", median(\.mebibytes), "MiB", "a million instants and names in a row",
                Double(HeapMeasures.count * HeapMeasures.entryBytes) / 1_048_576),
        ]
    }

    /// One line for each line: firings in seconds since the epoch, `never`, or `error` and why.
    private func evaluateInput(_ zones: ZoneDirectory) {
        while let line = readLine() {
            let fields = line.split(separator: "\t", maxSplits: 4, omittingEmptySubsequences: false)
                .map(String.init)
            guard fields.count == 5, let from = Int(fields[2]), let count = Int(fields[3]),
                let zone = zones.rules(fields[1])
            else {
                print("error not a question: \(line)")
                continue
            }
            do throws(TextError) {
                let schedule = try Self.schedule(fields[0], fields[4])
                var firings: [String] = []
                var last = from * 1_000
                while firings.count < count,
                    let next = schedule.next(afterMilliseconds: last, in: zone)
                {
                    firings.append("\(next / 1_000)")
                    last = next
                }
                print(firings.isEmpty ? "never" : firings.joined(separator: " "))
            } catch {
                print("error \(error)")
            }
        }
    }

    /// The first word is a dialect of cron, or `systemd` for its calendar with its rule for changes
    /// of the clocks.
    private static func schedule(_ kind: String, _ text: String) throws(TextError) -> Schedule {
        if kind == "systemd" {
            return .calendar(
                try CalendarExpression(
                    text, transitions: TransitionRule(gap: .skip, overlap: .first)))
        }
        return try Schedule(cron: text, dialect: CronDialect(rawValue: kind) ?? .ocps)
    }
}

/// The compiled zones of a system.
struct ZoneDirectory {
    private let path: String

    init(_ path: String) { self.path = path }

    func rules(_ name: String) -> ZoneRules? {
        FileManager.default.contents(atPath: "\(path)/\(name)")
            .flatMap { try? ZoneRules(tzif: [UInt8]($0)) }
    }

    /// Every zone, by name; what is no zone of POSIX time is left out.
    func all() -> [NamedZone] {
        names(in: "").sorted().compactMap { name in
            rules(name).map { NamedZone(name: name, rules: $0) }
        }
    }

    private func names(in folder: String) -> [String] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: path + "/" + folder))
        return (entries ?? []).flatMap { entry -> [String] in
            // The same zones again, and with leap seconds.
            guard entry != "posix", entry != "right" else { return [] }
            let name = folder.isEmpty ? entry : "\(folder)/\(entry)"
            let below = names(in: name)
            return below.isEmpty ? [name] : below
        }
    }
}
