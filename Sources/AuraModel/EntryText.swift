/// What an entry says to an operator, in one line: `aura-ctl logs` prints it and the journal's
/// MESSAGE is the same text.
///
/// Total over facts, and safe for a terminal whatever a model wrote.
package struct EntryText: Hashable, Sendable {
    /// How much an operator cares.
    ///
    /// Orders from the least on.
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        /// Bookkeeping: shown on request only.
        case detail
        /// Work going on as it should.
        case note
        /// Something began, ended or was decided.
        case notice
        /// A failure that the run may get over.
        case warning
        /// A failure that needs somebody.
        case error

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package var level: Level
    package var message: String

    init(_ level: Level, _ message: String) {
        self.level = level
        self.message = message
    }

    /// The text of `entry`; `subject` is what the command that it is about was for, where that is
    /// known, and `charge` what the command cost.
    package init(_ entry: Entry, subject: Subject? = nil, charge: Amount? = nil) {
        self = Self.fact(entry, subject, charge)
    }

    /// The whole line: time as given, sequence, automaton and run, text.
    ///
    /// Warnings say so in a word.
    package func line(for entry: Entry, time: String) -> String {
        var parts = [time, "#\(entry.sequence)"]
        if let automaton = entry.automaton { parts.append(automaton.text) }
        if let run = entry.run { parts.append(run.short) }
        switch level {
        case .detail, .note, .notice: parts.append(message)
        case .warning: parts.append("warning: " + message)
        case .error: parts.append("error: " + message)
        }
        return parts.joined(separator: " ")
    }

    /// What a command was for: said again when it ends, for its outcome alone does not tell.
    package struct Subject: Hashable, Sendable {
        /// `edit_file calc.sh`, `step verify: tests`, `task T001`.
        package var title: String
        /// What to say instead of the title's outcome when it succeeds: `landed 1a2b3c on BRANCH`.
        package var success: String?

        /// The subject of an intent.
        package init(_ plan: Intent.Plan) {
            switch plan {
            case .reason: title = "the model's answer"
            case .tool(let call): title = EntryText.title(of: call)
            case .step(let request):
                title = "step " + SafeText.brief(request.title)
                if case .land(let branch, let commit, _, _, _) = request {
                    success = SafeText.brief("landed \(commit.prefix(12)) on \(branch)")
                }
            case .spawn(let request, _): title = "task " + SafeText.brief(request.task.id)
            case .ask: title = "the question"
            case .wait: title = "the wait"
            case .finish: title = "the end"
            }
        }
    }
}

/// Tells entries in their order, and remembers from an intent to its outcome what it was for.
///
/// Holds a short text per command under way; a run's are dropped when it finishes.
package struct EntryTeller: Sendable {
    private var subjects: [RunID: [CommandID: EntryText.Subject]] = [:]
    private var charges: [RunID: [CommandID: Amount]] = [:]

    /// A teller that has heard nothing yet: outcomes of intents before its first entry are told
    /// plainly.
    package init() {}

    /// The text of the next entry.
    package mutating func tell(_ entry: Entry) -> EntryText {
        guard let run = entry.run else { return EntryText(entry) }
        switch entry.fact {
        case .commanded(_, let intents, _):
            for intent in intents {
                subjects[run, default: [:]][intent.command] = .init(intent.plan)
            }
        case .settled(let command, let amount, _):
            // Known in time only where the record settles a command before it tells its outcome.
            charges[run, default: [:]][command] = amount
        case .transacted(_, let transaction):
            guard let command = transaction.settledCommand else { break }
            return EntryText(
                entry, subject: subjects[run]?.removeValue(forKey: command),
                charge: charges[run]?.removeValue(forKey: command))
        case .runFinished:
            subjects[run] = nil
            charges[run] = nil
        default: break
        }
        return EntryText(entry)
    }
}

// MARK: Facts

extension EntryText {
    private static func fact(_ entry: Entry, _ subject: Subject?, _ charge: Amount?) -> Self {
        switch entry.fact {
        case .daemonStarted(let start):
            Self(
                .notice,
                "aurad \(SafeText.brief(start.version)) started, epoch \(start.epoch)"
                    + (start.weaknesses ?? []).map { "; not enforced here: \(SafeText.brief($0))" }
                    .joined())
        case .daemonStopped(let reason): Self(.notice, "aurad stopped: \(SafeText.brief(reason))")
        case .definitionLoaded(let digest, let definition):
            Self(
                .notice,
                "definition loaded: \(definition.kind.rawValue), \(SafeText.brief(digest.prefix(12)))"
            )
        case .definitionRemoved: Self(.notice, "definition removed")
        case .definitionRefused(let file, let diagnostics): refused(file, diagnostics)
        case .automatonStarted: Self(.notice, "schedule in force, ordered by \(by(entry))")
        case .automatonStopped: Self(.notice, "schedule stopped, ordered by \(by(entry))")
        case .breakerOpened(let reason, let until):
            Self(.warning, Definition.Breaker.text(reason, until: until))
        case .runsHeld(let held): Self.held(held)
        case .quarantined(let quarantine): Self(.error, quarantined(quarantine, entry))
        case .automatonPaused: Self(.notice, "paused by \(by(entry)): firings will be skipped")
        case .automatonResumed: Self(.notice, "resumed by \(by(entry))")
        case .clockStepped(let by, let asleep): clock(by, asleep)
        case .successOverdue(let since, let expect):
            Self(
                .warning,
                "no success since \(HumanText.dateTime(since))Z, though one was expected within "
                    + HumanText.span(expect))
        case .firingsMissed(let from, let through, let reason):
            Self(
                .warning,
                "due from \(HumanText.dateTime(from))Z to \(HumanText.dateTime(through))Z: "
                    + "all missed: \(SafeText.brief(reason))")
        case .occurrenceDecided(let nominal, let decision, let cause):
            occurrence(nominal, decision, cause)
        case .changeMarked(_, let reason): Self(.note, "what is watched: \(SafeText.brief(reason))")
        case .messageReceived(let thread, let number, let message):
            Self(
                .notice,
                "message \(number) of thread \(thread) by \(by(entry)): "
                    + SafeText.firstLine(message.text, max: 80))
        case .threadForked(let thread, let from, let through, _, _):
            Self(
                .notice,
                "thread \(thread) forked from message \(through) of \(from) by \(by(entry))")
        case .runAdmitted(let run): admitted(run)
        case .attemptStarted: Self(.note, "attempt \(entry.generation ?? 0) started")
        case .attemptReady(let attestation):
            Self(
                .note,
                "worker ready: \(attestation.namespaces.count) own namespaces, "
                    + HumanText.plural(attestation.seccompFilters, "system call filter"))
        case .attemptEnded(let exit, let detail): attemptEnded(exit, detail)
        case .takenOver(let taken): Self(.notice, Self.takenOver(taken, entry))
        case .transacted(_, let transaction): outcome(transaction, subject, charge)
        case .commanded(_, let intents, _): commanded(intents)
        case .reserved(let command, let amount):
            Self(.detail, "command \(command) may use up to \(HumanText.amount(amount))")
        case .settled(let command, let amount, let estimated):
            Self(
                .detail,
                "command \(command) used \(HumanText.amount(amount))"
                    + (estimated ? " (estimated: the provider did not say)" : ""))
        case .callHeld(let hold):
            Self(
                .warning,
                "command \(hold.command) waits until \(HumanText.dateTime(hold.until))Z, then asks "
                    + "\(SafeText.brief(hold.reasoner)): \(SafeText.brief(hold.reason))")
        case .callPlaced(let call):
            Self(
                .note,
                "asks \(SafeText.brief(call.reasoner)) again, answer of at most "
                    + HumanText.plural(call.answerTokensMax, "token"))
        case .runParked(let until, let reason, let rests):
            Self(
                .notice,
                (rests ? "waits for an answer" : "parked")
                    + " until \(HumanText.dateTime(until))Z, its slot is free: "
                    + SafeText.brief(reason))
        case .runUnparked: Self(.note, "goes on from where it was parked")
        case .routeOpened(let route, let until, let reason):
            Self(
                .warning,
                "\(SafeText.brief(route)) is not asked until \(HumanText.dateTime(until))Z: "
                    + SafeText.brief(reason))
        case .routeClosed(let route): Self(.notice, "\(SafeText.brief(route)) answers again")
        case .requestMade(let request):
            Self(
                .note,
                "command \(request.command), request \(request.number): "
                    + SafeText.brief(request.text))
        case .requestRefused(let request, let reason):
            Self(
                .warning,
                "command \(request.command) may not ask \(SafeText.brief(request.text)): "
                    + SafeText.brief(reason))
        case .requestEnded(let end): Self(end.failure == nil ? .note : .warning, text(of: end))
        case .stopRequested(let reason, let until): stop(reason, until)
        case .runFinished(let outcome, _, let wall):
            Self(
                outcome.isSuccess ? .notice : outcome.ending == .cancelled ? .warning : .error,
                "finished after \(HumanText.span(wall)): \(text(of: outcome))")
        case .checkpoint(let checkpoint):
            Self(.detail, "record signed up to #\(checkpoint.parsed?.size ?? 0)")
        case .recordPruned(let pruned): Self(.notice, pruned.text)
        }
    }

    private static func text(of end: WebRequestEnd) -> String {
        let sizes = "\(SizeText.format(end.sent)) sent, \(SizeText.format(end.received)) received"
        let result = end.failure ?? end.status.map { "status \($0)" } ?? "closed"
        return "command \(end.command), request \(end.number) after \(HumanText.span(end.took)): "
            + "\(SafeText.brief(result)), \(sizes)"
    }

    private static func by(_ entry: Entry) -> String { SafeText.brief(entry.principal.name) }

    private static func refused(_ file: String, _ diagnostics: [Diagnostic]) -> Self {
        let first = diagnostics.first.map {
            " (line \($0.line), column \($0.column): \(SafeText.brief($0.message)))"
        }
        return Self(
            .error,
            "definition refused: \(SafeText.brief(file)): "
                + HumanText.plural(diagnostics.count, "error") + (first ?? ""))
    }

    private static func takenOver(_ taken: TakenOver, _ entry: Entry) -> String {
        guard let command = taken.command else {
            return "the worker goes on under the restarted daemon, process \(taken.process): "
                + "attempt \(taken.earlier ?? 0) is attempt \(entry.generation ?? 0) now"
        }
        return "command \(command) goes on under the restarted daemon, process \(taken.process)"
    }

    private static func attemptEnded(_ exit: AttemptExit, _ detail: String) -> Self {
        let tail = detail.isEmpty ? "" : ": " + SafeText.brief(detail)
        return switch exit {
        case .exited(let code):
            Self(code == 0 ? .note : .warning, "worker ended with status \(code)\(tail)")
        case .signalled(_, let limit?): Self(.warning, "worker killed: \(limit.text)\(tail)")
        case .signalled(let number, nil):
            Self(.warning, "worker killed by signal \(number)\(tail)")
        case .refused(let feature):
            Self(.error, "cage refused: \(SafeText.brief(feature))\(tail)")
        case .overdue(let phase, let after):
            Self(.warning, "worker killed: \(phase.text(after: after))\(tail)")
        case .orphaned: Self(.warning, "worker lost with the daemon that ran it\(tail)")
        }
    }

    /// `done`, or the ending and why.
    package static func text(of outcome: RunOutcome) -> String {
        outcome.detail.isEmpty
            ? outcome.ending.rawValue
            : "\(outcome.ending.rawValue): \(SafeText.brief(outcome.detail))"
    }
}

// MARK: Intents

extension EntryText {
    private static func commanded(_ intents: [Intent]) -> Self {
        let level = intents.map { self.level(of: $0.plan) }.max() ?? .detail
        let texts = intents.map { text(of: $0.plan) }
        return Self(level, texts.isEmpty ? "waits" : texts.joined(separator: "; "))
    }

    private static func text(of plan: Intent.Plan) -> String {
        switch plan {
        case .reason(_, let bytes, let messages, let tokens, _):
            "asks the model: \(HumanText.plural(messages, "message")), \(HumanText.bytes(bytes)), "
                + "answer of at most \(HumanText.plural(tokens, "token"))"
        // The dots tell the beginning from the outcome, which has the same words.
        case .tool(let call): title(of: call) + " …"
        case .step(let request): "step \(SafeText.brief(request.title)) …"
        case .spawn(let request, let run):
            "starts task \(SafeText.brief(request.task.id)) as run \(run.short)"
        case .ask(let question, let until):
            "asks the operator (until \(HumanText.dateTime(until))Z): \(SafeText.brief(question))"
        case .wait(let until, let reason):
            "waits until \(HumanText.dateTime(until))Z: \(SafeText.brief(reason))"
        case .finish(let outcome): "wants to finish: \(text(of: outcome))"
        }
    }

    /// Short acts are told once, by their outcome; what takes time is told when it begins, too.
    private static func level(of plan: Intent.Plan) -> Level {
        switch plan {
        case .reason, .finish: .detail
        case .tool(let call): [.command, .external].contains(call.tool.effect) ? .note : .detail
        case .step, .spawn, .wait: .note
        case .ask: .notice
        }
    }
}

// MARK: Outcomes

extension EntryText {
    private static func outcome(
        _ transaction: Transaction, _ subject: Subject?, _ charge: Amount?
    ) -> Self {
        func title(_ command: CommandID) -> String { subject?.title ?? "command \(command)" }
        return switch transaction {
        case .started: Self(.detail, "begins")
        case .messaged(let turn):
            Self(
                .detail,
                "is told message \(turn.number) and "
                    + HumanText.plural(turn.earlier.count, "exchange") + " before it")
        case .modelAnswered(_, let answer): answered(answer, charge)
        case .modelFailed(_, let failure):
            Self(
                .warning,
                "model failed: \(failure.cause.rawValue): \(SafeText.brief(failure.message))")
        case .toolFinished(let command, let result): tool(title(command), result)
        case .stepFinished(let command, let result):
            step(title(command), subject?.success, result)
        case .childFinished(let command, let run, let outcome, _, _):
            Self(
                outcome.isSuccess ? .notice : .warning,
                "\(title(command)) (run \(run.short)) \(text(of: outcome))")
        case .operatorAnswered(_, let text?):
            Self(.notice, "operator answered: \(SafeText.firstLine(text))")
        case .operatorAnswered(_, nil):
            Self(.warning, "no operator answered in time")
        case .waited: Self(.detail, "waited")
        case .interrupted(let command, let reason):
            Self(.warning, "\(title(command)) interrupted: \(SafeText.brief(reason))")
        case .told(let message, let by): told(message, by)
        case .wrapUp(let reason): Self(.notice, "told to wrap up: \(SafeText.brief(reason))")
        }
    }

    private static func answered(_ answer: ModelAnswer, _ charge: Amount?) -> Self {
        let calls = answer.content.count { if case .toolUse = $0 { true } else { false } }
        var parts = [calls > 0 ? HumanText.plural(calls, "tool call") : "text"]
        parts.append(HumanText.plural(answer.usage.total, "token"))
        if let charge, charge.microDollars != 0 {
            parts.append(DollarText.format(charge.microDollars))
        }
        var level = Level.note
        switch answer.stop {
        case .endTurn, .toolUse, .stopSequence, .pause: break
        case .tokensMax, .refusal, .contextOverflow:
            level = .warning
            parts.append("stopped by \(answer.stop.rawValue)")
        }
        return Self(level, "model answered: " + parts.joined(separator: ", "))
    }

    private static func tool(_ title: String, _ result: ToolResult) -> Self {
        guard result.isError || result.isDenied else { return Self(.note, title) }
        let word = result.isDenied ? "denied" : "error"
        return Self(
            result.isDenied ? .warning : .note,
            "\(title) -> \(word): \(SafeText.firstLine(result.output, max: 120))")
    }

    private static func step(_ title: String, _ success: String?, _ result: StepResult) -> Self {
        if result.isSuccess, let success { return Self(.notice, success) }
        return Self(
            result.isSuccess ? .note : .warning,
            "\(title) -> \(SafeText.brief(result.exit.text)) in \(HumanText.span(result.duration))")
    }
}
