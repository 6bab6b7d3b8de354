package import AuraModel

/// What the record holds of one run: what its kernel was given, and what it decided.
package struct RunHistory: Sendable {
    package let run: RunID
    /// What a worker needs to fold the run again, with every transaction.
    package let assignment: Assignment

    private let decisions: [Decision]
    private let report: String?

    /// Commands that were taken in one entry, after `basis` transactions.
    private struct Decision {
        var sequence: Int
        var at: Instant
        var basis: Int
        var intents: [Intent]
        /// The digest of the kernel's state at the basis; nil in records from before it was noted.
        var state: String?
    }

    /// Why a run cannot be replayed.
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    /// The history of `run` in `entries`, which hold all of the run's own and perhaps others.
    ///
    /// - Throws: `Failure` when they are not one whole run.
    package init(
        of run: RunID, in entries: [Entry], definition: (_ digest: String) -> Definition?
    ) throws(Failure) {
        var admitted: RunAdmitted?
        var transactions: [Transaction] = []
        var decisions: [Decision] = []
        var report: String?
        for entry in entries where entry.run == run {
            switch entry.fact {
            case .runAdmitted(let fact): admitted = fact
            case .transacted(let index, let transaction):
                guard index == transactions.count + 1 else {
                    throw Failure(
                        description: "transaction \(transactions.count + 1) is not there")
                }
                transactions.append(transaction)
            case .commanded(let basis, let intents, let state):
                decisions.append(
                    Decision(
                        sequence: entry.sequence, at: entry.at, basis: basis, intents: intents,
                        state: state))
            case .runFinished(_, let text, _): report = text
            default: break
            }
        }
        guard let admitted else { throw Failure(description: "its admission is not there") }
        guard let definition = definition(admitted.definition) else {
            throw Failure(description: "its definition is not there")
        }
        self.run = run
        self.decisions = decisions
        self.report = report
        assignment = Assignment(
            run: run, generation: 0, definition: definition, task: admitted.task,
            history: transactions, rules: admitted.rules ?? KernelRules.first,
            edits: admitted.edits ?? .exact)
    }

    /// What a replay's kernel made of one transaction: its commands, the digests of their requests,
    /// and the digest of its state then.
    package struct Step: Sendable {
        package var commands: [Command]
        package var digests: [CommandID: RequestDigest]
        package var state: String

        /// What the kernel made of a transaction.
        package init(commands: [Command], digests: [CommandID: RequestDigest], state: String) {
            self.commands = commands
            self.digests = digests
            self.state = state
        }
    }

    /// Compares a replay, a step for each transaction in order, with what is recorded.
    package func compare(_ replayed: [Step]) -> ReplayVerdict {
        var verdict = ReplayVerdict(run: run)
        verdict.transactions = replayed.count
        var open: [(transaction: Int, command: Command, digest: RequestDigest?)] = []
        var taken = 0
        for decision in decisions {
            // What was taken in this entry is what the kernel gave up to its basis, no less.
            for index in taken..<max(taken, min(decision.basis, replayed.count)) {
                open += replayed[index].commands.map {
                    (index + 1, $0, replayed[index].digests[$0.id])
                }
            }
            taken = max(taken, decision.basis)
            for (place, intent) in decision.intents.enumerated() {
                let next = place < open.count ? open[place] : nil
                let plan = next.flatMap {
                    Self.plan($0.command, $0.digest, intent.plan, decision.at)
                }
                guard let next, next.command.id == intent.command, plan == intent.plan else {
                    verdict.divergence = .init(
                        transaction: next?.transaction ?? decision.basis,
                        sequence: decision.sequence,
                        recorded: Self.text(intent.command, intent.plan),
                        replayed: next.map { Self.text($0.command.id, plan) } ?? Self.nothing)
                    return verdict
                }
                verdict.commands += 1
                if case .reason = intent.plan { verdict.requests += 1 }
            }
            if let more = open.dropFirst(decision.intents.count).first {
                verdict.divergence = .init(
                    transaction: more.transaction, sequence: decision.sequence,
                    recorded: Self.nothing,
                    replayed: Self.text(
                        more.command.id, Self.plan(more.command, more.digest, nil, decision.at)))
                return verdict
            }
            if let divergence = divergence(of: decision, from: replayed, &verdict) {
                verdict.divergence = divergence
                return verdict
            }
            if let last = open.last?.command, case .finish(_, let said) = last.act,
                let report, report != said
            {
                verdict.divergence = .init(
                    transaction: decision.basis, sequence: nil, recorded: report, replayed: said)
                return verdict
            }
            open = []
        }
        return verdict
    }

    /// Compares the state in which a decision was taken with the replay's, where both noted it in
    /// the same form.
    private func divergence(
        of decision: Decision, from replayed: [Step], _ verdict: inout ReplayVerdict
    ) -> ReplayVerdict.Divergence? {
        guard let recorded = decision.state, decision.basis > 0, decision.basis <= replayed.count
        else { return nil }
        let state = replayed[decision.basis - 1].state
        guard state.prefix(while: { $0 != ":" }) == recorded.prefix(while: { $0 != ":" })
        else { return nil }
        verdict.states += 1
        guard state != recorded else { return nil }
        return .init(
            transaction: decision.basis, sequence: decision.sequence,
            recorded: "the kernel's state: \(recorded)",
            replayed: "the kernel's state: \(state)")
    }

    /// The recorded form of a command; what the daemon added of its own (a child's id, hashes of
    /// files, the moment) is taken over from `recorded`.
    private static func plan(
        _ command: Command, _ digest: RequestDigest?, _ recorded: Intent.Plan?, _ at: Instant
    ) -> Intent.Plan? {
        switch command.act {
        case .reason(let request):
            // A record from before it was noted says nothing of the prompt.
            var isNoted = true
            if case .reason(_, _, _, _, nil) = recorded { isNoted = false }
            return .reason(
                digest: digest?.sha256 ?? "", bytes: digest?.bytes ?? 0,
                messages: request.messages.count, answerTokensMax: request.answerTokensMax,
                prompt: isNoted ? digest?.prompt : nil)
        case .tool(var call):
            if case .tool(let known) = recorded { call.images = known.images }
            return .tool(call: call)
        case .step(let request): return .step(request: request)
        case .spawn(let request):
            guard case .spawn(_, let child) = recorded else { return nil }
            return .spawn(request: request, run: child)
        case .ask(let question, let span): return .ask(question: question, until: at + span)
        case .wait(let span, let reason): return .wait(until: at + span, reason: reason)
        case .finish(let outcome, _): return .finish(outcome: outcome)
        }
    }

    private static let nothing = "nothing"

    private static func text(_ command: CommandID, _ plan: Intent.Plan?) -> String {
        let plan = plan.flatMap { try? JSON.text($0) } ?? "another command"
        return "command \(command): \(plan)"
    }
}
