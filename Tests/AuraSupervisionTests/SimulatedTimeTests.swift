import Testing

@Suite("Occurrences in simulated time")
struct SimulatedTimeTests {
    @Test(
        "outages, clock steps, sleep and other zones lose no firing and double none",
        arguments: (1...8).map { UInt64($0) &* 0x1234_5678_9ABC_DEF1 })
    func trouble(seed: UInt64) throws {
        var world = try SimulatedTime(seed: seed)
        try world.run(troubles: 150)
        #expect(world.tally.started > 0, "seed \(seed)")
    }
}
