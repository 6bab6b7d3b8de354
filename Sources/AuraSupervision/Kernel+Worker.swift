import AuraModel

/// The conversation with a run's worker: transactions down, proposals up.
extension Kernel {
    /// Records `transaction` as the run's next one.
    ///
    /// A transaction that settles a command which is not pending (any more) is late news and
    /// changes nothing.
    mutating func transact(
        _ transaction: Transaction, on id: RunID, by principal: Principal = .daemon,
        at now: Instant
    ) throws {
        guard let row = state.runs[id] else { return }
        if let command = transaction.settledCommand,
            !row.pending.contains(where: { $0.intent.command == command })
        {
            return
        }
        try record(
            .transacted(index: row.transactions + 1, transaction: transaction), run: id,
            by: principal, at: now)
    }

    /// Sends every idle worker what was recorded since it last spoke.
    mutating func deliverNews(at now: Instant) {
        placeRuns(at: now)
        let owed = openRuns { attempts[$0.id]?.isOwedNews(of: $0.transactions) == true }
        for id in owed {
            guard let attempt = attempts[id], let row = state.runs[id] else { continue }
            let silence = deadlines(of: row).silence
            attempts[id]?.deadline = now + silence
            actions.append(.deliver(id, attempt.generation, basis: attempt.folded))
        }
    }

    /// Takes a worker's proposal: its outcomes always, its commands if they rest on all that is
    /// known.
    ///
    /// One that is not whole lacks what the worker made of its last outcomes.
    mutating func consider(
        _ proposal: Proposal, of id: RunID, _ generation: Generation,
        digests: [CommandID: RequestDigest], isWhole: Bool = true, at now: Instant
    ) throws {
        guard let row = state.runs[id], attempts[id]?.generation == generation,
            attempts[id]?.isReady == true
        else { return }
        if let flaw = flaw(in: proposal, of: row) {
            return try finish(id, RunOutcome(.protocolViolation, flaw), at: now)
        }
        attempts[id]?.deadline = nil
        attempts[id]?.folded = proposal.basis
        for outcome in proposal.outcomes {
            try transact(outcome, on: id, at: now)
        }
        guard proposal.basis == row.transactions else { return }
        let outcomes = proposal.rounds.flatMap(\.outcomes)
        attempts[id]?.folded = row.transactions + outcomes.count
        for round in proposal.rounds {
            // Those of the first round are in the record by now, and are not taken again.
            for outcome in round.outcomes { try transact(outcome, on: id, at: now) }
            let fresh = round.commands.filter { $0.id > row.commands }
            // One that held a secret was made in a state that no fold of the record comes to.
            let digest = isWhole ? round.state : nil
            try take(fresh, of: id, state: digest, digests: digests, at: now)
            try act(on: fresh, of: id, generation, digests: digests, at: now)
        }
        try takeUpCalls(of: id, from: proposal, digests: digests, at: now)
        if isWhole, let after = state.runs[id], after.pending.isEmpty,
            after.transactions == attempts[id]?.folded
        {
            let detail = "the run's kernel neither acts nor waits"
            try finish(id, RunOutcome(.protocolViolation, detail), at: now)
        }
    }

    /// Takes what is left of a proposal that held a secret, and ends the worker, which has it in its
    /// memory: the next one folds what the record holds.
    mutating func considerRedacted(
        _ proposal: Proposal, of id: RunID, _ generation: Generation,
        digests: [CommandID: RequestDigest], at now: Instant
    ) throws {
        try consider(proposal, of: id, generation, digests: digests, isWhole: false, at: now)
        guard attempts[id]?.generation == generation else { return }
        actions.append(.endAttempt(id, generation))
        try bury(
            id, generation, .signalled(number: 9),
            detail: "the worker had come upon a secret and was ended; the run goes on without it",
            at: now)
    }

    /// What makes a proposal one that no sound worker sends; nil for a sound one.
    private func flaw(in proposal: Proposal, of row: RunRow) -> String? {
        guard (0...row.transactions).contains(proposal.basis) else {
            return
                "a proposal on the basis of \(proposal.basis) of \(row.transactions) transactions"
        }
        for outcome in proposal.outcomes {
            guard case .toolFinished(let command, _) = outcome,
                let pending = row.pending.first(where: { $0.intent.command == command }),
                case .tool(let call) = pending.intent.plan, call.tool.place == .worker
            else { return "an outcome of something the worker was not asked to do" }
        }
        for (round, next) in zip(proposal.rounds, proposal.further) {
            guard next.outcomes.allSatisfy({ Self.isPure($0, askedIn: round) }) else {
                return "an outcome that had to wait for leave"
            }
        }
        let commands = proposal.rounds.flatMap(\.commands)
        for command in commands where command.id > row.commands {
            guard let definition = state.definitions[row.definition] else { continue }
            let refusal: String?
            switch command.act {
            case .step(let request):
                refusal = Policy.refusal(of: request, to: row, under: definition)
            case .spawn(let request): refusal = Policy.refusal(of: request, under: definition)
            case .reason, .tool, .ask, .wait, .finish: continue
            }
            if let refusal { return "the worker asked \(refusal)" }
        }
        let fresh = commands.map(\.id).filter { $0 > row.commands }
        guard fresh == Array(row.commands + 1..<row.commands + 1 + fresh.count) else {
            return "commands out of order"
        }
        return nil
    }

    /// Whether `outcome` is of a pure tool of the worker's own that `round` asked for.
    private static func isPure(_ outcome: Transaction, askedIn round: Proposal.Round) -> Bool {
        guard case .toolFinished(let id, _) = outcome else { return false }
        return round.commands.contains { command in
            guard command.id == id, case .tool(let call) = command.act else { return false }
            return call.tool.isPerformedAtOnce
        }
    }

    /// Records new commands as intents, each with what it needs held.
    ///
    /// A call without room in some budget ends the run before it is made.
    private mutating func take(
        _ commands: [Command], of id: RunID, state digest: String?,
        digests: [CommandID: RequestDigest], at now: Instant
    ) throws {
        guard let row = state.runs[id], !commands.isEmpty else { return }
        var holds: [(CommandID, CallCost)] = []
        var children: [(RunID, CommandID, SpawnRequest)] = []
        var intents: [Intent] = []
        for command in commands {
            let plan: Intent.Plan
            switch command.act {
            case .reason(let request):
                guard let digest = digests[command.id] else { return }
                let held = cost(
                    of: request, bytes: digest.bytes, reasoner: state.reasoner(of: row), row,
                    at: now)
                holds.append((command.id, held))
                plan = .reason(
                    digest: digest.sha256, bytes: digest.bytes, messages: request.messages.count,
                    answerTokensMax: held.answerTokens ?? request.answerTokensMax,
                    prompt: digest.prompt)
            case .tool(let call): plan = .tool(call: call)
            case .step(let request): plan = .step(request: request)
            case .spawn(let request):
                let child = RunID(at: now, sequence: nextSequence + children.count)
                children.append((child, command.id, request))
                plan = .spawn(request: request, run: child)
            case .ask(let question, let span): plan = .ask(question: question, until: now + span)
            case .wait(let span, let reason): plan = .wait(until: now + span, reason: reason)
            case .finish(let outcome, _): plan = .finish(outcome: outcome)
            }
            intents.append(Intent(command: command.id, plan: plan))
        }
        try record(
            .commanded(basis: row.transactions, intents: intents, state: digest), run: id, at: now)
        for (command, held) in holds {
            switch held {
            case .refused(let reason):
                return try finish(id, RunOutcome(.budget, reason), at: now)
            case .held(let amount, _):
                try record(.reserved(command: command, amount: amount), run: id, at: now)
            }
        }
        for (child, command, request) in children {
            try admitChild(child, of: id, command: command, request, at: now)
        }
    }

    /// Asks for the effects of commands that are now in the record.
    private mutating func act(
        on fresh: [Command], of id: RunID, _ generation: Generation,
        digests: [CommandID: RequestDigest], at now: Instant
    ) throws {
        var own: [CommandID] = []
        for command in fresh {
            guard let row = state.runs[id] else { return }
            switch command.act {
            case .reason(let request):
                addCall(
                    request, bytes: digests[command.id]?.bytes ?? 0,
                    CallKey(run: id, command: command.id), reasoner: state.reasoner(of: row))
            case .tool(let call) where call.tool.isPerformedAtOnce: break
            case .tool(let call) where call.tool.place == .worker: own.append(command.id)
            case .tool(let call) where call.tool == .fetch:
                try request(call, command.id, of: id, row, at: now)
            case .tool(let call) where call.tool == .serverTool:
                try askServer(call, command.id, of: id, row, at: now)
            case .tool(let call): try runInCage(call, command.id, of: id, row, at: now)
            case .step(let request): actions.append(.step(id, command.id, request))
            case .spawn, .ask, .wait: break
            case .finish(let outcome, let report):
                return try finish(id, outcome, report: report, at: now)
            }
        }
        guard !own.isEmpty else { return }
        let silence = state.runs[id].map { now + deadlines(of: $0).silence }
        attempts[id]?.deadline = silence
        actions.append(.perform(id, generation, own))
    }

    /// Policy: a request is made only to what the definition grants, and so often.
    private mutating func request(
        _ call: ToolCall, _ command: CommandID, of id: RunID, _ row: RunRow, at now: Instant
    ) throws {
        let grants = state.definitions[row.definition]?.capabilities.fetch ?? []
        guard let refusal = Policy.refusal(of: call, of: row, granted: grants) else {
            return actions.append(.tool(id, command, call))
        }
        try transact(.toolFinished(command: command, result: refusal), on: id, at: now)
    }

    /// Policy: a tool is called only where the definition grants it.
    private mutating func askServer(
        _ call: ToolCall, _ command: CommandID, of id: RunID, _ row: RunRow, at now: Instant
    ) throws {
        let definition = state.definitions[row.definition]
        guard let refusal = Policy.refusal(ofServed: call, to: row, under: definition) else {
            return actions.append(.tool(id, command, call))
        }
        try transact(.toolFinished(command: command, result: refusal), on: id, at: now)
    }

    /// 12 commands of a run at the same time: what a definition can allow, and those in the
    /// background.
    private static let commandsMax = 12

    /// Policy: a command is run only where the definition grants commands.
    private mutating func runInCage(
        _ call: ToolCall, _ command: CommandID, of id: RunID, _ row: RunRow, at now: Instant
    ) throws {
        let underWay = row.pending.count { pending in
            if case .tool(let call) = pending.intent.plan {
                call.tool == .runCommand
            } else {
                false
            }
        }
        guard call.tool != .runCommand || underWay <= Self.commandsMax else {
            let refusal = ToolResult(
                output: "Refused: \(Self.commandsMax) commands of this run are under way.",
                isError: true, place: .siblingCage)
            return try transact(
                .toolFinished(command: command, result: refusal), on: id, at: now)
        }
        if state.definitions[row.definition]?.capabilities.commands == true {
            actions.append(.tool(id, command, call))
        } else {
            let refusal = ToolResult(
                output: "Refused: this automaton's definition does not grant commands.",
                isError: true, isDenied: true, place: .siblingCage)
            try transact(.toolFinished(command: command, result: refusal), on: id, at: now)
        }
    }
}
