import AuraModel

/// One fact of each kind, and entries made of them.
enum Samples {
    static let run = RunID(at: Instant(milliseconds: 1_700_000_000_000), sequence: 9)

    private static let request = WebRequest(
        command: 5, number: 1, way: .tunnel, method: "CONNECT", url: "https://a.test")

    static func fact(_ kind: Fact.Kind, automaton: AutomatonName) -> Fact {
        switch kind {
        case .daemonStarted: .daemonStarted(DaemonStarted(epoch: 2, version: "1", boot: "b"))
        case .daemonStopped: .daemonStopped(reason: "asked")
        case .definitionLoaded:
            .definitionLoaded(
                digest: "d1", definition: Definition(name: automaton, kind: .taskRun, reasoner: "r")
            )
        case .definitionRemoved: .definitionRemoved
        case .definitionRefused: .definitionRefused(file: "a.yaml", diagnostics: [])
        case .automatonStarted: .automatonStarted
        case .automatonStopped: .automatonStopped
        case .automatonPaused: .automatonPaused
        case .breakerOpened:
            .breakerOpened(reason: "3 tasks failed in a row", until: Instant(milliseconds: 9_000))
        case .automatonResumed: .automatonResumed
        case .runsHeld:
            .runsHeld(
                RunsHeld(
                    until: Instant(milliseconds: 9_000), failures: 3,
                    since: Instant(milliseconds: 0), restarts: true))
        case .quarantined: .quarantined(Quarantine(reason: "10 runs failed", failures: []))
        case .clockStepped: .clockStepped(by: .seconds(3600), asleep: .zero)
        case .successOverdue:
            .successOverdue(since: Instant(milliseconds: 0), expect: .minutes(60))
        case .firingsMissed:
            .firingsMissed(
                from: Instant(milliseconds: 0), through: Instant(milliseconds: 9_000),
                reason: "aurad was not running")
        case .occurrenceDecided:
            .occurrenceDecided(nominal: Instant(milliseconds: 0), decision: .started(run: run))
        case .changeMarked: .changeMarked(mark: "m", reason: "its own landing")
        case .messageReceived:
            .messageReceived(
                thread: .main, number: 1, message: ChatMessage(id: "m", text: "hello"))
        case .threadForked:
            .threadForked(thread: .main, from: .main, through: 1, earlier: [], omitted: 0)
        case .runAdmitted:
            .runAdmitted(
                RunAdmitted(
                    trigger: .order(by: Principal("eve")), kind: .taskRun, definition: "d1",
                    task: nil, budget: .none, day: "2026-01-01"))
        case .attemptStarted: .attemptStarted
        case .attemptReady:
            .attemptReady(
                attestation: Attestation(
                    noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0,
                    namespaces: [:]))
        case .takenOver: .takenOver(TakenOver(earlier: 1, process: 4711))
        case .attemptEnded: .attemptEnded(exit: .signalled(number: 9), detail: "")
        case .transacted:
            .transacted(index: 3, transaction: .interrupted(command: 5, reason: "crash"))
        case .commanded:
            .commanded(
                basis: 1,
                intents: [
                    Intent(command: 5, plan: .step(request: .survey)),
                    Intent(command: 6, plan: .step(request: .survey)),
                ])
        case .reserved: .reserved(command: 5, amount: Amount(tokens: 10))
        case .settled:
            .settled(command: 5, amount: Amount(tokens: 7, microDollars: 3), estimated: false)
        case .callHeld:
            .callHeld(
                CallHold(
                    command: 5, tries: 2, until: Instant(milliseconds: 9), reasoner: "main",
                    reason: "overloaded"))
        case .callPlaced:
            .callPlaced(CallPlacement(command: 5, reasoner: "main", answerTokensMax: 100))
        case .runParked: .runParked(until: Instant(milliseconds: 9), reason: "rate", rests: false)
        case .runUnparked: .runUnparked
        case .routeOpened:
            .routeOpened(
                route: "a/m", until: Instant(milliseconds: 9), reason: "5 failures in a row")
        case .routeClosed: .routeClosed(route: "a/m")
        case .requestMade: .requestMade(request)
        case .requestRefused: .requestRefused(request, reason: "not granted")
        case .requestEnded:
            .requestEnded(WebRequestEnd(command: 5, number: 1, status: 200, sent: 10, received: 20))
        case .stopRequested: .stopRequested(reason: "line one\nPRIORITY=0")
        case .runFinished:
            .runFinished(
                outcome: RunOutcome(.budget, "tokens"), report: "", wall: Milliseconds(1500))
        case .checkpoint:
            .checkpoint(
                Checkpoint(
                    note: CheckpointNote(
                        size: 12, root: Array(repeating: 1, count: 32),
                        time: Instant(milliseconds: 5), keyID: [1, 2, 3, 4],
                        signature: Array(repeating: 2, count: 64)
                    ).text))
        case .recordPruned:
            .recordPruned(
                RecordPruned(through: 9, entries: 8, runs: 2, occurrences: 1, base: "00ff"))
        }
    }

    static func entry(_ sequence: Int, _ fact: Fact, automaton: AutomatonName) -> Entry {
        Entry(
            sequence: sequence, at: Instant(milliseconds: 1_700_000_000_000 + sequence),
            principal: .daemon, automaton: automaton, automatonSequence: sequence, run: run,
            parent: nil, generation: 1, fact: fact, previous: Entry.genesis)
    }
}
