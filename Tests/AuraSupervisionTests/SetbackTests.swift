import AuraModel
import AuraSupervision
import Testing

@Suite("Runs that fail, and what follows")
struct SetbackTests {
    private static let alice = Principal("alice")
    private static let name = KernelBench.name

    private static func definition(
        _ supervision: Supervision, schedule: Schedule = .manual,
        kind: AutomatonKind = .taskRun
    ) -> Definition {
        var definition = KernelBench.definition(schedule: schedule)
        definition.supervision = supervision
        definition.kind = kind
        return definition
    }

    private static func quick(
        _ restart: Supervision.Restart, failures: Int = 20
    ) -> Supervision {
        Supervision(
            restart: restart, backoff: .init(initial: .seconds(10), max: .seconds(60), jitter: 0),
            intensity: .init(failures: failures, within: .minutes(60)))
    }

    private func end(
        _ bench: inout KernelBench, _ ending: RunOutcome.Ending, after span: Milliseconds = .zero
    ) throws {
        let run = try #require(bench.kernel.state.runs.values.first?.id)
        try bench.attest(run)
        if span != .zero { try bench.wait(span) }
        try bench.propose(run, (1, .finish(outcome: RunOutcome(ending, "so"), report: "")))
    }

    /// The worker of the only run dies until the run is over.
    private func crash(_ bench: inout KernelBench, exit: AttemptExit = .exited(code: 3)) throws {
        while let run = bench.kernel.state.runs.values.first {
            if case .backingOff(let until) = run.phase { try bench.wait(until - bench.now) }
            let generation = bench.kernel.state.runs[run.id]?.generation ?? 0
            try bench.send(.attemptEnded(run.id, generation, exit, detail: "last words"))
            guard bench.kernel.state.runs[run.id] != nil else { return }
        }
    }

    private func held(_ bench: KernelBench) -> RunsHeld? {
        bench.kernel.state.automata[Self.name]?.setback?.held
    }

    private func order(_ bench: inout KernelBench) throws {
        try bench.send(.ordered(.run(Self.name), by: Self.alice, ticket: 1))
    }

    @Test("on-failure runs again after pauses that grow, and a success ends that")
    func onFailure() throws {
        var bench = try KernelBench(Self.definition(Self.quick(.onFailure)))
        try order(&bench)
        for pause in [10, 20, 40, 60, 60] {
            try end(&bench, .failed)
            #expect(bench.kernel.state.runs.isEmpty)
            try bench.wait(Milliseconds(pause * 1000 - 1))
            #expect(bench.kernel.state.runs.isEmpty, "before \(pause) s have passed")
            try bench.wait(Milliseconds(1))
            #expect(bench.kernel.state.runs.count == 1, "after \(pause) s")
        }
        let run = try #require(bench.kernel.state.runs.values.first)
        #expect(run.trigger == .restart(failures: 5))
        try end(&bench, .done)
        #expect(held(bench) == nil)
        try bench.wait(.minutes(60))
        #expect(bench.kernel.state.runs.isEmpty)
    }

    @Test("always follows a success too; who cancels or stops is obeyed by every policy")
    func always() throws {
        var bench = try KernelBench(Self.definition(Self.quick(.always)))
        try order(&bench)
        for _ in 0..<3 {
            try end(&bench, .done)
            try bench.wait(.seconds(10))
        }
        let run = try #require(bench.kernel.state.runs.values.first?.id)
        try bench.send(.ordered(.stopRun(run), by: Self.alice, ticket: 2))
        try bench.wait(.minutes(10))
        #expect(bench.kernel.state.runs.isEmpty)
        try order(&bench)
        try end(&bench, .failed)
        try bench.send(.ordered(.stop(Self.name), by: Self.alice, ticket: 3))
        try bench.wait(.minutes(10))
        #expect(bench.kernel.state.runs.isEmpty && held(bench) == nil)
    }

    @Test("a run that was healthy for a while starts the count anew")
    func health() throws {
        var supervision = Self.quick(.onFailure)
        supervision.resetAfter = .seconds(90)
        var bench = try KernelBench(Self.definition(supervision))
        try order(&bench)
        for _ in 0..<3 {
            try end(&bench, .failed)
            try bench.wait(.seconds(60))
        }
        #expect(held(bench)?.failures == 3)
        try end(&bench, .failed, after: .seconds(90))
        #expect(held(bench)?.failures == 1)
    }

    @Test("the pause outlives a crash of aurad, and moves with a clock that is set")
    func durable() throws {
        let definition = Self.definition(Self.quick(.onFailure))
        var bench = try KernelBench(definition)
        try order(&bench)
        try end(&bench, .failed)
        try bench.restart(definition)
        try bench.wait(.seconds(9))
        #expect(bench.kernel.state.runs.isEmpty && held(bench)?.failures == 1)
        try bench.wait(.seconds(1))
        #expect(bench.kernel.state.runs.count == 1)
        try end(&bench, .failed)
        let until = try #require(held(bench)?.until)
        try bench.send(.clock(ClockReading(wall: bench.now, boot: 0, awake: 0)))
        bench.now = bench.now + .minutes(60)
        try bench.send(.clock(ClockReading(wall: bench.now, boot: 0, awake: 0)))
        try bench.send(.tick)
        #expect(held(bench)?.until == until + .minutes(60))
        #expect(bench.kernel.state.runs.isEmpty)
    }

    @Test(
        "too many failures within the time are a quarantine: its evidence is kept, resume ends it",
        arguments: [Supervision.Restart.never, .onFailure])
    func quarantine(_ restart: Supervision.Restart) throws {
        let definition = Self.definition(
            Self.quick(restart, failures: 3), schedule: .every(minute))
        var bench = try KernelBench(definition)
        while bench.kernel.state.automata[Self.name]?.pause == nil {
            try bench.wait(.seconds(10))
            if !bench.kernel.state.runs.isEmpty { try crash(&bench) }
        }
        let pause = try #require(bench.kernel.state.automata[Self.name]?.pause)
        let evidence = try #require(pause.quarantine?.failures)
        #expect(evidence.count == 3 && evidence.allSatisfy { $0.outcome.ending == .crashed })
        let death = try #require(evidence.last?.deaths.last)
        #expect(death.exit == .exited(code: 3) && death.detail == "last words")
        #expect(bench.entries.contains { $0.sequence == death.sequence })
        let ends = bench.entries.filter { $0.fact.kind == .runFinished }.map(\.sequence)
        #expect(evidence.map(\.sequence) == ends)
        // It is remembered, and nothing runs by itself.
        try bench.restart(definition)
        let runs = bench.count(.runAdmitted)
        try bench.wait(.minutes(60))
        #expect(bench.count(.runAdmitted) == runs)
        let row = try #require(bench.kernel.state.automata[Self.name])
        let whyNot = try #require(bench.kernel.status(of: row, at: bench.now)?.whyNot)
        #expect(whyNot.hasPrefix("quarantined since "))
        #expect(whyNot.hasSuffix("until aura-ctl resume nightly"))
        try bench.send(.ordered(.resume(Self.name), by: Self.alice, ticket: 4))
        try bench.send(.tick)
        #expect(bench.kernel.state.automata[Self.name]?.pause == nil)
        if restart == .never { try bench.wait(.minutes(1)) }
        #expect(bench.count(.runAdmitted) == runs + 1)
    }

    @Test(
        "a manual start works in a pause and in quarantine; its success lifts that, a failure not")
    func manual() throws {
        var bench = try KernelBench(Self.definition(Self.quick(.onFailure, failures: 2)))
        try order(&bench)
        try crash(&bench)
        try order(&bench)
        #expect(bench.kernel.state.runs.count == 1, "in the pause")
        try crash(&bench)
        #expect(bench.kernel.state.automata[Self.name]?.pause?.quarantine != nil)
        try order(&bench)
        try crash(&bench)
        #expect(bench.kernel.state.automata[Self.name]?.pause?.quarantine != nil)
        try order(&bench)
        try end(&bench, .done)
        #expect(bench.kernel.state.automata[Self.name]?.pause == nil)
    }

    @Test("what changes or is delivered in a pause waits for its end; clocks are summed up")
    func firings() throws {
        let bench = try KernelBench(
            Self.definition(Self.quick(.never), schedule: .every(second)))
        var copy = bench
        try copy.wait(.seconds(1))
        try crash(&copy)
        let before = copy.entries.count
        let until = try #require(held(copy)?.until)
        #expect(copy.kernel.nextWake(after: copy.now) == until)
        try copy.wait(until - copy.now)
        let facts = copy.entries.dropFirst(before).map(\.fact.kind)
        // What was due while it ran and in the pause is one row, the newest another, then the next one runs.
        #expect(facts.prefix { $0 != .runAdmitted }.count <= 3, "\(facts)")
    }

    @Test("a message that kills its workers is quarantined, and the next one is not told of it")
    func poison() throws {
        var supervision = Supervision()
        supervision.workerAttempts = 3
        let definition = Self.definition(supervision, kind: .chat)
        var bench = try KernelBench(definition)
        for text in ["poison", "hello"] {
            let message = ChatMessage(id: text, text: text)
            try bench.send(.ordered(.say(Self.name, .main, message), by: Self.alice, ticket: 5))
        }
        let first = try #require(bench.kernel.state.runs.values.first?.id)
        while bench.kernel.state.runs[first] != nil {
            if case .backingOff(let until)? = bench.kernel.state.runs[first]?.phase {
                try bench.wait(until - bench.now)
            }
            let generation = bench.kernel.state.runs[first]?.generation ?? 0
            try bench.send(
                .attemptEnded(first, generation, .signalled(number: 11), detail: "boom"))
        }
        let told = try #require(
            bench.entries.compactMap { entry -> Quarantine? in
                guard case .quarantined(let quarantine) = entry.fact else { return nil }
                return quarantine
            }.first)
        #expect(told.subject == "message 1 of thread main")
        #expect(told.failures.first?.deaths.count == 3)
        let key = ChatKey.message(Self.name, .main, 1)
        let row = try #require(
            bench.rows[.messages]?[key].map { try JSON.decode(MessageRow.self, from: $0.utf8) })
        #expect(row.outcome?.ending == .crashed && row.quarantine == told)
        let next = try #require(bench.kernel.state.runs.values.first)
        #expect(next.trigger == .message(thread: .main, number: 2, by: Self.alice))
        let turn = try #require(
            bench.entries.lazy.compactMap { entry -> ChatTurn? in
                guard entry.run == next.id,
                    case .transacted(_, .messaged(let turn)) = entry.fact
                else { return nil }
                return turn
            }.first)
        #expect(!turn.earlier.contains { $0.text.contains("poison") })
        #expect(bench.kernel.state.automata[Self.name]?.pause == nil)
    }

    @Test(
        "a drained automaton's run goes on to its end; one with a grace is told, and ends with it")
    func draining() throws {
        let definition = Self.definition(Supervision(), schedule: .every(minute))
        for how in [StopOrder(drain: true), StopOrder(grace: .seconds(30))] {
            var bench = try KernelBench(definition)
            try bench.wait(.minutes(1))
            let run = try #require(bench.kernel.state.runs.values.first?.id)
            try bench.attest(run)
            try bench.propose(
                run, (1, .wait(span: .minutes(9), reason: "long")))
            try bench.send(.ordered(.stop(Self.name, how), by: Self.alice, ticket: 1))
            #expect(bench.kernel.state.automata[Self.name]?.isActive == false)
            #expect(bench.kernel.state.runs[run]?.wrapUpSent == (how.grace != nil))
            try bench.wait(.seconds(29))
            #expect(bench.kernel.state.runs[run] != nil)
            try bench.wait(.seconds(1))
            #expect(try bench.outcome(run)?.ending == (how.grace == nil ? nil : .cancelled))
            #expect(bench.count(.runAdmitted) == 1)
        }
    }

    @Test(
        "a worker that is late ends as such, with its phase",
        arguments: [
            (AttemptExit.Phase.launch, Milliseconds.seconds(1)), (.firstFrame, .seconds(2)),
            (.silence, .seconds(3)),
        ])
    func deadlines(_ phase: AttemptExit.Phase, _ after: Milliseconds) throws {
        let limits = Supervision.Deadlines(
            launch: .seconds(1), firstFrame: .seconds(2), silence: .seconds(3))
        var bench = try KernelBench(Self.definition(Supervision(deadlines: limits)))
        try order(&bench)
        let run = try #require(bench.kernel.state.runs.values.first?.id)
        if phase != .launch { try bench.send(.launched(run, 1)) }
        if phase == .silence { try bench.attest(run) }
        try bench.wait(Milliseconds(after.count - 1))
        #expect(bench.count(.attemptEnded) == 0)
        try bench.wait(Milliseconds(1))
        let exits = bench.entries.compactMap { entry -> AttemptExit? in
            guard case .attemptEnded(let exit, _) = entry.fact else { return nil }
            return exit
        }
        #expect(exits == [.overdue(phase: phase, after: after)])
    }

    @Test("a crash loop for a day makes at most 20 entries in each hour after the first")
    func hours() throws {
        let schedules: [Schedule] = [.manual, .every(second), .every(minute), .every(sevenSeconds)]
        for restart in Supervision.Restart.allCases {
            for schedule in schedules {
                // Without the quarantine, which would end it.
                for failures in [20, 10] {
                    let supervision = Supervision(
                        restart: restart,
                        intensity: .init(
                            failures: failures,
                            within: failures == 20 ? Milliseconds(1) : .minutes(60)))
                    var bench = try KernelBench(
                        Self.definition(supervision, schedule: schedule))
                    try order(&bench)
                    let hours = try day(&bench)
                    let what = "\(restart) \(schedule) \(failures): \(hours)"
                    #expect(hours.dropFirst().allSatisfy { $0 <= 20 }, "\(what)")
                    #expect(hours[0] <= 130, "\(what)")
                    #expect(failures == 20 || bench.count(.quarantined) == 1 || restart == .never)
                }
            }
        }
    }

    /// Every worker dies at once; entries in each hour of a day.
    private func day(_ bench: inout KernelBench) throws -> [Int] {
        let start = bench.now
        let end = start + .minutes(24 * 60)
        var turns = 0
        while bench.now < end {
            while let run = bench.kernel.state.runs.values.first(where: { $0.phase == .launching })
            {
                try bench.send(.launched(run.id, run.generation))
                try bench.attest(run.id)
                try bench.send(
                    .attemptEnded(run.id, run.generation, .signalled(number: 9), detail: "killed"))
            }
            guard let next = bench.kernel.nextWake(after: bench.now) else { break }
            bench.now = max(next, bench.now + Milliseconds(1))
            try bench.send(.tick)
            turns += 1
            try #require(turns < 20_000, "it does not come to rest")
        }
        return (0..<24).map { hour in
            bench.entries.count {
                ($0.at - start).count / 3_600_000 == hour && $0.fact.kind != .checkpoint
            }
        }
    }
}
