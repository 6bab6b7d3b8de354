import AuraModel
import AuraSupervision
import Testing

/// When the kernel asks for the record to be signed.
struct CheckpointTests {
    private func asked(_ bench: KernelBench) -> Int {
        bench.actions.count { action in
            if case .checkpoint = action { return true }
            return false
        }
    }

    private let signed = Event.checkpointSigned(Checkpoint(note: "n"))

    @Test("what was recorded is signed five minutes later, once, and a record at rest is not")
    func byTime() throws {
        var bench = try KernelBench(KernelBench.definition())
        try bench.wait(.minutes(4))
        #expect(asked(bench) == 0)
        #expect(bench.kernel.nextWake(after: bench.now) == bench.now + .minutes(1))
        try bench.wait(.minutes(1))
        try bench.wait(.minutes(1))
        #expect(asked(bench) == 1)
        try bench.send(signed)
        #expect(bench.count(.checkpoint) == 1)
        #expect(bench.kernel.nextWake(after: bench.now) == nil)
        try bench.wait(.minutes(600))
        #expect(asked(bench) == 1)
        try bench.send(.ordered(.start(KernelBench.name), by: Principal("alice"), ticket: 1))
        try bench.send(.ordered(.stop(KernelBench.name), by: Principal("alice"), ticket: 2))
        try bench.wait(.minutes(5))
        #expect(asked(bench) == 2)
    }

    @Test("a thousand entries are not left unsigned, whatever the time")
    func byEntries() throws {
        var bench = try KernelBench(KernelBench.definition())
        for ticket in 1...600 {
            try bench.send(.ordered(.stop(KernelBench.name), by: Principal("a"), ticket: ticket))
            try bench.send(.ordered(.start(KernelBench.name), by: Principal("a"), ticket: ticket))
        }
        #expect(bench.entries.count > 1000)
        #expect(asked(bench) == 1)
    }

    @Test("a stop is signed, too, and what was signed before it survives a restart")
    func stop() throws {
        var bench = try KernelBench(KernelBench.definition())
        try bench.send(.stopping(reason: "SIGTERM"))
        #expect(asked(bench) == 1)
        try bench.send(signed)
        #expect(bench.entries.last?.fact.kind == .checkpoint)
        let sequence = bench.entries.last?.sequence
        try bench.restart(KernelBench.definition())
        #expect(bench.kernel.state.daemon.checkpoint == sequence)
    }
}
