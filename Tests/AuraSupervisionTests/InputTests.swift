import AuraModel
import AuraSupervision
import Testing

/// What runs are given.
@Suite struct InputTests {
    private static func definition(schedule: Schedule = .manual) -> Definition {
        var definition = KernelBench.definition(schedule: schedule)
        definition.inputs = [
            InputDeclaration(
                name: "rows",
                schema: .object([
                    "type": .string("integer"), "minimum": .integer(1), "default": .integer(3),
                ]))
        ]
        return definition
    }

    private static func started(_ bench: KernelBench) -> [[String: JSONValue]?] {
        bench.entries.compactMap { entry in
            guard case .transacted(_, .started(_, let inputs, _)) = entry.fact else { return nil }
            return .some(inputs)
        }
    }

    @Test("what an operator gives is in the run's first transaction and in its row")
    func given() throws {
        var bench = try KernelBench(Self.definition())
        let order = RunOrder(texts: ["rows": "5"])
        try bench.send(.ordered(.run(KernelBench.name, order), by: Principal("alice"), ticket: 1))
        #expect(Self.started(bench) == [["rows": .integer(5)]])
        try bench.restart(Self.definition())
        #expect(bench.kernel.state.runs.values.map(\.inputs) == [["rows": .integer(5)]])
    }

    @Test("what does not fit is refused before anything happens")
    func refused() throws {
        var bench = try KernelBench(Self.definition())
        let before = bench.entries.count
        let order = RunOrder(texts: ["rows": "0"])
        try bench.send(.ordered(.run(KernelBench.name, order), by: Principal("alice"), ticket: 1))
        #expect(bench.entries.count == before)
        guard case .reply(1, .failure(let error))? = bench.actions.last else {
            Issue.record("there is no refusal")
            return
        }
        #expect(error.code == .badRequest)
        #expect(error.hint == "aura-ctl run nightly --set rows=VALUE")
    }

    @Test("what a schedule starts has the defaults, and what declares nothing has nothing")
    func defaults() throws {
        var bench = try KernelBench(Self.definition(schedule: .every(minute)))
        try bench.wait(.minutes(1))
        #expect(Self.started(bench) == [["rows": .integer(3)]])
        bench = try KernelBench(KernelBench.definition(schedule: .every(minute)))
        try bench.wait(.minutes(1))
        #expect(Self.started(bench) == [nil])
    }
}
