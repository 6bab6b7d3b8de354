import AuraModel
import AuraSupervision
import Testing

@Suite("The daemon's kernel")
struct KernelTests {
    @Test("an ordered run is admitted, launched once, and finishes as its kernel says")
    func happyPath() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        #expect(bench.launches == 1)
        try bench.propose(run, (1, .finish(outcome: RunOutcome(.done, "all well"), report: "r")))
        #expect(try bench.outcome(run)?.ending == .done)
        #expect(bench.kernel.state.runs.isEmpty)
    }

    @Test("nothing is called before its intent and its reservation are recorded")
    func intentFirst() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()))
        #expect(bench.entries.suffix(2).map(\.fact.kind) == [.commanded, .reserved])
        #expect(
            bench.actions.contains { action in
                if case .reason(run, 1, reasoner: "main", _) = action { return true }
                return false
            })
    }

    @Test("a second run of an automaton is refused while one is under way")
    func overlapByHand() throws {
        var bench = try KernelBench(KernelBench.definition())
        _ = try bench.startRun()
        try bench.send(.ordered(.run(KernelBench.name), by: Principal("bob"), ticket: 2))
        guard case .reply(2, .failure(let error)) = bench.actions.last else {
            Issue.record("no refusal")
            return
        }
        #expect(error.code == .conflict)
    }

    @Test("a proposal that rests on too little keeps its outcomes and is asked again")
    func staleProposal() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        let read = Act.tool(call: ToolCall(use: "u", tool: .readFile, input: .null))
        try bench.propose(run, (1, read), (2, KernelBench.request()))
        // The answer comes while the worker performs the read.
        try bench.send(.modelEnded(run, 2, KernelBench.answer(tokens: 1)))
        let outcome = Transaction.toolFinished(
            command: 1, result: ToolResult(output: "text", place: .worker))
        try bench.propose(run, (3, KernelBench.request()), outcomes: [outcome], basis: 1)
        let row = try #require(bench.kernel.state.runs[run])
        #expect(row.transactions == 3)
        #expect(row.commands == 2)
        guard case .deliver(run, 1, basis: 1) = bench.actions.last else {
            Issue.record("not delivered again")
            return
        }
    }

    @Test("what a pure tool found and what follows from it is one proposal, and void with it")
    func rounds() throws {
        let read = Act.tool(call: ToolCall(use: "u", tool: .readFile, input: .null))
        let write = Act.tool(call: ToolCall(use: "u", tool: .writeFile, input: .null))
        func proposal(_ basis: Int, _ act: Act) -> Proposal {
            let found = Transaction.toolFinished(
                command: 1, result: ToolResult(output: "text", place: .worker))
            return Proposal(
                basis: basis, outcomes: [], commands: [Command(id: 1, act: act)],
                further: [
                    .init(outcomes: [found], commands: [Command(id: 2, act: KernelBench.request())])
                ])
        }
        let digests = [2: RequestDigest(sha256: "00", bytes: 10)]
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        try bench.send(.proposed(run, 1, proposal(0, read), digests: digests))
        #expect(bench.kernel.state.runs[run]?.commands == 0)
        try bench.send(.proposed(run, 1, proposal(1, read), digests: digests))
        let row = try #require(bench.kernel.state.runs[run])
        #expect(row.commands == 2 && row.transactions == 2)
        #expect(row.pending.map(\.intent.command) == [2])
        // Nobody is asked to perform what was performed.
        #expect(!bench.actions.contains { if case .perform = $0 { true } else { false } })

        // A worker that saw a secret is ended: the next one folds the outcome without it.
        var redacted = try KernelBench(KernelBench.definition())
        let third = try #require(try redacted.startRun())
        var sound = proposal(1, read)
        sound.further[0].commands = []
        try redacted.send(.redacted(third, 1, sound, digests: digests))
        let left = try #require(redacted.kernel.state.runs[third])
        #expect(left.commands == 1 && left.transactions == 2 && left.pending.isEmpty)
        #expect(left.phase == .launching && left.generation == 2, "at once")
        #expect(
            redacted.actions.contains { if case .endAttempt(third, 1) = $0 { true } else { false } }
        )

        var other = try KernelBench(KernelBench.definition())
        let second = try #require(try other.startRun())
        try other.send(.proposed(second, 1, proposal(1, write), digests: digests))
        #expect(try other.outcome(second)?.ending == .protocolViolation)
    }

    @Test("an answer and the call that follows from it are one turn's facts, in their order")
    func deliveryBeforeCommit() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        try bench.propose(run, (1, KernelBench.request()))
        try bench.kernel.decide(
            .modelEnded(run, 1, KernelBench.answer(tokens: 1)), at: bench.now)
        let (entries, deliveries) = bench.kernel.takeDeliveries()
        #expect(entries.map(\.fact.kind) == [.settled, .transacted])
        #expect(deliveries.count == 1)
        try bench.propose(run, (2, KernelBench.request()))
        let last = bench.entries.suffix(4).map(\.fact.kind)
        #expect(last == [.settled, .transacted, .commanded, .reserved])
        #expect(!bench.actions.contains { if case .deliver = $0 { true } else { false } })
    }

    @Test("frames of an attempt that was replaced change nothing")
    func fencing() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        try bench.send(.attemptEnded(run, 1, .signalled(number: 9), detail: ""))
        try bench.wait(.seconds(2))
        #expect(bench.kernel.state.runs[run]?.generation == 2)
        let before = bench.entries.count
        let finish = Command(id: 1, act: .finish(outcome: RunOutcome(.done, ""), report: ""))
        try bench.send(
            .proposed(
                run, 1, Proposal(basis: 1, outcomes: [], commands: [finish]), digests: [:]))
        try bench.send(.attemptEnded(run, 1, .signalled(number: 9), detail: ""))
        #expect(bench.entries.count == before)
    }

    @Test("R3: a worker that dies and leaves no result has crashed after a bounded number of tries")
    func crashLoop() throws {
        var bench = try KernelBench(KernelBench.definition())
        try bench.send(.ordered(.run(KernelBench.name), by: Principal("alice"), ticket: 1))
        let run = try #require(bench.kernel.state.runs.keys.first)
        for generation in 1...Supervision.standard.workerAttempts {
            try bench.send(.attemptEnded(run, generation, .signalled(number: 11), detail: "boom"))
            try bench.wait(RestartPolicy.delayMax)
        }
        #expect(try bench.outcome(run)?.ending == .crashed)
        #expect(bench.launches == Supervision.standard.workerAttempts)
    }

    @Test("a worker that says nothing is killed and replaced")
    func silentWorker() throws {
        var bench = try KernelBench(KernelBench.definition())
        try bench.send(.ordered(.run(KernelBench.name), by: Principal("alice"), ticket: 1))
        try bench.wait(.minutes(5))
        let ends = bench.actions.count { action in
            if case .endAttempt(_, 1) = action { return true }
            return false
        }
        #expect(ends == 1)
        #expect(bench.count(.attemptEnded) == 1)
    }

    @Test("an outcome of what nobody was asked to do ends the run as a violation")
    func forgedOutcome() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        let forged = Transaction.toolFinished(
            command: 7, result: ToolResult(output: "", place: .worker))
        try bench.propose(run, outcomes: [forged])
        #expect(try bench.outcome(run)?.ending == .protocolViolation)
    }

    @Test("R39: a command that the definition does not grant is denied, not run")
    func commandsNotGranted() throws {
        var definition = KernelBench.definition()
        definition.capabilities.commands = false
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        let call = ToolCall(use: "u", tool: .runCommand, input: .object(["command": .string("id")]))
        try bench.propose(run, (1, .tool(call: call)))
        let asked = bench.actions.contains { action in
            if case .tool = action { return true }
            return false
        }
        #expect(!asked)
        #expect(bench.kernel.state.runs[run]?.pending.isEmpty == true)
    }

    @Test(
        "R14: a question without an answer ends at its deadline, and one with an answer is delivered"
    )
    func questions() throws {
        var bench = try KernelBench(KernelBench.definition())
        let run = try #require(try bench.startRun())
        let ask = Act.ask(question: "why?", deadline: .minutes(1))
        try bench.propose(run, (1, ask), (2, ask))
        try bench.send(.ordered(.answer(run, text: "so"), by: Principal("alice"), ticket: 9))
        try bench.wait(.minutes(2))
        let answers = bench.entries.compactMap { entry -> String? in
            guard case .transacted(_, .operatorAnswered(let command, let text)) = entry.fact
            else { return nil }
            return "\(command) \(text ?? "-")"
        }
        #expect(answers == ["1 so", "2 -"])
    }

    @Test("stopping an automaton cancels its runs and takes its schedule out of force")
    func stop() throws {
        var bench = try KernelBench(KernelBench.definition(schedule: .every(minute)))
        let run = try #require(try bench.startRun())
        try bench.send(.ordered(.stop(KernelBench.name), by: Principal("alice"), ticket: 3))
        #expect(try bench.outcome(run)?.ending == .cancelled)
        // What is left is to sign the record.
        #expect(bench.kernel.nextWake(after: bench.now) == bench.now + .minutes(5))
    }

    @Test("a file that cannot be read takes no automaton out of force")
    func brokenFile() throws {
        var bench = try KernelBench(KernelBench.definition())
        let broken = Diagnostic(file: "x.yaml", line: 1, column: 1, message: "bad")
        try bench.send(
            .definitionsRead(DefinitionsRead(loaded: [], refused: [("x.yaml", [broken])])))
        #expect(bench.kernel.state.automata[KernelBench.name]?.isLoaded == true)
        #expect(bench.kernel.refusedDefinitions == [broken])
        try bench.load([])
        #expect(bench.kernel.state.automata[KernelBench.name]?.isLoaded == false)
    }
}
