import AuraModel
import AuraSupervision
import Testing

@Suite("Replays")
struct RunHistoryTests {
    private typealias Step = RunHistory.Step

    private static let run = RunID(at: Instant(milliseconds: 1), sequence: 1)
    private static let child = RunID(at: Instant(milliseconds: 2), sequence: 2)
    private static let digest = RequestDigest(sha256: "ab", bytes: 7)
    private static let request = ModelRequest(
        system: "s", messages: [], tools: [], answerTokensMax: 9)
    private static let spawn = SpawnRequest(
        task: TaskBrief(id: "T001", text: "t"), budget: BudgetLimits(calls: 1))
    private static let call = ToolCall(use: "u", tool: .editFile, input: .object([:]))

    /// What the kernel gives after each of three transactions.
    private static let steps = [
        Step(
            commands: [Command(id: 1, act: .reason(request: request))], digests: [1: digest],
            state: "1:aa"),
        Step(
            commands: [
                Command(id: 2, act: .tool(call: call)),
                Command(id: 3, act: .spawn(request: spawn)),
                Command(id: 4, act: .wait(span: .seconds(5), reason: "w")),
            ], digests: [:], state: "1:bb"),
        Step(
            commands: [
                Command(id: 5, act: .finish(outcome: RunOutcome(.done, "d"), report: "r"))
            ], digests: [:], state: "1:cc"),
    ]

    /// The same as the daemon records it, with what it adds of its own.
    private static func history() throws -> RunHistory {
        let name = try #require(AutomatonName("a"))
        let definition = Definition(
            name: name, kind: .taskRun, description: "", reasoner: "m",
            budget: .init(run: BudgetLimits(calls: 5)), workspace: nil, verify: [])
        let images = [FileImage(path: "f", before: nil, after: "00")]
        var seen = call
        seen.images = images
        let at = Instant(milliseconds: 50)
        let facts: [Fact] = [
            .runAdmitted(
                RunAdmitted(
                    trigger: .order(by: .daemon), kind: .taskRun, definition: "d", task: nil,
                    budget: BudgetLimits(), day: "2026-11-21")),
            .transacted(index: 1, transaction: .started(trigger: .order(by: .daemon))),
            .commanded(
                basis: 1,
                intents: [
                    Intent(
                        command: 1,
                        plan: .reason(
                            digest: digest.sha256, bytes: digest.bytes, messages: 0,
                            answerTokensMax: 9))
                ], state: "1:aa"),
            .transacted(index: 2, transaction: .interrupted(command: 1, reason: "")),
            .commanded(
                basis: 2,
                intents: [
                    Intent(command: 2, plan: .tool(call: seen)),
                    Intent(command: 3, plan: .spawn(request: spawn, run: child)),
                    Intent(command: 4, plan: .wait(until: at + .seconds(5), reason: "w")),
                ], state: "0:of another version"),
            .transacted(index: 3, transaction: .waited(command: 4)),
            .commanded(
                basis: 3, intents: [Intent(command: 5, plan: .finish(outcome: .init(.done, "d")))],
                state: "1:cc"),
            .runFinished(outcome: RunOutcome(.done, "d"), report: "r", wall: .zero),
        ]
        let entries = facts.enumerated().map { index, fact in
            Entry(
                sequence: index + 1, at: at, principal: .daemon, automaton: name,
                automatonSequence: index + 1, run: run, parent: nil, generation: nil, fact: fact,
                previous: "")
        }
        return try RunHistory(of: run, in: entries) { $0 == "d" ? definition : nil }
    }

    @Test("a replay that does the same is exact, whatever the daemon added of its own")
    func exact() throws {
        let verdict = try Self.history().compare(Self.steps)
        #expect(verdict.divergence == nil)
        #expect((verdict.transactions, verdict.commands, verdict.requests) == (3, 5, 1))
        #expect(verdict.states == 2)
    }

    @Test("each way to differ is found at its first place, with both sides")
    func differs() throws {
        let changes: [(transaction: Int, sequence: Int?, change: (inout [Step]) -> Void)] = [
            (1, 3, { $0[0].digests[1] = RequestDigest(sha256: "cd", bytes: 7) }),
            (1, 3, { $0[0].commands[0] = Command(id: 2, act: .reason(request: Self.request)) }),
            (2, 5, { $0[1].commands[0] = Command(id: 2, act: .spawn(request: Self.spawn)) }),
            (2, 5, { $0[1].commands.removeLast() }),
            (3, 7, { $0[2].commands = [] }),
            (1, 3, { $0[0].state = "1:ab" }),
            (3, 7, { $0[2].state = "1:" }),
            (2, 5, { $0[1].commands.append(Command(id: 5, act: .tool(call: Self.call))) }),
            (3, 7, { $0[2].commands = [Command(id: 5, act: .tool(call: Self.call))] }),
            (
                3, nil,
                {
                    $0[2].commands = [
                        Command(id: 5, act: .finish(outcome: .init(.done, "d"), report: "other"))
                    ]
                }
            ),
        ]
        for (index, (transaction, sequence, change)) in changes.enumerated() {
            var steps = Self.steps
            change(&steps)
            let divergence = try #require(
                try Self.history().compare(steps).divergence, "change \(index)")
            #expect(divergence.transaction == transaction, "change \(index)")
            #expect(divergence.sequence == sequence, "change \(index)")
            #expect(divergence.recorded != divergence.replayed, "change \(index)")
        }
    }

    @Test("entries that are not one whole run are refused")
    func incomplete() throws {
        #expect(throws: RunHistory.Failure.self) {
            _ = try RunHistory(of: Self.run, in: []) { _ in nil }
        }
    }
}
