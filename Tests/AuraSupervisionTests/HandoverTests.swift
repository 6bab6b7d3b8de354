import AuraModel
import AuraSupervision
import Testing

@Suite struct HandoverTests {
    /// A run whose worker is ready and has a command and a model call under way.
    private func benchWithWork() throws -> (KernelBench, RunID) {
        var definition = KernelBench.definition()
        definition.capabilities.commands = true
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        let input = JSONValue.object(["command": .string("make test")])
        let call = ToolCall(use: "u", tool: .runCommand, input: input)
        try bench.propose(run, (1, .tool(call: call)), (2, KernelBench.request()))
        #expect(bench.kernel.state.runs[run]?.pending.count == 2)
        return (bench, run)
    }

    private func restart(_ bench: inout KernelBench, _ found: Handover.Found) throws {
        let stored = bench.rows.mapValues {
            $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        bench.kernel = Kernel(state: try State(rows: stored), settings: bench.inForce)
        (bench.actions, bench.entries) = ([], [])
        try bench.send(.started(version: "1", boot: "boot", found: found))
    }

    @Test("what was kept goes on under a new generation, and what is aurad's own is told as lost")
    func takenOver() throws {
        var (bench, run) = try benchWithWork()
        var found = Handover.Found()
        found.attempts[run] = .init(generation: 1, process: 41)
        found.commands[run] = [1: 42]
        try restart(&bench, found)

        #expect(bench.count(.takenOver) == 2 && bench.count(.attemptEnded) == 0)
        let row = try #require(bench.kernel.state.runs[run])
        #expect(row.generation == 2 && row.phase == .launching)
        #expect(row.pending.map(\.intent.command) == [1], "the model call is settled and told")
        let actions = bench.actions.map { "\($0)" }
        #expect(actions.contains { $0.hasPrefix("takeOver(") })
        #expect(actions.contains { $0.hasPrefix("takeOverCommand(") })
        #expect(bench.launches == 0)

        // The generation before is fenced: neither heard nor buried.
        let entries = bench.entries.count
        try bench.send(.attested(run, 1, KernelBench.attestation))
        try bench.send(.attemptEnded(run, 1, .exited(code: 0), detail: "late"))
        #expect(bench.entries.count == entries)
        try bench.attest(run)
        #expect(bench.kernel.state.runs[run]?.phase == .running)

        // The command's outcome comes as if nothing had happened, and once.
        let result = ToolResult(output: "ok", place: .siblingCage)
        for _ in 0..<2 { try bench.send(.toolEnded(run, 1, result)) }
        let outcomes = bench.entries.count { entry in
            guard case .transacted(_, let transaction) = entry.fact else { return false }
            return transaction.settledCommand == 1
        }
        #expect(outcomes == 1)
    }

    @Test("what had not begun begins now and is no news, and what had and is gone is told as lost")
    func notBegun() throws {
        for begun: Set<CommandID>? in [[], nil, [1]] {
            var (bench, run) = try benchWithWork()
            var found = Handover.Found()
            found.attempts[run] = .init(generation: 1, process: 41)
            found.begun = begun.map { $0.isEmpty ? [:] : [run: $0] }
            try restart(&bench, found)
            let pending = bench.kernel.state.runs[run]?.pending.map(\.intent.command)
            let actions = bench.actions.count { action in
                if case .tool(run, 1, _) = action { true } else { false }
            }
            #expect(pending == (begun == [] ? [1] : []) && actions == (begun == [] ? 1 : 0))
        }
    }

    @Test("a look at a command that goes on, and the order to end it, are had again")
    func looks() throws {
        for tool in [ToolName.commandOutput, .killCommand] {
            var (bench, run) = try benchWithWork()
            let input = JSONValue.object(["command": .integer(1)])
            let call = ToolCall(use: "v", tool: tool, input: input)
            try bench.propose(run, (3, .tool(call: call)))
            var found = Handover.Found()
            found.attempts[run] = .init(generation: 1, process: 41)
            for goesOn in [true, false] {
                var copy = bench
                found.commands[run] = goesOn ? [1: 42] : nil
                try restart(&copy, found)
                let pending = copy.kernel.state.runs[run]?.pending.map(\.intent.command)
                #expect(pending == (goesOn ? [1, 3] : []), "\(tool)")
            }
        }
    }

    @Test("what was not kept is told as lost, and a worker of no attempt is not believed")
    func lost() throws {
        for strange: Generation in [2, 7] {
            var (bench, run) = try benchWithWork()
            var found = Handover.Found()
            found.attempts[run] = .init(generation: strange, process: 41)
            try restart(&bench, found)
            #expect(bench.count(.takenOver) == 0 && bench.count(.attemptEnded) == 1)
            #expect(bench.kernel.state.runs[run]?.pending.isEmpty == true)
            #expect(bench.kernel.handover.resumed == 1 && bench.kernel.handover.workers == 0)
        }
    }
}
