import AuraModel

/// One agent: a conversation with a model that goes on until the model finishes or has to be
/// stopped.
///
/// Shared by the kinds. One command is outstanding at a time: a model call, or one of the tool
/// calls of its answer, which are carried out one after the other in the order in which the model
/// made them.
struct AgentLoop: Hashable, Sendable {
    /// 3 messages without a tool call in a row: the model has been told twice by then.
    static let proseMax = 3

    /// 3 denied calls in a run: the first may be a mistake.
    static let deniedMax = 3

    /// 8 hours: a question asked in the evening can be answered in the morning.
    static let questionDeadline = Milliseconds.minutes(8 * 60)

    private enum Phase: Hashable, Sendable {
        case idle
        case reasoning(CommandID)
        case backingOff(CommandID)
        case calling(CommandID, ToolUse)
        case waiting(CommandID, ToolUse)
        case asking(CommandID, ToolUse)
        /// After `finish`: its call and those behind it are still without results.
        case finished(ToolUse)
        /// After prose that is the answer; see `Ending.prose`.
        case answered
        case stopped
    }

    /// What a transaction did to the agent.
    enum Progress: Hashable, Sendable {
        case commands([Command])
        case ended(RunOutcome, summary: String)
        /// `submit_spec` was called; `goOn` refuses what it brought.
        case submitted(JSONValue)

        static let nothing = Self.commands([])
    }

    /// How the model ends its work.
    enum Ending: Hashable, Sendable {
        /// With a tool call: nobody reads its prose.
        case tool
        /// With a message without a tool call, which is its answer.
        case prose
    }

    private let system: String
    private let ending: Ending
    private let offered: [AgentTool]
    private let schemas: [ToolSchema]
    private let limits: Definition.Limits

    private var phase = Phase.idle
    private var messages: [Message] = []
    /// Calls of the last answer that are not yet begun, in order.
    private var rest: [ToolUse] = []
    /// Results of the last answer's calls so far, in order.
    private var results: [ContentBlock] = []
    /// What the kernel has to say with the next message.
    private var notes: [String] = []
    private var turns = 0
    private var proseInRow = 0
    private var denied = 0
    private var retry = ModelRetry()
    private var stall = StallWatch()
    private var compaction = Compaction()

    /// An agent for a run of `definition` that has not begun.
    init(definition: Definition) {
        self.init(
            system: AgentPrompt.system(definition),
            offered: AgentTool.offered(definition.capabilities), limits: definition.limits)
    }

    /// An agent that has not begun, with these tools and rules.
    init(
        system: String, offered: [AgentTool], limits: Definition.Limits, ending: Ending = .tool
    ) {
        self.system = system
        self.offered = offered
        self.limits = limits
        self.ending = ending
        schemas = offered.map { ToolSchemas.schema($0) }
    }

    /// Begins the conversation with `task`, after what was said `earlier`.
    mutating func begin(
        _ task: String, earlier: [Message] = [], issuing counter: inout CommandCounter
    ) -> Progress {
        guard phase == .idle else { return .nothing }
        for message in earlier { say(message.role, message.content) }
        return nextTurn([.text(task)], issuing: &counter)
    }

    /// Goes on after a `finish` that was not accepted, because of what `message` says.
    mutating func goOn(_ message: String, issuing counter: inout CommandCounter) -> Progress {
        if phase == .answered { return nextTurn([.text(message)], issuing: &counter) }
        guard case .finished(let finish) = phase else { return .nothing }
        results.append(
            .toolResult(id: finish.id, content: AgentPrompt.finishRefused, isError: true))
        for use in rest {
            results.append(
                .toolResult(id: use.id, content: AgentPrompt.afterFinish, isError: true))
        }
        rest = []
        return nextTurn(takeResults() + [.text(message)], issuing: &counter)
    }

    /// Takes in a transaction; one that is not for the outstanding command changes nothing.
    mutating func step(
        _ transaction: Transaction, issuing counter: inout CommandCounter
    ) -> Progress {
        switch transaction {
        case .modelAnswered(let command, let answer):
            guard phase == .reasoning(command) else { return .nothing }
            return answered(answer, issuing: &counter)
        case .modelFailed(let command, let failure):
            guard phase == .reasoning(command) else { return .nothing }
            return failed(failure, issuing: &counter)
        case .toolFinished(let command, let result):
            guard case .calling(command, let use) = phase else { return .nothing }
            if !result.isError { compaction.sawSuccess(of: use.name) }
            return settle(
                use, result.output, isError: result.isError || result.isDenied,
                isDenied: result.isDenied, issuing: &counter)
        case .operatorAnswered(let command, let text):
            guard case .asking(command, let use) = phase else { return .nothing }
            guard let text else {
                let question = Excerpt.line(use.input["question"]?.stringValue ?? "")
                return stop(.unanswered, "nobody answered: \(question)")
            }
            return settle(use, text, issuing: &counter)
        case .waited(let command):
            return waited(command, result: AgentPrompt.waited, issuing: &counter)
        case .interrupted(let command, _):
            return interrupted(command, issuing: &counter)
        case .wrapUp(let reason):
            notes.append(AgentPrompt.wrapUp(reason))
            return .nothing
        case .started, .messaged, .stepFinished, .childFinished:
            return .nothing
        }
    }
}

// MARK: The model's turn

extension AgentLoop {
    private mutating func reason(issuing counter: inout CommandCounter) -> Progress {
        let command = counter.issue(
            .reason(
                request: ModelRequest(
                    system: system, messages: messages, tools: schemas,
                    answerTokensMax: limits.answerTokens)))
        phase = .reasoning(command.id)
        return .commands([command])
    }

    /// Says `content` and the notes to the model and lets it answer, unless it has had its turns.
    private mutating func nextTurn(
        _ content: [ContentBlock], issuing counter: inout CommandCounter
    ) -> Progress {
        say(.user, content + notes.map { .text($0) })
        notes = []
        guard turns < limits.turns else {
            return stop(.turns, "the cap of \(limits.turns) model turns was reached (limits.turns)")
        }
        return reason(issuing: &counter)
    }

    private mutating func answered(
        _ answer: ModelAnswer, issuing counter: inout CommandCounter
    ) -> Progress {
        turns += 1
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
        if ending == .prose, answer.stop != .tokensMax, !prose(answer).isEmpty {
            say(.assistant, answer.sendable)
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
        let nudge = answer.stop == .tokensMax ? AgentPrompt.cutNudge : AgentPrompt.proseNudge
        return nextTurn([.text(nudge)], issuing: &counter)
    }

    private mutating func failed(
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
        if let why = compaction.shorten(&messages, turns: turns) {
            return stop(.contextOverflow, why)
        }
        say(.user, [.text(AgentPrompt.compacted)])
        return reason(issuing: &counter)
    }

    /// Adds to the conversation; two messages of one role in a row are one message.
    private mutating func say(_ role: Role, _ content: [ContentBlock]) {
        if let last = messages.indices.last, messages[last].role == role {
            messages[last].content += content
        } else {
            messages.append(Message(role: role, content: content))
        }
    }

    private func prose(_ answer: ModelAnswer) -> String { Excerpt.line(answer.prose) }
}

// MARK: The tools' turn

extension AgentLoop {
    /// Begins the next call of the last answer; with all of them answered it is the model's turn
    /// again.
    private mutating func carryOn(issuing counter: inout CommandCounter) -> Progress {
        while !rest.isEmpty {
            let use = rest.removeFirst()
            guard let tool = offered.first(where: { $0.name == use.name }) else {
                if let end = refuse(unoffered: use) { return end }
                continue
            }
            if use.isCut {
                if let end = note(use, AgentPrompt.cutUse, isError: true) { return end }
                continue
            }
            if let problem = ToolSchemas.problem(with: use.input, for: tool) {
                if let end = note(use, problem, isError: true) { return end }
                continue
            }
            switch tool {
            case .performed(let name):
                let call = ToolCall(use: use.id, tool: name, input: use.input)
                let command = counter.issue(.tool(call: call))
                phase = .calling(command.id, use)
                return .commands([command])
            case .wait:
                let seconds = use.input["seconds"]?.integerValue ?? 1
                let command = counter.issue(
                    .wait(
                        span: .seconds(seconds),
                        reason: Excerpt.line(use.input["reason"]?.stringValue ?? "")))
                phase = .waiting(command.id, use)
                return .commands([command])
            case .askOperator:
                return ask(use, issuing: &counter)
            case .finish:
                if let end = finish(use) { return end }
            case .submitSpec:
                phase = .finished(use)
                return .submitted(use.input)
            }
        }
        return nextTurn(takeResults(), issuing: &counter)
    }

    private mutating func refuse(unoffered use: ToolUse) -> Progress? {
        // A tool that exists but is not granted is a denial; any other name is a mistake.
        if let denial = AgentPrompt.denied(use.name) {
            return note(use, denial, isError: true, isDenied: true)
        }
        let text = AgentPrompt.unknownTool(use.name, offered: offered)
        return note(use, text, isError: true)
    }

    private mutating func ask(_ use: ToolUse, issuing counter: inout CommandCounter) -> Progress {
        let command = counter.issue(
            .ask(
                question: use.input["question"]?.stringValue ?? "", deadline: Self.questionDeadline)
        )
        phase = .asking(command.id, use)
        return .commands([command])
    }

    /// Ends the work as the model says, unless it claims success over results that it has not seen.
    private mutating func finish(_ use: ToolUse) -> Progress? {
        let summary = use.input["summary"]?.stringValue ?? ""
        guard use.input["status"]?.stringValue == "done" else {
            phase = .stopped
            return .ended(RunOutcome(.failed, Excerpt.line(summary)), summary: summary)
        }
        let hasUnseenError = results.contains { block in
            guard case .toolResult(_, _, let isError) = block else { return false }
            return isError
        }
        if hasUnseenError { return note(use, AgentPrompt.finishTooEarly, isError: true) }
        phase = .finished(use)
        return .ended(RunOutcome(.done, Excerpt.line(summary)), summary: summary)
    }

    /// Keeps the result of a call; returns an end if that was one too many.
    private mutating func note(
        _ use: ToolUse, _ output: String, isError: Bool, isDenied: Bool = false
    ) -> Progress? {
        let text = Excerpt.headAndTail(output, bytesMax: Excerpt.toolResultBytesMax)
        results.append(.toolResult(id: use.id, content: text, isError: isError))
        if isDenied {
            denied += 1
            if denied >= Self.deniedMax {
                return stop(
                    .denied, "\(denied) calls were denied; the last: \(Excerpt.line(output))")
            }
        }
        switch stall.saw(use, output: text, isError: isError) {
        case .fine: return nil
        case .nudge(let words):
            notes.append(words)
            return nil
        case .stalled(let why): return stop(.stalled, why)
        }
    }

    /// Keeps the result of the outstanding call and begins the next.
    private mutating func settle(
        _ use: ToolUse, _ output: String, isError: Bool = false, isDenied: Bool = false,
        issuing counter: inout CommandCounter
    ) -> Progress {
        note(use, output, isError: isError, isDenied: isDenied) ?? carryOn(issuing: &counter)
    }

    private mutating func waited(
        _ command: CommandID, result: String, issuing counter: inout CommandCounter
    ) -> Progress {
        switch phase {
        case .backingOff(command): return reason(issuing: &counter)
        case .waiting(command, let use):
            results.append(.toolResult(id: use.id, content: result, isError: false))
            stall.sawWait()
            return carryOn(issuing: &counter)
        case .idle, .reasoning, .backingOff, .calling, .waiting, .asking, .finished, .answered,
            .stopped:
            return .nothing
        }
    }

    /// The command's outcome is unknown: what has no effect is done again, the rest is told to the
    /// model.
    private mutating func interrupted(
        _ command: CommandID, issuing counter: inout CommandCounter
    ) -> Progress {
        switch phase {
        case .reasoning(command): return reason(issuing: &counter)
        case .calling(command, let use):
            return settle(use, AgentPrompt.interrupted(use.name), isError: true, issuing: &counter)
        case .asking(command, let use): return ask(use, issuing: &counter)
        case .idle, .reasoning, .backingOff, .calling, .waiting, .asking, .finished, .answered,
            .stopped:
            return waited(command, result: AgentPrompt.waitInterrupted, issuing: &counter)
        }
    }

    private mutating func takeResults() -> [ContentBlock] {
        defer { results = [] }
        return results
    }

    private mutating func stop(_ ending: RunOutcome.Ending, _ detail: String) -> Progress {
        phase = .stopped
        return .ended(RunOutcome(ending, detail), summary: detail)
    }
}
