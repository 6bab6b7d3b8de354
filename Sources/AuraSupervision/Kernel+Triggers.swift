package import AuraModel

/// What is to be watched for an automaton.
package struct ChangeWatch: Hashable, Sendable {
    package var trigger: ChangeTrigger
    /// How it was when it was last decided about; nil: it is looked at for the first time.
    package var mark: String?
    /// Since when the schedule is in force: a watch begins anew with it.
    package var since: Instant?

    /// A watch.
    package init(trigger: ChangeTrigger, mark: String?, since: Instant?) {
        self.trigger = trigger
        self.mark = mark
        self.since = since
    }
}

/// What somebody found who looked at what is watched.
package struct ChangeLook: Hashable, Sendable {
    package var trigger: ChangeTrigger
    /// Stands for all of it: another state has another mark.
    ///
    /// For a branch its commit.
    package var mark: String
    /// What changed since the last look, in a few words.
    package var what: String

    /// A look.
    package init(trigger: ChangeTrigger, mark: String, what: String) {
        self.trigger = trigger
        self.mark = mark
        self.what = what
    }
}

/// Changes and deliveries: firings that no clock plans.
extension Kernel {
    /// 16 deliveries of an automaton may wait to start: each is held with what its run is given.
    static let deliveriesWaitingMax = 16

    // MARK: Changes

    /// Has what `definition` watches watched while its schedule is in force, and nothing else.
    mutating func watch(_ name: AutomatonName, _ definition: Definition?) {
        let row = state.automata[name]
        var watch: ChangeWatch?
        if row?.isActive == true, case .change(let trigger)? = definition?.firing?.trigger {
            watch = ChangeWatch(trigger: trigger, mark: row?.mark, since: row?.activeSince)
        }
        let known = watching[name]
        guard known?.trigger != watch?.trigger || known?.since != watch?.since else { return }
        watching[name] = watch
        actions.append(.watch(name, watch))
    }

    /// Fires if what is watched is not as it was.
    ///
    /// The first look only takes its mark. A branch that is where a run of the automaton itself was
    /// to land is no news: else a loop that watches the branch which it moves would never rest.
    mutating func consider(
        _ look: ChangeLook, of name: AutomatonName, at now: Instant
    ) throws {
        guard let row = state.automata[name], row.isActive, row.isLoaded, row.mark != look.mark,
            let definition = state.definitions[row.definition],
            definition.firing?.trigger == .change(look.trigger)
        else { return }
        if row.mark == nil {
            let reason = "looked at for the first time"
            return try record(
                .changeMarked(mark: look.mark, reason: reason), automaton: name, at: now)
        }
        if row.landings?.contains(look.mark) == true {
            let reason = "\(look.what), by its own landing: that does not fire it"
            return try record(
                .changeMarked(mark: look.mark, reason: reason), automaton: name, at: now)
        }
        let cause = FiringCause.change(what: look.what, mark: look.mark)
        try fire(name, row.firstUndecided(from: now), definition, cause: cause, at: now)
    }

    // MARK: Deliveries

    /// The hook of an automaton, whether or not its schedule is in force; nil when it has none.
    package func hook(of name: AutomatonName) -> WebhookTrigger? {
        guard let row = state.automata[name], row.isLoaded,
            case .webhook(let hook)? = state.definitions[row.definition]?.firing?.trigger
        else { return nil }
        return hook
    }

    /// Takes a delivery in; one that is there already, by its id, changes nothing.
    mutating func take(
        _ delivery: HookDelivery, for name: AutomatonName, at now: Instant
    ) throws -> OrderResult {
        let row = try known(name)
        guard row.isActive, let definition = state.definitions[row.definition],
            case .webhook? = definition.firing?.trigger
        else {
            throw APIError(
                .notFound, "the hook of \(name) is not in force", hint: "aura-ctl start \(name)")
        }
        if let known = state.deliveries[name]?[delivery.id] {
            guard known.digest == delivery.digest else {
                throw APIError(
                    .badRequest, "delivery \(delivery.id) came before, with another body",
                    hint: "give each delivery an id of its own")
            }
            return Self.result(of: known, changed: false)
        }
        var delivery = delivery
        do throws(InputFault) {
            delivery.inputs = try RunInputs.complete(
                delivery.inputs ?? [:], definition.inputs ?? [])
        } catch {
            throw APIError(.badRequest, error.message, hint: error.hint(for: name))
        }
        guard (row.waiting?.count ?? 0) < Self.deliveriesWaitingMax else {
            throw APIError(
                .unavailable, "\(Self.deliveriesWaitingMax) deliveries wait to start already",
                hint: "aura-ctl status \(name)")
        }
        let cause = FiringCause.delivery(delivery)
        try fire(name, row.firstUndecided(from: now), definition, cause: cause, at: now)
        guard let taken = state.deliveries[name]?[delivery.id] else {
            throw APIError(.internalError, "the delivery was not decided about")
        }
        return Self.result(of: taken, changed: true)
    }

    private static func result(of row: DeliveryRow, changed: Bool) -> OrderResult {
        let what = changed ? "delivery \(row.id)" : "delivery \(row.id) came before"
        var result = OrderResult(changed: changed, message: what, decision: row.decision)
        switch row.decision {
        case .started(let run):
            result.run = run
            result.message = "\(what): run \(run)"
        case .skipped(let reason): result.message = "\(what): skipped: \(reason)"
        case .missed(let reason): result.message = "\(what): missed: \(reason)"
        case .queued(let reason): result.message = "\(what): waits: \(reason)"
        case .cancelled(let reason): result.message = "\(what): cancelled: \(reason)"
        }
        return result
    }
}

extension Trigger {
    /// What makes the run of a firing begin.
    init(nominal: Instant, _ cause: FiringCause?) {
        switch cause {
        case .change(let what, _)?: self = .change(nominal: nominal, what: what)
        case .delivery(let delivery)?: self = .delivery(nominal: nominal, id: delivery.id)
        case nil: self = .schedule(nominal: nominal)
        }
    }
}

/// How facts move what is known of changes and deliveries.
extension State {
    /// A delivery was taken, or decided about anew.
    mutating func note(
        _ delivery: HookDelivery, _ nominal: Instant, _ decision: OccurrenceDecision,
        of name: AutomatonName, _ entry: Entry
    ) throws {
        var row =
            deliveries[name]?[delivery.id]
            ?? DeliveryRow(
                automaton: name, delivery: delivery, nominal: nominal, decision: decision,
                sequence: entry.sequence)
        if deliveries[name]?[delivery.id] == nil {
            deliveryOrder[name, default: []].append(delivery.id)
        }
        row.decision = decision
        deliveries[name, default: [:]][delivery.id] = row
        write(.deliveries, DeliveryRow.key(name, delivery.id), try JSON.text(row))
        while let order = deliveryOrder[name], order.count > DeliveryRow.countMax {
            deliveryOrder[name]?.removeFirst()
            deliveries[name]?[order[0]] = nil
            write(.deliveries, DeliveryRow.key(name, order[0]), nil)
        }
    }

    /// What a run is about to land is known before it does: whoever looks at the branch after a crash
    /// between the two finds it here.
    mutating func noteLandings(of run: RunRow, _ fact: Fact) {
        guard case .commanded(_, let intents, _) = fact, var row = automata[run.automaton],
            case .change(let trigger)? = definitions[row.definition]?.firing?.trigger,
            trigger.isBranch
        else { return }
        let commits = intents.compactMap { intent -> String? in
            guard case .step(.land(_, let commit, _, _, _)) = intent.plan else { return nil }
            return commit
        }
        guard !commits.isEmpty else { return }
        row.landings = Array(((row.landings ?? []) + commits).suffix(AutomatonRow.landingsMax))
        automata[row.name] = row
    }
}
