import AuraConfinement
import AuraModel
import AuraSystem
import FoundationEssentials
import Glibc
import Testing

/// Greedy programs in real cages: each ends for the limit that it ran into, and leaves nothing.
@Suite(.serialized)
struct LimitTests {
    /// What a greedy program has to run into, under which limits.
    struct Greed: CustomTestStringConvertible, Sendable {
        var kind: String
        var limits: ResourceLimits
        var timeout = Milliseconds.seconds(30)
        var exit: StepResult.Exit
        var testDescription: String { kind }
    }

    private static let small = ResourceLimits(
        memory: 128 << 20, processes: 64, disk: 64 << 20, processorTime: nil)

    static let all: [Greed] = [
        Greed(
            kind: "forks", limits: small,
            exit: .signalled(number: 9, limit: LimitHit(.processes, max: 64))),
        Greed(
            kind: "memory", limits: small,
            exit: .signalled(number: 9, limit: LimitHit(.memory, max: 128 << 20))),
        Greed(
            kind: "disk", limits: small,
            exit: .signalled(number: 9, limit: LimitHit(.disk, max: 64 << 20))),
        Greed(
            kind: "hidden", limits: ResourceLimits(disk: 16 << 20),
            exit: .signalled(number: 9, limit: LimitHit(.disk, max: 16 << 20))),
        Greed(kind: "descriptors", limits: small, exit: .exited(code: 0)),
        Greed(kind: "line", limits: small, exit: .exited(code: 0)),
        Greed(
            kind: "deaf", limits: small, timeout: .seconds(1),
            exit: .timedOut(after: .seconds(1))),
        Greed(
            kind: "daemons", limits: ResourceLimits(idle: .seconds(1)),
            exit: .timedOut(after: .seconds(1), clock: .idle)),
        Greed(
            kind: "stopped", limits: ResourceLimits(idle: .seconds(1)),
            exit: .timedOut(after: .seconds(1), clock: .idle)),
        Greed(
            kind: "deep", limits: ResourceLimits(processes: 300), timeout: .seconds(1),
            exit: .timedOut(after: .seconds(1))),
        Greed(
            kind: "spin", limits: ResourceLimits(processorTime: .seconds(1)),
            exit: .timedOut(after: .seconds(1), clock: .processor)),
    ]

    @Test(
        "R20: a greedy program ends for the limit that it ran into, and nothing of it is left",
        arguments: all, [false, true])
    func greed(_ greed: Greed, inGroup: Bool) throws {
        let lab = try CageLab.shared.get()
        let group = inGroup ? try DelegatedGroup() : nil
        guard !inGroup || group?.groups != nil else { return }
        let launcher = try lab.launcher(in: group)
        let workspace = try CageLab.makeDirectory("hog")
        defer { try? FileSystem.removeTree(workspace) }

        var plan = CagePlan.command(
            run: "h1", [CagePlan.workspaceTarget + "/hog", greed.kind], workspace: workspace)
        try FileManager.default.copyItem(atPath: lab.hogPath, toPath: workspace + "/hog")
        plan.limits.memoryBytesMax = UInt64(greed.limits.memory)
        plan.limits.processesMax = UInt64(greed.limits.processes)
        let ended = try watched(
            launcher.launch(plan), greed, DiskMeter(path: workspace, bytesMax: greed.limits.disk))
        #expect(ended.exit == greed.exit, "\(ended.output.prefix(200))")
        #expect(ended.left == 0, "processes are left in its pid namespace")
        if greed.kind == "descriptors" { #expect(ended.output.contains("EMFILE")) }
        if greed.kind == "line" { #expect(ended.bytes == 100 << 20 + 9) }
        if let group { #expect(group.leaves.isEmpty, "a group is left") }
    }

    private struct Ended {
        var exit: StepResult.Exit
        var output: String
        var bytes: Int
        var left: Int
    }

    /// What the daemon does: looks when it is time, kills for the verdict, collects.
    private func watched(_ cage: Cage, _ greed: Greed, _ disk: DiskMeter) throws -> Ended {
        var watch = LimitWatch(
            timeout: greed.timeout, limits: greed.limits, at: SystemClock.monotonicMilliseconds())
        var verdict: StepResult.Exit?
        var namespace: UInt64?
        var head: [UInt8] = []
        var bytes = 0
        while true {
            let now = SystemClock.monotonicMilliseconds()
            if namespace == nil, let program = try cage.programID() {
                namespace = try? Attestation.reading(program).namespaces["pid"]
            }
            while let chunk = try cage.readOutput(bytesMax: 65_536), !chunk.isEmpty {
                bytes += chunk.count
                if head.count < 4096 { head += chunk.prefix(4096) }
                watch.heard(at: now)
            }
            if verdict == nil, watch.nextLook <= now {
                verdict = watch.look(at: now, cage.use(), disk: disk.look(at: now))
                if verdict != nil { try cage.kill() }
            }
            if let end = try cage.finish() {
                while let chunk = try cage.readOutput(bytesMax: 65_536), !chunk.isEmpty {
                    bytes += chunk.count
                }
                let own: StepResult.Exit =
                    switch end {
                    case .exited(let code): .exited(code: Int(code))
                    case .signalled(let number):
                        .signalled(number: Int(number), limit: cage.limit)
                    case .refused(let feature, let detail, _):
                        .refused(feature: feature + " " + detail)
                    }
                return Ended(
                    exit: verdict ?? own, output: String(decoding: head, as: UTF8.self),
                    bytes: bytes, left: try namespace.map(CageLab.countProcesses) ?? 0)
            }
            usleep(2_000)
        }
    }

    @Test("the groups that a killed daemon left are emptied and removed by the next one")
    func sweep() throws {
        guard let group = try DelegatedGroup(), group.groups != nil else { return }
        let launcher = try CageLab.shared.get().launcher(in: group)
        let cage = try launcher.launch(.command(run: "left", ["sleep", "60"], workspace: nil))
        for _ in 0..<5_000 where try cage.programID() == nil { usleep(1_000) }
        #expect(group.leaves.count == 1)
        // A second daemon on the same group, while nobody has told the first one's cage to end.
        _ = try CageGroups.prepared(at: group.path)
        #expect(group.leaves.isEmpty)
        #expect(try cage.finish(waitingMilliseconds: 10_000) == .signalled(9))
    }

    @Test("a hundred looks at a tree that fits, and one more file makes it too large")
    func meter() async throws {
        let tree = try CageLab.makeDirectory("meter")
        defer { try? FileSystem.removeTree(tree) }
        let meter = DiskMeter(path: tree, bytesMax: 4 << 20)
        var now = 0
        func looked() async throws -> Int? {
            // The walk is done behind our back: time passes, and it gets some.
            for _ in 0..<100 {
                now += 1_000
                if let over = meter.look(at: now) { return over }
                try await Task.sleep(for: .milliseconds(2))
            }
            return nil
        }
        let block = [UInt8](repeating: 1, count: 1 << 20)
        for number in 0..<3 { try FileSystem.writeAtomically(block, to: "\(tree)/\(number)") }
        #expect(try await looked() == nil)
        for number in 3..<6 { try FileSystem.writeAtomically(block, to: "\(tree)/\(number)") }
        #expect(try await looked() == 4 << 20)
    }
}
