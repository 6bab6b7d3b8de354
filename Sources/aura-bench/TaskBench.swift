import ArgumentParser

/// Task lists with random damage, at length: nothing may trap, and a tick may change only a mark.
struct TaskBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tasks",
        abstract: "Read and tick damaged task lists of every layout; exit with 1 at a wrong one.")

    @Option(help: "How many lists.")
    var count = 1_000_000

    @Option(help: "What the random numbers start from.")
    var seed: UInt64?

    func run() throws {
        let seed = seed ?? .random(in: 1 ... .max)
        var lists = MutatedTasks(seed: seed)
        if let wrong = lists.play(count) {
            throw BenchFailure("seed \(seed): not read or ticked as it should be: \(wrong)")
        }
        print("tasks: \(count) damaged task lists, seed \(seed): \(lists.ticks) ticks")
    }
}
