import AuraModel
import AuraSupervision
import Testing

@Suite("Calls of servers' tools and the kernel")
struct ServerCallTests {
    private func bench(_ effect: ServerDeclaration.Effect) throws -> (KernelBench, RunID) {
        var definition = KernelBench.definition()
        definition.servers = [
            ServerDeclaration(name: "docs", argv: ["/opt/docs"], tools: ["lookup"], effect: effect)
        ]
        var bench = try KernelBench(definition)
        let run = try #require(try bench.startRun())
        return (bench, run)
    }

    private func call(_ tool: String, of server: String = "docs") -> Act {
        let served = ServedTool(
            name: "n", server: server, tool: tool, description: "", input: .null, mark: "m")
        return .tool(
            call: ToolCall(
                use: "u", tool: .serverTool, input: .object([:]), served: ServedCall(served)))
    }

    private func calls(_ bench: KernelBench) -> Int {
        bench.actions.count { if case .tool = $0 { true } else { false } }
    }

    @Test("a granted call is an intent before it is made; any other is denied and never made")
    func granted() throws {
        var (bench, run) = try bench(.changes)
        try bench.propose(run, (1, call("lookup")))
        #expect(bench.entries.last?.fact.kind == .commanded && calls(bench) == 1)
        for other in [call("hidden"), call("lookup", of: "other")] {
            var (bench, run) = try self.bench(.changes)
            try bench.propose(run, (1, other))
            guard case .transacted(_, .toolFinished(1, let result))? = bench.entries.last?.fact
            else {
                Issue.record("not refused")
                return
            }
            #expect(result.isDenied && calls(bench) == 0)
        }
    }

    @Test("only the declared servers are listed, by all of their names")
    func listed() throws {
        for (names, isSound) in [(["docs"], true), ([], false), (["docs", "other"], false)] {
            var (bench, run) = try bench(.changes)
            try bench.propose(run, (1, .step(request: .tools(servers: names))))
            #expect((bench.count(.runFinished) == 0) == isSound, "\(names)")
        }
    }

    @Test("after a restart a call that changes nothing is made again, any other is indeterminate")
    func restarted() throws {
        for effect in ServerDeclaration.Effect.allCases {
            var (bench, run) = try bench(effect)
            try bench.propose(run, (1, call("lookup")))
            let stored = bench.rows.mapValues {
                $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            }
            bench.kernel = Kernel(state: try State(rows: stored), settings: bench.inForce)
            (bench.actions, bench.entries) = ([], [])
            try bench.send(.started(version: "1", boot: "boot", found: Handover.Found()))
            let told = bench.entries.compactMap { entry -> String? in
                guard case .transacted(_, .interrupted(1, let reason)) = entry.fact else {
                    return nil
                }
                return reason
            }
            #expect(calls(bench) == (effect == .readOnly ? 1 : 0))
            #expect(told.count == (effect == .readOnly ? 0 : 1))
            #expect(told.allSatisfy { $0.hasPrefix("indeterminate") })
        }
    }
}
