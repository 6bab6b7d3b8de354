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

    @Test("the kernel wakes for the next firing and for nothing else")
    func wake() throws {
        let bench = try KernelBench(Self.everyMinute)
        let next = try #require(bench.kernel.nextWake(after: bench.now))
        #expect(next.milliseconds % 60_000 == 0)
        #expect(next - bench.now <= .minutes(1))
    }
}
