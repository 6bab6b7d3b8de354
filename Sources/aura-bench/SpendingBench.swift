import ArgumentParser

/// Runs that spend, at length: faults, limits, restarts and budgets by many seeds.
struct SpendingBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spending",
        abstract:
            "Let simulated runs spend under random faults; exit with 1 when a budget is broken.")

    @Option(help: "How many seeds.")
    var seeds = 1000

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Events of each seed.")
    var events = 120

    @Option(help: "Automatons; more than 6 begin together, each with a slot of its own.")
    var automata = 6

    func run() throws {
        var calls = 0
        for number in 0..<UInt64(seeds) {
            var world = try SimulatedSpending(
                seed: seed &+ number, automata: automata, runsMax: automata > 6 ? automata : 4)
            if automata > 6 { try world.fill() }
            try world.run(events: events)
            calls += world.callsMade
        }
        print(
            "spending: \(seeds) seeds from \(seed), \(automata) automatons, \(calls) calls, "
                + "every budget kept")
    }
}
