/// The rule of a POSIX TZ string, as it stands in the footer of a TZif file:
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// RFC 9636 section 3.3.1: times of change run from -167 to 167 hours, so that a rule can name a
/// day by its neighbour.
struct ZoneRuleText {
    /// Seconds east of Greenwich.
    let standardOffset: Int
    private let daylight: Daylight?

    fileprivate struct Daylight {
        let offset: Int
        let start: Change
        let end: Change
    }

    fileprivate struct Change {
        let day: Day
        /// Seconds after (or before) midnight, on the clock that is in force until then.
        let time: Int
    }

    fileprivate enum Day {
        /// 1 to 365; 29 February is never counted.
        case julian(Int)
        /// 0 to 365; 29 February is counted.
        case ordinal(Int)
        /// Week 5 is the last one of the month.
        case weekday(month: Int, week: Int, weekday: Int)
    }

    init(_ text: String) throws(TextError) {
        var cursor = TextCursor(text)
        try Self.skipName(&cursor)
        let standardOffset = -(try Self.time(&cursor, hoursMax: 24))
        self.standardOffset = standardOffset
        guard !cursor.isAtEnd else {
            daylight = nil
            return
        }
        try Self.skipName(&cursor)
        var offset = standardOffset + 3_600
        if cursor.next != "," { offset = -(try Self.time(&cursor, hoursMax: 24)) }
        let start = try Self.change(&cursor)
        let end = try Self.change(&cursor)
        guard cursor.isAtEnd else { throw cursor.fault(expected: "the end of the rule") }
        daylight = Daylight(offset: offset, start: start, end: end)
    }

    /// The changes of the rule in the years given, ascending; empty for a rule without daylight
    /// saving.
    func changes(inYears years: ClosedRange<Int>) -> [(at: Int, offset: Int)] {
        guard let daylight else { return [(at: Int, offset: Int)]() }
        var changes: [(at: Int, offset: Int)] = []
        for year in years {
            let start = daylight.start.reading(in: year) - standardOffset
            let end = daylight.end.reading(in: year) - daylight.offset
            changes.append((at: end, offset: standardOffset))
            changes.append((at: start, offset: daylight.offset))
        }
        // Where one ends at the instant at which the next begins, the beginning counts: a year of daylight saving only.
        return changes.sorted {
            ($0.at, $0.offset == daylight.offset ? 1 : 0) < (
                $1.at, $1.offset == daylight.offset ? 1 : 0
            )
        }
    }

    private static func skipName(_ cursor: inout TextCursor) throws(TextError) {
        let start = cursor.position
        if cursor.skip("<") {
            let name = cursor.run { $0.isLetter || $0.digit != nil || $0 == "+" || $0 == "-" }
            guard name.count >= 3, cursor.skip(">") else {
                throw cursor.fault(at: start, expected: "a quoted name of three or more characters")
            }
        } else {
            guard cursor.run(\.isLetter).count >= 3 else {
                throw cursor.fault(at: start, expected: "a name of three or more letters")
            }
        }
    }

    /// `[+-]h[:m[:s]]` in seconds.
    private static func time(_ cursor: inout TextCursor, hoursMax: Int) throws(TextError) -> Int {
        let isNegative = cursor.skip("-")
        if !isNegative { _ = cursor.skip("+") }
        var seconds = try part(&cursor, 0...hoursMax, "hours") * 3_600
        if cursor.skip(":") {
            seconds += try part(&cursor, 0...59, "minutes") * 60
            if cursor.skip(":") { seconds += try part(&cursor, 0...59, "seconds") }
        }
        return isNegative ? -seconds : seconds
    }

    private static func part(
        _ cursor: inout TextCursor, _ range: ClosedRange<Int>, _ name: String
    ) throws(TextError) -> Int {
        let expected = "\(name), \(range.lowerBound) to \(range.upperBound)"
        let start = cursor.position
        let value = try cursor.number(expected)
        guard range.contains(value) else { throw cursor.fault(at: start, expected: expected) }
        return value
    }

    private static func change(_ cursor: inout TextCursor) throws(TextError) -> Change {
        guard cursor.skip(",") else { throw cursor.fault(expected: "`,` and the day of a change") }
        let day: Day
        if cursor.skip("J") {
            day = .julian(try part(&cursor, 1...365, "a day of the year"))
        } else if cursor.skip("M") {
            let month = try part(&cursor, 1...12, "a month")
            guard cursor.skip(".") else { throw cursor.fault(expected: "`.` and a week") }
            let week = try part(&cursor, 1...5, "a week")
            guard cursor.skip(".") else { throw cursor.fault(expected: "`.` and a weekday") }
            day = .weekday(month: month, week: week, weekday: try part(&cursor, 0...6, "a weekday"))
        } else {
            day = .ordinal(try part(&cursor, 0...365, "a day of the year"))
        }
        // Two in the morning is POSIX's default.
        let time = cursor.skip("/") ? try time(&cursor, hoursMax: 167) : 2 * 3_600
        return Change(day: day, time: time)
    }
}

extension ZoneRuleText.Change {
    fileprivate func reading(in year: Int) -> Int {
        day.daysSinceEpoch(in: year) * CivilTime.secondsPerDay + time
    }
}

extension ZoneRuleText.Day {
    fileprivate func daysSinceEpoch(in year: Int) -> Int {
        let newYear = CivilDate.days(year: year, month: 1, day: 1)
        switch self {
        case .julian(let day):
            return newYear + day - 1 + (day > 59 && CivilDate.isLeap(year) ? 1 : 0)
        case .ordinal(let day):
            return newYear + day
        case .weekday(let month, let week, let weekday):
            let first = CivilDate.days(year: year, month: month, day: 1)
            let ahead = floorDivide(weekday - CivilDate.weekday(ofDay: first), by: 7).remainder
            let day = ahead + (week - 1) * 7
            return first + (day < CivilDate.length(ofMonth: month, year: year) ? day : day - 7)
        }
    }
}
