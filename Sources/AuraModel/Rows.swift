/// The daemon's own row, key `aurad`.
package struct DaemonRow: Hashable, Sendable, Codable {
    package var epoch: Int
    package var startedAt: Instant
    package var version: String
    /// Entries so far: the sequence number of the newest one.
    package var sequence: Int

    /// The row before the first start.
    package init(
        epoch: Int = 0, startedAt: Instant = Instant(milliseconds: 0), version: String = "",
        sequence: Int = 0
    ) {
        self.epoch = epoch
        self.startedAt = startedAt
        self.version = version
        self.sequence = sequence
    }
}

/// An automaton: a definition in force with its state.
///
/// Key: its name.
package struct AutomatonRow: Hashable, Sendable, Codable {
    package var name: AutomatonName
    /// The digest of the definition in force: a key of the `definitions` table.
    package var definition: String
    package var kind: AutomatonKind
    /// Whether the schedule is in force.
    package var isActive: Bool
    /// Whether the definition's file is still there.
    package var isLoaded: Bool
    /// Every nominal instant up to and including this one has been decided.
    package var cursor: Instant
    /// Entries of this automaton so far.
    package var entries: Int
    package var lastRun: RunID?
    package var lastOutcome: RunOutcome?
    package var lastFinished: Instant?

    /// The row of a definition that was just seen for the first time.
    package init(
        name: AutomatonName, definition: String, kind: AutomatonKind, isActive: Bool,
        cursor: Instant
    ) {
        self.name = name
        self.definition = definition
        self.kind = kind
        self.isActive = isActive
        isLoaded = true
        self.cursor = cursor
        entries = 0
    }
}

/// A planned firing and what became of it.
///
/// Key: automaton, slash, nominal instant.
package struct OccurrenceRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var nominal: Instant
    package var decision: OccurrenceDecision
    package var decidedAt: Instant
    package var sequence: Int

    /// The row of a decided occurrence.
    package init(
        automaton: AutomatonName, nominal: Instant, decision: OccurrenceDecision,
        decidedAt: Instant, sequence: Int
    ) {
        self.automaton = automaton
        self.nominal = nominal
        self.decision = decision
        self.decidedAt = decidedAt
        self.sequence = sequence
    }
}

/// A run.
///
/// Key: its id.
package struct RunRow: Hashable, Sendable, Codable {
    /// Where a run stands between its admission and its end.
    package enum Phase: Hashable, Sendable, Codable {
        /// Admitted; waits for one of the host's slots.
        case queued
        /// An attempt is being launched, or has not attested itself yet.
        case launching
        case running
        /// The attempt ended; the next one starts at `until`.
        case backingOff(until: Instant)
        case finished(outcome: RunOutcome)
    }

    /// A command in the record without its outcome.
    package struct Pending: Hashable, Sendable, Codable {
        package var intent: Intent
        package var since: Instant
        /// What is held for it at every budget level.
        package var reserved: Amount

        /// An intent under way.
        package init(intent: Intent, since: Instant, reserved: Amount = .zero) {
            self.intent = intent
            self.since = since
            self.reserved = reserved
        }
    }

    /// The steps that passed on the newest result, by the daemon's own runs of them.
    package struct Proof: Hashable, Sendable, Codable {
        /// The commit that the newest export made; nil before one.
        package var exported: String?
        /// The commit whose fresh tree the verify steps run in; nil before a checkout.
        package var checkedOut: String?
        /// What passed there since.
        package var passed: [StepDeclaration]

        /// Nothing is proven.
        package init() { passed = [] }
    }

    package var id: RunID
    package var automaton: AutomatonName
    package var kind: AutomatonKind
    package var definition: String
    package var trigger: Trigger
    package var task: TaskBrief?
    package var phase: Phase
    package var generation: Generation
    /// Transactions so far.
    package var transactions: Int
    /// Transactions when the current attempt began: tells a fruitful attempt from a fruitless one.
    package var transactionsAtAttempt: Int
    /// The highest command id in the record.
    package var commands: Int
    package var pending: [Pending]
    package var budget: BudgetLimits
    package var reserved: Amount
    package var spent: Amount
    package var day: String
    package var admittedAt: Instant
    package var startedAt: Instant?
    package var finishedAt: Instant?
    /// Attempts in a row that ended without a new transaction.
    package var fruitlessAttempts: Int
    package var wrapUpSent: Bool
    /// What the daemon itself has seen of the result: decides what may land.
    package var proof: Proof
    /// Why the run was asked to stop; it ends as `cancelled`.
    package var stopReason: String?
    package var report: String
    /// The newest thing it did, in a few words.
    package var activity: String

    /// The row of a run that was just admitted.
    package init(id: RunID, automaton: AutomatonName, admitted: RunAdmitted, at: Instant) {
        self.id = id
        self.automaton = automaton
        kind = admitted.kind
        definition = admitted.definition
        trigger = admitted.trigger
        task = admitted.task
        phase = .queued
        generation = 0
        transactions = 0
        transactionsAtAttempt = 0
        commands = 0
        pending = []
        budget = admitted.budget
        reserved = .zero
        spent = .zero
        day = admitted.day
        admittedAt = at
        fruitlessAttempts = 0
        wrapUpSent = false
        proof = Proof()
        report = ""
        activity = "waiting for a slot"
    }

    /// The run that spawned this one; nil for a top-level run.
    package var parent: RunID? {
        guard case .parent(let run, _) = trigger else { return nil }
        return run
    }

    /// How it ended; nil while it goes on.
    package var outcome: RunOutcome? {
        guard case .finished(let outcome) = phase else { return nil }
        return outcome
    }

    /// Whether it has ended.
    package var isFinished: Bool { outcome != nil }
}

/// What an automaton consumed in one civil day of its zone.
///
/// Key: automaton, slash, date.
package struct BudgetRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var day: String
    package var limits: BudgetLimits
    package var reserved: Amount
    package var spent: Amount
    package var runs: Int

    /// An unused day.
    package init(automaton: AutomatonName, day: String, limits: BudgetLimits) {
        self.automaton = automaton
        self.day = day
        self.limits = limits
        reserved = .zero
        spent = .zero
        runs = 0
    }
}
