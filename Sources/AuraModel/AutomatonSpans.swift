/// The times that an automaton's row remembers.
extension AutomatonRow {
    /// The instants after `after` up to and including `through`.
    package struct Span: Hashable, Sendable, Codable {
        package var after: Instant
        package var through: Instant

        /// A span.
        package init(after: Instant, through: Instant) {
            self.after = after
            self.through = through
        }
    }

    /// Firings that were missed in a row.
    package struct Miss: Hashable, Sendable, Codable {
        package var span: Span
        /// The row that stands for the first of them, where that were too many for a row each.
        package var summary: OccurrenceRow?

        /// Firings of `span`, some of them summed up in one row.
        package init(span: Span, summary: OccurrenceRow? = nil) {
            self.span = span
            self.summary = summary
        }
    }
}
