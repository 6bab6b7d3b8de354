import AuraModel
import AuraSupervision
import Testing

/// Firings that no clock plans: changes and deliveries.
@Suite struct TriggerTests {
    private static let name = KernelBench.name
    private static let change = ChangeTrigger(.branch("main", repository: "/srv/app.git"))

    private static func definition(
        _ trigger: EventTrigger = .change(change), overlap: FiringPolicy.Overlap = .queueOne
    ) -> Definition {
        var definition = KernelBench.definition()
        definition.firing = FiringPolicy(overlap: overlap, trigger: trigger)
        definition.inputs = [
            InputDeclaration(
                name: "ref",
                schema: .object(["type": .string("string"), "default": .string("none")]))
        ]
        return definition
    }

    private static func look(_ mark: String) -> Event {
        .changed(name, ChangeLook(trigger: change, mark: mark, what: "main moved to \(mark)"))
    }

    private static func triggers(_ bench: KernelBench) -> [Trigger] {
        bench.entries.compactMap { entry in
            guard case .runAdmitted(let run) = entry.fact else { return nil }
            return run.trigger
        }
    }

    private static func watches(_ bench: KernelBench) -> [ChangeWatch?] {
        bench.actions.compactMap { action in
            guard case .watch(_, let watch) = action else { return nil }
            return .some(watch)
        }
    }

    // MARK: Changes

    @Test("the first look takes the mark, each other state fires once, and a restart knows it")
    func changes() throws {
        var bench = try KernelBench(Self.definition(overlap: .allow(most: 9)))
        #expect(Self.watches(bench).map { $0?.mark } == [nil])
        try bench.send(Self.look("a"))
        #expect(bench.count(.occurrenceDecided) == 0)
        try bench.send(Self.look("a"))
        try bench.send(Self.look("b"))
        try bench.send(Self.look("b"))
        // Everything up to the moment of its loading was decided with that.
        let nominal = bench.now + Milliseconds(1)
        #expect(Self.triggers(bench) == [.change(nominal: nominal, what: "main moved to b")])
        try bench.restart(Self.definition(overlap: .allow(most: 9)))
        #expect(Self.watches(bench).map { $0?.mark } == ["b"])
        try bench.send(Self.look("b"))
        try bench.send(Self.look("c"))
        #expect(Self.triggers(bench).count == 2)
        #expect(bench.count(.changeMarked) == 1)
    }

    @Test("a change while a run is under way waits for it, and while it is paused is skipped")
    func policies() throws {
        var bench = try KernelBench(Self.definition())
        for mark in ["a", "b", "c"] { try bench.send(Self.look(mark)) }
        #expect(Self.triggers(bench).count == 1)
        guard let run = bench.kernel.state.runs.keys.first else { return }
        try bench.send(.ordered(.stopRun(run), by: Principal("alice"), ticket: 1))
        #expect(Self.triggers(bench).count == 2)
        #expect(
            Self.triggers(bench).last
                == .change(nominal: bench.now + Milliseconds(2), what: "main moved to c"))
        try bench.send(.ordered(.pause(Self.name), by: Principal("alice"), ticket: 2))
        try bench.send(Self.look("d"))
        try bench.send(.ordered(.resume(Self.name), by: Principal("alice"), ticket: 3))
        try bench.send(Self.look("d"))
        #expect(Self.triggers(bench).count == 2)
        guard case .skipped? = try bench.decisions().last else {
            Issue.record("it was not skipped")
            return
        }
    }

    @Test("a schedule that is started again has no past, and one that is stopped watches nothing")
    func restarted() throws {
        var bench = try KernelBench(Self.definition())
        try bench.send(Self.look("a"))
        try bench.send(.ordered(.stop(Self.name), by: Principal("alice"), ticket: 1))
        #expect(Self.watches(bench).last == .some(nil))
        try bench.send(Self.look("b"))
        try bench.wait(.seconds(1))
        try bench.send(.ordered(.start(Self.name), by: Principal("alice"), ticket: 2))
        #expect(Self.watches(bench).last.map { $0?.mark } == .some(nil))
        try bench.send(Self.look("c"))
        #expect(bench.count(.occurrenceDecided) == 0)
        // Stopped and started in one turn it begins anew all the same.
        try bench.wait(.seconds(1))
        try bench.send(.ordered(.restart(Self.name), by: Principal("alice"), ticket: 3))
        #expect(Self.watches(bench).count == 4)
    }

    @Test("where its own run was to land does not fire it, even if the daemon died before it knew")
    func ownLanding() throws {
        var bench = try KernelBench(Self.definition(overlap: .allow(most: 9)))
        try bench.send(Self.look("a"))
        guard let run = try bench.startRun() else { return }
        let row = try #require(bench.kernel.state.automata[Self.name])
        // The intent alone, as the record has it before the step is begun.
        let intent = Intent(
            command: 1, plan: .step(request: .land(branch: "b", commit: "own", base: "a")))
        var state = bench.kernel.state
        try state.apply(
            Entry(
                sequence: state.daemon.sequence + 1, at: bench.now, principal: .daemon,
                automaton: Self.name, automatonSequence: row.entries + 1, run: run, parent: nil,
                generation: 1, fact: .commanded(basis: 1, intents: [intent]), previous: ""))
        for write in try state.takeRows() {
            bench.rows[write.table, default: [:]][write.key] = write.value
        }
        try bench.restart(Self.definition(overlap: .allow(most: 9)))
        try bench.send(Self.look("own"))
        #expect(bench.count(.occurrenceDecided) == 0)
        #expect(bench.kernel.state.automata[Self.name]?.mark == "own")
        try bench.send(Self.look("other"))
        #expect(bench.count(.occurrenceDecided) == 1)
    }

    // MARK: Deliveries

    private static let hook = EventTrigger.webhook(WebhookTrigger(secret: "s"))

    private static func deliver(
        _ bench: inout KernelBench, _ id: String, _ ref: String? = nil, digest: String = "d"
    ) throws -> Result<OrderResult, APIError>? {
        let delivery = HookDelivery(
            id: id, digest: digest, inputs: ref.map { ["ref": .string($0)] })
        try bench.send(.ordered(.deliver(name, delivery), by: Principal("hook"), ticket: 7))
        for action in bench.actions.reversed() {
            if case .reply(7, let result) = action { return result }
        }
        return nil
    }

    @Test("one id is one run, before and after a restart, and another body under it is refused")
    func deliveries() throws {
        var bench = try KernelBench(Self.definition(Self.hook, overlap: .allow(most: 9)))
        let first = try Self.deliver(&bench, "1", "main")?.get()
        #expect(first?.changed == true)
        let again = try Self.deliver(&bench, "1", "main")?.get()
        #expect(again?.changed == false)
        #expect(again?.run == first?.run)
        try bench.restart(Self.definition(Self.hook, overlap: .allow(most: 9)))
        let later = try Self.deliver(&bench, "1", "main")?.get()
        #expect(later?.run == first?.run)
        guard case .failure(let error)? = try Self.deliver(&bench, "1", digest: "e") else {
            Issue.record("another body was taken")
            return
        }
        #expect(error.code == .badRequest)
        #expect(Self.triggers(bench) == [.delivery(nominal: bench.now + Milliseconds(1), id: "1")])
        #expect(bench.kernel.state.runs.values.map(\.inputs) == [["ref": .string("main")]])
    }

    @Test("a delivery that waits keeps what it gives, and its answer follows what becomes of it")
    func waiting() throws {
        var bench = try KernelBench(Self.definition(Self.hook))
        let run = try #require(try Self.deliver(&bench, "1", "a")?.get().run)
        guard case .queued? = try Self.deliver(&bench, "2", "b")?.get().decision else {
            Issue.record("the second does not wait")
            return
        }
        try bench.restart(Self.definition(Self.hook))
        try bench.send(.ordered(.stopRun(run), by: Principal("alice"), ticket: 1))
        let next = try #require(bench.kernel.state.runs.values.first)
        #expect(next.inputs == ["ref": .string("b")])
        // What waits is judged again by the definition that its run will have.
        _ = try Self.deliver(&bench, "3", "c")
        var edited = Self.definition(Self.hook)
        edited.inputs = [
            InputDeclaration(
                name: "ref", schema: .object(["type": .string("integer"), "default": .integer(1)]))
        ]
        try bench.load([edited])
        try bench.send(.ordered(.stopRun(next.id), by: Principal("alice"), ticket: 1))
        #expect(Self.triggers(bench).count == 2)
        #expect(try Self.deliver(&bench, "2", "b")?.get().run == next.id)
        #expect(Self.triggers(bench).count == 2)
    }

    @Test("what does not fit, and what is not in force, leaves nothing behind")
    func refused() throws {
        var bench = try KernelBench(Self.definition(Self.hook))
        let before = bench.entries.count
        let misfit = HookDelivery(id: "1", digest: "d", inputs: ["ref": .integer(1)])
        try bench.send(.ordered(.deliver(Self.name, misfit), by: Principal("hook"), ticket: 7))
        guard case .reply(7, .failure(let error))? = bench.actions.last else {
            Issue.record("there is no refusal")
            return
        }
        #expect(error.code == .badRequest)
        #expect(bench.entries.count == before)
        #expect(bench.rows[.deliveries] == nil)
        try bench.send(.ordered(.stop(Self.name), by: Principal("alice"), ticket: 1))
        guard case .failure(let gone)? = try Self.deliver(&bench, "1") else {
            Issue.record("a stopped hook took a delivery")
            return
        }
        #expect(gone.code == .notFound)
    }

    @Test("the oldest deliveries are forgotten, in memory and in the record alike")
    func forgotten() throws {
        var bench = try KernelBench(Self.definition(Self.hook, overlap: .skip))
        for number in 0...DeliveryRow.countMax + 5 { _ = try Self.deliver(&bench, "\(number)") }
        let kept = bench.rows[.deliveries]?.compactMapValues { $0 } ?? [:]
        #expect(kept.count == DeliveryRow.countMax)
        #expect(kept[DeliveryRow.key(Self.name, "5")] == nil)
        #expect(kept[DeliveryRow.key(Self.name, "6")] != nil)
        let before = bench.kernel.state.deliveries
        try bench.restart(Self.definition(Self.hook, overlap: .skip))
        #expect(bench.kernel.state.deliveries == before)
    }
}
