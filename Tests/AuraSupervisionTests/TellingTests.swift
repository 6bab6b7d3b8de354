import AuraModel
import AuraSupervision
import Testing

@Suite("What operators say to runs at work")
struct TellingTests {
    private static let ann = Principal("ann")

    private func tell(
        _ run: RunID, _ text: String, id: String = "m1", _ bench: inout KernelBench
    ) throws -> Result<OrderResult, APIError> {
        let order = Order.tell(run, ChatMessage(id: id, text: text))
        try bench.send(.ordered(order, by: Self.ann, ticket: 77))
        let replies = bench.actions.compactMap { action -> Result<OrderResult, APIError>? in
            if case .reply(77, let result) = action { result } else { nil }
        }
        return try #require(replies.last)
    }

    private func said(_ bench: KernelBench) -> [String] {
        bench.entries.compactMap { entry in
            guard case .transacted(_, .told(let message, Self.ann)) = entry.fact else { return nil }
            return message.text
        }
    }

    @Test("a message is recorded once, whatever is sent again, and outlives a crash")
    func once() throws {
        let definition = KernelBench.definition()
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        #expect(try tell(run, "use tabs", &bench).get().changed)
        try bench.restart(definition)
        #expect(try !tell(run, "use tabs", &bench).get().changed)
        guard case .failure(let error) = try tell(run, "use spaces", &bench) else {
            Issue.record("another text under the same id was taken")
            return
        }
        #expect(error.code == .refused)
        #expect(try tell(run, "use spaces", id: "m2", &bench).get().changed)
        #expect(said(bench) == ["use tabs", "use spaces"])
    }

    @Test("a request that was made before the message is void and made anew, with it")
    func beforeTheNextCall() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        let basis = bench.kernel.state.runs[run]?.transactions
        _ = try tell(run, "use tabs", &bench)
        try bench.propose(run, (1, KernelBench.request()), basis: basis)
        guard case .deliver(run, 1, _)? = bench.actions.last else {
            Issue.record("not delivered: \(bench.actions)")
            return
        }
        #expect(bench.kernel.state.runs[run]?.told?.map(\.command) == [nil])
        #expect(bench.count(.commanded) == 0)
        try bench.propose(run, (1, KernelBench.request()))
        #expect(bench.kernel.state.runs[run]?.told?.map(\.command) == [1])
    }

    @Test("who is told something waits no longer")
    func cutsWaits() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, .wait(span: .minutes(30), reason: "ci")))
        _ = try tell(run, "go on", &bench)
        guard case .transacted(_, .waited(1))? = bench.entries.last?.fact else {
            Issue.record("it still waits")
            return
        }
        #expect(bench.kernel.state.runs[run]?.pending.isEmpty == true)
    }

    @Test("a dev-loop passes it on to the agents at work, and refuses while there is none")
    func coordinators() throws {
        var definition = KernelBench.definition()
        definition.kind = .devLoop
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        guard case .failure(let error) = try tell(run, "use tabs", &bench) else {
            Issue.record("nobody heard it, and it was taken")
            return
        }
        #expect(error.code == .conflict && error.message.contains("no agent"))
        let worker = SpawnRequest(task: TaskBrief(id: "T1", text: "t"), budget: .none)
        let reviewer = SpawnRequest(
            task: TaskBrief(id: "T2", text: "t", role: .review), budget: .none)
        try bench.propose(run, (1, .spawn(request: worker)), (2, .spawn(request: reviewer)))
        let result = try tell(run, "use tabs", &bench).get()
        #expect(result.message.hasSuffix("for those at work on T1"))
        let heard = bench.kernel.state.runs.values.filter { $0.told != nil }.map { $0.task?.id }
        #expect(Set(heard) == [nil, "T1"])
        // Sent again it is the same message, also for an agent that came later.
        try bench.propose(run, (3, .spawn(request: worker)))
        #expect(try !tell(run, "use tabs", &bench).get().changed)
        #expect(said(bench).count == 2)
    }

    @Test("what cannot hear refuses, and one run is told only so much")
    func refusals() throws {
        var commands = KernelBench.definition(KernelBench.name("commands"))
        commands.run = [.shell("make")]
        var bench = try KernelBench(KernelBench.definition(), commands)
        let deaf = try #require(try bench.startRun(KernelBench.name("commands")))
        #expect(refusal(try tell(deaf, "x", &bench)) == .refused)
        let run = try #require(try bench.startRun())
        #expect(refusal(try tell(run, " ", &bench)) == .badRequest)
        for number in 1...RunRow.toldMax { _ = try tell(run, "x", id: "m\(number)", &bench).get() }
        #expect(refusal(try tell(run, "x", id: "one-more", &bench)) == .refused)
        try bench.send(.ordered(.stopRun(run), by: Self.ann, ticket: 1))
        #expect(refusal(try tell(run, "x", id: "late", &bench)) == .refused)
    }

    private func refusal(_ result: Result<OrderResult, APIError>) -> APIError.Code? {
        guard case .failure(let error) = result else { return nil }
        return error.code
    }

    @Test("a run is admitted under today's rules and with the edits that suit its model")
    func rules() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        let row = try #require(bench.kernel.state.runs[run])
        #expect(row.rules == KernelRules.current && row.edits == .exact)
        var settings = KernelBench.settings
        settings.reasoners["main"]?.edits = .patch
        bench = try KernelBench(KernelBench.definition(), settings: settings)
        let other = try #require(try bench.startRun())
        #expect(bench.kernel.state.runs[other]?.edits == .patch)
    }

    @Test("a run that was taken over cannot flood the host with commands")
    func commandFlood() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        let input = JSONValue.object(["command": .string("x"), "background": .bool(true)])
        for id in 1...20 {
            let call = ToolCall(use: "u", tool: .runCommand, input: input)
            try bench.propose(run, (id, .tool(call: call)))
        }
        let begun = bench.actions.count { if case .tool = $0 { true } else { false } }
        #expect(begun == 12)
    }
}
