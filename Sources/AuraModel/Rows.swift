/// The daemon's own row, key `aurad`.
package struct DaemonRow: Hashable, Sendable, Codable {
    package var epoch: Int
    package var startedAt: Instant
    package var version: String
    /// The kernel's boot id of the newest start; nil in rows of before it was kept.
    package var boot: String?
    /// Entries so far: the sequence number of the newest one.
    package var sequence: Int
    /// When the newest entry was made: the last sign of life before a start.
    package var lastAt: Instant?
    /// Times in which the daemon did not run, oldest first, at most `absencesMax`.
    package var absences: [Absence]?
    /// Wall clock steps, oldest first, at most `absencesMax`.
    package var steps: [ClockStep]?
    /// The newest start of a run by a schedule, and how many there were in the minute up to it.
    package var starts: StartCount?

    /// 32: what `explain` can still tell of in plain words; the log has all of them.
    package static let absencesMax = 32

    /// A time in which the daemon did not run.
    package struct Absence: Hashable, Sendable, Codable {
        /// Its last sign of life before, and the entry that it is.
        package var from: Instant
        package var lastSequence: Int
        package var to: Instant
        package var startSequence: Int

        /// A time from the entry `lastSequence` to the start in `startSequence`.
        package init(from: Instant, lastSequence: Int, to: Instant, startSequence: Int) {
            self.from = from
            self.lastSequence = lastSequence
            self.to = to
            self.startSequence = startSequence
        }
    }

    /// A step of the wall clock: what it read before and after, and the entry that says so.
    package struct ClockStep: Hashable, Sendable, Codable {
        package var by: Milliseconds
        package var asleep: Milliseconds
        package var at: Instant
        package var sequence: Int

        /// A step to `at`.
        package init(by: Milliseconds, asleep: Milliseconds, at: Instant, sequence: Int) {
            self.by = by
            self.asleep = asleep
            self.at = at
            self.sequence = sequence
        }
    }

    /// Starts in the minute up to the newest one.
    package struct StartCount: Hashable, Sendable, Codable {
        package var last: Instant
        package var count: Int

        /// `count` starts in the minute up to `last`.
        package init(last: Instant, count: Int) {
            self.last = last
            self.count = count
        }
    }
    /// Routes that are not asked at present, or only to find out whether they answer again.
    package var routes: [String: OpenRoute]?
    /// What all automatons together used on the newest dates, oldest first, at most `daysMax`.
    package var days: [HostDay]?

    /// The newest checkpoint's own entry, and its time; nil before the first.
    package var checkpoint: Int?
    package var checkpointAt: Instant?
    /// The newest entry that pruning reached; nil before the first.
    package var pruned: Int?

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
    package var lastSuccess: Instant?
    /// Since when the schedule is in force; what `expect` counts from before the first success.
    package var activeSince: Instant?
    /// Whether it was said that a success is overdue since the last one.
    package var isOverdue: Bool?
    @Indirect package var pause: Pause?
    /// How its newest runs failed, one after the other; nil after a success, a stop and a resume.
    @Indirect package var setback: Setback?
    /// Firings that wait to start, in order, at most `FiringPolicy.countMax`.
    package var waiting: [Waiting]?
    /// Spans up to the cursor whose firings were all missed, oldest first, at most `missesMax`.
    ///
    /// Planned again when the clock goes back into them.
    package var misses: [Miss]?
    /// Spans up to the cursor in which the schedule was not in force, so that nothing was decided.
    ///
    /// Planned when the clock goes back into them. Oldest first, at most `settledMax`.
    package var unplanned: [Span]?
    /// Spans after the cursor whose firings have been decided already: the clock was there before.
    ///
    /// Oldest first, apart from each other, at most `settledMax`.
    package var settled: [Span]?
    /// When the schedule came into force, changed or went, oldest first, at most `historyMax`.
    package var history: [Turn]?
    /// on-change: how what is watched was when it was last decided about; nil before the first look.
    package var mark: String?
    /// on-change of a branch: commits that runs of the automaton itself were about to land, newest
    /// last, at most `landingsMax`.
    package var landings: [String]?
    /// dev-loop: how its tasks went lately, over its runs; nil before the first.
    @Indirect package var streak: LoopStreak?

    /// 16: a branch is looked at seconds after it moved; older landings are buried in its history.
    package static let landingsMax = 16
    /// 32: what `explain` can still tell of in plain words; the log has all of them.
    package static let historyMax = 32
    /// 64 spans: beyond that the shortest one is forgotten, and what it holds stays as it is.
    package static let settledMax = 64
    /// 8 times that firings were missed, each row of the automaton carries them: beyond that the
    /// shortest one is forgotten, and its firings stay missed even if the clock goes back to them.
    package static let missesMax = 8

    /// A pause, and who wanted it.
    package struct Pause: Hashable, Sendable, Codable {
        package var since: Instant
        package var by: Principal
        package var sequence: Int
        /// Why, and until when, if the breaker did it.
        package var reason: String?
        package var until: Instant?
        /// The evidence, if it is in quarantine.
        package var quarantine: Quarantine?

        /// A pause that the entry `sequence` began.
        package init(
            since: Instant, by: Principal, sequence: Int, reason: String? = nil,
            until: Instant? = nil, quarantine: Quarantine? = nil
        ) {
            self.since = since
            self.by = by
            self.sequence = sequence
            self.reason = reason
            self.until = until
            self.quarantine = quarantine
        }
    }

    /// A firing that waits.
    package struct Waiting: Hashable, Sendable, Codable {
        package var nominal: Instant
        package var since: Instant
        package var reason: String
        package var sequence: Int
        /// Who ordered it, when it is a firing of the past that somebody wants to have now.
        package var by: Principal?
        /// What made it fire, where no clock and no chain did.
        package var cause: FiringCause?

        /// A firing that waits since the entry `sequence`.
        package init(
            nominal: Instant, since: Instant, reason: String, sequence: Int, by: Principal? = nil,
            cause: FiringCause? = nil
        ) {
            self.nominal = nominal
            self.since = since
            self.reason = reason
            self.sequence = sequence
            self.by = by
            self.cause = cause
        }
    }

    /// A change of whether, or how, the schedule is in force.
    package struct Turn: Hashable, Sendable, Codable {
        /// What changed.
        package enum Kind: String, Hashable, Sendable, Codable {
            case loaded, removed, started, stopped, paused, quarantined, resumed
        }

        package var kind: Kind
        package var at: Instant
        package var by: Principal
        package var sequence: Int
        /// The digest of a loaded definition.
        package var definition: String?
        /// Whether the schedule is in force from then on.
        package var isActive: Bool

        /// A change that the entry `sequence` made.
        package init(
            kind: Kind, at: Instant, by: Principal, sequence: Int, definition: String?,
            isActive: Bool
        ) {
            self.kind = kind
            self.at = at
            self.by = by
            self.sequence = sequence
            self.definition = definition
            self.isActive = isActive
        }
    }

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

/// A planned firing and what became of it; or many of them that were missed, with `through`.
///
/// Key: automaton, slash, nominal instant; and a plus where it stands for many. Inside those, a
/// firing with a row of its own, such as one that was backfilled, is told by that one.
package struct OccurrenceRow: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var nominal: Instant
    package var decision: OccurrenceDecision
    package var decidedAt: Instant
    package var sequence: Int
    /// How it waited before it was decided.
    package var waited: AutomatonRow.Waiting?
    /// The last of the firings that the row stands for; nil: it stands for one.
    package var through: Instant?
    /// What made it fire, where no clock and no chain did.
    package var cause: FiringCause?

    /// The row of a decided occurrence.
    package init(
        automaton: AutomatonName, nominal: Instant, decision: OccurrenceDecision,
        decidedAt: Instant, sequence: Int, waited: AutomatonRow.Waiting? = nil,
        through: Instant? = nil, cause: FiringCause? = nil
    ) {
        self.automaton = automaton
        self.cause = cause
        self.nominal = nominal
        self.decision = decision
        self.decidedAt = decidedAt
        self.sequence = sequence
        self.waited = waited
        self.through = through
    }
}
