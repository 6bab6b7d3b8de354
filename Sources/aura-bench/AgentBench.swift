import ArgumentParser
import AuraConfinement
import AuraSystem
import Glibc

/// What aura adds to a model's own time: a real aurad with real workers, asking a provider that the
/// bench serves itself.
struct AgentBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "What an agent's turn, start and memory cost, beside a bare libcurl loop.")

    @Option(name: .shortAndLong, help: "text or json.")
    var output: OutputFormat = .text

    @Option(help: "Turns of each measured conversation.")
    var turns = 300

    @Option(help: "Agents at once.")
    var agents = 50

    @Option(help: "Directory with aurad, aura-ctl, aura-cage and aura-worker.")
    var programs = "out/bin"

    @Option(help: "Where the record is written: a real disk, not memory.")
    var directory = "/var/tmp"

    @Option(help: "A Python that has mini-swe-agent from PyPI; without, that row is left out.")
    var python: String?

    /// 10 starts: their median is printed.
    private static let starts = 10

    func validate() throws {
        guard turns > AgentTurns.warmUps * 2, agents > 0 else {
            throw ValidationError(
                "more turns than \(AgentTurns.warmUps * 2), and an agent at least")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        guard let path = CagePlan.canonicalPath(programs) else {
            throw BenchFailure("there is no \(programs); say where with --programs")
        }
        let server = try ModelServer()
        let lab = try AgentLab(
            programs: path, server: server, agents: agents, turns: 1000, in: directory)
        defer { try? lab.close() }
        var report = BenchReport(bench: "agent")
        if python == nil {
            StandardError.write(
                "aura-bench: no rows beside mini-swe-agent: --python PATH names a Python that has it; "
                    + "python3 -m venv DIR && DIR/bin/pip install mini-swe-agent mcp")
        }
        let peer = try python.map {
            try AgentPeer.figures(python: $0, server: server, turns: turns)
        }
        report.results += try AgentTurns(lab: lab, server: server, turns: turns)
            .results(beside: peer)
        report.results += try starts(lab, server, beside: peer)
        report.results += try AgentStreams(lab: lab, server: server).results()
        report.results += try AgentRelay(lab: lab, server: server).results()
        report.results += try AgentCrowd(lab: lab, server: server, agents: agents).results()
        try report.print(output)
    }

    /// From an order to the first request of the worker that it brought about: from its arrival at
    /// aurad, and from the start of an `aura-ctl run`, which loads its libraries first.
    private func starts(
        _ lab: AgentLab, _ server: ModelServer, beside peer: AgentPeer.Figures?
    ) throws -> [BenchResult] {
        let finish = try AgentTurns.finish(turn: 0)
        func median(_ order: () throws -> Void) throws -> Double {
            var spans: [Double] = []
            for _ in 0..<Self.starts {
                server.begin { _, _ in finish }
                let start = ModelServer.now()
                try order()
                spans.append(Double(server.lastRequestAt - start) / 1e6)
                usleep(100_000)
            }
            return spans.median ?? 0
        }
        let arrived = try median {
            let hearing = try lab.orderDirectly(0)
            let isDone = try server.serve(seconds: 10) { server.requests > 0 }
            guard isDone else { throw BenchFailure("an order brought no request about") }
            withExtendedLifetime(hearing) {}
        }
        let started = try median { try lab.order(0, on: server) { server.requests > 0 } }
        let beside = peer.map {
            BenchResult(
                name: "start-to-first-request-vs-mini-swe-agent", value: started, unit: "ms",
                baseline: "mini-swe-agent", baselineValue: $0.start)
        }
        return [
            BenchResult(
                name: "order-to-first-request-ms-vs-target", value: arrived, unit: "ms",
                baseline: "target", baselineValue: 15),
            BenchResult(
                name: "start-to-first-request-ms-vs-target", value: started, unit: "ms",
                baseline: "target", baselineValue: 15),
        ] + [beside].compactMap { $0 }
    }
}
