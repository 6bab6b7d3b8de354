import AuraModel
import Testing

@Suite("systemd calendar expressions")
struct CalendarExpressionTests {
    /// Next elapses after 2026-11-21 00:00:00 UTC as systemd-analyze 252 prints them.
    @Test(
        "an expression fires when systemd says",
        arguments: [
            ("Mon..Fri 02:00", ["2026-11-23 02:00:00", "2026-11-24 02:00:00"]),
            ("*-*-01 04:00:00", ["2026-12-01 04:00:00", "2027-01-01 04:00:00"]),
            ("Mon *-*-1..7", ["2026-12-07 00:00:00", "2027-01-04 00:00:00"]),
            ("Mon *-05~07/1", ["2027-05-31 00:00:00", "2028-05-29 00:00:00"]),
            ("*-02~03", ["2027-02-26 00:00:00", "2028-02-27 00:00:00"]),
            ("*-*~1", ["2026-11-30 00:00:00", "2026-12-31 00:00:00"]),
            ("*-*~01..03", ["2026-11-28 00:00:00", "2026-11-29 00:00:00"]),
            ("*-*~4..10/3", ["2026-11-24 00:00:00", "2026-11-27 00:00:00", "2026-12-22 00:00:00"]),
            ("*-*~10/3", ["2026-11-24 00:00:00", "2026-11-27 00:00:00", "2026-11-30 00:00:00"]),
            ("*-*~1,5", ["2026-11-26 00:00:00", "2026-11-30 00:00:00", "2026-12-27 00:00:00"]),
            ("*-*~*", ["2026-11-22 00:00:00", "2026-11-23 00:00:00"]),
            ("5~1", ["2027-05-31 00:00:00", "2028-05-31 00:00:00"]),
            ("*:0/15", ["2026-11-21 00:15:00", "2026-11-21 00:30:00"]),
            ("*-*-1/5", ["2026-11-26 00:00:00", "2026-12-01 00:00:00"]),
            ("*-1/3-1", ["2027-01-01 00:00:00", "2027-04-01 00:00:00"]),
            ("*-*-* 10..12/2:00", ["2026-11-21 10:00:00", "2026-11-21 12:00:00"]),
            ("9/2:00", ["2026-11-21 09:00:00", "2026-11-21 11:00:00"]),
            ("*:*:*", ["2026-11-21 00:00:01", "2026-11-21 00:00:02"]),
            ("2026/2-1-1", ["2028-01-01 00:00:00", "2030-01-01 00:00:00"]),
            ("27-2~3", ["2027-02-26 00:00:00"]),
            ("Mon", ["2026-11-23 00:00:00", "2026-11-30 00:00:00"]),
            ("Mon..Fri,", ["2026-11-23 00:00:00", "2026-11-24 00:00:00"]),
            ("Mon-Fri 2:00", ["2026-11-23 02:00:00", "2026-11-24 02:00:00"]),
            ("MON..wed,thursday 5:0", ["2026-11-23 05:00:00", "2026-11-24 05:00:00"]),
            ("FRIDAY 17:30", ["2026-11-27 17:30:00", "2026-12-04 17:30:00"]),
            ("minutely", ["2026-11-21 00:01:00", "2026-11-21 00:02:00"]),
            ("hourly", ["2026-11-21 01:00:00", "2026-11-21 02:00:00"]),
            ("daily", ["2026-11-22 00:00:00", "2026-11-23 00:00:00"]),
            ("weekly", ["2026-11-23 00:00:00", "2026-11-30 00:00:00"]),
            ("monthly", ["2026-12-01 00:00:00", "2027-01-01 00:00:00"]),
            ("quarterly", ["2027-01-01 00:00:00", "2027-04-01 00:00:00"]),
            ("semiannually", ["2027-01-01 00:00:00", "2027-07-01 00:00:00"]),
            ("yearly", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ])
    func firings(text: String, times: [String]) throws {
        let calendar = try CalendarExpression(text)
        var last = try instant("2026-11-21T00:00:00Z")
        for time in times {
            last = try #require(calendar.next(after: last, in: .utc))
            #expect(CivilTime(reading: last).description == time)
        }
    }

    @Test(
        "what is refused is named at its character",
        arguments: [
            ("", "column 1: found the end, expected a calendar expression"),
            ("daily UTC", "column 7: found `UTC`, expected the end; the zone goes into `zone:`"),
            ("02:00 Europe/Berlin", "column 7: found `Europe`, expected the end; the zone"),
            ("Fri..Mon 10:00", "column 6: found `Mon`, expected a later weekday"),
            ("fortnightly", "column 1: found `fortnightly`, expected a weekday"),
            ("Mon,,Tue 1:00", "column 5: found `,`, expected a weekday"),
            ("*/2:00", "column 2: found `/`, expected nothing more after `*`"),
            ("24:00", "column 1: found `24`, expected an hour, 0 to 23"),
            ("00:00:60", "column 7: found `60`, expected a second, 0 to 59"),
            ("*:*:0/7.5", "column 8: found `.`, expected whole seconds"),
            ("1,,2:00", "column 3: found `,`, expected an hour"),
            ("*-*-5..1", "column 8: found `1`, expected 5 or more"),
            ("*-*-31/2", "column 8: found `2`, expected a step that reaches a second value"),
            ("*-*~05/9", "column 8: found `9`, expected a step that reaches a second value"),
            ("*-*-~1", "column 5: found `~`, expected a day of the month"),
            ("2300-1-1", "column 1: found `2300`, expected a year, 1970 to 2199"),
            ("*-02-30", "column 1: found `*`, expected a day that one of the months has"),
            ("2026-02-29", "column 1: found `2026`, expected a year that has such a day"),
            ("@1234", "column 1: found `@`, expected a date or a time; single instants"),
            ("2003", "column 1: found `2003`, expected weekdays, a date and a time"),
            ("02:00 *-*-1", "column 7: found `*`, expected weekdays, a date and a time"),
        ])
    func errors(text: String, message: String) {
        let error = #expect(throws: TextError.self) { try CalendarExpression(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("a step without an end is a beat, as `*` is, and a list is not")
    func beats() throws {
        #expect(try CalendarExpression("0/2:00").followsElapsedTime)
        #expect(try CalendarExpression("*:30").followsElapsedTime)
        #expect(try !CalendarExpression("Mon 0,2,4:00").followsElapsedTime)
    }
}
