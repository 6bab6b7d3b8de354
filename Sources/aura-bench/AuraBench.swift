import ArgumentParser

/// Measures aura on this machine, each figure beside its baseline in one run.
@main
struct AuraBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aura-bench",
        abstract: "Measure aura on this machine, each figure beside its baseline in one run.",
        subcommands: [
            AgentBench.self, DueBench.self, RecordBench.self, ScheduleBench.self, SpawnBench.self,
            TimeBench.self, StreamBench.self, SpendingBench.self, TaskBench.self, FrameBench.self,
        ])
}

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument {
    case text
    case json
}

/// What keeps a measurement from being made, in words for whoever asked for it.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
