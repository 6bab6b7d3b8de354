/// A firing that is planned and not decided yet.
package struct PlannedFiring: Hashable, Sendable, Codable {
    package var automaton: AutomatonName
    package var nominal: Instant
    /// When it will really be decided: the nominal instant and the automaton's jitter.
    package var expected: Instant

    /// A planned firing.
    package init(automaton: AutomatonName, nominal: Instant, expected: Instant) {
        self.automaton = automaton
        self.nominal = nominal
        self.expected = expected
    }
}

/// Why an automaton did or did not run at a time, with the entries that prove it.
package struct Explanation: Hashable, Sendable, Codable {
    /// One sentence, and the sequence number of the entry it rests on, if it rests on one.
    package struct Line: Hashable, Sendable, Codable {
        package var text: String
        package var sequence: Int?

        /// A sentence that rests on the entry `sequence`.
        package init(_ text: String, sequence: Int? = nil) {
            self.text = text
            self.sequence = sequence
        }
    }

    package var automaton: AutomatonName
    /// The nominal instant that is explained; nil when nothing was planned at that time.
    package var nominal: Instant?
    package var decision: OccurrenceDecision?
    package var lines: [Line]

    /// An explanation.
    package init(
        automaton: AutomatonName, nominal: Instant?, decision: OccurrenceDecision?, lines: [Line]
    ) {
        self.automaton = automaton
        self.nominal = nominal
        self.decision = decision
        self.lines = lines
    }
}

/// A range of the past whose firings an operator wants to have now.
package struct BackfillRange: Hashable, Sendable, Codable {
    package var from: Instant
    package var to: Instant

    /// The range from `from` to `to`, both included.
    package init(from: Instant, to: Instant) {
        self.from = from
        self.to = to
    }
}
