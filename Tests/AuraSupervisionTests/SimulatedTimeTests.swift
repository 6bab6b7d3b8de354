import Testing

@Suite("Occurrences in simulated time")
struct SimulatedTimeTests {
    @Test(
        "outages, clock steps, sleep, other zones and restarts lose no firing and double none",
        arguments: 1...6 as ClosedRange<UInt64>)
    func trouble(seed: UInt64) throws {
        // The beginning of what `aura-bench schedule --simulate 1 --seed` plays, which also looks
        // for the shortest list that fails.
        let list = SimulatedTrouble.list(seed: seed, count: 60)
        do {
            let tally = try SimulatedTime.play(list, isAudited: seed % 3 == 0)
            #expect(tally.started > 0)
        } catch let flaw as SimulatedFlaw {
            Issue.record("\(flaw). Next: aura-bench schedule --simulate 1 --seed \(seed)")
        }
    }

    @Test(
        "what is decided before its time is, entry for entry, what would be decided at it",
        arguments: 101...106 as ClosedRange<UInt64>)
    func foresight(seed: UInt64) throws {
        let list = SimulatedTrouble.list(seed: seed, count: 60)
        // Audited: the rows are what the entries make, so they are the same as well.
        let plain = try SimulatedTime.play(list, isAudited: true)
        let foreseeing = try SimulatedTime.play(list, isAudited: true, isForeseeing: true)
        #expect(foreseeing.digest == plain.digest, "seed \(seed)")
        #expect(foreseeing.foreseen > 0, "seed \(seed)")
    }
}
