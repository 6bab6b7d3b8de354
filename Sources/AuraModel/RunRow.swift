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
        /// It holds no slot and no worker until then, or until there is news: it waits for a
        /// provider or for the operator.
        case parked(until: Instant)
        case finished(outcome: RunOutcome)
    }

    /// A command in the record without its outcome.
    package struct Pending: Hashable, Sendable, Codable {
        package var intent: Intent
        package var since: Instant
        /// What is held for it at every budget level.
        package var reserved: Amount
        /// How far a model call is that was not answered at its first try.
        package var call: CallHold?
        /// The bound on the answer of its newest try, where that is not the plan's.
        package var answerTokensMax: Int?

        /// An intent under way.
        package init(intent: Intent, since: Instant, reserved: Amount = .zero) {
            self.intent = intent
            self.since = since
            self.reserved = reserved
        }
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
    /// How they ended, oldest first, at most `deathsMax`; nil: none did.
    package var deaths: [WorkerDeath]?
    /// Why what it is for is left alone from now on.
    package var quarantine: Quarantine?
    package var wrapUpSent: Bool
    /// What the daemon itself has seen of the result: decides what may land.
    package var proof: Proof
    /// Why the run was asked to stop; it ends as `cancelled`.
    package var stopReason: String?
    /// Until when it may wrap up before that.
    package var stopBy: Instant?
    package var report: String
    /// The newest thing it did, in a few words.
    package var activity: String
    /// Its place in the line for a slot, by `SlotLine`: lower goes first.
    package var turn: Instant?
    /// How far the wall clock was set since the run started: its wall time does not count that.
    package var stepped: Milliseconds?
    /// Since when its wall time stands still: it was parked for the operator, and has had no attempt
    /// since.
    package var restsSince: Instant?
    /// How long its wall time stood still before.
    package var rested: Milliseconds?
    /// The entry that finished it.
    package var finishedSequence: Int?
    /// The reasoner of a child that does not use its definition's first.
    package var reasoner: String?
    package var calibration: Calibration?
    /// Requests through `fetch`; nil: none.
    package var fetches: FetchUse?
    /// Requests through the proxies of its cages; nil: none.
    package var proxied: FetchUse?
    /// What it was given, by `RunInputs`; nil where its definition declares none.
    package var inputs: [String: JSONValue]?
    /// As `RunAdmitted` has them.
    package var rules: Int?
    package var edits: EditForm?
    /// What operators told it, oldest first, at most `toldMax`.
    package var told: [Told]?

    /// 5: what tells one death from another; the log has all of them.
    package static let deathsMax = 5

    /// What it asks the operator, of several questions the first.
    package var question: String? { pending.lazy.compactMap { $0.intent.plan.question }.first }

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
        reasoner = admitted.reasoner
        inputs = admitted.inputs
        rules = admitted.rules
        edits = admitted.edits
        admittedAt = at
        fruitlessAttempts = 0
        wrapUpSent = false
        proof = Proof()
        report = ""
        activity = "waiting for a slot"
    }
}

extension Intent.Plan {
    /// What the operator is asked.
    package var question: String? {
        if case .ask(let question, _) = self { question } else { nil }
    }
}
