import AuraModel

/// Reads `supervision`.
///
///     supervision:
///       restart: on-failure      # or always; never, where it says nothing
///       backoff: {initial: 5s, max: 1h, factor: 2, jitter: 20%}
///       reset-after: 10m         # a run that went on for so long was healthy
///       intensity: {failures: 10, within: 1h}   # then it is quarantined
///       worker-attempts: 5       # workers of one run that may die in a row without progress
///       deadlines: {launch: 10s, first-frame: 10s, silence: 2m}   # of a worker
enum SupervisionFields {
    private static let expectation = "a mapping such as `{restart: on-failure}`"
    /// 10 ms: faster than a worker can be launched; a week: who waits for longer has a schedule.
    private static let pauseRange = Milliseconds(10)...Milliseconds.minutes(7 * 24 * 60)
    /// 1: the same pause each time.
    private static let factorRange = 1...100
    private static let jitterRange = 0...100
    private static let failuresRange = 1...Setback.recentMax
    private static let attemptsRange = 1...20
    /// 100 ms: a sound worker on an idle machine needs a tenth of it.
    private static let deadlineRange = Milliseconds(100)...Milliseconds.minutes(60)

    static func read(_ field: Field, _ report: inout Report) -> Supervision? {
        guard
            let fields = Fields(
                field,
                keys: [
                    "restart", "backoff", "reset-after", "intensity", "worker-attempts",
                    "deadlines",
                ], expected: expectation, &report)
        else { return nil }
        var supervision = Supervision()
        supervision.restart =
            fields["restart"]?.word(of: Supervision.Restart.allCases, &report)
            ?? supervision.restart
        if let backoff = fields["backoff"] { readBackoff(backoff, &supervision.backoff, &report) }
        supervision.resetAfter =
            fields["reset-after"]?.duration(pauseRange, &report) ?? supervision.resetAfter
        if let intensity = fields["intensity"] {
            readIntensity(intensity, &supervision.intensity, &report)
        }
        supervision.workerAttempts =
            fields["worker-attempts"]?.whole(attemptsRange, &report) ?? supervision.workerAttempts
        if let deadlines = fields["deadlines"] {
            readDeadlines(deadlines, &supervision.deadlines, &report)
        }
        return supervision
    }

    private static func readBackoff(
        _ field: Field, _ backoff: inout Supervision.Backoff, _ report: inout Report
    ) {
        guard
            let fields = Fields(
                field, keys: ["initial", "max", "factor", "jitter"],
                expected: "a mapping such as `{initial: 5s, max: 1h, jitter: 20%}`", &report)
        else { return }
        backoff.initial = fields["initial"]?.duration(pauseRange, &report) ?? backoff.initial
        backoff.max =
            fields["max"]?.duration(pauseRange, &report) ?? max(backoff.max, backoff.initial)
        backoff.factor = fields["factor"]?.whole(factorRange, &report) ?? backoff.factor
        backoff.jitter =
            fields["jitter"]?.percent(jitterRange, of: "a pause", &report) ?? backoff.jitter
        if let initial = fields["initial"], backoff.initial > backoff.max {
            report.add(
                initial.node.place, "`\(initial.path)` is longer than `max`",
                hint: "make `max` at least \(DurationText.format(backoff.initial.count))")
        }
    }

    private static func readIntensity(
        _ field: Field, _ intensity: inout Supervision.Intensity, _ report: inout Report
    ) {
        guard
            let fields = Fields(
                field, keys: ["failures", "within"],
                expected: "a mapping such as `{failures: 10, within: 1h}`", &report)
        else { return }
        intensity.failures =
            fields["failures"]?.whole(failuresRange, &report) ?? intensity.failures
        intensity.within = fields["within"]?.duration(pauseRange, &report) ?? intensity.within
    }

    private static func readDeadlines(
        _ field: Field, _ deadlines: inout Supervision.Deadlines, _ report: inout Report
    ) {
        guard
            let fields = Fields(
                field, keys: ["launch", "first-frame", "silence"],
                expected: "a mapping such as `{launch: 10s, silence: 2m}`", &report)
        else { return }
        deadlines.launch = fields["launch"]?.duration(deadlineRange, &report) ?? deadlines.launch
        deadlines.firstFrame =
            fields["first-frame"]?.duration(deadlineRange, &report) ?? deadlines.firstFrame
        deadlines.silence =
            fields["silence"]?.duration(deadlineRange, &report) ?? deadlines.silence
    }
}
