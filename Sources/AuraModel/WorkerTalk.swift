/// What one worker says, frame by frame, held to the order of the protocol: it attests itself once,
/// and then proposes.
///
/// Whatever the bytes are, `take` returns or throws, and holds no more than the newest request.
package struct WorkerTalk: Sendable {
    /// What a sound frame says.
    package enum Word: Hashable, Sendable {
        /// Still to be compared with what the daemon sees itself.
        case attested(Attestation)
        /// Whole: what it left out because the request before had it is there again.
        case proposed(Proposal)
    }

    /// Why the worker is to be ended.
    package struct Flaw: Error, Hashable, Sendable {
        package let text: String

        /// The flaw that `text` tells of.
        package init(text: String) { self.text = text }
    }

    private var isAttested = false
    /// What it proposed to ask last; its next proposal tells only what comes after.
    private var lastRequest: ModelRequest?

    /// Nothing was said yet.
    package init() {}

    /// What `frame` says; after a flaw nothing more is to be taken.
    package mutating func take(_ frame: [UInt8]) throws(Flaw) -> Word {
        let up: FrameUp
        do {
            up = try JSON.decode(FrameUp.self, from: frame)
        } catch {
            throw Flaw(text: SafeText.firstLine("a frame that is none: \(error)", max: 300))
        }
        switch up {
        case .attest(let claim):
            guard !isAttested else { throw Flaw(text: "attested twice") }
            isAttested = true
            return .attested(claim)
        case .propose(let abridged):
            guard isAttested else { throw Flaw(text: "proposed before it attested itself") }
            if let excess = abridged.excess { throw Flaw(text: excess) }
            guard let proposal = abridged.completed(with: lastRequest) else {
                throw Flaw(text: "a request that goes on from one that was not made")
            }
            lastRequest = proposal.request ?? lastRequest
            return .proposed(proposal)
        case .folded: throw Flaw(text: "spoke of a replay")
        }
    }
}

extension Proposal {
    /// 4,096 rounds of pure tools: a model's longest answer has no more calls.
    static let roundsMax = 4_096
    /// 64 commands of one step: sixteen tasks side by side, each with a few.
    static let commandsMax = 64
    /// 64 bytes: a digest is shorter.
    static let stateBytesMax = 64

    /// What is larger, or smaller, than any sound kernel asks for; nil when nothing is.
    ///
    /// Everything that the daemon calculates with or keeps for each of is bounded here.
    var excess: String? {
        guard keptMessages >= 0 else { return "fewer than no messages kept" }
        guard further.count < Self.roundsMax else { return "too many rounds" }
        let requests = rounds.lazy.flatMap(\.commands).count { command in
            if case .reason = command.act { true } else { false }
        }
        // Each would be given the whole conversation before it.
        guard requests <= 1 else { return "several requests at once" }
        for round in rounds {
            guard round.commands.count <= Self.commandsMax else { return "too many commands" }
            guard round.state.map({ $0.utf8.count <= Self.stateBytesMax }) ?? true else {
                return "a digest that is none"
            }
            if let excess = round.commands.lazy.compactMap(\.act.excess).first { return excess }
        }
        return nil
    }
}

extension Act {
    /// What of it is beyond all bounds; nil when nothing is.
    fileprivate var excess: String? {
        switch self {
        case .reason(let request):
            return (1...ActBounds.answerTokensMax).contains(request.answerTokensMax)
                ? nil : "asked for \(request.answerTokensMax) tokens"
        case .ask(_, let deadline): return deadline.excess
        case .wait(let span, _): return span.excess
        case .spawn(let request): return request.budget.excess
        case .step(.run(let step)), .step(.verify(let step)):
            return step.argv.isEmpty ? "a step without a program" : step.timeout?.excess
        case .tool, .step, .finish: return nil
        }
    }
}

/// What no definition and no kernel goes beyond.
private enum ActBounds {
    /// 128 Ki: the most that a definition may ask of a model's answer.
    static let answerTokensMax = 131_072
    /// 31 days: the longest wall time of a run.
    static let span = Milliseconds.minutes(31 * 24 * 60)
    /// A billion tokens, as much money in micro-dollars as $100,000, a million calls.
    static let tokens = 0...1_000_000_000
    static let microDollars = 0...100_000_000_000
    static let calls = 0...1_000_000
}

extension Milliseconds {
    fileprivate var excess: String? {
        (.zero...ActBounds.span).contains(self) ? nil : "a time of \(count) milliseconds"
    }
}

extension BudgetLimits {
    fileprivate var excess: String? {
        guard tokens.map(ActBounds.tokens.contains) ?? true,
            microDollars.map(ActBounds.microDollars.contains) ?? true,
            calls.map(ActBounds.calls.contains) ?? true
        else { return "a budget beyond all bounds" }
        return wall?.excess
    }
}
