import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem
import FoundationEssentials
import Glibc
import Testing

@testable import AuraDaemon

/// Cages that wait for an agent's next command, with the real aura-cage.
@Suite(.serialized)
struct SpareCagesTests {
    private static let run = RunID(at: Instant(milliseconds: 1_000), sequence: 1)

    /// A runner whose aura-cage can be taken away: what runs then runs in what was built before.
    private final class Stage {
        let directory: String
        let watches: Watches
        let runner: CageRunner

        init() throws {
            directory = try Scratch.makeDirectory("spares")
            try FileManager.default.copyItem(
                atPath: Tools.shared.get().cagePath, toPath: directory + "/aura-cage")
            watches = try Watches()
            runner = CageRunner(
                launcher: try Launcher(
                    cagePath: directory + "/aura-cage", workerPath: "/usr/bin/true",
                    prefix: Tools.prefix), watches: watches,
                store: try CageStore(
                    directory: directory, cagePath: directory + "/aura-cage", for: .zero),
                proxies: Proxies(
                    watches: watches,
                    redactor: Redactor(
                        credentials: Credentials(configurationDirectory: directory)),
                    limits: ProxyLimits()))
        }

        deinit { try? FileSystem.removeTree(directory) }

        func removeCage() { unlink(directory + "/aura-cage") }

        /// Turns of the loop until it is so, a minute at most.
        func turn(until isSo: () -> Bool) throws {
            for _ in 0..<600 where !isSo() { _ = try watches.wait(milliseconds: 100) }
            guard isSo() else { throw StepLab.Failure("it never came to be") }
        }

        func command(
            _ id: CommandID, _ line: String, binds: [CagePlan.Bind] = []
        ) throws -> StepResult {
            var result: StepResult?
            var cage = CagePlan.command(
                run: run.text, ["/bin/sh", "-c", line], workspace: nil)
            cage.binds = binds
            let plan = StepPlans.Plan(
                cage: cage, timeout: .minutes(1), output: .command, isOneOfMany: true)
            _ = runner.run(.init(run: run, command: id), plan) {
                result = $0
                return []
            }
            try turn { result != nil }
            return try #require(result)
        }

        private var run: RunID { SpareCagesTests.run }

        /// Ends what is left, and waits until it is gone.
        func end() throws {
            try runner.endAll()
            try turn { runner.isIdle }
        }

        /// Long enough for a cage to be built: what is taken before runs all the same.
        func letBuild() throws {
            for _ in 0..<5 { _ = try watches.wait(milliseconds: 100) }
        }
    }

    @Test("the second command of a run starts in the cage that was built behind the first")
    func taken() throws {
        let stage = try Stage()
        let first = try stage.command(1, "echo one")
        #expect(first.exit == .exited(code: 0))
        #expect(stage.runner.serves(Self.run))
        try stage.letBuild()
        stage.removeCage()
        let second = try stage.command(2, "echo two; exit 3")
        #expect(second.exit == .exited(code: 3))
        #expect(second.output == "two\n")
        // There is none behind that: a cold start is the only way, and says what is in its way.
        guard case .refused = try stage.command(3, "echo three").exit else {
            Issue.record("it ran without an aura-cage")
            return
        }
        try stage.end()
    }

    @Test("another plan is not run in it, and has a cage of its own")
    func otherPlan() throws {
        let stage = try Stage()
        _ = try stage.command(1, "true")
        let shares = [CagePlan.Bind("/usr/share", at: "/share")]
        let other = try stage.command(2, "ls -d /share; test -e /share/doc", binds: shares)
        #expect(other.exit == .exited(code: 0))
        try stage.letBuild()
        stage.removeCage()
        #expect(try stage.command(3, "ls /share", binds: shares).exit == .exited(code: 0))
        try stage.end()
    }

    @Test("a spare goes with its run, and before it the run is not gone")
    func discarded() throws {
        let stage = try Stage()
        _ = try stage.command(1, "true")
        #expect(stage.runner.serves(Self.run))
        try stage.runner.cancel(Self.run)
        try stage.turn { stage.runner.isIdle }
        #expect(!stage.runner.serves(Self.run))
        #expect(try stage.command(2, "echo on").output == "on\n")
        try stage.end()
    }

    @Test("a host that is short of memory is told from one that is not")
    func pressure() throws {
        let directory = try Scratch.makeDirectory("memory")
        defer { try? FileSystem.removeTree(directory) }
        let path = directory + "/meminfo"
        for (free, isHigh) in [(1000, false), (100, false), (99, true)] {
            let text = "MemTotal: 1600 kB\nMemFree: 5 kB\nMemAvailable: \(free) kB\n"
            try FileSystem.writeAtomically(Array(text.utf8), to: path)
            #expect(MemoryPressure(path: path).isHigh == isHigh)
        }
        #expect(!MemoryPressure(path: directory + "/none").isHigh)
    }

    @Test("whether an agent's commands change its tree is told two commands later")
    func looks() throws {
        let directory = try Scratch.makeDirectory("tree")
        defer { try? FileSystem.removeTree(directory) }
        let looks = TreeLooks()
        /// Commands one after the other, each with time for the look behind it.
        func told(until wanted: Bool, change: () throws -> Void = {}) throws -> Bool {
            try change()
            for _ in 0..<50 {
                if looks.look(at: directory, of: Self.run) == wanted { return true }
                usleep(50_000)
            }
            return false
        }
        #expect(looks.look(at: directory, of: Self.run) == nil)
        #expect(try told(until: false))
        #expect(
            try told(until: true) {
                try FileSystem.writeAtomically([1], to: directory + "/file")
            })
        #expect(try told(until: false))
    }
}
