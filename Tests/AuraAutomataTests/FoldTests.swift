import AuraAutomata
import AuraModel
import Testing

@Suite struct FoldTests {
    private static let started = Transaction.started(
        trigger: .schedule(nominal: Instant(milliseconds: 0)))

    /// The fold of an agent that has been started and wants its first command.
    private func fold() throws -> Fold {
        var assignment = try Fixture.assignment(
            task: TaskBrief(id: "T001", text: "add a line"), hasWorkspace: false)
        assignment.history = [Self.started]
        return Fold(assignment)
    }

    private func answer(_ command: CommandID) -> Transaction {
        .modelAnswered(
            command: command,
            answer: ModelAnswer(
                content: [Fixture.read("a", id: "u")], stop: .toolUse,
                usage: TokenUsage(input: 1, output: 1), model: "m"))
    }

    private func found(_ command: CommandID) -> Transaction {
        .toolFinished(command: command, result: ToolResult(output: "text", place: .worker))
    }

    @Test("a command that became void by other news is wanted again, one that was recorded is not")
    func void() throws {
        var fold = try fold()
        #expect(fold.basis == 1 && fold.open.map(\.id) == [1])
        var taken = fold
        let news = [Transaction.wrapUp(reason: "the budget")]
        try fold.take(news, after: 1, recorded: 0)
        #expect(fold.basis == 2 && fold.open.map(\.id) == [1])
        try taken.take(news, after: 1, recorded: 1)
        #expect(taken.basis == 2 && taken.open.isEmpty)
    }

    @Test(
        "what rests on outcomes that are void is wanted again once they are recorded behind other news"
    )
    func voidOutcomes() throws {
        var fold = try fold()
        try fold.take([answer(1)], after: 1, recorded: 1)
        #expect(fold.open.map(\.id) == [2])
        #expect(fold.suppose([found(2)]).map(\.id) == [3])
        #expect(fold.open.map(\.id) == [3] && fold.basis == 2)
        var taken = fold
        // The outcome and the request behind it are in the record: the answer follows.
        try taken.take([answer(3)], after: 3, recorded: 3)
        #expect(taken.open.map(\.id) == [4])
        // Only the outcome is, behind something else.
        let news = Transaction.wrapUp(reason: "the budget")
        try fold.take([news, found(2)], after: 2, recorded: 2)
        #expect(fold.basis == 4 && fold.open.map(\.id) == [3])
    }

    @Test("after leave to perform nothing is open but what the outcomes bring")
    func confirmed() throws {
        var fold = try fold()
        try fold.take([answer(1)], after: 1, recorded: 1)
        fold.confirm()
        #expect(fold.open.isEmpty)
        #expect(fold.suppose([found(2)]).map(\.id) == [3])
        #expect(fold.open.map(\.id) == [3])
    }

    @Test("transactions that do not follow are refused")
    func gap() throws {
        var fold = try fold()
        #expect(throws: Fold.Gap.self) { try fold.take([answer(1)], after: 2, recorded: 1) }
    }
}
