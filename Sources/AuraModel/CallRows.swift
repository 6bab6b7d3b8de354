/// What the daemon's row keeps of routes and of the host's days.
extension DaemonRow {
    /// 3: zones put at most two dates on one moment, and a run that began on the day before may
    /// still go on.
    package static let daysMax = 3

    /// A route whose breaker is open.
    package struct OpenRoute: Hashable, Sendable, Codable {
        package var since: Instant
        package var until: Instant
        /// How often it was opened since it last answered.
        package var count: Int
        package var reason: String

        /// A route that is not asked before `until`.
        package init(since: Instant, until: Instant, count: Int, reason: String) {
            self.since = since
            self.until = until
            self.count = count
            self.reason = reason
        }
    }

    /// What was used on one date, each automaton's own.
    package struct HostDay: Hashable, Sendable, Codable {
        package var day: String
        package var reserved: Amount
        package var spent: Amount

        /// An unused date.
        package init(day: String) {
            self.day = day
            reserved = .zero
            spent = .zero
        }
    }
}

extension RunRow {
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

    /// What the newest answer told of how many tokens the conversation has.
    package struct Calibration: Hashable, Sendable, Codable {
        package var reasoner: String
        /// Bytes of the request, and the input tokens that the provider counted for it.
        package var bytes: Int
        package var tokens: Int

        /// `tokens` were counted for `bytes`.
        package init(reasoner: String, bytes: Int, tokens: Int) {
            self.reasoner = reasoner
            self.bytes = bytes
            self.tokens = tokens
        }
    }
}

/// A model call that waits for its next try.
package struct CallHold: Hashable, Sendable, Codable {
    package var command: CommandID
    /// Tries so far, and those of them in a row at `reasoner`.
    package var tries: Int
    package var triesHere: Int
    package var until: Instant
    /// Who is asked next.
    package var reasoner: String
    package var reason: String

    /// A wait until `until`.
    package init(
        command: CommandID, tries: Int, triesHere: Int = 0, until: Instant, reasoner: String,
        reason: String
    ) {
        self.command = command
        self.tries = tries
        self.triesHere = triesHere
        self.until = until
        self.reasoner = reasoner
        self.reason = reason
    }
}

/// A try of a model call after its first one.
///
/// What is sent is the request that the fold makes, with this bound on its answer.
package struct CallPlacement: Hashable, Sendable, Codable {
    package var command: CommandID
    package var reasoner: String
    package var answerTokensMax: Int

    /// A try at `reasoner`.
    package init(command: CommandID, reasoner: String, answerTokensMax: Int) {
        self.command = command
        self.reasoner = reasoner
        self.answerTokensMax = answerTokensMax
    }
}
