import AuraConfinement
import AuraModel
import AuraSupervision
import AuraSystem
import Foundation
import Glibc
import Testing

@testable import AuraDaemon

/// Workers' cages that wait for whichever run starts a worker next, with the real aura-cage.
///
/// The worker is an aura-cage too: alone in a cage it ends at once.
@Suite(.serialized)
struct SpareWorkersTests {
    private static let run = RunID(at: Instant(milliseconds: 1_000), sequence: 1)

    private final class Stage {
        let directory: String
        let watches: Watches
        let launcher: Launcher
        let keeper: AttemptKeeper
        private var generation: Generation = 0

        init() throws {
            directory = try Scratch.makeDirectory("workers")
            for name in ["/aura-cage", "/aura-worker"] {
                try FileManager.default.copyItem(
                    atPath: Tools.shared.get().cagePath, toPath: directory + name)
            }
            watches = try Watches()
            launcher = try Launcher(
                cagePath: directory + "/aura-cage", workerPath: directory + "/aura-worker",
                prefix: Tools.prefix)
            keeper = try AttemptKeeper(
                launcher: launcher, watches: watches,
                store: CageStore(
                    directory: directory, cagePath: directory + "/aura-cage", for: .zero))
        }

        deinit { try? FileSystem.removeTree(directory) }

        func removeCage() { unlink(directory + "/aura-cage") }

        /// Turns of the loop until `isSo`, a minute at most; what happened meanwhile.
        @discardableResult
        func turn(until isSo: ([Event]) -> Bool) throws -> [Event] {
            var events: [Event] = []
            for _ in 0..<6000 where !isSo(events) {
                events += try watches.wait(milliseconds: 10)
                try keeper.lookAtSpares()
            }
            guard isSo(events) else { throw StepLab.Failure("it never came to be") }
            return events
        }

        /// Until nothing is to be built for seconds, and what was built stands.
        func fill() throws {
            try turn { _ in
                keeper.nextLook.map { $0 > SystemClock.monotonicMilliseconds() + 1000 } ?? false
            }
            for _ in 0..<50 { _ = try watches.wait(milliseconds: 10) }
        }

        /// Launches a worker, and waits for its end: whether it has run.
        func runs(in workspace: String? = nil) throws -> Bool {
            var events = try order(keeper.launch, in: workspace)
            func end(_ events: [Event]) -> AttemptExit? {
                for case .attemptEnded(_, _, let exit, _) in events { return exit }
                return nil
            }
            if end(events) == nil { events += try turn { end($0) != nil } }
            if case .refused = try #require(end(events)) { return false }
            return true
        }

        /// Orders the next worker, by one of the keeper's two ways.
        func order<Result>(
            _ way: (AttemptKeeper.Key, CagePlan, Assignment) -> Result, in workspace: String? = nil,
            again: Bool = false
        ) throws -> Result {
            if !again { generation += 1 }
            let definition = Definition(
                name: try #require(AutomatonName("a")), kind: .taskRun, reasoner: "none",
                prompt: "p")
            let assignment = Assignment(
                run: SpareWorkersTests.run, generation: generation, definition: definition,
                task: nil, history: [.started(trigger: .order(by: .daemon))])
            return way(
                .init(run: SpareWorkersTests.run, generation: generation),
                .worker(run: SpareWorkersTests.run.text, workspace: workspace), assignment)
        }

        func end() throws {
            try keeper.endAll()
            try turn { _ in keeper.isIdle }
        }
    }

    @Test("behind a first worker as many cages wait as are named; workers start in these")
    func taken() throws {
        let stage = try Stage()
        #expect(stage.keeper.nextLook == nil)
        #expect(try stage.runs())
        try stage.fill()
        stage.removeCage()
        // With a workspace, and without one: whoever comes next.
        for index in 0..<SpareWorkers.countMax {
            #expect(try stage.runs(in: index == 0 ? stage.directory : nil))
        }
        // A cage of its own is the only way now.
        #expect(try !stage.runs())
        try stage.end()
    }

    private static func hasEnd(_ events: [Event]) -> Bool {
        events.contains { if case .attemptEnded = $0 { true } else { false } }
    }

    @Test("a worker begins before its launch where a cage waits for it, and then only once")
    func anticipated() throws {
        let stage = try Stage()
        try stage.order(stage.keeper.anticipate)
        #expect(stage.keeper.isIdle)
        // So its launch is what begins it.
        #expect(try stage.order(stage.keeper.launch, again: true).isEmpty)
        #expect(stage.keeper.serves(Self.run))
        try stage.turn(until: Self.hasEnd)
        try stage.fill()
        try stage.order(stage.keeper.anticipate)
        #expect(stage.keeper.serves(Self.run))
        try stage.turn(until: Self.hasEnd)
        #expect(!stage.keeper.serves(Self.run))
        // It has ended; no other one is begun in its place.
        #expect(try stage.order(stage.keeper.launch, again: true).isEmpty)
        #expect(!stage.keeper.serves(Self.run))
        try stage.end()
    }

    @Test("a cage that waits is no attempt, but until it is gone the daemon has not ended")
    func ends() throws {
        let stage = try Stage()
        #expect(try stage.runs())
        try stage.fill()
        #expect(!stage.keeper.serves(Self.run))
        #expect(!stage.keeper.isIdle)
        try stage.end()
        #expect(stage.keeper.nextLook == nil)
    }

    @Test("after an upgrade of the worker none of them is used")
    func upgraded() throws {
        let stage = try Stage()
        #expect(try stage.runs())
        try stage.fill()
        let worker = stage.directory + "/aura-worker"
        try FileManager.default.copyItem(
            atPath: Tools.shared.get().cagePath, toPath: worker + ".new")
        #expect(rename(worker + ".new", worker) == 0)
        stage.removeCage()
        #expect(try !stage.runs())
        try stage.end()
    }

    @Test("when no worker has lived for two minutes none waits any more")
    func idle() throws {
        let stage = try Stage()
        let spares = SpareWorkers(
            launcher: stage.launcher, watches: stage.watches,
            memory: MemoryPressure(path: stage.directory + "/none"))
        let start = SystemClock.monotonicMilliseconds()
        #expect(try spares.take(.worker(run: "r", workspace: nil), tag: "") == nil)
        var now = start
        func look(after span: Int, isInUse: Bool) throws {
            now += span
            try spares.look(at: now, isInUse: isInUse)
        }
        for _ in 0..<SpareWorkers.countMax { try look(after: 1000, isInUse: true) }
        #expect(!spares.areGone)
        // The last use counts, not the last launch.
        try look(after: 600_000, isInUse: true)
        try look(after: 119_000, isInUse: false)
        #expect(!spares.areGone)
        try look(after: 6_000, isInUse: false)
        #expect(spares.nextLook == nil)
        try stage.turn { _ in spares.areGone }
    }

    @Test("a mount on the host is seen, once: what was built before does not have it")
    func mounts() throws {
        // A mount namespace that anybody may change.
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = [
            "--user", "--map-root-user", "--mount", "/bin/sh", "-c",
            "echo up; read line; mount -t tmpfs none /mnt && echo done; read line",
        ]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        defer {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        #expect(output.fileHandleForReading.availableData == Data("up\n".utf8))
        let mounts = HostMounts(of: "/proc/\(process.processIdentifier)/mountinfo")
        #expect(!mounts.haveChanged())
        try input.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        #expect(output.fileHandleForReading.availableData == Data("done\n".utf8))
        #expect(mounts.haveChanged())
        #expect(!mounts.haveChanged())
    }
}
