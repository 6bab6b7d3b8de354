import AuraModel
import AuraSystem
import Glibc

/// Many agents at once.
struct AgentCrowd {
    let lab: AgentLab
    let server: ModelServer
    let agents: Int

    /// Half of the turns before memory is read, half after.
    private static let turns = 40
    private static let patience = 60
    /// Half a second: models seldom think for less.
    private static let thinkingMicroseconds: UInt32 = 500_000

    func results() throws -> [BenchResult] {
        let answers = try (0..<Self.turns).map { turn in
            try turn == 0
                ? AgentTurns.write(turn: 0)
                : ModelAnswers.call(
                    "read_file",
                    .object([
                        "path": .string("lines.txt"), "offset": .integer(turn),
                        "limit": .integer(20),
                    ]), turn: turn)
        }
        let finish = try AgentTurns.finish(turn: Self.turns)
        let before = lab.residentBytes()
        server.begin(holdAt: 1) { turn, _ in
            turn < answers.count ? answers[turn] : finish
        }
        for number in 0..<agents {
            try lab.order(number, on: server) { true }
        }
        guard try server.serve(seconds: Self.patience, until: { server.heldCount == agents }) else {
            throw BenchFailure("only \(server.heldCount) of \(agents) agents began")
        }
        let start = ModelServer.now()
        try server.open(andHoldAt: Self.turns / 2)
        guard try server.serve(seconds: Self.patience, until: { server.heldCount == agents }) else {
            throw BenchFailure("only \(server.heldCount) of \(agents) agents went on")
        }
        let seconds = Double(server.lastRequestAt - start) / 1e9
        let atWork = lab.residentBytes()
        usleep(Self.thinkingMicroseconds)
        let thinking = lab.residentBytes()
        let all = agents * (Self.turns + 1)
        try server.open(andHoldAt: nil)
        guard try server.serve(seconds: Self.patience, until: { server.requests >= all }) else {
            throw BenchFailure("only \(server.requests) of \(all) requests came")
        }
        let each = [atWork, thinking].map { held in
            Double(held.cages + held.daemon - before.daemon) / Double(agents) / 1_048_576
        }
        let turnsDone = Double(agents * (Self.turns / 2 - 1))
        return [
            BenchResult(
                name: "crowd-turns-per-second-vs-one-a-core", value: turnsDone / seconds,
                unit: "turns/s", baseline: "2 ms a turn on each core",
                baselineValue: 500 * Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            BenchResult(
                name: "resident-mib-per-agent-vs-target", value: each[1], unit: "MiB",
                baseline: "target, half a second into the model's thinking", baselineValue: 10),
            BenchResult(
                name: "resident-mib-per-agent-at-work-vs-target", value: each[0], unit: "MiB",
                baseline: "target, as the model is asked", baselineValue: 10),
        ]
    }
}
