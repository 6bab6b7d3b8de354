import AuraModel
import Testing

@Suite("civil time")
struct CivilTimeTests {
    @Test(
        "every day of four cycles of 400 years follows the one before and comes back from its count"
    )
    func everyDay() throws {
        let first = try #require(CivilDate(year: 1_600, month: 1, day: 1))
        var (year, month, day, weekday) = (1_600, 1, 1, 6)  // A Saturday.
        for count in first.daysSinceEpoch..<first.daysSinceEpoch + CivilDate.daysPerCycle {
            let date = CivilDate(daysSinceEpoch: count)
            guard (date.year, date.month, date.day) == (year, month, day),
                date.daysSinceEpoch == count, date.weekday == weekday
            else {
                Issue.record("day \(count) is \(date), not \(year)-\(month)-\(day)")
                return
            }
            day += 1
            weekday = (weekday + 1) % 7
            if day > CivilDate.length(ofMonth: month, year: year) { (month, day) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        #expect((year, month, day, weekday) == (2_000, 1, 1, 6))
    }

    @Test("days that do not exist are refused")
    func refused() {
        #expect(CivilDate(year: 2_026, month: 2, day: 29) == nil)
        #expect(CivilDate(year: 1_900, month: 2, day: 29) == nil)
        #expect(CivilDate(year: 2_000, month: 2, day: 29) != nil)
        #expect(CivilDate(year: 2_026, month: 13, day: 1) == nil)
        #expect(CivilDate(year: 2_026, month: 4, day: 31) == nil)
        #expect(CivilDate(year: 10_000, month: 1, day: 1) == nil)
        #expect(CivilTime(CivilDate(daysSinceEpoch: 0), hour: 24) == nil)
        #expect(CivilTime(CivilDate(daysSinceEpoch: 0), second: 60) == nil)
    }

    @Test("times print as a calendar and a clock")
    func printing() {
        #expect(CivilTime(reading: 1_795_238_129).description == "2026-11-21 05:15:29")
        #expect(CivilTime(reading: -1).description == "1969-12-31 23:59:59")
        let range = CivilTime.readingRange
        #expect(CivilTime(reading: range.lowerBound).description == "0000-01-01 00:00:00")
        #expect(CivilTime(reading: range.upperBound).description == "9999-12-31 23:59:59")
        #expect(CivilDate(daysSinceEpoch: 20_778).description == "2026-11-21")
    }

    @Test(
        "any count of seconds is some civil time that counts back",
        arguments: [Int.min, .max, 0, -86_400])
    func extremes(seconds: Int) {
        let time = CivilTime(reading: seconds)
        #expect((1...31).contains(time.date.day))
        if abs(seconds / 2) < Int.max / 4 { #expect(time.reading == seconds) }
    }
}
