/// Why a cron expression was refused.
package typealias CronError = TextError

/// A calendar of civil times: `30 2 * * mon-fri`.
///
/// The grammar is crontab(5)'s as the Open Cron Pattern Specification fixes it: five fields (minute, hour, day of month,
/// month, day of week) or six with leading seconds; lists, ranges, steps, names, 0 and 7 for Sunday, `?` for `*` in the
/// two day fields, `+` before the weekdays, and the nicknames from `@hourly` to `@annually`. What other dialects read
/// differently is refused. The day is one that either day field names, where both are restricted; with `+` both must.
///
/// Where a zone's clocks change, the kind of the expression decides.
/// - With `*` in the minute or hour field (`*/10 * * * *`, `@hourly`) it follows elapsed time: it fires at every instant
///   whose reading matches, in both passes of an overlap and not at all in a gap.
/// - Otherwise each civil time that matches fires once: in an overlap at its first pass, in a gap right after it, and
///   several in one gap together once. That is: at the first instant that shows this time or a later one.
package struct CronExpression: Hashable, Sendable {
    /// The source, unchanged.
    package let text: String
    /// True for an expression that follows elapsed time, see above.
    package let followsElapsedTime: Bool
    private let seconds: UInt64
    private let minutes: UInt64
    private let hours: UInt64
    private let days: DayPattern

    /// Parses an expression and proves that it can fire; refused ones name the character.
    package init(_ text: String) throws(CronError) {
        let fields = try CronFields(text)
        self.text = text
        followsElapsedTime = fields.minute.hasStar || fields.hour.hasStar
        seconds = fields.second.bits
        minutes = fields.minute.bits
        hours = fields.hour.bits
        days = DayPattern(
            daysOfMonth: fields.dayOfMonth.bits, months: fields.month.bits,
            weekdays: fields.dayOfWeek.bits, isEither: fields.isEither)
        // Any span of 400 years shows every day that the pattern ever names.
        let cycle = CivilDate.days(year: 2_000, month: 1, day: 1)
        guard days.firstDay(from: cycle) != nil else { throw fields.unsatisfiable() }
    }

    /// The first firing strictly after an instant, both in seconds since the Unix epoch.
    ///
    /// nil where there is none up to the end of the year 9999; always found in bounded time.
    package func next(after instant: Int, in zone: ZoneRules) -> Int? {
        let range = CivilTime.readingRange
        guard instant < range.upperBound else { return nil }
        let instant = max(instant, range.lowerBound)
        if followsElapsedTime { return nextElapsed(after: instant, in: zone) }
        return nextReading(from: zone.latestReading(through: instant) + 1)
            .map { zone.firstInstant(reading: $0) }
    }

    /// Walks the zone's segments and looks for the first reading that matches in one of them.
    private func nextElapsed(after instant: Int, in zone: ZoneRules) -> Int? {
        // A match that no clock has shown in a whole cycle of regular rules is one that they always skip.
        let limit = max(instant, zone.regularFrom) + ZoneRules.secondsPerCycle
        var start = instant + 1
        // Readings without a match, and the match that ends them: most segments need no search of their own.
        var known: ClosedRange<Int>?
        while start <= limit {
            let segment = zone.segment(containing: start)
            let reading = start + segment.offset
            if known?.contains(reading) != true {
                guard let match = nextReading(from: reading) else { return nil }
                known = reading...match
            }
            if let match = known?.upperBound, match - segment.offset < segment.end {
                return match - segment.offset
            }
            start = segment.end
        }
        return nil
    }

    /// The first matching reading that is not before `reading`.
    private func nextReading(from reading: Int) -> Int? {
        let reading = max(reading, CivilTime.readingRange.lowerBound)
        var (day, second) = floorDivide(reading, by: CivilTime.secondsPerDay)
        while let match = days.firstDay(from: day) {
            if match > day { second = 0 }
            if let time = firstTime(from: second) { return match * CivilTime.secondsPerDay + time }
            // Nothing is left of that day; on any other the first time is found.
            (day, second) = (match + 1, 0)
        }
        return nil
    }

    /// The first matching second of a day that is not before `start`.
    private func firstTime(from start: Int) -> Int? {
        let (hour, minute, second) = (start / 3_600, start / 60 % 60, start % 60)
        guard let firstHour = hours.firstBit(from: hour),
            let firstMinute = minutes.firstBit(from: 0), let firstSecond = seconds.firstBit(from: 0)
        else { return nil }
        guard firstHour == hour else { return (firstHour * 60 + firstMinute) * 60 + firstSecond }
        if minutes.firstBit(from: minute) == minute, let later = seconds.firstBit(from: second) {
            return (hour * 60 + minute) * 60 + later
        }
        if let later = minutes.firstBit(from: minute + 1) {
            return (hour * 60 + later) * 60 + firstSecond
        }
        return hours.firstBit(from: hour + 1).map { ($0 * 60 + firstMinute) * 60 + firstSecond }
    }
}

extension CronExpression: CustomStringConvertible {
    /// The source text.
    package var description: String { text }
}

/// Which days of the calendar a cron expression names, a month at a time.
private struct DayPattern: Hashable, Sendable {
    /// Bits 1 to 31.
    let daysOfMonth: UInt64
    /// Bits 1 to 12.
    let months: UInt64
    /// Bits 0 (Sunday) to 6.
    let weekdays: UInt64
    /// Whether a day needs only one of the two day fields.
    let isEither: Bool

    /// The first day named, from `start` to the end of the calendar and at most a cycle of 400 years on.
    func firstDay(from start: Int) -> Int? {
        let date = CivilDate(daysSinceEpoch: start)
        var (year, month, day) = (date.year, date.month, date.day)
        let lastYear = min(date.year + CivilDate.yearsPerCycle, CivilDate.yearRange.upperBound)
        while year <= lastYear {
            guard let named = months.firstBit(from: month) else {
                (year, month, day) = (year + 1, 1, 1)
                continue
            }
            if named > month { day = 1 }
            let first = CivilDate.days(year: year, month: named, day: 1)
            let length = CivilDate.length(ofMonth: named, year: year)
            if let match = bits(firstDay: first, length: length).firstBit(from: day) {
                return first + match - 1
            }
            (month, day) = (named + 1, 1)
        }
        return nil
    }

    /// The days named in one month, as bits 1 to 31.
    private func bits(firstDay: Int, length: Int) -> UInt64 {
        // Six copies of the week, turned so that bit 1 is the month's first day.
        let weeks = (0..<6).reduce(UInt64(0)) { $0 | weekdays << UInt64(7 * $1) }
        let byWeekday = (weeks >> UInt64(CivilDate.weekday(ofDay: firstDay))) << 1
        let inMonth = (UInt64(1) << UInt64(length + 1)) - 2
        return (isEither ? daysOfMonth | byWeekday : daysOfMonth & byWeekday) & inMonth
    }
}

extension UInt64 {
    /// The lowest bit set at or above `start`.
    fileprivate func firstBit(from start: Int) -> Int? {
        let rest = start < 64 ? self >> UInt64(start) : 0
        return rest == 0 ? nil : start + rest.trailingZeroBitCount
    }
}
