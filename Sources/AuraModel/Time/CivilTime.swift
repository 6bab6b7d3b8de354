/// A day of the proleptic Gregorian calendar.
///
/// Days are counted from 1970-01-01, which is day 0. The algorithms are Howard Hinnant's
/// ("chrono-compatible low-level date algorithms"): exact integer arithmetic over eras of 400
/// years.
package struct CivilDate: Hashable, Sendable {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to the length of the month.
    package let day: Int

    /// The date, or nil where the calendar has no such day or the year is not in `yearRange`.
    package init?(year: Int, month: Int, day: Int) {
        guard Self.yearRange.contains(year), (1...12).contains(month),
            day >= 1, day <= Self.length(ofMonth: month, year: year)
        else { return nil }
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date `days` after 1970-01-01; total over every count that whole seconds can reach.
    package init(daysSinceEpoch days: Int) {
        // The count starts on 0000-03-01, so that a leap day is the last day of its year.
        let (era, dayOfEra) = floorDivide(days + Self.daysToEpoch, by: Self.daysPerCycle)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shifted + 2) / 5 + 1
        month = shifted < 10 ? shifted + 3 : shifted - 9
        year = yearOfEra + era * Self.yearsPerCycle + (month <= 2 ? 1 : 0)
    }

    /// Years that print with four digits; every planned instant lies inside them.
    package static let yearRange = 0...9_999

    /// The Gregorian calendar, weekdays included, repeats after 400 years.
    package static let yearsPerCycle = 400

    /// 146,097 days in a cycle: 20,871 whole weeks.
    package static let daysPerCycle = 146_097

    /// Days from 0000-03-01 to 1970-01-01.
    private static let daysToEpoch = 719_468

    /// Days since 1970-01-01; negative before it.
    package var daysSinceEpoch: Int { Self.days(year: year, month: month, day: day) }

    /// 0 for Sunday to 6 for Saturday, as crontab(5) counts.
    package var weekday: Int { Self.weekday(ofDay: daysSinceEpoch) }

    /// 28 to 31; `month` is 1 to 12.
    package static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Whether the year has 366 days.
    package static func isLeap(_ year: Int) -> Bool {
        year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
    }

    static func weekday(ofDay days: Int) -> Int {
        floorDivide(days + 4, by: 7).remainder  // 1970-01-01 was a Thursday.
    }

    /// The day count of a date whose parts are known to be in range.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let (era, yearOfEra) = floorDivide(month <= 2 ? year - 1 : year, by: yearsPerCycle)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * daysPerCycle + dayOfEra - daysToEpoch
    }
}

extension CivilDate: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        (left.year, left.month, left.day) < (right.year, right.month, right.day)
    }
}

extension CivilDate: CustomStringConvertible {
    /// `2026-11-21`.
    package var description: String { "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))" }
}

/// What a calendar and a clock on one wall read, to the second.
///
/// A *reading* is the same thing as one number: the seconds from 1970-01-01 00:00:00 on that wall.
/// It becomes an instant only through a zone's rules (`ZoneRules`). Leap seconds do not exist here,
/// as in POSIX.
package struct CivilTime: Hashable, Sendable {
    package let date: CivilDate
    /// 0 to 23.
    package let hour: Int
    /// 0 to 59.
    package let minute: Int
    /// 0 to 59.
    package let second: Int

    /// The time, or nil where a clock does not show it.
    package init?(_ date: CivilDate, hour: Int = 0, minute: Int = 0, second: Int = 0) {
        guard (0...23).contains(hour), (0...59).contains(minute), (0...59).contains(second) else {
            return nil
        }
        self.date = date
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The time that a reading stands for; total.
    package init(reading: Int) {
        let (days, secondOfDay) = floorDivide(reading, by: Self.secondsPerDay)
        date = CivilDate(daysSinceEpoch: days)
        hour = secondOfDay / 3_600
        minute = secondOfDay / 60 % 60
        second = secondOfDay % 60
    }

    /// What the clocks of `zone` show at an instant, given in seconds since the Unix epoch.
    package init(at instant: Int, in zone: ZoneRules) {
        let instant = min(max(instant, Self.readingRange.lowerBound), Self.readingRange.upperBound)
        self.init(reading: instant + zone.offset(at: instant))
    }

    /// Seconds from 1970-01-01 00:00:00 on the same wall.
    package var reading: Int {
        date.daysSinceEpoch * Self.secondsPerDay + hour * 3_600 + minute * 60 + second
    }

    /// 86400: a day on the wall has no leap second.
    package static let secondsPerDay = 86_400

    /// 0000-01-01 00:00:00 to 9999-12-31 23:59:59: the readings of `CivilDate.yearRange`.
    package static let readingRange = -62_167_219_200...253_402_300_799
}

extension CivilTime: CustomStringConvertible {
    /// `2026-11-21 02:00:00`.
    package var description: String {
        "\(date) \(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
    }
}

/// Division that rounds towards minus infinity; the remainder is never negative.
///
/// `divisor` is positive.
func floorDivide(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}

private func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value.magnitude)
    let zeros = String(repeating: "0", count: max(0, width - digits.count))
    return (value < 0 ? "-" : "") + zeros + digits
}
