import AuraModel
import AuraSupervision
import Testing

@Suite struct ChatTests {
    static func bench() throws -> KernelBench {
        var definition = KernelBench.definition()
        definition.kind = .chat
        return try KernelBench(definition)
    }

    static func say(_ bench: inout KernelBench, _ id: String, _ text: String = "hi") throws {
        let message = ChatMessage(id: id, text: text)
        try bench.send(
            .ordered(.say(KernelBench.name, .main, message), by: Principal("alice"), ticket: 1))
    }

    static func replies(_ bench: KernelBench) -> [Result<OrderResult, APIError>] {
        bench.actions.compactMap { action in
            guard case .reply(_, let result) = action else { return nil }
            return result
        }
    }

    /// Ends the run that is under way with an answer.
    static func answer(_ bench: inout KernelBench, _ text: String) throws {
        let run = try #require(bench.kernel.state.runs.keys.min())
        try bench.attest(run)
        try bench.propose(
            run, (1, .finish(outcome: RunOutcome(.done, text), report: text)))
    }

    static func messages(_ bench: KernelBench) throws -> [MessageRow] {
        try (bench.rows[.messages] ?? [:]).sorted { $0.key < $1.key }.map {
            try JSON.decode(MessageRow.self, from: $0.value.utf8)
        }
    }

    static func turns(_ bench: KernelBench) -> [ChatTurn] {
        bench.entries.compactMap { entry in
            guard case .transacted(_, .messaged(let turn)) = entry.fact else { return nil }
            return turn
        }
    }

    @Test("a message is one run, and the next one of the thread waits for it and knows its answer")
    func serial() throws {
        var bench = try Self.bench()
        try Self.say(&bench, "a", "one")
        try Self.say(&bench, "b", "two")
        #expect(bench.kernel.state.runs.count == 1)
        try Self.answer(&bench, "1")
        #expect(bench.kernel.state.runs.count == 1)
        #expect(
            Self.turns(bench).last?.earlier == [ChatExchange(number: 1, text: "one", answer: "1")])
        try Self.answer(&bench, "2")
        #expect(bench.kernel.state.runs.isEmpty, "an idle thread holds no run")
        #expect(try Self.messages(bench).map(\.answer) == ["1", "2"])
    }

    @Test("the same message sent twice is one turn, before and after its answer and over a restart")
    func idempotent() throws {
        var bench = try Self.bench()
        try Self.say(&bench, "a")
        try Self.say(&bench, "a")
        var definition = KernelBench.definition()
        definition.kind = .chat
        try bench.restart(definition)
        try Self.say(&bench, "a")
        try Self.answer(&bench, "1")
        try Self.say(&bench, "a")
        #expect(bench.count(.messageReceived) == 1 && bench.count(.runAdmitted) == 1)
        let numbers = try Self.replies(bench).map { try $0.get().number }
        #expect(numbers == [1, 1])
    }

    @Test("a stop ends every message of the chat, those that wait too")
    func stop() throws {
        var bench = try Self.bench()
        for id in ["a", "b", "c"] { try Self.say(&bench, id) }
        try bench.send(.ordered(.stop(KernelBench.name), by: Principal("bob"), ticket: 2))
        #expect(bench.kernel.state.runs.isEmpty)
        #expect(
            try Self.messages(bench).map(\.outcome?.ending) == [.cancelled, .cancelled, .cancelled])
    }

    @Test("the history of a thread is bounded, and says how much it lacks")
    func bounded() throws {
        var bench = try Self.bench()
        let long = String(repeating: "x", count: ChatBounds.historyBytesMax / 3)
        for number in 1...8 {
            try Self.say(&bench, "m\(number)", long)
            try Self.answer(&bench, "\(number)")
        }
        let turn = try #require(Self.turns(bench).last)
        let bytes = turn.earlier.reduce(0) { $0 + $1.text.utf8.count }
        #expect(bytes <= ChatBounds.historyBytesMax)
        #expect(turn.omitted + turn.earlier.count == 7)
        #expect(turn.earlier.last?.answer == "7")
    }

    @Test("what is no message is refused, and so is a run without one")
    func refused() throws {
        var bench = try Self.bench()
        try Self.say(&bench, "with blank")
        try Self.say(&bench, "a", " \n")
        try bench.send(.ordered(.run(KernelBench.name), by: Principal("bob"), ticket: 2))
        for number in 0...ChatBounds.waitingMax { try Self.say(&bench, "m\(number)") }
        let refusals = Self.replies(bench).filter { (try? $0.get()) == nil }
        #expect(refusals.count == 4)
        #expect(bench.count(.messageReceived) == ChatBounds.waitingMax)
    }

    @Test("a worker of a chat without leave to edit cannot land")
    func policy() throws {
        var definition = KernelBench.definition()
        definition.kind = .chat
        definition.workspace = Definition.Workspace(repository: "/srv/r.git")
        var bench = try KernelBench(definition)
        try Self.say(&bench, "a")
        let run = try #require(bench.kernel.state.runs.keys.first)
        try bench.attest(run)
        let commit = String(repeating: "c", count: 40)
        let land = StepRequest.land(branch: "aura/nightly/main", commit: commit, base: commit)
        try bench.propose(run, (1, .step(request: land)))
        #expect(try bench.outcome(run)?.ending == .protocolViolation)
    }
}
