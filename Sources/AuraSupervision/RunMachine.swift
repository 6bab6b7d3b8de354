import AuraModel

/// How one fact moves a run's row. Budgets span several rows and are moved by `State`.
extension RunRow {
    mutating func apply(_ entry: Entry) {
        switch entry.fact {
        case .attemptStarted:
            generation = entry.generation ?? generation + 1
            phase = .launching
            transactionsAtAttempt = transactions
            startedAt = startedAt ?? entry.at
            if let since = restsSince {
                rested = Milliseconds((rested?.count ?? 0) + max(0, (entry.at - since).count))
            }
            restsSince = nil
            activity = "launching"
        case .takenOver(let taken):
            guard taken.command == nil else { break }
            generation = entry.generation ?? generation + 1
            phase = .launching
            transactionsAtAttempt = transactions
            activity = "taken over after a restart"
        case .attemptReady:
            phase = .running
        case .attemptEnded(let exit, let detail):
            end(exit, detail, entry)
        case .quarantined(let quarantine):
            self.quarantine = quarantine
        case .transacted(let index, let transaction):
            transactions = index
            take(transaction)
            // News: it is not parked any longer than until somebody looks.
            if case .parked = phase { phase = .parked(until: entry.at) }
        case .commanded(_, let intents, _):
            pending += intents.map { Pending(intent: $0, since: entry.at) }
            commands = max(commands, intents.map(\.command).max() ?? 0)
            for intent in intents {
                guard case .tool(let call) = intent.plan, call.tool == .fetch else { continue }
                fetches = FetchUse(after: fetches, at: entry.at)
            }
            if let last = intents.last { activity = last.plan.title }
            noteRead(intents)
        case .callHeld(let hold):
            guard let index = index(of: hold.command) else { break }
            pending[index].call = hold
            activity = "waits for \(hold.reasoner): \(hold.reason)"
        case .callPlaced(let call):
            guard let index = index(of: call.command) else { break }
            pending[index].call?.until = entry.at
            pending[index].call?.reasoner = call.reasoner
            pending[index].answerTokensMax = call.answerTokensMax
            activity = pending[index].intent.plan.title
        case .runParked(let until, let reason, let rests):
            phase = .parked(until: until)
            activity = (rests ? "asks: " : "parked: ") + reason
            if rests { restsSince = entry.at }
        case .runUnparked:
            phase = .queued
            activity = "waiting for a slot"
        case .requestMade(let request), .requestRefused(let request, _):
            if request.way == .redirect {
                fetches = FetchUse(after: fetches, at: entry.at)
            } else {
                proxied = FetchUse(after: proxied, at: entry.at)
            }
        case .stopRequested(let reason, let until):
            stopReason = reason
            stopBy = until
        case .daemonStarted, .daemonStopped, .definitionLoaded, .definitionRemoved,
            .definitionRefused, .automatonStarted, .automatonStopped, .occurrenceDecided,
            .automatonPaused, .automatonResumed, .breakerOpened, .clockStepped, .successOverdue,
            .firingsMissed, .changeMarked, .messageReceived, .threadForked, .runAdmitted, .reserved,
            .settled, .runFinished, .runsHeld, .routeOpened, .routeClosed, .requestEnded,
            .checkpoint,
            .recordPruned:
            break
        }
    }

    /// The wall time that it has used by `now`: not where the clock was set, nor while it waited,
    /// parked, for the operator.
    func wall(at now: Instant) -> Milliseconds {
        guard let startedAt else { return .zero }
        return (restsSince ?? now) - (startedAt + (stepped ?? .zero) + (rested ?? .zero))
    }

    private mutating func end(_ exit: AttemptExit, _ detail: String, _ entry: Entry) {
        if transactions > transactionsAtAttempt || exit == .orphaned {
            fruitlessAttempts = 0
            deaths = nil
        } else {
            fruitlessAttempts += 1
            let death = WorkerDeath(
                exit: exit, detail: SafeText.brief(detail), sequence: entry.sequence)
            deaths = Array(((deaths ?? []) + [death]).suffix(Self.deathsMax))
        }
        phase = .backingOff(
            until: entry.at + RestartPolicy.delay(afterFruitless: fruitlessAttempts))
    }

    func index(of command: CommandID) -> Int? {
        pending.firstIndex { $0.intent.command == command }
    }

    private mutating func take(_ transaction: Transaction) {
        if case .modelAnswered(let command, let answer) = transaction,
            let index = index(of: command), answer.isUsageUnknown != true,
            case .reason(_, let bytes, _, _, _) = pending[index].intent.plan
        {
            let usage = answer.usage
            calibration = Calibration(
                reasoner: pending[index].call?.reasoner ?? "", bytes: bytes,
                tokens: usage.input + usage.cacheWrite + usage.cacheRead)
        }
        if case .stepFinished(let command, let result) = transaction,
            case .step(let request)? = pending.first(where: { $0.intent.command == command })?
                .intent.plan
        {
            proof.take(request, result)
        }
        if let command = transaction.settledCommand {
            pending.removeAll { $0.intent.command == command }
        }
        if case .wrapUp = transaction { wrapUpSent = true }
        if case .told(let message, _) = transaction {
            told = (told ?? []) + [Told(message, index: transactions)]
        }
    }

    /// A model call holds all that was said until then.
    private mutating func noteRead(_ intents: [Intent]) {
        guard let told, told.last?.command == nil else { return }
        for intent in intents {
            guard case .reason = intent.plan else { continue }
            self.told = told.map { message in
                var message = message
                message.command = message.command ?? intent.command
                return message
            }
            return
        }
    }

    mutating func finish(_ outcome: RunOutcome, report: String, at: Instant) {
        phase = .finished(outcome: outcome)
        self.report = report
        finishedAt = at
        pending = []
        reserved = .zero
        activity = outcome.detail
    }
}

extension Intent.Plan {
    /// What the command does, in a few words for an operator.
    package var title: String {
        switch self {
        case .reason(_, _, let messages, _, _): "model call with \(messages) messages"
        case .tool(let call): call.tool.rawValue
        case .step(let request): request.title
        case .spawn(let request, _): "task \(request.task.id)"
        case .ask(let question, _): "asks: \(question.prefix(80))"
        case .wait(_, let reason): "waits: \(reason.prefix(80))"
        case .finish(let outcome): "finishes: \(outcome.ending.rawValue)"
        }
    }
}
