import AuraModel

/// The model's turn: what it is asked, and what its answer or its failure means.
extension AgentLoop {
    mutating func reason(issuing counter: inout CommandCounter) -> Progress {
        // A call that is made again holds what was to be said meanwhile, too.
        if rules > KernelRules.first, !notes.isEmpty { say(.user, takeNotes()) }
        let command = counter.issue(
            .reason(
                request: ModelRequest(
                    system: system, messages: messages, tools: schemas,
                    answerTokensMax: limits.answerTokens)))
        phase = .reasoning(command.id)
        return .commands([command])
    }

    /// Says `content` and the notes to the model and lets it answer, unless it has had its turns.
    mutating func nextTurn(
        _ content: [ContentBlock], issuing counter: inout CommandCounter
    ) -> Progress {
        switch tree?.verdict ?? .fine {
        case .fine: break
        case .nudge(let words): notes.append(words)
        case .stalled(let why): return stop(.stalled, why)
        }
        say(.user, content + takeNotes())
        guard turns < limits.turns else {
            return stop(.turns, "the cap of \(limits.turns) model turns was reached (limits.turns)")
        }
        return reason(issuing: &counter)
    }

    mutating func answered(
        _ answer: ModelAnswer, issuing counter: inout CommandCounter
    ) -> Progress {
        turns += 1
        tree?.sawTurn()
        retry.succeeded()
        switch answer.stop {
        case .refusal:
            return stop(.providerRejected, "the model refused to go on: \(prose(answer))")
        case .contextOverflow: return makeRoom(issuing: &counter)
        case .endTurn, .toolUse, .tokensMax, .stopSequence, .pause: break
        }
        let uses = answer.uses
        guard !uses.isEmpty else { return talked(answer, issuing: &counter) }
        say(.assistant, answer.sendable)
        proseInRow = 0
        rest = uses
        return carryOn(issuing: &counter)
    }

    /// An answer without a tool call: the model is told, and stopped if it goes on like that.
    private mutating func talked(
        _ answer: ModelAnswer, issuing counter: inout CommandCounter
    ) -> Progress {
        let isAnswer = ending == .prose && answer.stop != .tokensMax && !prose(answer).isEmpty
        if isAnswer, jobs.isEmpty {
            say(.assistant, answer.sendable)
            // It was said without knowing what has been told meanwhile.
            guard !isTold else { return nextTurn([], issuing: &counter) }
            phase = .answered
            return .ended(RunOutcome(.done, prose(answer)), summary: answer.prose)
        }
        proseInRow += 1
        guard proseInRow < Self.proseMax else {
            return stop(
                .stalled,
                "\(proseInRow) messages in a row without a tool call; the last: \(prose(answer))")
        }
        // A message of nothing but thinking is refused by providers: it may have been cut.
        if !prose(answer).isEmpty { say(.assistant, answer.sendable) }
        let nudge =
            isAnswer
            ? AgentPrompt.stillRunning(jobs)
            : answer.stop == .tokensMax ? AgentPrompt.cutNudge : AgentPrompt.proseNudge
        return nextTurn([.text(nudge)], issuing: &counter)
    }

    mutating func failed(
        _ failure: ModelFailure, issuing counter: inout CommandCounter
    ) -> Progress {
        if failure.cause == .contextOverflow { return makeRoom(issuing: &counter) }
        switch retry.failed(failure) {
        case .again(let span, let reason):
            let command = counter.issue(.wait(span: span, reason: reason))
            phase = .backingOff(command.id)
            return .commands([command])
        case .end(let outcome):
            return stop(outcome.ending, outcome.detail)
        }
    }

    /// Makes the conversation shorter and asks again, unless that was done and nothing came of it.
    private mutating func makeRoom(issuing counter: inout CommandCounter) -> Progress {
        var shorter = messages
        if let why = compaction.shorten(&shorter, turns: turns) {
            return stop(.contextOverflow, why)
        }
        messages = shorter
        say(.user, [.text(AgentPrompt.compacted)])
        return reason(issuing: &counter)
    }

    /// Adds to the conversation; two messages of one role in a row are one message.
    mutating func say(_ role: Role, _ content: [ContentBlock]) {
        if let last = messages.indices.last, messages[last].role == role {
            messages[last].content += content
        } else {
            messages.append(Message(role: role, content: content))
        }
    }

    private mutating func takeNotes() -> [ContentBlock] {
        defer { (notes, isTold) = ([], false) }
        return notes.map { .text($0) }
    }

    private func prose(_ answer: ModelAnswer) -> String { Excerpt.line(answer.prose) }
}
