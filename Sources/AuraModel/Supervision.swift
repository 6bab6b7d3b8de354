/// What becomes of an automaton whose run ended badly, and how long a worker may be silent: the keys
/// of `supervision`.
///
/// Two levels: `workerAttempts` is about the workers of one run, everything else about runs.
package struct Supervision: Hashable, Sendable, Codable {
    /// Whether a run that ended is followed by another one, whatever the schedule says.
    package enum Restart: String, Sendable, Codable, CaseIterable {
        case never
        case onFailure = "on-failure"
        case always
    }

    /// The pause after a failure: it grows with each in a row, up to a bound.
    package struct Backoff: Hashable, Sendable, Codable {
        package var initial: Milliseconds
        package var max: Milliseconds
        package var factor: Int
        /// Up to so many hundredths of a pause are left out of it, so that what failed together does
        /// not come back together.
        package var jitter: Int

        /// A backoff: 5 s, doubled up to an hour, less up to a fifth unless given.
        ///
        /// An hour: one that fails for good costs a run an hour, a thousand of them a fiftieth of a core.
        package init(
            initial: Milliseconds = .seconds(5), max: Milliseconds = .minutes(60), factor: Int = 2,
            jitter: Int = 20
        ) {
            self.initial = initial
            self.max = max
            self.factor = factor
            self.jitter = jitter
        }

        /// The pause after the `failures`-th failure in a row; the same for the same `salt`.
        package func delay(afterFailures failures: Int, salt: String) -> Milliseconds {
            var pause = min(initial, max)
            for _ in 1..<Swift.max(2, failures) where pause < max && failures > 1 {
                pause = min(max, Milliseconds(pause.count * factor))
            }
            let hash = salt.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x100_0000_01b3
            }
            let most = pause.count * jitter / 100
            // The low bits of FNV mix worst: the high half decides.
            return Milliseconds(pause.count - (most > 0 ? Int(hash >> 32) % most : 0))
        }
    }

    /// So many failures in a row within a time are too many.
    package struct Intensity: Hashable, Sendable, Codable {
        package var failures: Int
        package var within: Milliseconds

        /// A limit: 10 failures within an hour unless given, which the standard backoff reaches after
        /// three quarters of it.
        package init(failures: Int = 10, within: Milliseconds = .minutes(60)) {
            self.failures = failures
            self.within = within
        }
    }

    /// How long a worker may take for what takes a sound one milliseconds.
    package struct Deadlines: Hashable, Sendable, Codable {
        /// From the launch until its cage stands and its program runs.
        package var launch: Milliseconds
        /// From there until it has attested itself.
        package var firstFrame: Milliseconds
        /// From what it is told until it proposes what follows: its file tools are bounded.
        package var silence: Milliseconds

        /// Deadlines: 10 s, 10 s and 2 min unless given, for a loaded host may take a second.
        package init(
            launch: Milliseconds = .seconds(10), firstFrame: Milliseconds = .seconds(10),
            silence: Milliseconds = .minutes(2)
        ) {
            self.launch = launch
            self.firstFrame = firstFrame
            self.silence = silence
        }
    }

    package var restart: Restart
    package var backoff: Backoff
    /// A run that went on for so long was healthy: what failed before it does not count any more.
    package var resetAfter: Milliseconds
    package var intensity: Intensity
    /// Workers of one run that may die in a row without progress: the run ends with the last one.
    package var workerAttempts: Int
    package var deadlines: Deadlines

    /// Supervision: never restarted, 10 minutes to be healthy, 5 workers unless given.
    package init(
        restart: Restart = .never, backoff: Backoff = Backoff(),
        resetAfter: Milliseconds = .minutes(10), intensity: Intensity = Intensity(),
        workerAttempts: Int = 5, deadlines: Deadlines = Deadlines()
    ) {
        self.restart = restart
        self.backoff = backoff
        self.resetAfter = resetAfter
        self.intensity = intensity
        self.workerAttempts = workerAttempts
        self.deadlines = deadlines
    }

    /// What holds where a definition says nothing.
    package static let standard = Self()

    /// Whether a run that ended so counts as a failure: any that nobody wanted where it is made up
    /// for, otherwise one whose worker could not do its work at all.
    package func isFailure(_ ending: RunOutcome.Ending) -> Bool {
        switch ending {
        // A breaker is a pause of its own.
        case .done, .cancelled, .breaker: false
        default: restart != .never || ending.isCrash
        }
    }
}

extension Definition {
    /// The supervision in force.
    package var supervised: Supervision { supervision ?? .standard }
}

extension RunOutcome.Ending {
    /// Whether the worker died, broke its protocol, or could not be confined.
    package var isCrash: Bool {
        switch self {
        case .crashed, .protocolViolation, .confinement: true
        default: false
        }
    }
}

/// The end of a worker that brought its run no further.
package struct WorkerDeath: Hashable, Sendable, Codable {
    package var exit: AttemptExit
    /// The last line that it wrote, or what its exit means.
    package var detail: String
    /// The entry of its end.
    package var sequence: Int

    /// The death in the entry `sequence`.
    package init(exit: AttemptExit, detail: String, sequence: Int) {
        self.exit = exit
        self.detail = detail
        self.sequence = sequence
    }
}

/// A run that failed, as evidence.
package struct RunFailure: Hashable, Sendable, Codable {
    package var run: RunID
    package var at: Instant
    package var outcome: RunOutcome
    /// The entry of its end; nil while that is still to come.
    package var sequence: Int?
    /// The newest deaths of its workers, oldest first.
    package var deaths: [WorkerDeath]

    /// A failure.
    package init(
        run: RunID, at: Instant, outcome: RunOutcome, sequence: Int? = nil, deaths: [WorkerDeath]
    ) {
        self.run = run
        self.at = at
        self.outcome = outcome
        self.sequence = sequence
        self.deaths = deaths
    }
}

/// No run of the automaton starts by itself before `until`: the last one failed, or is to be followed
/// by another.
package struct RunsHeld: Hashable, Sendable, Codable {
    package var until: Instant
    /// Failures in a row; 0 after a success.
    package var failures: Int
    /// When the first of them was.
    package var since: Instant
    /// Whether a run starts then; otherwise the schedule goes on.
    package var restarts: Bool
    /// The newest of them.
    package var failure: RunFailure?
    /// What the next run is given.
    package var inputs: [String: JSONValue]?
    /// Why the pause is longer than the failures make it.
    package var reason: String?

    /// A pause.
    package init(
        until: Instant, failures: Int, since: Instant, restarts: Bool, failure: RunFailure? = nil,
        inputs: [String: JSONValue]? = nil, reason: String? = nil
    ) {
        self.until = until
        self.failures = failures
        self.since = since
        self.restarts = restarts
        self.failure = failure
        self.inputs = inputs
        self.reason = reason
    }

    /// `after the 3rd failure in a row since 2026-11-21 02:00:00Z`; nil after a success.
    package var cause: String? {
        guard failures > 0 else { return nil }
        return "after the \(HumanText.ordinal(failures)) failure in a row since "
            + "\(HumanText.dateTime(since))Z"
    }
}

/// An automaton, a message or a delivery that killed its workers again and again is left alone; this
/// is the evidence.
package struct Quarantine: Hashable, Sendable, Codable {
    package var reason: String
    /// The newest failures, oldest first.
    package var failures: [RunFailure]
    /// What is quarantined instead of the automaton: `message 3 of thread main`.
    package var subject: String?
    /// What the last run was given, and the next one will be.
    package var inputs: [String: JSONValue]?

    /// A quarantine.
    package init(
        reason: String, failures: [RunFailure], subject: String? = nil,
        inputs: [String: JSONValue]? = nil
    ) {
        self.inputs = inputs
        self.reason = reason
        self.failures = failures
        self.subject = subject
    }
}

/// How an automaton's last runs failed, in its row.
package struct Setback: Hashable, Sendable, Codable {
    /// The newest pause; over when its time has come, or with the next run.
    package var held: RunsHeld
    /// Whether a run has begun since, which decides anew when it ends.
    package var isOver: Bool?
    /// The entry that says so.
    package var sequence: Int
    /// The failures in a row, oldest first, at most `recentMax`.
    package var recent: [RunFailure]

    /// 20: as many as `intensity` may count; each row of the automaton carries them.
    package static let recentMax = 20

    /// The pause that the entry `sequence` began.
    package init(held: RunsHeld, sequence: Int, recent: [RunFailure]) {
        self.held = held
        self.sequence = sequence
        self.recent = recent
    }
}
