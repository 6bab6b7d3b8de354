/// What became true.
///
/// State changes only by applying facts, live and on replay alike. A closed set.
package enum Fact: Hashable, Sendable {
    case daemonStarted(DaemonStarted)
    case daemonStopped(reason: String)
    /// Indirect like the other large ones: a herd's turn holds ten thousand facts, and each is as
    /// large as the largest.
    indirect case definitionLoaded(digest: String, definition: Definition)
    case definitionRemoved
    case definitionRefused(file: String, diagnostics: [Diagnostic])
    /// The automaton's schedule is in force from now on.
    case automatonStarted
    case automatonStopped
    /// The schedule stays in force, but what fires is skipped until it is resumed.
    case automatonPaused
    /// The automaton burned without landing: what fires is skipped until `until`, or until an
    /// operator resumes it.
    case breakerOpened(reason: String, until: Instant?)
    case automatonResumed
    /// No run of the automaton starts by itself for a while: the last one failed, or is to be followed.
    indirect case runsHeld(RunsHeld)
    /// It killed its workers again and again: the automaton is paused until an operator resumes it, or
    /// what the run is for is left alone.
    indirect case quarantined(Quarantine)
    /// The wall clock moved `by` against the clock of the boot between two turns, or between a stop
    /// and a start; `asleep`: so long the machine was suspended.
    case clockStepped(by: Milliseconds, asleep: Milliseconds)
    /// No run has succeeded since `since`, though one was expected within `expect`.
    case successOverdue(since: Instant, expect: Milliseconds)
    /// All firings from `from` to `through` were missed: more than are written down one by one.
    case firingsMissed(from: Instant, through: Instant, reason: String)
    /// `cause`: what made it fire, where no clock and no chain did.
    case occurrenceDecided(
        nominal: Instant, decision: OccurrenceDecision, cause: FiringCause? = nil)
    /// What is watched is as `mark` says, and nothing fires because of it.
    case changeMarked(mark: String, reason: String)
    /// Somebody said something to a chat.
    case messageReceived(thread: ThreadName, number: Int, message: ChatMessage)
    /// A thread began with what was said in another one up to its message `through`.
    case threadForked(
        thread: ThreadName, from: ThreadName, through: Int, earlier: [ChatExchange], omitted: Int)
    indirect case runAdmitted(RunAdmitted)
    case attemptStarted
    case attemptReady(attestation: Attestation)
    case attemptEnded(exit: AttemptExit, detail: String)
    /// A worker or a command of an earlier daemon goes on under this one.
    case takenOver(TakenOver)
    indirect case transacted(index: Int, transaction: Transaction)
    case commanded(basis: Int, intents: [Intent], state: String? = nil)
    case reserved(command: CommandID, amount: Amount)
    /// `estimated`: the provider did not say, so the reservation itself was charged.
    case settled(command: CommandID, amount: Amount, estimated: Bool)
    /// The call failed, or may not be made yet: it is made at `until`, by the daemon itself.
    case callHeld(CallHold)
    /// The call is made again, maybe elsewhere, with what is now reserved for it.
    case callPlaced(CallPlacement)
    /// Every run of the tree only waits for far-off calls or (`rests`: its wall time stands still) for
    /// the operator: its worker ends, its slot is free.
    case runParked(until: Instant, reason: String, rests: Bool)
    /// The run goes on from where it was parked, as soon as there is a slot.
    case runUnparked
    /// The route failed too often in a row: nothing is asked of it before `until`.
    case routeOpened(route: String, until: Instant, reason: String)
    case routeClosed(route: String)
    /// Another request of a command is about to be made.
    case requestMade(WebRequest)
    /// It is not made.
    case requestRefused(WebRequest, reason: String)
    case requestEnded(WebRequestEnd)
    /// `until`: the run was told to wrap up, and has so long for it; nil: it ends now.
    case stopRequested(reason: String, until: Instant? = nil)
    case runFinished(outcome: RunOutcome, report: String, wall: Milliseconds)
    /// The record up to some entry before this one, signed.
    case checkpoint(Checkpoint)
    /// The oldest entries went, by a rule; their hashes stay in the tree.
    case recordPruned(RecordPruned)
}

/// What became of a planned firing.
///
/// Decided once.
package enum OccurrenceDecision: Hashable, Sendable, Codable {
    case started(run: RunID)
    case skipped(reason: String)
    case missed(reason: String)
    /// It waits, and one of the other decisions will follow.
    case queued(reason: String)
    /// It waited, and will not start any more.
    case cancelled(reason: String)

    /// Whether nothing more will be decided about the firing.
    package var isFinal: Bool {
        if case .queued = self { false } else { true }
    }
}

extension Fact: Codable {
    private enum Key: String, CodingKey {
        case kind, reason, digest, definition, file, diagnostics, nominal, decision, attestation
        case exit, detail, index, transaction, basis, intents, command, amount, estimated, outcome
        case report, wall, start, run, by, asleep, since, expect, from, through, checkpoint
        case thread, number, message, earlier, omitted
        case call, until, route, pruned, cause, mark, rests, held, quarantine, request, taken, state
    }

    /// The fact's name in the record, in the journal and in messages.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case daemonStarted = "daemon-started"
        case daemonStopped = "daemon-stopped"
        case definitionLoaded = "definition-loaded"
        case definitionRemoved = "definition-removed"
        case definitionRefused = "definition-refused"
        case automatonStarted = "automaton-started"
        case automatonStopped = "automaton-stopped"
        case automatonPaused = "automaton-paused"
        case breakerOpened = "breaker-opened"
        case automatonResumed = "automaton-resumed"
        case runsHeld = "runs-held"
        case quarantined
        case clockStepped = "clock-stepped"
        case successOverdue = "success-overdue"
        case firingsMissed = "firings-missed"
        case occurrenceDecided = "occurrence-decided"
        case changeMarked = "change-marked"
        case messageReceived = "message-received"
        case threadForked = "thread-forked"
        case runAdmitted = "run-admitted"
        case attemptStarted = "attempt-started"
        case attemptReady = "attempt-ready"
        case attemptEnded = "attempt-ended"
        case takenOver = "taken-over"
        case transacted
        case commanded
        case reserved
        case settled
        case callHeld = "call-held"
        case callPlaced = "call-placed"
        case runParked = "run-parked"
        case runUnparked = "run-unparked"
        case routeOpened = "route-opened"
        case routeClosed = "route-closed"
        case requestMade = "request-made"
        case requestRefused = "request-refused"
        case requestEnded = "request-ended"
        case stopRequested = "stop-requested"
        case runFinished = "run-finished"
        case checkpoint
        case recordPruned = "record-pruned"
    }

    /// Which of the kinds this fact is.
    package var kind: Kind {
        switch self {
        case .daemonStarted: .daemonStarted
        case .daemonStopped: .daemonStopped
        case .definitionLoaded: .definitionLoaded
        case .definitionRemoved: .definitionRemoved
        case .definitionRefused: .definitionRefused
        case .automatonStarted: .automatonStarted
        case .automatonStopped: .automatonStopped
        case .automatonPaused: .automatonPaused
        case .breakerOpened: .breakerOpened
        case .automatonResumed: .automatonResumed
        case .runsHeld: .runsHeld
        case .quarantined: .quarantined
        case .clockStepped: .clockStepped
        case .successOverdue: .successOverdue
        case .firingsMissed: .firingsMissed
        case .occurrenceDecided: .occurrenceDecided
        case .changeMarked: .changeMarked
        case .messageReceived: .messageReceived
        case .threadForked: .threadForked
        case .runAdmitted: .runAdmitted
        case .attemptStarted: .attemptStarted
        case .attemptReady: .attemptReady
        case .attemptEnded: .attemptEnded
        case .takenOver: .takenOver
        case .transacted: .transacted
        case .commanded: .commanded
        case .reserved: .reserved
        case .settled: .settled
        case .callHeld: .callHeld
        case .callPlaced: .callPlaced
        case .runParked: .runParked
        case .runUnparked: .runUnparked
        case .routeOpened: .routeOpened
        case .routeClosed: .routeClosed
        case .requestMade: .requestMade
        case .requestRefused: .requestRefused
        case .requestEnded: .requestEnded
        case .stopRequested: .stopRequested
        case .runFinished: .runFinished
        case .checkpoint: .checkpoint
        case .recordPruned: .recordPruned
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        func get<T: Decodable>(_ key: Key) throws -> T { try values.decode(T.self, forKey: key) }
        switch try values.decode(Kind.self, forKey: .kind) {
        case .daemonStarted: self = .daemonStarted(try get(.start))
        case .daemonStopped: self = .daemonStopped(reason: try get(.reason))
        case .definitionLoaded:
            self = .definitionLoaded(digest: try get(.digest), definition: try get(.definition))
        case .definitionRemoved: self = .definitionRemoved
        case .definitionRefused:
            self = .definitionRefused(file: try get(.file), diagnostics: try get(.diagnostics))
        case .automatonStarted: self = .automatonStarted
        case .automatonStopped: self = .automatonStopped
        case .automatonPaused: self = .automatonPaused
        case .breakerOpened:
            self = .breakerOpened(
                reason: try get(.reason),
                until: try values.decodeIfPresent(Instant.self, forKey: .until))
        case .automatonResumed: self = .automatonResumed
        case .runsHeld: self = .runsHeld(try get(.held))
        case .quarantined: self = .quarantined(try get(.quarantine))
        case .clockStepped: self = .clockStepped(by: try get(.by), asleep: try get(.asleep))
        case .successOverdue:
            self = .successOverdue(since: try get(.since), expect: try get(.expect))
        case .firingsMissed:
            self = .firingsMissed(
                from: try get(.from), through: try get(.through), reason: try get(.reason))
        case .occurrenceDecided:
            self = .occurrenceDecided(
                nominal: try get(.nominal), decision: try get(.decision),
                cause: try values.decodeIfPresent(FiringCause.self, forKey: .cause))
        case .changeMarked:
            self = .changeMarked(mark: try get(.mark), reason: try get(.reason))
        case .messageReceived:
            self = .messageReceived(
                thread: try get(.thread), number: try get(.number), message: try get(.message))
        case .threadForked:
            self = .threadForked(
                thread: try get(.thread), from: try get(.from), through: try get(.through),
                earlier: try get(.earlier), omitted: try get(.omitted))
        case .runAdmitted: self = .runAdmitted(try get(.run))
        case .attemptStarted: self = .attemptStarted
        case .attemptReady: self = .attemptReady(attestation: try get(.attestation))
        case .attemptEnded:
            self = .attemptEnded(exit: try get(.exit), detail: try get(.detail))
        case .takenOver: self = .takenOver(try get(.taken))
        case .transacted:
            self = .transacted(index: try get(.index), transaction: try get(.transaction))
        case .commanded:
            let state = try values.decodeIfPresent(String.self, forKey: .state)
            self = .commanded(basis: try get(.basis), intents: try get(.intents), state: state)
        case .reserved: self = .reserved(command: try get(.command), amount: try get(.amount))
        case .settled:
            self = .settled(
                command: try get(.command), amount: try get(.amount),
                estimated: try get(.estimated))
        case .callHeld: self = .callHeld(try get(.call))
        case .callPlaced: self = .callPlaced(try get(.call))
        case .runParked:
            let rests = try values.decodeIfPresent(Bool.self, forKey: .rests) ?? false
            self = .runParked(until: try get(.until), reason: try get(.reason), rests: rests)
        case .runUnparked: self = .runUnparked
        case .routeOpened:
            self = .routeOpened(
                route: try get(.route), until: try get(.until), reason: try get(.reason))
        case .routeClosed: self = .routeClosed(route: try get(.route))
        case .requestMade: self = .requestMade(try get(.request))
        case .requestRefused:
            self = .requestRefused(try get(.request), reason: try get(.reason))
        case .requestEnded: self = .requestEnded(try get(.request))
        case .stopRequested:
            let until = try values.decodeIfPresent(Instant.self, forKey: .until)
            self = .stopRequested(reason: try get(.reason), until: until)
        case .runFinished:
            self = .runFinished(
                outcome: try get(.outcome), report: try get(.report), wall: try get(.wall))
        case .checkpoint: self = .checkpoint(try get(.checkpoint))
        case .recordPruned: self = .recordPruned(try get(.pruned))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        switch self {
        // Most of the log: with their members in order there is nothing to sort.
        case .transacted(let index, let transaction):
            try values.encode(index, forKey: .index)
            try values.encode(kind.rawValue, forKey: .kind)
            return try values.encode(transaction, forKey: .transaction)
        case .commanded(let basis, let intents, let state):
            try values.encode(basis, forKey: .basis)
            try values.encode(intents, forKey: .intents)
            try values.encode(kind.rawValue, forKey: .kind)
            return try values.encodeIfPresent(state, forKey: .state)
        case .reserved(let command, let amount):
            try values.encode(amount, forKey: .amount)
            try values.encode(command, forKey: .command)
        case .settled(let command, let amount, let estimated):
            try values.encode(amount, forKey: .amount)
            try values.encode(command, forKey: .command)
            try values.encode(estimated, forKey: .estimated)
        default: return try encodeOthers(to: &values)
        }
        try values.encode(kind.rawValue, forKey: .kind)
    }

    private func encodeOthers(to values: inout KeyedEncodingContainer<Key>) throws {
        try values.encode(kind.rawValue, forKey: .kind)
        switch self {
        case .daemonStarted(let start): try values.encode(start, forKey: .start)
        case .daemonStopped(let reason): try values.encode(reason, forKey: .reason)
        case .definitionLoaded(let digest, let definition):
            try values.encode(digest, forKey: .digest)
            try values.encode(definition, forKey: .definition)
        case .definitionRemoved, .automatonStarted, .automatonStopped, .automatonPaused,
            .automatonResumed, .attemptStarted, .runUnparked, .transacted, .commanded, .reserved,
            .settled:
            break
        case .runsHeld(let held): try values.encode(held, forKey: .held)
        case .quarantined(let quarantine):
            try values.encode(quarantine, forKey: .quarantine)
        case .breakerOpened(let reason, let until):
            try values.encode(reason, forKey: .reason)
            try values.encodeIfPresent(until, forKey: .until)
        case .clockStepped(let by, let asleep):
            try values.encode(by, forKey: .by)
            try values.encode(asleep, forKey: .asleep)
        case .successOverdue(let since, let expect):
            try values.encode(since, forKey: .since)
            try values.encode(expect, forKey: .expect)
        case .firingsMissed(let from, let through, let reason):
            try values.encode(from, forKey: .from)
            try values.encode(through, forKey: .through)
            try values.encode(reason, forKey: .reason)
        case .definitionRefused(let file, let diagnostics):
            try values.encode(file, forKey: .file)
            try values.encode(diagnostics, forKey: .diagnostics)
        case .occurrenceDecided(let nominal, let decision, let cause):
            try values.encode(nominal, forKey: .nominal)
            try values.encode(decision, forKey: .decision)
            try values.encodeIfPresent(cause, forKey: .cause)
        case .changeMarked(let mark, let reason):
            try values.encode(mark, forKey: .mark)
            try values.encode(reason, forKey: .reason)
        case .messageReceived(let thread, let number, let message):
            try values.encode(thread, forKey: .thread)
            try values.encode(number, forKey: .number)
            try values.encode(message, forKey: .message)
        case .threadForked(let thread, let from, let through, let earlier, let omitted):
            try values.encode(thread, forKey: .thread)
            try values.encode(from, forKey: .from)
            try values.encode(through, forKey: .through)
            try values.encode(earlier, forKey: .earlier)
            try values.encode(omitted, forKey: .omitted)
        case .runAdmitted(let run): try values.encode(run, forKey: .run)
        case .attemptReady(let attestation): try values.encode(attestation, forKey: .attestation)
        case .attemptEnded(let exit, let detail):
            try values.encode(exit, forKey: .exit)
            try values.encode(detail, forKey: .detail)
        case .takenOver(let taken): try values.encode(taken, forKey: .taken)
        case .callHeld(let hold): try values.encode(hold, forKey: .call)
        case .callPlaced(let placement): try values.encode(placement, forKey: .call)
        case .runParked(let until, let reason, let rests):
            try values.encode(until, forKey: .until)
            try values.encode(reason, forKey: .reason)
            if rests { try values.encode(true, forKey: .rests) }
        case .routeOpened(let route, let until, let reason):
            try values.encode(route, forKey: .route)
            try values.encode(until, forKey: .until)
            try values.encode(reason, forKey: .reason)
        case .routeClosed(let route): try values.encode(route, forKey: .route)
        case .requestMade(let request): try values.encode(request, forKey: .request)
        case .requestRefused(let request, let reason):
            try values.encode(request, forKey: .request)
            try values.encode(reason, forKey: .reason)
        case .requestEnded(let end): try values.encode(end, forKey: .request)
        case .stopRequested(let reason, let until):
            try values.encode(reason, forKey: .reason)
            try values.encodeIfPresent(until, forKey: .until)
        case .runFinished(let outcome, let report, let wall):
            try values.encode(outcome, forKey: .outcome)
            try values.encode(report, forKey: .report)
            try values.encode(wall, forKey: .wall)
        case .checkpoint(let checkpoint): try values.encode(checkpoint, forKey: .checkpoint)
        case .recordPruned(let pruned): try values.encode(pruned, forKey: .pruned)
        }
    }
}
