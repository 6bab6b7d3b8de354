import AuraModel
import Testing

@Suite("What a worker says")
struct WorkerTalkTests {
    private static let attestation = Attestation(
        noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0, namespaces: [:])

    private func begun() throws -> WorkerTalk {
        var talk = WorkerTalk()
        _ = try talk.take(JSON.encode(FrameUp.attest(attestation: Self.attestation)))
        return talk
    }

    private func request(messages: Int, tokens: Int = 100) -> Act {
        .reason(
            request: ModelRequest(
                system: "s",
                messages: (0..<messages).map { Message(role: .user, content: [.text("\($0)")]) },
                tools: [], answerTokensMax: tokens))
    }

    private func proposal(_ acts: [Act], kept: Int = 0) -> Proposal {
        var proposal = Proposal(
            basis: 1, outcomes: [],
            commands: acts.enumerated().map { Command(id: $0.offset + 1, act: $0.element) })
        proposal.keptMessages = kept
        return proposal
    }

    private func flaw(_ proposal: Proposal, after first: Proposal? = nil) throws -> String? {
        var talk = try begun()
        if let first { _ = try talk.take(JSON.encode(FrameUp.propose(proposal: first))) }
        do throws(WorkerTalk.Flaw) {
            _ = try talk.take((try? JSON.encode(FrameUp.propose(proposal: proposal))) ?? [])
            return nil
        } catch {
            return error.text
        }
    }

    @Test("it attests itself once, first, and is no replay")
    func order() throws {
        var talk = WorkerTalk()
        let attest = try JSON.encode(FrameUp.attest(attestation: Self.attestation))
        let propose = try JSON.encode(FrameUp.propose(proposal: proposal([])))
        #expect(throws: WorkerTalk.Flaw.self) { try talk.take(propose) }
        #expect(try talk.take(attest) == .attested(Self.attestation))
        #expect(throws: WorkerTalk.Flaw.self) { try talk.take(attest) }
        let replayed = try JSON.encode(FrameUp.folded(transaction: 1, commands: [], state: "1:0"))
        #expect(throws: WorkerTalk.Flaw.self) { try talk.take(replayed) }
        #expect(throws: WorkerTalk.Flaw.self) { try talk.take(Array("{".utf8)) }
    }

    @Test("a conversation goes on from the request before, not from one that had no messages")
    func kept() throws {
        #expect(
            try flaw(
                proposal([request(messages: 1)], kept: 2), after: proposal([request(messages: 2)]))
                == nil)
        for kept in [1, 3, .max, -1, .min] {
            #expect(try flaw(proposal([request(messages: 1)], kept: kept)) != nil)
            let empty = proposal([request(messages: 0)])
            #expect(try flaw(proposal([request(messages: 1)], kept: kept), after: empty) != nil)
        }
    }

    @Test(
        "a number with which nobody could calculate ends it",
        arguments: [Int.min, -1, 131_073, .max])
    func tokens(count: Int) throws {
        #expect(try flaw(proposal([request(messages: 1, tokens: count)])) != nil)
    }

    @Test(
        "so does a time, a budget or a number of commands beyond all bounds",
        arguments: [-1, Int.max])
    func bounds(count: Int) throws {
        let span = Milliseconds(count)
        let step = StepDeclaration(name: "a", argv: ["/bin/true"], timeout: span)
        func spawn(_ budget: BudgetLimits) -> Act {
            .spawn(request: SpawnRequest(task: TaskBrief(id: "T", text: "t"), budget: budget))
        }
        let acts: [Act] = [
            .wait(span: span, reason: ""), .ask(question: "", deadline: span),
            .step(request: .verify(step: step)), .step(request: .run(step: step)),
            spawn(.init(tokens: count)), spawn(.init(microDollars: count)),
            spawn(.init(calls: count)), spawn(.init(wall: span)),
        ]
        for act in acts { #expect(try flaw(proposal([act])) != nil, "\(act)") }
        let many = Array(repeating: Act.wait(span: .zero, reason: ""), count: 65)
        #expect(try flaw(proposal(many)) == "too many commands")
        let both = [request(messages: 1), request(messages: 1)]
        #expect(try flaw(proposal(both)) == "several requests at once")
    }
}
