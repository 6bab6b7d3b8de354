import AuraModel

/// How facts move automatons, their occurrences and the daemon's own row.
extension State {
    /// Kept before the entry counts as the newest sign of life.
    mutating func noteAbsence(before entry: Entry) {
        guard case .daemonStarted = entry.fact, let lastAt = daemon.lastAt else { return }
        var absences = daemon.absences ?? []
        absences.append(
            .init(
                from: lastAt, lastSequence: daemon.sequence, to: entry.at,
                startSequence: entry.sequence))
        daemon.absences = Array(absences.suffix(DaemonRow.absencesMax))
    }

    mutating func load(_ definition: Definition, digest: String, by entry: Entry) {
        definitions.keep(entry.fact)
        touch(.definitions, digest)
        var row =
            automata[definition.name]
            ?? AutomatonRow(
                name: definition.name, definition: digest, kind: definition.kind,
                isActive: definition.enabled, cursor: entry.at)
        let isNew = automata[definition.name] == nil
        // A definition whose schedule is the same goes on with it: what waits for its delay, or
        // was missed while nobody looked, is not lost to an edit of the prompt.
        let goesOn =
            !isNew && row.isLoaded && row.isActive
            && definitions[row.definition]?.firesLike(definition) == true
        row.definition = digest
        row.kind = definition.kind
        row.isActive = row.isLoaded ? row.isActive : definition.enabled
        row.isLoaded = true
        if !goesOn { row.begin(at: entry.at, isNew: isNew) }
        row.note(.loaded, entry, definition: digest)
        automata[definition.name] = row
    }

    mutating func applyToAutomaton(_ entry: Entry) throws {
        switch entry.fact {
        case .daemonStarted(let start):
            daemon.epoch = start.epoch
            daemon.version = start.version
            daemon.boot = start.boot
            daemon.startedAt = entry.at
        case .clockStepped(let by, let asleep): step(by, asleep: asleep, entry)
        case .routeOpened(let route, let until, let reason):
            let before = daemon.routes?[route]
            daemon.routes = daemon.routes ?? [:]
            daemon.routes?[route] = .init(
                since: before?.since ?? entry.at, until: until, count: (before?.count ?? 0) + 1,
                reason: reason)
        case .routeClosed(let route):
            daemon.routes?[route] = nil
            if daemon.routes?.isEmpty == true { daemon.routes = nil }
        case .checkpoint:
            daemon.checkpoint = entry.sequence
            daemon.checkpointAt = entry.at
        case .recordPruned(let pruned): daemon.pruned = pruned.through
        default: break
        }
        guard let name = entry.automaton, var row = automata[name] else { return }
        switch entry.fact {
        case .definitionRemoved:
            row.isLoaded = false
            row.isActive = false
            row.setback = nil
            row.note(.removed, entry)
        case .automatonStarted:
            row.isActive = true
            row.begin(at: entry.at, isNew: false)
            row.note(.started, entry)
        case .automatonStopped:
            row.isActive = false
            row.setback = nil
            row.note(.stopped, entry)
        case .automatonPaused:
            row.pause = .init(since: entry.at, by: entry.principal, sequence: entry.sequence)
            row.note(.paused, entry)
        case .breakerOpened(let reason, let until):
            row.pause = .init(
                since: entry.at, by: entry.principal, sequence: entry.sequence, reason: reason,
                until: until)
            coolingDown[name] = until
            row.note(.paused, entry)
        case .runsHeld(let held): row.hold(held, entry)
        case .quarantined(let quarantine):
            row.pause = .init(
                since: entry.at, by: entry.principal, sequence: entry.sequence,
                reason: quarantine.reason, quarantine: quarantine)
            row.setback = nil
            row.note(.quarantined, entry)
        case .automatonResumed:
            row.pause = nil
            row.streak?.forgive()
            coolingDown[name] = nil
            row.note(.resumed, entry)
        case .successOverdue: row.isOverdue = true
        case .occurrenceDecided(let nominal, let decision, let cause):
            try decide(nominal, decision, cause, of: &row, entry)
        case .changeMarked(let mark, _): row.mark = mark
        case .firingsMissed(let from, let through, let reason):
            let summary = OccurrenceRow(
                automaton: name, nominal: from, decision: .missed(reason: reason),
                decidedAt: entry.at, sequence: entry.sequence, through: through)
            row.miss(through: through, summary: summary)
            write(summary)
        case .messageReceived, .threadForked: try applyToChat(name, entry)
        case .daemonStarted, .daemonStopped, .definitionLoaded, .definitionRefused, .runAdmitted,
            .attemptStarted, .attemptReady, .attemptEnded, .takenOver, .transacted, .commanded,
            .reserved, .settled, .callHeld, .callPlaced, .runParked, .runUnparked, .routeOpened,
            .routeClosed, .requestMade, .requestRefused, .requestEnded, .stopRequested,
            .runFinished, .clockStepped, .checkpoint, .recordPruned:
            break
        }
        automata[name] = row
        noteHold(of: name, entry.fact)
    }

    private mutating func decide(
        _ nominal: Instant, _ decision: OccurrenceDecision, _ cause: FiringCause?,
        of row: inout AutomatonRow, _ entry: Entry
    ) throws {
        let waited = row.takeWaiting(nominal)
        let cause = cause ?? waited?.cause
        if case .change(_, let mark)? = cause, waited == nil { row.mark = mark }
        if case .delivery(let delivery)? = cause {
            try note(delivery, nominal, decision, of: row.name, entry)
        }
        if case .queued(let reason) = decision {
            let by = entry.principal == .daemon ? nil : entry.principal
            row.waiting =
                (row.waiting ?? []) + [
                    .init(
                        nominal: nominal, since: entry.at, reason: reason, sequence: entry.sequence,
                        by: by, cause: cause)
                ]
        }
        // What waited was passed by the cursor when it was queued; the clock may have gone back since.
        if waited == nil, nominal > row.cursor {
            if case .missed = decision {
                row.miss(through: nominal)
            } else {
                row.advance(to: nominal)
            }
        } else if waited == nil, case .queued = decision {
            for sum in row.settle(nominal) { write(sum) }
        }
        var told = waited
        told?.cause = nil
        write(
            OccurrenceRow(
                automaton: row.name, nominal: nominal, decision: decision, decidedAt: entry.at,
                sequence: entry.sequence, waited: told, cause: cause?.brief))
    }

    /// The wall clock reads otherwise: what is measured by it moves along.
    private mutating func step(
        _ by: Milliseconds, asleep: Milliseconds, _ entry: Entry
    ) {
        let step = DaemonRow.ClockStep(
            by: by, asleep: asleep, at: entry.at, sequence: entry.sequence)
        daemon.steps = Array(((daemon.steps ?? []) + [step]).suffix(DaemonRow.absencesMax))
        if let starts = daemon.starts {
            daemon.starts = .init(last: min(starts.last + by, entry.at), count: starts.count)
        }
        for id in runs.keys {
            guard var row = runs[id] else { continue }
            let place = row.place
            row.step(by, asleep: asleep)
            runs[id] = row
            index.move(row, from: place, reasoner: reasoner(of: row))
            touch(.runs, id.text)
        }
        for name in automata.keys {
            guard var row = automata[name] else { continue }
            if by.count < 0, let sums = row.goBack(to: entry.at) {
                for sum in sums {
                    if sum.through.map({ $0 >= sum.nominal }) ?? true {
                        write(sum)
                    } else {
                        write(.occurrences, OccurrenceKey.text(of: sum), nil)
                    }
                }
                automata[name] = row
                touch(.automata, name.text)
            }
            moveHold(of: name, by)
            changed.insert(name)
        }
    }
}

extension RunIndex {
    /// A run's place in line changed with the clock.
    mutating func move(_ row: RunRow, from place: SlotLine.Place, reasoner: String) {
        guard row.parent == nil, row.phase == .queued else { return }
        lines[reasoner]?.remove(place)
        lines[reasoner]?.add(row.place)
    }
}

extension AutomatonRow {
    fileprivate mutating func note(_ kind: Turn.Kind, _ entry: Entry, definition: String? = nil) {
        let turn = Turn(
            kind: kind, at: entry.at, by: entry.principal, sequence: entry.sequence,
            definition: definition, isActive: isActive)
        history = Array(((history ?? []) + [turn]).suffix(Self.historyMax))
    }

    fileprivate mutating func takeWaiting(_ nominal: Instant) -> Waiting? {
        guard let index = waiting?.firstIndex(where: { $0.nominal == nominal }) else { return nil }
        let item = waiting?.remove(at: index)
        if waiting?.isEmpty == true { waiting = nil }
        return item
    }
}

extension RunRow {
    /// The wall clock moved: what is left of the run's time does not.
    fileprivate mutating func step(_ by: Milliseconds, asleep: Milliseconds) {
        if let turn { self.turn = turn + by }
        if startedAt != nil {
            stepped = Milliseconds(
                (stepped?.count ?? 0).addingReportingOverflow(by.count &+ asleep.count).partialValue
            )
        }
        if let stopBy { self.stopBy = stopBy + by }
        if case .backingOff(let until) = phase { phase = .backingOff(until: until + by) }
        if case .parked(let until) = phase { phase = .parked(until: until + by) }
        // As `stepped` grew by the same, what was used before the rest stays what it was.
        if let since = restsSince { restsSince = since + by + asleep }
        for index in pending.indices {
            pending[index].intent.plan = pending[index].intent.plan.moved(by)
            if let until = pending[index].call?.until { pending[index].call?.until = until + by }
        }
    }
}

extension Intent.Plan {
    /// The same plan by a clock that was set.
    fileprivate func moved(_ by: Milliseconds) -> Self {
        switch self {
        case .ask(let question, let until): .ask(question: question, until: until + by)
        case .wait(let until, let reason): .wait(until: until + by, reason: reason)
        case .reason, .tool, .step, .spawn, .finish: self
        }
    }
}

extension Fact {
    /// Whether it may change when its automaton is next looked at.
    var bearsOnSchedule: Bool {
        switch self {
        case .definitionLoaded, .definitionRemoved, .automatonStarted, .automatonStopped,
            .automatonPaused, .automatonResumed, .breakerOpened, .occurrenceDecided, .firingsMissed,
            .changeMarked, .successOverdue, .runAdmitted, .runFinished, .runsHeld, .quarantined:
            true
        case .daemonStarted, .daemonStopped, .definitionRefused, .clockStepped, .attemptStarted,
            .attemptReady, .attemptEnded, .takenOver, .transacted, .commanded, .reserved, .settled,
            .callHeld, .callPlaced, .runParked, .runUnparked, .routeOpened, .routeClosed,
            .requestMade, .requestRefused, .requestEnded, .stopRequested, .checkpoint,
            .recordPruned, .messageReceived, .threadForked:
            false
        }
    }
}
