/// Which days of the calendar an expression names, a month at a time.
struct DayPattern: Hashable, Sendable {
    /// Bits 1 to 31: by number.
    let daysOfMonth: UInt64
    /// Bits 1 to 31: by number from the month's end, 1 being the last day.
    let daysFromEnd: UInt64
    /// Bits 1 to 31: the working day nearest that day of the same month; bit 0: the month's last
    /// working day.
    let nearestWorkdays: UInt64
    /// Bits 1 to 12.
    let months: UInt64
    /// Bits 0 (Sunday) to 6.
    let weekdays: UInt64
    /// Bit 7 * (n - 1) + weekday: the nth of a month; with n = 6 the last.
    let nthWeekdays: UInt64
    /// Whether a day needs only one of the two: its number or its weekday.
    let isEither: Bool
    /// A bit for each year of `CivilDate.yearRange`, 64 in a word; empty for every year.
    let years: [UInt64]
    /// Bit 7 * isLeap + weekday of 1 January: the years that have such a day.
    ///
    /// The calendar knows these 14 kinds of year only.
    private var yearClasses: UInt64

    static let everyDayOfMonth: UInt64 = (1 << 32) - 2
    static let everyMonth: UInt64 = (1 << 13) - 2
    static let everyWeekday: UInt64 = (1 << 7) - 1
    private static let everyYearClass: UInt64 = (1 << 14) - 1

    /// The place of `5L` among the nth weekdays.
    static let lastOfMonth = 6

    init(
        daysOfMonth: UInt64 = everyDayOfMonth, daysFromEnd: UInt64 = 0,
        nearestWorkdays: UInt64 = 0, months: UInt64 = everyMonth,
        weekdays: UInt64 = everyWeekday, nthWeekdays: UInt64 = 0, isEither: Bool = false,
        years: [UInt64] = []
    ) {
        self.daysOfMonth = daysOfMonth
        self.daysFromEnd = daysFromEnd
        self.nearestWorkdays = nearestWorkdays
        self.months = months
        self.weekdays = weekdays
        self.nthWeekdays = nthWeekdays
        self.isEither = isEither
        self.years = years
        yearClasses = 0
        yearClasses = findYearClasses()
    }

    /// Whether some year has such a day, whatever years are named.
    ///
    /// All 14 kinds of year come in every 400 years, so this decides it for all time.
    var hasDay: Bool { yearClasses != 0 }

    /// Whether one of the years named has such a day.
    var hasDayInYears: Bool { firstDay(from: CivilDate.days(year: 0, month: 1, day: 1)) != nil }

    /// The first day named, from `start` to the end of the calendar.
    func firstDay(from start: Int) -> Int? {
        guard hasDay else { return nil }
        let date = CivilDate(daysSinceEpoch: start)
        var (year, month, day) = (date.year, date.month, date.day)
        while let named = firstYear(from: year) {
            if named > year { (year, month, day) = (named, 1, 1) }
            if hasDay(inYear: year) {
                while let named = months.firstBit(from: month) {
                    if named > month { day = 1 }
                    let first = CivilDate.days(year: year, month: named, day: 1)
                    let days = bits(
                        firstWeekday: CivilDate.weekday(ofDay: first),
                        length: CivilDate.length(ofMonth: named, year: year))
                    if let match = days.firstBit(from: day) { return first + match - 1 }
                    (month, day) = (named + 1, 1)
                }
            }
            (year, month, day) = (year + 1, 1, 1)
        }
        return nil
    }

    private func firstYear(from year: Int) -> Int? {
        guard year <= CivilDate.yearRange.upperBound else { return nil }
        guard !years.isEmpty else { return year }
        let year = max(year, 0)
        var start = year % 64
        for word in (year / 64)..<years.count {
            if let bit = years[word].firstBit(from: start) { return word * 64 + bit }
            start = 0
        }
        return nil
    }

    private func hasDay(inYear year: Int) -> Bool {
        guard yearClasses != Self.everyYearClass else { return true }
        let newYear = CivilDate.weekday(ofDay: CivilDate.days(year: year, month: 1, day: 1))
        return yearClasses >> UInt64(newYear + (CivilDate.isLeap(year) ? 7 : 0)) & 1 == 1
    }

    private func findYearClasses() -> UInt64 {
        var classes: UInt64 = 0
        for kind in 0..<14 {
            // 2000 is a leap year, 2001 is not; their weekdays are replaced.
            let year = kind < 7 ? 2_001 : 2_000
            var weekday = kind % 7
            for month in 1...12 {
                let length = CivilDate.length(ofMonth: month, year: year)
                if months >> UInt64(month) & 1 == 1, bits(firstWeekday: weekday, length: length) > 0
                {
                    classes |= 1 << UInt64(kind)
                }
                weekday = (weekday + length) % 7
            }
        }
        return classes
    }

    /// The days named in one month, as bits 1 to 31.
    private func bits(firstWeekday: Int, length: Int) -> UInt64 {
        // Six copies of the week, turned so that bit 1 is the month's first day.
        let weeks = weekdays &* Self.sixWeeks
        var byWeekday = (weeks >> UInt64(firstWeekday)) << 1
        var byNumber = daysOfMonth
        if nthWeekdays != 0 { byWeekday |= nthBits(firstWeekday: firstWeekday, length: length) }
        if daysFromEnd != 0 {
            for day in 1...length where daysFromEnd >> UInt64(length + 1 - day) & 1 == 1 {
                byNumber |= 1 << UInt64(day)
            }
        }
        if nearestWorkdays != 0 {
            byNumber |= workdayBits(firstWeekday: firstWeekday, length: length)
        }
        let inMonth = (UInt64(1) << UInt64(length + 1)) - 2
        return (isEither ? byNumber | byWeekday : byNumber & byWeekday) & inMonth
    }

    /// A bit at the beginning of each of six weeks.
    private static let sixWeeks: UInt64 = (0..<6).reduce(0) { $0 | 1 << UInt64(7 * $1) }

    private func nthBits(firstWeekday: Int, length: Int) -> UInt64 {
        var bits: UInt64 = 0
        var rest = nthWeekdays
        while let bit = rest.firstBit(from: 0) {
            rest &= rest - 1
            let (place, weekday) = (bit / 7 + 1, bit % 7)
            let first = 1 + (weekday - firstWeekday + 7) % 7
            let last = first + (length - first) / 7 * 7
            let day = place == Self.lastOfMonth ? last : first + (place - 1) * 7
            if day <= length { bits |= 1 << UInt64(day) }
        }
        return bits
    }

    /// Saturday counts as the Friday before, Sunday as the Monday after, never in another month.
    private func workdayBits(firstWeekday: Int, length: Int) -> UInt64 {
        var bits: UInt64 = 0
        var rest = nearestWorkdays
        while let bit = rest.firstBit(from: 0) {
            rest &= rest - 1
            let day = bit == 0 ? length : bit
            guard day <= length else { continue }
            let workday =
                switch (firstWeekday + day - 1) % 7 {
                case 6: day == 1 ? day + 2 : day - 1
                case 0: day == length ? day - 2 : day + 1
                default: day
                }
            bits |= 1 << UInt64(workday)
        }
        return bits
    }
}

extension UInt64 {
    /// The lowest bit set at or above `start`.
    func firstBit(from start: Int) -> Int? {
        let rest = start < 64 ? self >> UInt64(start) : 0
        return rest == 0 ? nil : start + rest.trailingZeroBitCount
    }

    /// The bits set, ascending.
    var members: [Int] { (0..<64).filter { self >> UInt64($0) & 1 == 1 } }
}
