/// What a pruning took: a fact in the record, which names what stands in the place of what went.
package struct RecordPruned: Hashable, Sendable, Codable {
    /// Of the entries up to this one only those are left that something in use needs.
    package var through: Int
    /// Entries that this pruning is the first to reach.
    package var entries: Int
    /// Rows of finished runs and of decided firings that went with them.
    package var runs: Int
    package var occurrences: Int
    /// SHA-256 in hex over the rows as they were at `through`: what a fold of the rest begins with.
    package var base: String

    /// A pruning.
    package init(through: Int, entries: Int, runs: Int, occurrences: Int, base: String) {
        self.through = through
        self.entries = entries
        self.runs = runs
        self.occurrences = occurrences
        self.base = base
    }

    /// What it took, for an operator.
    package var text: String {
        "record pruned up to #\(through): \(HumanText.plural(entries, "entry", "entries")), "
            + "\(HumanText.plural(runs, "run")), \(HumanText.plural(occurrences, "firing")); "
            + "their hashes stay"
    }
}

/// How much of the record is kept: what goes beyond either is pruned.
package struct PruneRule: Hashable, Sendable, Codable {
    /// Entries older than this go.
    package var olderThan: Milliseconds?
    /// While more bytes than this are in use the oldest entries go, up to a day ago.
    package var toBytes: Int?

    /// A rule; nil parts ask for nothing.
    package init(olderThan: Milliseconds? = nil, toBytes: Int? = nil) {
        self.olderThan = olderThan
        self.toBytes = toBytes
    }

    /// A day: what an operator still asks about; nothing younger is ever pruned.
    package static let ageMin = Milliseconds.minutes(24 * 60)

    /// The instant from which on everything is kept, with `bytes` in use at `now`; nil: nothing is
    /// to go.
    package func cutoff(bytes: Int, at now: Instant) -> Instant? {
        var ages = olderThan.map { [max(Self.ageMin, $0)] } ?? []
        if let toBytes, bytes > toBytes { ages.append(Self.ageMin) }
        return ages.min().map { Instant(milliseconds: now.milliseconds - $0.count) }
    }
}

/// An order to prune.
package struct PruneOrder: Hashable, Sendable, Codable {
    package var rule: PruneRule
    /// Only to tell what would go.
    package var isDryRun: Bool

    /// An order.
    package init(rule: PruneRule, isDryRun: Bool) {
        self.rule = rule
        self.isDryRun = isDryRun
    }
}

/// What was pruned, or would be.
package struct PruneReport: Hashable, Sendable, Codable {
    /// The newest entry that was reached; 0 when nothing was ever pruned.
    package var through: Int
    package var entries: Int
    package var runs: Int
    package var occurrences: Int
    /// Bytes of the file that were in use before.
    package var bytes: Int

    /// A report.
    package init(through: Int, entries: Int = 0, runs: Int = 0, occurrences: Int = 0, bytes: Int) {
        self.through = through
        self.entries = entries
        self.runs = runs
        self.occurrences = occurrences
        self.bytes = bytes
    }
}
