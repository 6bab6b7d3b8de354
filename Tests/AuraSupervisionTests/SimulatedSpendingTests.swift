import AuraModel
import Testing

@Suite("Spending in simulation")
struct SimulatedSpendingTests {
    @Test(
        "R30: random faults, limits, deaths and budgets: no budget is broken, the ledger is the fold",
        arguments: (1...60).map { UInt64($0) &* 0x1234_5678_9ABC_DEF1 })
    func faults(seed: UInt64) throws {
        var world = try SimulatedSpending(seed: seed, automata: 6)
        try world.run(events: 150)
        #expect(world.callsMade > 0, "seed \(seed)")
    }

    @Test("200 runs at once keep every budget", arguments: [UInt64(1), 2])
    func crowd(seed: UInt64) throws {
        var world = try SimulatedSpending(seed: seed, automata: 200, runsMax: 200)
        try world.fill()
        #expect(world.runsAtOnce == 200, "seed \(seed)")
        try world.run(events: 400)
        #expect(world.callsMade > 100, "seed \(seed)")
    }
}
