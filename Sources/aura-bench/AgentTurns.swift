import AuraModel
import AuraSystem
import Glibc

/// What lies between an answer and the next request.
struct AgentTurns {
    let lab: AgentLab
    let server: ModelServer
    let turns: Int

    /// The first turns of a conversation warm caches and are not counted.
    static let warmUps = 10

    func results(beside peer: AgentPeer.Figures?) throws -> [BenchResult] {
        let reads = try pauses { turn in
            try ModelAnswers.call(
                "read_file",
                .object([
                    "path": .string("lines.txt"), "offset": .integer(1 + turn % 150),
                    "limit": .integer(20),
                ]), turn: turn)
        }
        let commands = try pauses { turn in
            try ModelAnswers.call(
                "run_command", .object(["command": .string("echo \(turn)")]), turn: turn)
        }
        let bare = try barePauses()
        let beside = peer.map {
            BenchResult(
                name: "command-turn-overhead-vs-mini-swe-agent", value: commands.median ?? 0,
                unit: "ms", baseline: "mini-swe-agent", baselineValue: $0.turn)
        }
        return [
            row("turn-overhead-ms-vs-target", reads.median ?? 0, 2),
            row("turn-overhead-p99-ms-vs-target", Self.percentile(reads), 5),
            row("command-turn-overhead-ms-vs-target", commands.median ?? 0, 6),
            BenchResult(
                name: "turn-overhead-vs-bare-libcurl", value: reads.median ?? 0, unit: "ms",
                baseline: "libcurl loop in C", baselineValue: bare.median ?? 0),
        ] + [beside].compactMap { $0 }
    }

    private func row(_ name: String, _ value: Double, _ target: Double) -> BenchResult {
        BenchResult(
            name: name, value: value, unit: "ms", baseline: "target", baselineValue: target)
    }

    /// In milliseconds, of one run: a file is written, and then there is a call by `call` a turn.
    private func pauses(_ call: (Int) throws -> [UInt8]) throws -> [Double] {
        let answers = try (0...turns).map { try $0 == 0 ? Self.write(turn: 0) : call($0) }
        let finish = try Self.finish(turn: turns + 1)
        server.begin { turn, _ in turn < answers.count ? answers[turn] : finish }
        try lab.order(0, on: server) { server.requests == turns + 2 }
        return server.pauses.dropFirst(Self.warmUps).map { Double($0) / 1e6 }
    }

    private func barePauses() throws -> [Double] {
        let answers = try (0...turns).map { turn in
            try ModelAnswers.call("read_file", .object(["path": .string("a")]), turn: turn)
        }
        server.begin { turn, _ in answers[min(turn, answers.count - 1)] }
        try server.loop(turns: turns, bodyBytes: 4000)
        return server.pauses.dropFirst(Self.warmUps).map { Double($0) / 1e6 }
    }

    static func percentile(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count * 99 / 100]
    }

    static func write(turn: Int) throws -> [UInt8] {
        let lines = (1...200).map { "line \($0) of a file that is read again and again" }
        return try ModelAnswers.call(
            "write_file",
            .object([
                "path": .string("lines.txt"), "content": .string(lines.joined(separator: "\n")),
            ]), turn: turn)
    }

    static func finish(turn: Int) throws -> [UInt8] {
        try ModelAnswers.call(
            "finish", .object(["status": .string("done"), "summary": .string("read")]),
            turn: turn)
    }
}
