import ArgumentParser
import AuraConfinement
import AuraSystem
import CBenchBaseline
import Glibc

/// Launch of a confined worker to its attested first frame, beside bubblewrap unsharing everything
/// and running /usr/bin/true to its end; and how many, from how large a process, and how soon again.
///
/// With a cage that was built ahead and waits, as aurad has them while workers live, and without
/// (`cold`).
///
/// In turns, as an ordinary user: root drops to `nobody` first.
struct SpawnBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spawn",
        abstract:
            "Launches of confined workers: time, rate and replacement, beside bwrap and a loop in C."
    )

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(help: "Launches of each side, in turns; medians are printed.")
    var rounds = 50

    @Option(help: "Directory of aura-cage and aura-worker.")
    var libexec = "/usr/libexec/aura"

    /// The first launches read the programs from the disk and are not counted.
    private static let warmUps = 3

    /// 2: what the figures are promised for.
    private static let cores: UInt32 = 2

    /// Whom root becomes: the one ordinary user that every system has.
    private static let user = "nobody"

    private static let bubblewrap = "/usr/bin/bwrap"

    func validate() throws {
        guard rounds > 0 else { throw ValidationError("rounds must be above zero") }
    }

    func run() throws {
        if geteuid() == 0 { try dropPrivileges(toUser: Self.user) }
        guard let directory = CagePlan.canonicalPath(libexec) else {
            throw BenchFailure("there is no \(libexec); say where with --libexec")
        }
        // For the row that says so: two cores, whatever the machine has.
        let code = bench_keep_cores(Self.cores)
        guard code == 0 else {
            throw BenchFailure("sched_setaffinity: \(String(cString: strerror(code)))")
        }
        let trial = try LaunchTrial(directory: directory)
        var ahead: [Double] = []
        var cold: [Double] = []
        var theirs: [Double] = []
        for round in 0..<(Self.warmUps + rounds) {
            let spans = try (
                trial.milliseconds(ahead: true), trial.milliseconds(), bubblewrapMilliseconds()
            )
            guard round >= Self.warmUps else { continue }
            ahead.append(spans.0)
            cold.append(spans.1)
            theirs.append(spans.2)
        }
        var report = BenchReport(bench: "spawn")
        // What aurad does while any worker lives, and what it does for the first, or for many at once.
        for (name, spans) in [("launch-vs-bwrap", ahead), ("cold-launch-vs-bwrap", cold)] {
            report.results.append(
                BenchResult(
                    name: name, value: spans.median ?? 0, unit: "ms",
                    baseline: "bwrap --unshare-all --ro-bind / / /usr/bin/true",
                    baselineValue: theirs.median ?? 0))
        }
        report.results += try LaunchRows(trial: trial, rounds: rounds).results()
        try report.print(output)
    }

    /// From the start of bubblewrap to its end.
    private func bubblewrapMilliseconds() throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let process = try Spawn(
            executable: Self.bubblewrap,
            arguments: [
                Self.bubblewrap, "--unshare-all", "--ro-bind", "/", "/", "/usr/bin/true",
            ]
        ).start()
        let status = try process.reap(waitingMilliseconds: LaunchTrial.patience)
        let span = clock.now - start
        guard status == .exited(0) else {
            throw BenchFailure("bwrap ended as \(status.map { "\($0)" } ?? "never")")
        }
        return span.milliseconds
    }
}
