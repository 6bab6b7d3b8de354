import Testing

@Suite("Occurrences in simulated time")
struct SimulatedTimeTests {
    @Test(
        "outages, clock steps, sleep, other zones and restarts lose no firing and double none",
        arguments: 1...8 as ClosedRange<UInt64>)
    func trouble(seed: UInt64) throws {
        let list = SimulatedTrouble.list(seed: seed, count: 400)
        do {
            let tally = try SimulatedTime.play(list, isAudited: true)
            #expect(tally.started > 0, "seed \(seed)")
        } catch let flaw as SimulatedFlaw {
            let shortest = SimulatedTrouble.shortest(list) { SimulatedTime.flaw(in: $0) != nil }
            Issue.record("seed \(seed): \(flaw); the shortest: \(shortest)")
        }
    }
}
