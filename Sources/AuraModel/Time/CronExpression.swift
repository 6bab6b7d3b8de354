/// Why a cron expression was refused.
package typealias CronError = TextError

/// A calendar of civil times: `30 2 * * mon-fri`.
///
/// The grammar is crontab(5)'s as the Open Cron Pattern Specification 1.4 fixes it: five fields
/// (minute, hour, day of month, month, day of week), six with leading seconds, seven with a
/// trailing year too; lists, ranges, steps, names, 0 and 7 for Sunday, `?` for `*` in the two day
/// fields, `+` before the weekdays, and the nicknames from `@hourly` to `@annually`. `L` is the
/// last day of a month and `L-3` the third before it, `15W` the working day nearest the 15th and
/// `LW` the last one, `5#2` the second Friday, `5L` and `5#L` the last. What other dialects read
/// differently is refused, unless a `CronDialect` says which reading is meant. The day is one that
/// either day field names, where both are restricted; with `+` both must.
///
/// Where a zone's clocks change, `TransitionRule` decides; without one, the kind of the expression
/// does.
/// - With `*` in the minute or hour field (`*/10 * * * *`, `@hourly`) it follows elapsed time: it
/// fires at every instant
///   whose reading matches, in both passes of an overlap and not at all in a gap.
/// - Otherwise each civil time that matches fires once: in an overlap at its first pass, in a gap
/// right after it, and
///   several in one gap together once. That is: at the first instant that shows this time or a later one.
package struct CronExpression: Hashable, Sendable {
    /// The source, unchanged.
    package let text: String
    /// Whose reading is meant.
    package let dialect: CronDialect
    /// What was stated about changes of the clocks.
    package let transitions: TransitionRule
    /// True for an expression that follows elapsed time, see above.
    package let followsElapsedTime: Bool
    let pattern: CivilPattern

    /// Parses an expression and proves that it can fire; refused ones name the character.
    ///
    /// The proof is of the calendar, which repeats after 400 years. Whether the years of an
    /// expression are over, or a zone's clocks always skip its time, only `next` can tell.
    package init(
        _ text: String, dialect: CronDialect = .ocps, transitions: TransitionRule = .standard
    ) throws(CronError) {
        let fields = try CronFields(text, dialect)
        self.text = text
        self.dialect = dialect
        self.transitions = transitions
        followsElapsedTime = fields.followsElapsedTime(dialect)
        let days = fields.days
        guard days.hasDayInYears else { throw fields.unsatisfiable(days) }
        pattern = CivilPattern(
            seconds: fields.second?.bits ?? 1, minutes: fields.minute.bits, hours: fields.hour.bits,
            days: days,
            rule: transitions.filled(from: dialect.transitions)
                .filled(from: followsElapsedTime ? .elapsed : .once))
    }

    /// The first firing strictly after an instant, both in seconds since the Unix epoch.
    ///
    /// nil where there is none up to the end of the year 9999; always found in bounded time.
    package func next(after instant: Int, in zone: ZoneRules) -> Int? {
        pattern.next(after: instant, in: zone)
    }
}

extension CronExpression: CustomStringConvertible {
    /// The source text.
    package var description: String { text }
}
