import AuraModel
import AuraSupervision
import Testing

@Suite("Occurrences")
struct ScheduleTests {
    private static let everyMinute = KernelBench.definition(schedule: .every(minute))

    @Test("each firing gets exactly one row: started, or skipped with the reason")
    func oneRowEach() throws {
        var bench = try KernelBench(Self.everyMinute)
        for _ in 0..<6 { try bench.wait(.seconds(30)) }
        let decisions = try bench.decisions()
        #expect(decisions.count == 3)
        guard case .started = decisions[0], case .skipped(let reason) = decisions[1] else {
            Issue.record("\(decisions)")
            return
        }
        #expect(reason.contains("still under way"))
        #expect(bench.count(.occurrenceDecided) == 3)
    }

    @Test("firings that passed while the daemon was down are missed, one row each, none twice")
    func missed() throws {
        var bench = try KernelBench(Self.everyMinute)
        bench.now = bench.now + .seconds(630)
        try bench.restart(Self.everyMinute)
        let decisions = try bench.decisions()
        #expect(decisions.count == 10)
        let missed = decisions.count { decision in
            if case .missed = decision { return true }
            return false
        }
        #expect(missed == 9)
        #expect(bench.kernel.state.runs.count == 1)
    }

    @Test("a clock set back decides nothing twice")
    func clockSetBack() throws {
        var bench = try KernelBench(Self.everyMinute)
        try bench.wait(.minutes(1))
        let before = try bench.decisions().count
        bench.now = bench.now + Milliseconds(-30_000)
        try bench.send(.tick)
        try bench.wait(.seconds(30))
        #expect(try bench.decisions().count == before)
    }

    @Test("a long absence of a fast schedule is summed up, not written out")
    func bounded() throws {
        let fast = KernelBench.definition(schedule: .every(second))
        var bench = try KernelBench(fast)
        bench.now = bench.now + .minutes(60)
        try bench.restart(fast)
        #expect(try bench.decisions().count <= 1100)
    }

    @Test("@reboot fires once for each boot of the machine, however often the daemon starts")
    func reboot() throws {
        let atBoot = KernelBench.definition(schedule: .reboot)
        var bench = try KernelBench(atBoot)
        #expect(try bench.decisions().count == 1)
        bench.now = bench.now + .minutes(1)
        try bench.restart(atBoot)
        try bench.load([atBoot])
        #expect(try bench.decisions().count == 1)
        bench.now = bench.now + .minutes(1)
        try bench.restart(atBoot, boot: "another")
        try bench.load([atBoot])
        #expect(try bench.decisions().count == 2)
        #expect(bench.nextFiring == nil)
    }

    @Test("after a restart an automaton whose file is refused keeps its zone and its next firing")
    func refusedAfterRestart() throws {
        let berlin = ZoneRules(fixedOffset: 3600)
        var daily = KernelBench.definition(schedule: .cron(try CronExpression("0 2 * * *")))
        daily.zone = "Europe/Berlin"
        let loaded = DefinitionsRead.Loaded(digest: "d", definition: daily, zone: berlin)
        var bench = try KernelBench()
        try bench.send(.definitionsRead(DefinitionsRead(loaded: [loaded], refused: [])))
        let before = try #require(bench.nextFiring)
        #expect(bench.kernel.zonesInForce == ["Europe/Berlin"])
        let stored = bench.rows.mapValues {
            $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        bench.kernel = Kernel(state: try State(rows: stored), settings: KernelBench.settings)
        try bench.send(.started(version: "1", boot: "boot"))
        let broken = Diagnostic(file: "x.yaml", line: 1, column: 1, message: "broken")
        try bench.send(
            .definitionsRead(
                DefinitionsRead(
                    loaded: [], refused: [("x.yaml", [broken])],
                    zones: ["Europe/Berlin": berlin])))
        #expect(bench.nextFiring == before)
    }

    @Test("the kernel wakes for the next firing and for nothing else")
    func wake() throws {
        let bench = try KernelBench(Self.everyMinute)
        let next = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(next.milliseconds % 60_000 == 0)
        #expect(next - bench.now <= .minutes(1))
    }
}
