import AuraConfinement
import AuraSystem
import CBenchBaseline
import Glibc

/// What launches cost beyond one: from a large process, many in a row, and after a death.
struct LaunchRows {
    let trial: LaunchTrial
    let rounds: Int

    /// 500 MiB: an aurad with far more in it than any has held.
    private static let ballastBytes = 500 << 20
    /// 3 s: long enough that what is put off comes due within.
    private static let seconds = 3.0
    /// 4 at a time: while some wait for the kernel's namespaces, others use the cores.
    private static let abreast = 4

    func results() throws -> [BenchResult] {
        try [flatness(), rate()] + replacements() + [command()]
    }

    /// The same launch from a process of 500 MiB, beside that from this one as it is, some 20.
    private func flatness() throws -> BenchResult {
        let small = try trial.median(of: rounds)
        let ballast = UnsafeMutableRawPointer.allocate(
            byteCount: Self.ballastBytes, alignment: 4096)
        defer { ballast.deallocate() }
        // Touched: pages that are not there cost a launch nothing.
        memset(ballast, 1, Self.ballastBytes)
        let large = try trial.median(of: rounds)
        return BenchResult(
            name: "launch-at-500-mib-vs-20-mib", value: large, unit: "ms",
            baseline: "the same launcher, small", baselineValue: small)
    }

    /// Launches to the attested first frame and on to the end, all of it counted.
    private func rate() throws -> BenchResult {
        let clock = ContinuousClock()
        let start = clock.now
        var done = 0
        var workers: [LaunchTrial.Worker] = []
        while (clock.now - start).milliseconds < Self.seconds * 1e3 {
            while workers.count < Self.abreast { workers.append(try trial.launch()) }
            let oldest = workers.removeFirst()
            try trial.attest(oldest)
            try oldest.end()
            done += 1
        }
        let span = (clock.now - start).milliseconds
        for worker in workers { try worker.end() }
        return BenchResult(
            name: "launches-per-second-vs-target", value: Double(done) / span * 1e3,
            unit: "launches/s", baseline: "target", baselineValue: 100)
    }

    /// From the kill of a worker to the first frame of the one that takes its place, which is later
    /// than its first instruction, with a cage that waits for it and without; beside a loop in C that
    /// starts cat anew until it has echoed a byte.
    private func replacements() throws -> [BenchResult] {
        var ahead: [Double] = []
        var cold: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<rounds {
            ahead.append(try replacement(in: trial.makeSpare()))
            cold.append(try replacement(in: nil))
            var nanoseconds: UInt64 = 0
            let code = bench_respawn(&nanoseconds)
            guard code == 0 else {
                throw BenchFailure("the loop in C: \(String(cString: strerror(code)))")
            }
            theirs.append(Double(nanoseconds) / 1e6)
        }
        let rows = [
            ("death-to-replacement-vs-pidfd-loop", ahead),
            ("death-to-cold-replacement-vs-pidfd-loop", cold),
        ]
        return rows.map { name, values in
            BenchResult(
                name: name, value: values.median ?? 0, unit: "ms",
                baseline: "pidfd loop in C, unconfined cat", baselineValue: theirs.median ?? 0)
        }
    }

    private func replacement(in spare: HeldCage?) throws -> Double {
        let first = try trial.launch()
        try trial.attest(first)
        guard let victim = try first.cage.programID() else {
            throw BenchFailure("a worker without a pid")
        }
        let clock = ContinuousClock()
        let start = clock.now
        kill(victim.raw, SIGKILL)
        guard try first.cage.finish(waitingMilliseconds: LaunchTrial.patience) != nil else {
            throw BenchFailure("a killed worker does not end")
        }
        let second = try trial.launch(in: spare)
        try trial.attest(second)
        let span = (clock.now - start).milliseconds
        try second.end()
        return span
    }

    /// A command from the moment in which it is known to its end, in a cage that was built before,
    /// beside one in a cage of its own.
    private func command() throws -> BenchResult {
        let plan = CagePlan.command(run: "bench", ["/bin/sh", "-c", "echo 1"], workspace: nil)
        let clock = ContinuousClock()
        var held: [Double] = []
        var cold: [Double] = []
        for _ in 0..<rounds {
            let cage = try HeldCage(plan, by: trial.launcher)
            try LaunchTrial.waitUntilHeld(cage)
            var start = clock.now
            guard cage.begin(plan) else { throw BenchFailure("a held cage is gone") }
            try Self.end(of: cage.cage)
            held.append((clock.now - start).milliseconds)
            start = clock.now
            try Self.end(of: try trial.launcher.launch(plan))
            cold.append((clock.now - start).milliseconds)
        }
        return BenchResult(
            name: "command-in-held-cage-vs-cold", value: held.median ?? 0, unit: "ms",
            baseline: "a cage of its own", baselineValue: cold.median ?? 0)
    }

    private static func end(of cage: Cage) throws {
        let end = try cage.finish(waitingMilliseconds: LaunchTrial.patience)
        guard end == .exited(0) else {
            throw BenchFailure("a command ended as \(end.map { "\($0)" } ?? "never")")
        }
    }
}
