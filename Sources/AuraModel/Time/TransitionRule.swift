/// What happens to a planned civil time that a change of the clocks skips or shows twice.
///
/// What is not stated follows the kind of the schedule, so that a daily job is neither lost nor
/// doubled and a beat stays one: with a star (or a step without an end) in the minutes or hours it
/// follows elapsed time, which is `skip` and `both`; otherwise it names civil times, which is
/// `run-after` and `first`.
///
/// |                       | a time in a gap | a time in an overlap |
/// |---|---|---|
/// | fixed time, here      | runs right after | runs in the first pass |
/// | star or step, here    | skipped (no such minute passed) | runs in both passes (both passed) |
/// | Debian cron, cron(8)  | the same two rows, for changes under three hours | the same two rows |
/// | systemd.time(7)       | skipped | once, beats too: in the first pass, later ones of the hour in the second |
/// | OCPS 1.4, 4.3.1       | should be skipped | should run once, in the first pass |
/// | Kubernetes (robfig)   | skipped | both passes |
/// | Temporal              | skipped | both passes |
///
/// So `gap: skip` with `overlap: first` is OCPS's and nearest to systemd's, `gap: skip` with
/// `overlap: both` is Kubernetes' and Temporal's. With `gap: run-after` several times of one gap
/// run once, as it ends.
package struct TransitionRule: Hashable, Sendable {
    /// A civil time that the clocks are put forward over.
    package enum Gap: String, Sendable, CaseIterable {
        /// It fires as the gap ends.
        case runAfter = "run-after"
        /// It does not fire.
        case skip
    }

    /// A civil time that the clocks show again after they were put back.
    package enum Overlap: String, Sendable, CaseIterable {
        /// It fires when it is first shown.
        case first
        /// It fires when it is last shown.
        case last
        /// It fires whenever it is shown.
        case both
    }

    /// nil: as the kind of the schedule has it.
    package let gap: Gap?
    /// nil: as the kind of the schedule has it.
    package let overlap: Overlap?

    /// A rule; what is nil follows the kind of the schedule.
    package init(gap: Gap? = nil, overlap: Overlap? = nil) {
        self.gap = gap
        self.overlap = overlap
    }

    /// Nothing stated.
    package static let standard = TransitionRule()

    /// What is stated here, and of the rest what `other` states.
    func filled(from other: TransitionRule) -> TransitionRule {
        TransitionRule(gap: gap ?? other.gap, overlap: overlap ?? other.overlap)
    }

    /// Firing whenever the clocks show the time.
    static let elapsed = TransitionRule(gap: .skip, overlap: .both)

    /// Firing once for each civil time.
    static let once = TransitionRule(gap: .runAfter, overlap: .first)
}
