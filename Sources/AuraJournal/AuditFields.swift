package import AuraModel

/// The journal fields of an entry.
///
/// Names are upper case; values are one line each.
package enum AuditFields {
    /// Fields in the order in which they are sent; a name may stand more than once.
    package static func fields(
        of entry: Entry, text: EntryText, leftOut: Int = 0
    ) -> [(name: String, value: String)] {
        let note =
            leftOut == 0
            ? "" : " (\(leftOut) entries before it are left out here: aura-ctl record cat)"
        var fields: [(name: String, value: String)] = [
            ("MESSAGE", text.message + note),
            ("MESSAGE_ID", MessageID.of(entry.fact.kind)),
            ("PRIORITY", String(priority(of: text.level))),
            ("SYSLOG_IDENTIFIER", "aurad"),
            ("AURA_SEQ", String(entry.sequence)),
            ("AURA_EVENT", entry.fact.kind.rawValue),
            ("AURA_TIME", String(entry.at.milliseconds)),
            ("AURA_PRINCIPAL", SafeText.line(entry.principal.name)),
            // With the hash of what came before, the journal's copy shows whether the record was edited.
            ("AURA_PREVIOUS", SafeText.line(entry.previous)),
        ]
        func add(_ name: String, _ value: String?) {
            if let value { fields.append((name, value)) }
        }
        add("AURA_AUTOMATON", entry.automaton?.text)
        add("AURA_AUTOMATON_SEQ", entry.automatonSequence.map { String($0) })
        add("AURA_RUN", entry.run?.text)
        add("AURA_PARENT", entry.parent?.text)
        add("AURA_GENERATION", entry.generation.map { String($0) })
        add("AURA_LEFT_OUT", leftOut == 0 ? nil : String(leftOut))
        for (name, value) in particulars(of: entry.fact) { fields.append((name, value)) }
        return fields
    }

    /// syslog(3): 3 error, 4 warning, 5 notice, 6 informational, 7 debug.
    package static func priority(of level: EntryText.Level) -> Int {
        switch level {
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .note: 6
        case .detail: 7
        }
    }

    private static func particulars(of fact: Fact) -> [(String, String)] {
        switch fact {
        case .daemonStarted(let start): [("AURA_EPOCH", String(start.epoch))]
        case .definitionLoaded(let digest, _): [("AURA_DEFINITION", SafeText.line(digest))]
        case .definitionRefused(let file, _): [("AURA_FILE", SafeText.line(file))]
        case .occurrenceDecided(let nominal, let decision, let cause):
            occurrence(nominal, decision) + particulars(of: cause)
        case .messageReceived(let thread, let number, _):
            [("AURA_THREAD", thread.text), ("AURA_MESSAGE", String(number))]
        case .threadForked(let thread, let from, let through, _, _):
            [
                ("AURA_THREAD", thread.text), ("AURA_THREAD_FROM", from.text),
                ("AURA_MESSAGE", String(through)),
            ]
        case .runAdmitted(let run): [("AURA_DEFINITION", SafeText.line(run.definition))]
        case .attemptEnded(let exit, _): [("AURA_OUTCOME", word(for: exit))]
        case .transacted(let index, let transaction):
            [("AURA_TRANSACTION", String(index))] + particulars(of: transaction)
        case .commanded(_, let intents, _): intents.flatMap { particulars(of: $0) }
        case .reserved(let command, let amount), .settled(let command, let amount, _):
            [
                ("AURA_COMMAND", String(command)), ("AURA_TOKENS", String(amount.tokens)),
                ("AURA_MICRODOLLARS", String(amount.microDollars)),
            ]
        case .callHeld(let hold):
            [
                ("AURA_COMMAND", String(hold.command)), ("AURA_TRIES", String(hold.tries)),
                ("AURA_UNTIL", String(hold.until.milliseconds)),
                ("AURA_REASONER", SafeText.line(hold.reasoner)),
            ]
        case .callPlaced(let call):
            [
                ("AURA_COMMAND", String(call.command)),
                ("AURA_REASONER", SafeText.line(call.reasoner)),
            ]
        case .runsHeld(let held):
            [
                ("AURA_UNTIL", String(held.until.milliseconds)),
                ("AURA_FAILURES", String(held.failures)),
            ]
        case .quarantined(let quarantine):
            [("AURA_FAILURES", String(quarantine.failures.count))]
        case .runParked(let until, _, _): [("AURA_UNTIL", String(until.milliseconds))]
        case .routeOpened(let route, let until, _):
            [("AURA_ROUTE", SafeText.line(route)), ("AURA_UNTIL", String(until.milliseconds))]
        case .routeClosed(let route): [("AURA_ROUTE", SafeText.line(route))]
        case .requestMade(let request), .requestRefused(let request, _):
            [
                ("AURA_COMMAND", String(request.command)),
                ("AURA_REQUEST", String(request.number)), ("AURA_URL", SafeText.line(request.url)),
            ]
        case .requestEnded(let end):
            [
                ("AURA_COMMAND", String(end.command)), ("AURA_REQUEST", String(end.number)),
                ("AURA_SENT", String(end.sent)), ("AURA_RECEIVED", String(end.received)),
            ]
        case .runFinished(let outcome, _, let wall):
            [
                ("AURA_OUTCOME", outcome.ending.rawValue),
                ("AURA_EXIT_STATUS", String(outcome.ending.exitStatus)),
                ("AURA_WALL_MS", String(wall.count)),
            ]
        case .clockStepped(let by, let asleep):
            [("AURA_STEP_MS", String(by.count)), ("AURA_ASLEEP_MS", String(asleep.count))]
        case .successOverdue(let since, _): [("AURA_SINCE", String(since.milliseconds))]
        case .firingsMissed(let from, let through, _):
            [
                ("AURA_OCCURRENCE", String(from.milliseconds)),
                ("AURA_OCCURRENCE_LAST", String(through.milliseconds)),
                ("AURA_OUTCOME", "missed"),
            ]
        // Kept where an editor of the record does not reach: `record verify --checkpoint` takes it.
        case .checkpoint(let checkpoint):
            [("AURA_CHECKPOINT", SafeText.line(checkpoint.parsed?.line ?? checkpoint.note))]
        case .recordPruned(let pruned):
            [("AURA_PRUNED", String(pruned.through)), ("AURA_BASE", SafeText.line(pruned.base))]
        case .takenOver(let taken):
            [("AURA_PID", String(taken.process))]
                + (taken.command.map { [("AURA_COMMAND", String($0))] } ?? [])
        case .daemonStopped, .definitionRemoved, .automatonStarted, .automatonStopped,
            .automatonPaused, .automatonResumed, .breakerOpened, .changeMarked,
            .attemptStarted, .attemptReady, .stopRequested, .runUnparked:
            []
        }
    }

    private static func occurrence(
        _ nominal: Instant, _ decision: OccurrenceDecision
    ) -> [(String, String)] {
        let word =
            switch decision {
            case .started: "started"
            case .skipped: "skipped"
            case .missed: "missed"
            case .queued: "queued"
            case .cancelled: "cancelled"
            }
        return [("AURA_OCCURRENCE", String(nominal.milliseconds)), ("AURA_OUTCOME", word)]
    }

    private static func particulars(of cause: FiringCause?) -> [(String, String)] {
        switch cause {
        case .change(let what, _)?: [("AURA_CHANGE", SafeText.line(what))]
        case .delivery(let delivery)?: [("AURA_DELIVERY", SafeText.line(delivery.id))]
        case nil: []
        }
    }

    private static func particulars(of intent: Intent) -> [(String, String)] {
        let (word, tool): (String, String?) =
            switch intent.plan {
            case .reason: ("reason", nil)
            case .tool(let call): ("tool", call.tool.rawValue)
            case .step: ("step", nil)
            case .spawn: ("spawn", nil)
            case .ask: ("ask", nil)
            case .wait: ("wait", nil)
            case .finish: ("finish", nil)
            }
        var fields = [("AURA_COMMAND", String(intent.command)), ("AURA_PLAN", word)]
        if let tool { fields.append(("AURA_TOOL", tool)) }
        return fields
    }

    private static func particulars(of transaction: Transaction) -> [(String, String)] {
        let (word, outcome): (String, String?) =
            switch transaction {
            case .started: ("started", nil)
            case .modelAnswered(_, let answer): ("model-answered", answer.stop.rawValue)
            case .modelFailed(_, let failure): ("model-failed", failure.cause.rawValue)
            case .toolFinished(_, let result):
                ("tool-finished", result.isDenied ? "denied" : result.isError ? "error" : "done")
            case .stepFinished(_, let result): ("step-finished", SafeText.brief(result.exit.text))
            case .childFinished(_, _, let outcome, _, _):
                ("child-finished", outcome.ending.rawValue)
            case .operatorAnswered(_, let text):
                ("operator-answered", text == nil ? "unanswered" : "answered")
            case .waited: ("waited", nil)
            case .messaged: ("messaged", nil)
            case .interrupted: ("interrupted", "interrupted")
            case .wrapUp: ("wrap-up", nil)
            case .told: ("told", nil)
            }
        var fields = [("AURA_TRANSACTION_KIND", word)]
        if let command = transaction.settledCommand {
            fields.append(("AURA_COMMAND", String(command)))
        }
        if let outcome { fields.append(("AURA_OUTCOME", outcome)) }
        return fields
    }

    private static func word(for exit: AttemptExit) -> String {
        switch exit {
        case .exited(let code): "status \(code)"
        case .signalled(_, let limit?): "limit \(limit.resource.rawValue)"
        case .signalled(let number, nil): "signal \(number)"
        case .refused: "refused"
        case .overdue(let phase, _): "overdue \(phase.rawValue)"
        case .orphaned: "orphaned"
        }
    }
}
