/// The control API: HTTP/1.1 with JSON over the control socket.
///
/// Paths stand in `ControlPath`.
///
/// Every read answers one of the values below or a row of `Rows.swift`; every error answers
/// `APIError` with a fitting HTTP status.
package enum ControlPath {
    /// GET: `DaemonStatus`.
    package static let status = "/v1/status"
    /// GET: `[AutomatonStatus]`.
    ///
    /// Below it `/NAME` GET: `AutomatonStatus`; `/NAME/start`, `/NAME/stop`, `/NAME/restart`,
    /// `/NAME/run` POST (`RunOrder`, or no body): `OrderResult`.
    package static let automata = "/v1/automata"
    /// Below `automata`: `/NAME/occurrences` GET, query `from`, `to` (milliseconds, inclusive),
    /// `limit`: `[OccurrenceRow]`, newest first; `/NAME/explain` GET, query `at` (milliseconds;
    /// absent: the newest firing and the next): `Explanation`; `/NAME/pause`, `/NAME/resume` POST
    /// and `/NAME/backfill` POST (`BackfillRange`): `OrderResult`.
    ///
    /// Chats: `/NAME/threads` GET: `[ThreadStatus]`; `/NAME/messages` GET, query `thread`, `after`
    /// (a message's number), `limit`: `[MessageRow]` in order; `/NAME/say` POST (`ChatOrder`) and
    /// `/NAME/fork` POST (`ForkOrder`): `OrderResult` with the message's number.
    ///
    /// GET, query `from`, `to`: `[PlannedFiring]` of all automatons in order, at most `firingsMax`.
    package static let timeline = "/v1/timeline"
    /// 10,000: planned firings of one answer.
    package static let firingsMax = 10_000

    /// GET, query `automaton` (absent: all): `[BudgetLevel]`, the widest first.
    package static let budget = "/v1/budget"

    /// GET, query `automaton`, `limit`: `[RunRow]`, newest first.
    ///
    /// Below it `/ID` GET: `RunDetail`; `/ID/stop` POST, `/ID/answer` POST (`OperatorAnswer`) and
    /// `/ID/tell` POST (`ChatMessage`): `OrderResult`; `/ID/replay` GET: `[ReplayVerdict]`, the run
    /// and its children; `/ID/export` GET: `RunBundle`.
    package static let runs = "/v1/runs"
    /// Below `runs`, `/ID/live` GET: server-sent events, each a `LivePiece`: what the models of the run
    /// and of those below it say, as it comes, until the run is over.
    ///
    /// GET, query `after`, `limit`, `automaton`, `run` (with its children), `wait` (milliseconds to
    /// wait for a first entry when there is none yet): `[Entry]` in order.
    package static let entries = "/v1/entries"
    /// GET, query `key` (hex; the daemon's own keys without it), `checkpoint` (the UTF-8 of a note
    /// in hex: one kept elsewhere), `hashes` (`true`: nothing is decoded, rows and indexes are not
    /// looked at): `RecordVerdict`.
    package static let verify = "/v1/record/verify"
    /// POST `BackupOrder`: `RecordVerdict` of the copy.
    package static let backup = "/v1/record/backup"
    /// POST `PruneOrder`: `PruneReport`.
    package static let prune = "/v1/record/prune"
    /// POST `RunBundle`: `[ReplayVerdict]`.
    package static let replay = "/v1/record/replay"
    /// GET: `RecordKey`.
    package static let key = "/v1/record/key"
    /// GET, query `sequence`: `InclusionProof` by the newest checkpoint.
    package static let proof = "/v1/record/proof"
    /// GET, query `first`, `second`, each the number of a checkpoint's entry: `ConsistencyProof`.
    package static let consistency = "/v1/record/consistency"
    /// POST `DefinitionText`: `[Diagnostic]`, empty when the definition is good.
    package static let definition = "/v1/definitions/verify"

    /// 1000: entries of one answer; a reader goes on with `after`.
    package static let entriesMax = 1000
    /// Thirty seconds: the longest that `wait` may hold a request.
    package static let waitMax = Milliseconds.seconds(30)
}

/// The daemon, as `aura-ctl status` shows it.
package struct DaemonStatus: Hashable, Sendable, Codable {
    package var version: String
    package var epoch: Int
    package var pid: Int
    package var startedAt: Instant
    package var sequence: Int
    package var runsActive: Int
    package var runsQueued: Int
    /// Runs that wait, without a worker and a slot, for an answer or a provider.
    package var runsParked: Int?
    package var automata: [AutomatonStatus]
    /// Definition files that are not in force, and why.
    package var refused: [Diagnostic]
    /// What this host does not enforce; empty on a fully equipped one.
    package var weaknesses: [String]
    /// Reasoners in the order of their names.
    package var reasoners: [ReasonerStatus]?
    /// Why the record takes nothing at the moment; nil when it does.
    package var trouble: RecordTrouble?
    /// Whether entries that were pruned are still being deleted; nil when they are not.
    package var isPruning: Bool?
    /// Entries that are not in the journal yet: it takes only so many a minute.
    package var auditWaiting: Int?
    /// What was under way at the daemon's start; nil when nothing was.
    package var handover: Handover?

    /// A status.
    package init(
        version: String, epoch: Int, pid: Int, startedAt: Instant, sequence: Int, runsActive: Int,
        runsQueued: Int, runsParked: Int? = nil, automata: [AutomatonStatus],
        refused: [Diagnostic], weaknesses: [String], reasoners: [ReasonerStatus]? = nil,
        trouble: RecordTrouble? = nil, isPruning: Bool? = nil, auditWaiting: Int? = nil,
        handover: Handover? = nil
    ) {
        self.handover = handover
        self.auditWaiting = auditWaiting
        self.isPruning = isPruning
        self.version = version
        self.epoch = epoch
        self.pid = pid
        self.startedAt = startedAt
        self.sequence = sequence
        self.runsActive = runsActive
        self.runsQueued = runsQueued
        self.runsParked = runsParked
        self.automata = automata
        self.refused = refused
        self.weaknesses = weaknesses
        self.reasoners = reasoners
        self.trouble = trouble
    }
}

/// A reasoner, as `aura-ctl status` shows it.
package struct ReasonerStatus: Hashable, Sendable, Codable {
    package var name: String
    /// `PROVIDER/MODEL`; nil for a script.
    package var route: String?
    /// Calls under way, and calls that wait for the provider.
    package var underWay: Int
    package var waiting: Int
    /// Why it cannot be asked: its credential.
    package var problem: String?
    /// Why its route is not asked at present, and until when.
    package var open: DaemonRow.OpenRoute?

    /// A reasoner's state.
    package init(
        name: String, route: String?, underWay: Int, waiting: Int, problem: String? = nil,
        open: DaemonRow.OpenRoute? = nil
    ) {
        self.name = name
        self.route = route
        self.underWay = underWay
        self.waiting = waiting
        self.problem = problem
        self.open = open
    }
}

/// The record takes nothing: nothing new begins, nothing is acknowledged, reads go on.
package struct RecordTrouble: Hashable, Sendable, Codable {
    /// What is wrong; each has a way back of its own.
    package enum State: String, Hashable, Sendable, Codable {
        /// No space, no quota, or the bound of the record's size.
        case full
        /// A write or a sync failed.
        case failing
        /// What is stored is not what a record holds.
        case damaged

        /// The way back, for an operator.
        package var remedy: String {
            switch self {
            case .full: "free some space on the record's file system; aurad then goes on by itself"
            case .failing:
                "look at the disk (dmesg, mount); aurad goes on by itself once writes succeed"
            case .damaged:
                "aura-ctl record verify; then stop aurad, and try aurad --rebuild or put a backup back"
            }
        }
    }

    package var state: State
    /// The newest error.
    package var reason: String
    package var since: Instant
    /// Commits that failed since.
    package var attempts: Int

    /// Trouble since `since`.
    package init(state: State, reason: String, since: Instant, attempts: Int) {
        self.state = state
        self.reason = reason
        self.since = since
        self.attempts = attempts
    }
}

/// An automaton, as `aura-ctl list` and `aura-ctl status NAME` show it.
package struct AutomatonStatus: Hashable, Sendable, Codable {
    package var row: AutomatonRow
    package var description: String
    /// The schedule as it was written, with its zone.
    package var schedule: String
    package var next: Instant?
    /// Why the schedule, though in force, starts no run now, in a few words (`paused`); nil when it
    /// does.
    package var whyNot: String?
    package var runs: [RunRow]
    package var budget: BudgetLimits
    package var today: BudgetRow
    /// Firings and runs that wait, each with its reason and its place.
    package var waiting: [String]?
    /// What is not as it should be though the schedule is in force, each in a few words.
    package var notes: [String]?
    /// What makes it fire where no clock does, in plain words: `when /srv/in changes`.
    package var when: String?
    /// What a run of it can be given.
    package var inputs: [InputDeclaration]?
    /// What is less confined in it than elsewhere, because its definition asks for that.
    package var concessions: [String]?
    /// What the cages of its runs are like: a `CageProfile`.
    package var profile: String?
    /// Its tool servers, each in a few words.
    package var servers: [String]?

    /// A status.
    package init(
        row: AutomatonRow, description: String, schedule: String, next: Instant?,
        whyNot: String? = nil, runs: [RunRow], budget: BudgetLimits, today: BudgetRow,
        waiting: [String]? = nil, notes: [String]? = nil, when: String? = nil,
        inputs: [InputDeclaration]? = nil, concessions: [String]? = nil, profile: String? = nil,
        servers: [String]? = nil
    ) {
        self.servers = servers
        self.row = row
        self.description = description
        self.schedule = schedule
        self.next = next
        self.whyNot = whyNot
        self.runs = runs
        self.budget = budget
        self.today = today
        self.waiting = waiting
        self.notes = notes
        self.when = when
        self.inputs = inputs
        self.concessions = concessions
        self.profile = profile
    }
}

extension AutomatonStatus {
    /// The same with one thing more that is not as it should be; nil: with nothing more.
    package func noting(_ problem: String?) -> Self {
        guard let problem else { return self }
        var status = self
        status.notes = (status.notes ?? []) + [problem]
        return status
    }
}

/// One run with its children, as `aura-ctl show` prints it.
package struct RunDetail: Hashable, Sendable, Codable {
    package var run: RunRow
    package var children: [RunRow]
    /// What its cages are like: a `CageProfile`.
    package var profile: String?

    /// A run with its children, oldest first.
    package init(run: RunRow, children: [RunRow], profile: String? = nil) {
        self.run = run
        self.children = children
        self.profile = profile
    }
}

/// How runs under way are treated when their automaton is stopped; nothing new begins in any case.
package struct StopOrder: Hashable, Sendable, Codable {
    /// They are told to wrap up, and killed after so long; nil: they are killed at once.
    package var grace: Milliseconds?
    /// They go on to their own end.
    package var drain: Bool?

    /// A stop at once, unless given.
    package init(grace: Milliseconds? = nil, drain: Bool? = nil) {
        self.grace = grace
        self.drain = drain
    }
}

/// What an order did.
///
/// "Already so" is success with `changed` false.
package struct OrderResult: Hashable, Sendable, Codable {
    package var changed: Bool
    package var message: String
    package var run: RunID?
    /// chat: the number of the message in its thread.
    package var number: Int?
    /// A delivery: what became of its firing.
    package var decision: OccurrenceDecision?

    /// A result.
    package init(
        changed: Bool, message: String, run: RunID? = nil, number: Int? = nil,
        decision: OccurrenceDecision? = nil
    ) {
        self.changed = changed
        self.message = message
        self.run = run
        self.number = number
        self.decision = decision
    }
}

/// The operator's answer to a run that asked.
package struct OperatorAnswer: Hashable, Sendable, Codable {
    package var text: String

    /// An answer.
    package init(text: String) { self.text = text }
}

/// Where a backup of the record is to be made.
package struct BackupOrder: Hashable, Sendable, Codable {
    /// Absolute; it is not there yet.
    package var directory: String

    /// A backup into `directory`.
    package init(directory: String) { self.directory = directory }
}

/// The text of a definition file to check.
package struct DefinitionText: Hashable, Sendable, Codable {
    package var file: String
    package var text: String
    /// Texts of further files that are checked together with it: chains may lead to them.
    package var besides: [String]?

    /// The text of `file`.
    package init(file: String, text: String, besides: [String]? = nil) {
        self.file = file
        self.text = text
        self.besides = besides
    }
}

/// What a walk over the whole record found.
package struct RecordVerdict: Hashable, Sendable, Codable {
    package var entries: Int
    /// Hash of the newest entry, in hex.
    package var head: String
    /// The first entry that is wrong, and why; nil when all is well.
    package var firstBad: Int?
    package var problem: String?
    /// Checkpoints that were walked over.
    package var checkpoints: Int
    /// Entries that a checkpoint of a trusted key covers.
    package var covered: Int
    /// Entries of which only the hash is left; nil where nothing was ever pruned.
    package var pruned: Int?

    /// A verdict.
    package init(
        entries: Int, head: String, firstBad: Int? = nil, problem: String? = nil,
        checkpoints: Int = 0, covered: Int = 0, pruned: Int? = nil
    ) {
        self.pruned = pruned
        self.entries = entries
        self.head = head
        self.firstBad = firstBad
        self.problem = problem
        self.checkpoints = checkpoints
        self.covered = covered
    }
}

/// An error of the control API.
package struct APIError: Hashable, Sendable, Codable, Error {
    /// What kind of error it is; decides the HTTP status.
    package enum Code: String, Sendable, Codable {
        case notFound = "not-found"
        case badRequest = "bad-request"
        case denied
        /// Not now: the same may be taken later.
        case conflict
        /// Not as things are: to ask again changes nothing.
        case refused
        case unavailable
        case internalError = "internal-error"
    }

    package var code: Code
    package var message: String
    /// What to type next.
    package var hint: String?

    /// An error.
    package init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }
}
