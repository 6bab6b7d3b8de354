import AuraModel

/// The tools' turn: the calls of an answer, in order or together, and what becomes of them.
extension AgentLoop {
    /// Begins the next calls of the last answer; with all of them answered it is the model's turn
    /// again.
    mutating func carryOn(issuing counter: inout CommandCounter) -> Progress {
        while let use = rest.first {
            if let call = performable(use), !call.isBackground {
                return perform(issuing: &counter)
            }
            rest.removeFirst()
            guard let tool = offered.first(where: { $0.name == use.name }) else {
                if let end = refuse(unoffered: use) { return end }
                continue
            }
            if let problem = problem(with: use, for: tool) {
                if let end = note(use, Outcome(output: problem, isError: true)) { return end }
                continue
            }
            switch tool {
            // What is not begun in the background was performed above.
            case .performed, .served:
                if let end = begin(inBackground: use, issuing: &counter) { return end }
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

    private func problem(with use: ToolUse, for tool: AgentTool) -> String? {
        use.isCut
            ? AgentPrompt.cutUse : ToolSchemas.problem(with: use.input, for: tool, rules: rules)
    }

    /// The call as it is performed outside; nil when it is answered here.
    private func performable(_ use: ToolUse) -> ToolCall? {
        guard let tool = offered.first(where: { $0.name == use.name }),
            problem(with: use, for: tool) == nil
        else { return nil }
        switch tool {
        case .performed(let name): return ToolCall(use: use.id, tool: name, input: use.input)
        case .served(let served):
            return ToolCall(
                use: use.id, tool: .serverTool, input: use.input, served: ServedCall(served))
        case .finish, .wait, .askOperator, .submitSpec: return nil
        }
    }

    /// How many calls of the kind of `call` are made together.
    ///
    /// What only looks cannot disturb each other; commands may, so the definition says whether.
    private func width(of call: ToolCall) -> Int {
        guard rules > KernelRules.first else { return 1 }
        if call.tool.isPerformedAtOnce { return Self.pureTogetherMax }
        return call.tool == .runCommand ? limits.parallelCommands ?? 1 : 1
    }

    /// Begins the next call and those behind it that may be made beside it.
    private mutating func perform(issuing counter: inout CommandCounter) -> Progress {
        var calls: [Call] = []
        var commands: [Command] = []
        var first: ToolCall?
        while let use = rest.first, let call = performable(use), !call.isBackground {
            if let first {
                let isLike =
                    call.tool == first.tool
                    || (call.tool.isPerformedAtOnce && first.tool.isPerformedAtOnce)
                guard isLike, commands.count < width(of: first) else { break }
            }
            first = first ?? call
            rest.removeFirst()
            let command = counter.issue(.tool(call: call))
            calls.append(Call(use: use, command: command.id))
            commands.append(command)
        }
        phase = .calling(calls)
        return .commands(commands)
    }

    /// Begins a command that goes on beside the conversation: it is answered at once.
    private mutating func begin(
        inBackground use: ToolUse, issuing counter: inout CommandCounter
    ) -> Progress? {
        guard jobs.count < Self.jobsMax else {
            return note(use, Outcome(output: AgentPrompt.tooManyJobs(jobs), isError: true))
        }
        let call = ToolCall(use: use.id, tool: .runCommand, input: use.input)
        let command = counter.issue(.tool(call: call))
        begin(command, inBackground: use)
        return note(use, Outcome(output: AgentPrompt.jobBegun(command.id)))
    }

    private mutating func refuse(unoffered use: ToolUse) -> Progress? {
        // A tool that exists but is not granted is a denial; any other name is a mistake.
        if let denial = AgentPrompt.denied(use.name) {
            return note(use, Outcome(output: denial, isError: true, isDenied: true))
        }
        let text = AgentPrompt.unknownTool(use.name, offered: offered)
        return note(use, Outcome(output: text, isError: true))
    }

    private mutating func ask(_ use: ToolUse, issuing counter: inout CommandCounter) -> Progress {
        let command = counter.issue(
            .ask(
                question: use.input["question"]?.stringValue ?? "", deadline: Self.questionDeadline)
        )
        phase = .asking(command.id, use)
        return .commands([command])
    }

    /// Ends the work as the model says, unless it claims success over results that it has not seen,
    /// leaves something running, or was told something meanwhile.
    private mutating func finish(_ use: ToolUse) -> Progress? {
        if isTold { return note(use, Outcome(output: AgentPrompt.finishUnheard, isError: true)) }
        let summary = use.input["summary"]?.stringValue ?? ""
        guard use.input["status"]?.stringValue == "done" else {
            phase = .stopped
            return .ended(RunOutcome(.failed, Excerpt.line(summary)), summary: summary)
        }
        let hasUnseenError = results.contains { block in
            guard case .toolResult(_, _, let isError) = block else { return false }
            return isError
        }
        if hasUnseenError {
            return note(use, Outcome(output: AgentPrompt.finishTooEarly, isError: true))
        }
        guard jobs.isEmpty else {
            return note(use, Outcome(output: AgentPrompt.stillRunning(jobs), isError: true))
        }
        phase = .finished(use)
        return .ended(RunOutcome(.done, Excerpt.line(summary)), summary: summary)
    }
}

// MARK: Outcomes

extension AgentLoop {
    /// A call has ended; the next begin when those beside it have, too.
    mutating func called(
        _ command: CommandID, _ result: ToolResult, issuing counter: inout CommandCounter
    ) -> Progress {
        let outcome = Outcome(
            output: result.output, isError: result.isError || result.isDenied,
            isDenied: result.isDenied, isChange: result.treeChanged != false)
        if let use = jobs.removeValue(forKey: command) {
            if outcome.isChange { tree?.sawChange() }
            notes.append(AgentPrompt.jobEnded(command, use, outcome.output))
            return .nothing
        }
        return called(command, outcome, issuing: &counter)
    }

    private mutating func called(
        _ command: CommandID, _ outcome: Outcome, issuing counter: inout CommandCounter
    ) -> Progress {
        guard case .calling(var calls) = phase,
            let place = calls.firstIndex(where: { $0.command == command && $0.outcome == nil })
        else { return .nothing }
        calls[place].outcome = outcome
        phase = .calling(calls)
        let outcomes = calls.compactMap(\.outcome)
        guard outcomes.count == calls.count else { return .nothing }
        for (call, outcome) in zip(calls, outcomes) {
            if !outcome.isError { compaction.sawSuccess(of: call.use.name) }
            look(at: call.use)
            watch(call.use, outcome)
            if let end = note(call.use, outcome) { return end }
            // Who waits for a command is not going in circles.
            if call.use.input["wait_seconds"]?.integerValue != nil {
                stall.sawWait()
                tree?.sawWait()
            }
        }
        return carryOn(issuing: &counter)
    }

    /// An edit changes the tree; a command does, unless it is known that it did not.
    private mutating func watch(_ use: ToolUse, _ outcome: Outcome) {
        // Whether a server that may write did so is not known.
        if writers.contains(use.name) { tree?.sawChange() }
        switch ToolName(rawValue: use.name)?.effect {
        case .workspace: if !outcome.isError { tree?.sawChange() }
        case .command: if outcome.isChange { tree?.sawChange() }
        case .pure, .external, nil: break
        }
    }

    /// Tells the notes on a directory with the first call that goes into it.
    private mutating func look(at use: ToolUse) {
        guard !unseen.isEmpty else { return }
        let paths = use.paths
        let told = unseen.filter { note in paths.contains { $0.hasPrefix(note.directory) } }
        guard !told.isEmpty else { return }
        unseen.removeAll { told.contains($0) }
        notes.append(AgentPrompt.project(told))
    }

    /// Keeps the result of a call; returns an end if that was one too many.
    mutating func note(_ use: ToolUse, _ outcome: Outcome) -> Progress? {
        let text = Excerpt.headAndTail(outcome.output, bytesMax: Excerpt.toolResultBytesMax)
        results.append(.toolResult(id: use.id, content: text, isError: outcome.isError))
        if outcome.isDenied {
            denied += 1
            if denied >= Self.deniedMax {
                return stop(
                    .denied,
                    "\(denied) calls were denied; the last: \(Excerpt.line(outcome.output))")
            }
        }
        switch stall.saw(use, output: text, isError: outcome.isError) {
        case .fine: return nil
        case .nudge(let words):
            notes.append(words)
            return nil
        case .stalled(let why): return stop(.stalled, why)
        }
    }

    /// Keeps the result of the outstanding call and begins the next.
    mutating func settle(
        _ use: ToolUse, _ outcome: Outcome, issuing counter: inout CommandCounter
    ) -> Progress {
        note(use, outcome) ?? carryOn(issuing: &counter)
    }

    mutating func waited(
        _ command: CommandID, isInterrupted: Bool = false, issuing counter: inout CommandCounter
    ) -> Progress {
        switch phase {
        case .backingOff(command): return reason(issuing: &counter)
        case .waiting(command, let use):
            let text =
                isInterrupted
                ? AgentPrompt.waitInterrupted : isTold ? AgentPrompt.waitCut : AgentPrompt.waited
            results.append(.toolResult(id: use.id, content: text, isError: false))
            stall.sawWait()
            tree?.sawWait()
            return carryOn(issuing: &counter)
        case .idle, .listing, .reasoning, .backingOff, .calling, .waiting, .asking, .finished,
            .answered, .stopped:
            return .nothing
        }
    }

    /// The command's outcome is unknown: what has no effect is done again, the rest is told to the
    /// model.
    mutating func interrupted(
        _ command: CommandID, issuing counter: inout CommandCounter
    ) -> Progress {
        if let use = jobs.removeValue(forKey: command) {
            notes.append(AgentPrompt.jobLost(command, use))
            return .nothing
        }
        switch phase {
        case .listing(command, let words, let interruptions):
            return list(words, interruptions: interruptions + 1, issuing: &counter)
        case .reasoning(command): return reason(issuing: &counter)
        case .calling(let calls):
            let tool = calls.first { $0.command == command }?.use.name ?? ""
            let outcome = Outcome(
                output: AgentPrompt.interrupted(tool, isServed: isServed(tool)), isError: true,
                isChange: true)
            return called(command, outcome, issuing: &counter)
        case .asking(command, let use): return ask(use, issuing: &counter)
        case .idle, .listing, .reasoning, .backingOff, .waiting, .asking, .finished, .answered,
            .stopped:
            return waited(command, isInterrupted: true, issuing: &counter)
        }
    }

    mutating func takeResults() -> [ContentBlock] {
        defer { results = [] }
        return results
    }
}
