/// A calendar of civil times as systemd.time(7) writes it: `Mon..Fri 02:00`, `*-*-01 04:00:00`,
/// `Mon *-05~07/1`.
///
/// Weekdays, a date, and a time, each of which may be left out: no weekdays are all, no date is
/// every day, no time is midnight. A number, `*`, lists with `,`, ranges with `..`, and `/` for
/// every so many from a value on. `~` counts days from the month's end: `*-02~03` is the third last
/// day of February. Weekday and date must both match. The words `minutely`, `hourly`, `daily`,
/// `weekly` (Monday), `monthly`, `quarterly`, `semiannually`, and `yearly` stand for what they say.
/// Years are 1970 to 2199, two digits mean 1970 to 2069. Fractions of a second and a zone are
/// refused.
///
/// A change of the clocks is met as `TransitionRule` has it, here with `*` or `N/step` in the
/// minutes or hours as the sign of a beat. systemd itself is nearest to `gap: skip` with `overlap:
/// first`.
package struct CalendarExpression: Hashable, Sendable {
    /// The source, unchanged.
    package let text: String
    /// What was stated about changes of the clocks.
    package let transitions: TransitionRule
    /// True for an expression that follows elapsed time.
    package let followsElapsedTime: Bool
    let pattern: CivilPattern

    /// Parses an expression and proves that it can fire; refused ones name the character.
    package init(
        _ text: String, transitions: TransitionRule = .standard
    ) throws(TextError) {
        let fields = try CalendarFields(text)
        self.text = text
        self.transitions = transitions
        followsElapsedTime = fields.minute.isBeat || fields.hour.isBeat
        let days = fields.days
        guard days.hasDayInYears else { throw fields.unsatisfiable(days) }
        pattern = CivilPattern(
            seconds: fields.second.bits, minutes: fields.minute.bits, hours: fields.hour.bits,
            days: days,
            rule: transitions.filled(from: followsElapsedTime ? .elapsed : .once))
    }

    /// The first firing strictly after an instant, both in seconds since the Unix epoch; see
    /// `CronExpression.next`.
    package func next(after instant: Int, in zone: ZoneRules) -> Int? {
        pattern.next(after: instant, in: zone)
    }
}

extension CalendarExpression: CustomStringConvertible {
    /// The source text.
    package var description: String { text }
}
