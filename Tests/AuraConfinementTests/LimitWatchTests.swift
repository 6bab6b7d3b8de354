import AuraConfinement
import AuraModel
import Testing

@Suite struct LimitWatchTests {
    private func watch(_ limits: ResourceLimits) -> LimitWatch {
        LimitWatch(timeout: .seconds(60), limits: limits, at: 1_000)
    }

    @Test("it asks to be looked at when something can be over, and then says what is")
    func times() {
        var watch = watch(ResourceLimits(idle: Milliseconds(300)))
        #expect(watch.nextLook == 1_250)
        #expect(watch.look(at: 1_250, CageUse(), disk: nil) == nil)
        #expect(watch.nextLook == 1_300)
        watch.heard(at: 1_290)
        #expect(watch.nextLook == 1_500)
        #expect(
            watch.look(at: 1_590, CageUse(), disk: nil)
                == .timedOut(after: Milliseconds(300), clock: .idle))
        #expect(watch.look(at: 61_000, CageUse(), disk: nil) == .timedOut(after: .seconds(60)))
    }

    @Test("a limit is reached at it for times and processes, beyond it for memory")
    func amounts() {
        let limits = ResourceLimits(memory: 100, processes: 10, processorTime: .seconds(1))
        var watch = watch(limits)
        #expect(watch.look(at: 1_001, CageUse(processor: 999, memory: 100), disk: nil) == nil)
        #expect(
            watch.look(at: 1_002, CageUse(processor: 1_000), disk: nil)
                == .timedOut(after: .seconds(1), clock: .processor))
        #expect(
            watch.look(at: 1_003, CageUse(memory: 101), disk: nil)
                == .signalled(number: 9, limit: LimitHit(.memory, max: 100)))
        #expect(
            watch.look(at: 1_004, CageUse(), disk: 7)
                == .signalled(number: 9, limit: LimitHit(.disk, max: limits.disk)))
    }

    @Test(
        "a program that cannot start another is left alone, unless it still cannot a second later")
    func forks() {
        let uses: [[CageUse]] = [
            (1...4).map { CageUse(refusedForks: $0) },
            Array(repeating: CageUse(processes: 10), count: 4),
        ]
        for refused in uses {
            var watch = watch(ResourceLimits(processes: 10))
            for use in refused.dropLast() { #expect(watch.look(at: 2_000, use, disk: nil) == nil) }
            // One look without a refusal, and the count begins anew.
            let calm = CageUse(refusedForks: refused[2].refusedForks)
            #expect(watch.look(at: 2_000, calm, disk: nil) == nil)
            let later = refused.map {
                CageUse(
                    processes: $0.processes,
                    refusedForks: $0.refusedForks > 0 ? $0.refusedForks + 10 : 0)
            }
            for use in later.dropLast() { #expect(watch.look(at: 2_000, use, disk: nil) == nil) }
            #expect(
                watch.look(at: 2_000, later[3], disk: nil)
                    == .signalled(number: 9, limit: LimitHit(.processes, max: 10)))
        }
    }
}
