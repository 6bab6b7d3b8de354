import ArgumentParser
import AuraModel
import AuraSystem
import Glibc

/// Automatons that are due at the same second, in an aurad of their own: from the outside, and by
/// its record.
struct DueBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "due",
        abstract: "How late a real aurad decides firings of one second, and what it holds.",
        discussion: """
            Lateness is the time from a firing's planned instant until its decision is durable and can be seen: \
            the first line that aurad writes of the commit. Beside it APScheduler from PyPI, in an environment \
            made for it, with as many jobs in memory and nothing durable: from the instant to the job's first line.
            """)

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(help: "Rounds; medians are printed.")
    var rounds = 3

    @Option(help: "Directory on the file system to measure; scratch files in it are removed.")
    var directory = "/var/tmp"

    @Option(help: "Directory of aurad; that of this program if left out.")
    var programs: String?

    @Option(help: "Directory of aura-cage and aura-worker; that of aurad if left out.")
    var libexec: String?

    /// What is promised: milliseconds, and MiB.
    private static let lastTarget = 250.0
    private static let latenessTarget = 5.0
    private static let loadTarget = 1000.0
    private static let residentTarget = 40.0

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("rounds must be above zero") }
    }

    func run() throws {
        let programs = programs ?? Self.ownDirectory()
        func herds(_ count: Int, leadSeconds: Int) throws -> [HerdTrial.Result] {
            try (0..<rounds).map { _ in
                try HerdTrial(
                    count: count, leadSeconds: leadSeconds, directory: directory,
                    programs: programs, libexec: libexec ?? programs
                ).run()
            }
        }
        let many = try herds(10_000, leadSeconds: 18)
        let some = try herds(1_000, leadSeconds: 9)
        let lateness = some.compactMap { $0.lateness(percent: 99) }.median ?? 0
        var report = BenchReport(bench: "due")
        func add(_ name: String, _ value: Double?, _ unit: String, _ what: String, _ target: Double)
        {
            report.results.append(
                BenchResult(
                    name: name, value: value ?? 0, unit: unit, baseline: "target, \(what)",
                    baselineValue: target))
        }
        add(
            "last-of-10000-vs-target", many.compactMap { $0.lateness(percent: 100) }.median, "ms",
            "the last decision of 10,000 at one second is committed", Self.lastTarget)
        add(
            "lateness-p99-of-1000-vs-target", lateness, "ms", "1,000 at one second",
            Self.latenessTarget)
        add(
            "load-10000-vs-target", many.map(\.loadMilliseconds).median, "ms",
            "from the start of aurad until 10,000 new definitions are recorded and planned",
            Self.loadTarget)
        add(
            "resident-10000-vs-target", many.map(\.residentMiB).median, "MiB",
            "aurad with 10,000 definitions, waiting", Self.residentTarget)
        add(
            "anonymous-10000-vs-target", many.map(\.anonymousMiB).median, "MiB",
            "of that, what is no page of a file", Self.residentTarget)
        let note = try compare(lateness, &report)
        try report.print(output)
        if let note { StandardError.write(note) }
    }

    /// Adds APScheduler's figure; answers why, where there is none.
    private func compare(_ lateness: Double, _ report: inout BenchReport) throws -> String? {
        let scratch = try ScratchDirectory(in: directory)
        defer { scratch.remove() }
        guard let python = SchedulerBaseline.environment(in: scratch.path) else {
            return "note: lateness-vs-apscheduler is left out: PyPI cannot be reached"
        }
        let theirs = try (0..<rounds).map { _ in
            try SchedulerBaseline.lateness(python: python, count: 1_000)
        }
        report.results.append(
            BenchResult(
                name: "lateness-vs-apscheduler", value: lateness, unit: "ms",
                baseline: "APScheduler 3, p99 of 1,000 jobs in memory, nothing durable",
                baselineValue: theirs.median ?? 0))
        return nil
    }

    private static func ownDirectory() -> String {
        var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = max(0, readlink("/proc/self/exe", &bytes, bytes.count))
        let path = String(decoding: bytes[..<count], as: UTF8.self)
        return path.split(separator: "/").dropLast().map { "/" + $0 }.joined()
    }
}
