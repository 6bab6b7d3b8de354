package import AuraModel

/// From a firing to its run: policies, waiting, chains and the bound on starts.
extension Kernel {
    /// A firing whose time has come.
    mutating func fire(
        _ name: AutomatonName, _ nominal: Instant, _ definition: Definition,
        run leader: RunRow? = nil, cause: FiringCause? = nil, at now: Instant
    ) throws {
        guard let row = state.automata[name] else { return }
        func decide(_ decision: OccurrenceDecision) throws {
            try self.decide(nominal, of: name, decision, cause: cause, at: now)
        }
        if row.pause != nil {
            return try decide(.skipped(reason: Self.paused(row)))
        }
        if let reason = refusal(of: nominal, definition, at: now) {
            return try decide(.skipped(reason: reason))
        }
        if let reason = heldReason(row) {
            // What no clock will bring again waits, as it would for a run under way.
            let comesAgain = leader == nil && cause == nil && definition.schedule != .reboot
            let isSkipped = comesAgain || row.waiting?.isEmpty == false
            return try decide(isSkipped ? .skipped(reason: reason) : .queued(reason: reason))
        }
        let live = state.index.live[name]?.count ?? 0
        let waiting = row.waiting?.count ?? 0
        switch definition.firingPolicy.overlap {
        case .skip where live + waiting > 0:
            let reason = overlapRefusal(name) ?? "an earlier firing still waits"
            return try decide(.skipped(reason: reason))
        case .queueOne where waiting > 0:
            let reason = "another firing waits already for the run under way"
            return try decide(.skipped(reason: reason))
        case .queueOne where live > 0:
            let reason = (overlapRefusal(name) ?? "") + "; it starts after that"
            return try decide(.queued(reason: reason))
        case .allow(let most) where live + waiting >= most:
            let reason = "\(HumanText.plural(live + waiting, "run")) of at most \(most) at once"
            return try decide(.skipped(reason: reason))
        case .cancelOther:
            try cancelOthers(name, for: nominal, at: now)
        case .skip, .queueOne, .allow: break
        }
        guard hasToken(at: now) else {
            let most = settings.startsPerMinuteMax
            let reason = "schedules start at most \(HumanText.plural(most, "run")) a minute"
            return try decide(.queued(reason: reason))
        }
        let trigger: Trigger =
            if let leader {
                .chain(run: leader.id, of: leader.automaton, nominal: nominal)
            } else {
                Trigger(nominal: nominal, cause)
            }
        try begin(name, nominal, trigger, cause: cause, at: now)
    }

    private mutating func begin(
        _ name: AutomatonName, _ nominal: Instant, _ trigger: Trigger,
        cause: FiringCause? = nil, by principal: Principal = .daemon, at now: Instant
    ) throws {
        // Two entries of the decision come first; its number is the run's.
        let run = RunID(at: now, sequence: nextSequence)
        let waited = state.automata[name]?.waiting?.first { $0.nominal == nominal }?.cause
        try decide(
            nominal, of: name, .started(run: run), cause: cause, by: principal, at: now)
        starts.append(now)
        try admit(
            run, of: name, trigger: trigger, inputs: (cause ?? waited)?.inputs, by: principal,
            at: now)
    }

    private mutating func cancelOthers(
        _ name: AutomatonName, for nominal: Instant, at now: Instant
    ) throws {
        let reason = "the firing of \(HumanText.dateTime(nominal))Z takes its place"
        try cancelWaiting(of: name, reason, at: now)
        for id in (state.index.live[name] ?? []).sorted() {
            try record(.stopRequested(reason: reason), run: id, at: now)
            try finish(id, RunOutcome(.cancelled, reason), at: now)
        }
    }

    mutating func cancelWaiting(
        of name: AutomatonName, _ reason: String, at now: Instant
    ) throws {
        for item in state.automata[name]?.waiting ?? [] {
            try decide(item.nominal, of: name, .cancelled(reason: reason), at: now)
        }
    }

    /// Why a firing may not start now whatever else is under way; nil when it may.
    func refusal(
        of nominal: Instant, _ definition: Definition, isOrdered: Bool = false, at now: Instant
    ) -> String? {
        let policy = definition.firingPolicy
        if !isOrdered, let deadline = policy.startingDeadline, now - nominal > deadline {
            return Self.pastDeadline(deadline)
        }
        if !isOrdered, let window = policy.window {
            let civil = CivilTime(at: now.second, in: zones[definition.zone] ?? .utc)
            guard window.isOpen(atMinute: civil.hour * 60 + civil.minute) else {
                return "its window, \(window.text) in \(definition.zone), is closed"
            }
        }
        if let reason = refusalToAdmit(definition.name, at: now) { return reason }
        guard state.index.waiting < Self.runsWaitingMax else {
            return "\(HumanText.plural(Self.runsWaitingMax, "run")) wait for slots already"
        }
        return nil
    }

    /// Why the automaton's budgets allow no run now; nil when they do.
    func refusalToAdmit(_ name: AutomatonName, at now: Instant) -> String? {
        guard let row = state.automata[name], let definition = state.definitions[row.definition]
        else { return "its definition is gone" }
        let reason = ledger.refusal(
            ofRunBy: name, on: day(of: definition, at: now), limits: definition.budget.day)
        return reason.map { "\($0) until midnight in \(definition.zone): aura-ctl budget \(name)" }
    }

    /// Why no further run of the automaton may begin beside what is under way; nil when one may.
    func overlapRefusal(_ name: AutomatonName) -> String? {
        guard let row = state.automata[name], let live = state.index.live[name],
            let first = live.min(), let definition = state.definitions[row.definition],
            !hasRoom(name, definition)
        else { return nil }
        return "run \(first) is still under way"
    }

    func hasRoom(_ name: AutomatonName, _ definition: Definition) -> Bool {
        let live = state.index.live[name]?.count ?? 0
        if case .allow(let most) = definition.firingPolicy.overlap { return live < most }
        return live == 0
    }

    // MARK: Waiting

    /// Starts what waits and could start, longest first, as far as a minute's starts go.
    mutating func startWaiting(at now: Instant) throws {
        while let first = ready.first, hasToken(at: now) {
            ready.set(first.key, nil)
            guard let row = state.automata[first.key], let item = row.waiting?.first,
                let definition = state.definitions[row.definition]
            else { continue }
            if row.pause != nil {
                try decide(
                    item.nominal, of: row.name, .skipped(reason: Self.paused(row)), at: now)
            } else if let reason = refusal(
                of: item.nominal, definition, isOrdered: item.by != nil, at: now)
                ?? Self.misfit(of: item.cause?.inputs, definition)
            {
                try decide(item.nominal, of: row.name, .skipped(reason: reason), at: now)
            } else {
                try begin(
                    row.name, item.nominal, Trigger(nominal: item.nominal, item.cause),
                    by: item.by ?? .daemon, at: now)
            }
            refresh()
        }
    }

    /// Why what a delivery gave does not fit any more: the definition was edited while it waited.
    private static func misfit(
        of inputs: [String: JSONValue]?, _ definition: Definition
    ) -> String? {
        guard let inputs else { return nil }
        do throws(InputFault) {
            _ = try RunInputs.complete(inputs, definition.inputs ?? [])
            return nil
        } catch {
            return error.message
        }
    }

    mutating func hasToken(at now: Instant) -> Bool {
        while let oldest = starts.first, now - oldest >= .minutes(1) { starts.removeFirst() }
        return starts.count < settings.startsPerMinuteMax
    }

    /// When the next waiting firing may start; nil when none waits for that.
    func nextToken(after now: Instant) -> Instant? {
        guard ready.first != nil else { return nil }
        guard starts.count >= settings.startsPerMinuteMax, let oldest = starts.first else {
            return now
        }
        return oldest + .minutes(1)
    }

    // MARK: Chains

    /// A run is over: what is chained to its automaton fires, once.
    mutating func fireFollowers(of leader: RunRow, _ outcome: RunOutcome, at now: Instant) throws {
        for name in (followers[leader.automaton] ?? []).sorted() {
            guard let row = state.automata[name], row.isActive, row.isLoaded,
                let definition = state.definitions[row.definition],
                let chain = definition.firing?.after, chain.automaton == leader.automaton,
                chain.isMet(by: outcome)
            else { continue }
            // Two runs may finish in one turn, and the clock may have been here before: each is a
            // firing of its own.
            let nominal = row.firstUndecided(from: now)
            try fire(name, nominal, definition, run: leader, at: now)
        }
    }

    /// What is read without the definitions whose chain leads nowhere or in a circle.
    func withoutBrokenChains(_ read: DefinitionsRead) -> DefinitionsRead {
        var read = read
        while let broken = brokenChain(in: read) {
            let loaded = read.loaded.remove(at: broken.index)
            let diagnostic = Diagnostic(
                file: loaded.file, line: loaded.chainLine, column: loaded.chainColumn,
                message: broken.fault.message, hint: broken.fault.hint)
            read.refused.append((loaded.file, [diagnostic]))
        }
        return read
    }

    private func brokenChain(in read: DefinitionsRead) -> (index: Int, fault: ChainFault)? {
        var leaders: [AutomatonName: AutomatonName?] = [:]
        for row in state.automata.values where row.isLoaded && !read.refused.isEmpty {
            leaders[row.name] = .some(state.definitions[row.definition]?.firing?.after?.automaton)
        }
        for loaded in read.loaded {
            leaders[loaded.definition.name] = .some(loaded.definition.firing?.after?.automaton)
        }
        for (index, loaded) in read.loaded.enumerated() {
            guard let fault = ChainFault(of: loaded.definition.name, among: leaders) else {
                continue
            }
            return (index, fault)
        }
        return nil
    }
}

/// Why a chain of automatons never fires: it leads nowhere, or in a circle.
package struct ChainFault: Sendable {
    package var message: String
    package var hint: String

    /// What is wrong with the chain of `name`; nil when nothing is.
    ///
    /// `leaders` has every automaton there is, with the one that it is chained to.
    package init?(of name: AutomatonName, among leaders: [AutomatonName: AutomatonName?]) {
        guard let first = leaders[name] ?? nil else { return nil }
        guard leaders[first] != nil else {
            message = "`schedule.after`: there is no automaton '\(first)'"
            hint = "chain it to one that has a definition"
            return
        }
        var path = [name, first]
        while path.last != name, path.count <= leaders.count, let last = path.last,
            let next = leaders[last] ?? nil
        {
            path.append(next)
        }
        guard path.last == name else { return nil }
        let circle = path.map(\.text).joined(separator: " after ")
        message = "`schedule.after` goes in a circle: \(circle)"
        hint = "break it somewhere"
    }
}
