import AuraModel
import AuraSystem
import Glibc

/// Long answers, and long conversations.
struct AgentStreams {
    let lab: AgentLab
    let server: ModelServer

    /// 10,000 words in one answer.
    private static let events = 10_000
    /// 900,000 tokens of four bytes.
    private static let contextBytes = 3_600_000
    /// 28 KiB a turn, what one read brings at most.
    private static let readBytes = 28_000
    private static let rounds = 10

    func results() throws -> [BenchResult] {
        [try stream()] + (try context())
    }

    /// Answers at full speed, an event a write, from one to the next request: all that is done about
    /// them counted.
    private func stream() throws -> BenchResult {
        let answers = try (0..<Self.rounds).map { turn in
            try ModelAnswers.words(
                Self.events, then: "list_files", .object(["depth": .integer(turn + 1)]))
        }
        let finish = try AgentTurns.finish(turn: Self.rounds)
        server.begin(byEvent: true) { turn, _ in turn < answers.count ? answers[turn] : finish }
        try lab.order(0, on: server) { server.requests == Self.rounds + 1 }
        let ours = server.spans
        server.begin(byEvent: true) { turn, _ in answers[min(turn, answers.count - 1)] }
        try server.loop(turns: Self.rounds + 1, bodyBytes: 4000)
        let theirs = server.spans
        return BenchResult(
            name: "stream-events-vs-bare-libcurl", value: Self.rate(ours), unit: "events/s",
            baseline: "libcurl loop in C", baselineValue: Self.rate(theirs))
    }

    private static func rate(_ spans: [UInt64]) -> Double {
        guard let span = spans.median, span > 0 else { return 0 }
        return Double(events) / (Double(span) / 1e9)
    }

    /// 12: the conversation stands in aurad and in its worker, each time as it is and once as it is
    /// read or written; a provider's library holds what it sends.
    private static let copiesMax = 12

    /// The last turns of a conversation of 900,000 tokens, beside posting as many bytes, and what
    /// aurad and its worker then hold of it.
    private func context() throws -> [BenchResult] {
        let line = String(repeating: "0123456 89 abcde", count: 115) + "\n"
        let lines = (0..<15).map { "\($0) \(line)" }.joined()
        let write = try ModelAnswers.call(
            "write_file", .object(["path": .string("long.txt"), "content": .string(lines)]),
            turn: 0)
        let needed = Self.contextBytes / Self.readBytes
        let read = try (0..<needed * 2).map { turn in
            try ModelAnswers.call(
                "read_file",
                .object(["path": .string("long.txt"), "limit": .integer(1000 + turn)]),
                turn: turn)
        }
        let finish = try AgentTurns.finish(turn: needed * 2)
        var bytesMax = 0
        var isOver = false
        let before = lab.residentBytes().daemon
        var held = 0
        server.begin { [lab] turn, bytes in
            bytesMax = max(bytesMax, bytes)
            if turn == 0 { return write }
            guard bytes < Self.contextBytes, turn < read.count else {
                isOver = true
                let now = lab.residentBytes()
                held = now.daemon - before + now.cages
                return finish
            }
            return read[turn]
        }
        try lab.order(0, on: server) { isOver }
        let ours = server.pauses.suffix(Self.rounds).map { Double($0) / 1e6 }
        server.begin { _, _ in finish }
        try server.loop(turns: Self.rounds, bodyBytes: bytesMax)
        let theirs = server.pauses.map { Double($0) / 1e6 }
        let turn = BenchResult(
            name: "turn-at-900k-tokens-vs-bare-libcurl", value: ours.median ?? 0, unit: "ms",
            baseline: "libcurl loop in C posting \(bytesMax) bytes",
            baselineValue: theirs.median ?? 0)
        let memory = BenchResult(
            name: "resident-mib-at-900k-tokens-vs-bound", value: Double(held) / 1_048_576,
            unit: "MiB", baseline: "\(Self.copiesMax) times \(bytesMax) bytes",
            baselineValue: Double(Self.copiesMax * bytesMax) / 1_048_576)
        return [turn, memory]
    }
}
