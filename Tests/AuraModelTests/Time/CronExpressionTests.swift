import AuraModel
import Testing

@Suite("cron expressions")
struct CronExpressionTests {
    @Test(
        "an error names the column, what stands there and what was expected",
        arguments: [
            ("", "column 1: found the end, expected five fields"),
            ("* * * *", "column 8: found the end, expected five fields"),
            ("* * * * * * * *", "column 15: found `*`, expected five fields"),
            ("60 * * * *", "column 1: found `60`, expected a minute, 0 to 59"),
            ("0 24 * * *", "column 3: found `24`, expected an hour, 0 to 23"),
            ("0 0 0 * *", "column 5: found `0`, expected a day of the month, 1 to 31"),
            ("0 0 1 juli *", "column 7: found `juli`, expected a month, 1 to 12 or jan to dec"),
            ("0 0 * * 8", "column 9: found `8`, expected a weekday, 0 to 7 or sun to sat"),
            ("0 9-17-20 * * *", "column 7: found `-`, expected `,`, `-`, `/` or the end"),
            ("0 17-9 * * *", "column 6: found `9`, expected 17 or more"),
            (
                "0 0 * * fri-sun",
                "column 13: found `sun`, expected 5 or more, as ranges go upwards; Sunday"
            ),
            ("0 */0 * * *", "column 5: found `0`, expected a step, 1 to 24"),
            ("*/90 * * * *", "column 3: found `90`, expected a step, 1 to 60"),
            (
                "0/15 * * * *",
                "column 2: found `/`, expected a range or `*` before a step: `N-59/2`"
            ),
            ("0 0 */2 * mon", "column 5: found `*`, expected a range instead of `*`"),
            ("0 0 13 * */2", "column 10: found `*`, expected a range instead of `*`"),
            ("0 ? * * *", "column 3: found `?`, expected an hour"),
            ("0 0 30 2 *", "column 5: found `30`, expected a day that one of the months has"),
            (
                "0 0 31 4,6,9,11 ?",
                "column 5: found `31`, expected a day that one of the months has"
            ),
            (" @dayly", "column 2: found `@dayly`, expected @hourly, @daily"),
            ("@daily 5", "column 8: found `5`, expected nothing after a nickname"),
            ("0 0 * * 1\n", "column 10: found `U+A`, expected"),
            (
                "99999999999999999999 * * * *",
                "column 1: found `99999999999999999999`, expected a minute"
            ),
        ])
    func errors(text: String, message: String) {
        let error = #expect(throws: CronError.self) { try CronExpression(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("the days of a month and of a week: either, or both with a plus")
    func dayRule() throws {
        let from = "2026-11-01T00:00:00Z"
        #expect(try firings("0 12 13 * fri", from, 3) == ["11-06 12", "11-13 12", "11-20 12"])
        #expect(try firings("0 12 13 * +fri", from, 3) == ["11-13 12", "08-13 12", "10-13 12"])
        #expect(try firings("0 12 13 * ?", from, 2) == ["11-13 12", "12-13 12"])
        #expect(
            try firings("0 12 ? * 5-7", from, 4) == [
                "11-01 12", "11-06 12", "11-07 12", "11-08 12",
            ])
        #expect(
            try firings("0 12 1-31/10 * *", from, 4) == [
                "11-01 12", "11-11 12", "11-21 12", "12-01 12",
            ])
    }

    @Test("29 February waits over a century that has none")
    func leapDay() throws {
        let cron = try CronExpression("0 0 29 2 *")
        let from = try instant("2096-03-01T00:00:00Z")
        #expect(cron.next(after: from, in: .utc) == (try instant("2104-02-29T00:00:00Z")))
        let sunday = try CronExpression("0 0 29 2 +sun")
        let last = try instant("2088-03-01T00:00:00Z")
        #expect(sunday.next(after: last, in: .utc) == (try instant("2128-02-29T00:00:00Z")))
    }

    @Test("a fixed time fires once a day where clocks change, an hourly one every hour")
    func clockChanges() throws {
        let zone = try SystemZones.rules("Europe/Berlin")
        func next(_ text: String, _ from: String) throws -> Int? {
            try CronExpression(text).next(after: try instant(from), in: zone)
        }
        // Forward, 02:00 to 03:00 at 01:00Z: right after the gap, once, whatever was in it.
        #expect(try next("30 2 * * *", "2026-03-28T12:00:00Z") == instant("2026-03-29T01:00:00Z"))
        #expect(try next("30 2 * * *", "2026-03-29T01:00:00Z") == instant("2026-03-30T00:30:00Z"))
        #expect(
            try next("0,20,40 2,3 * * *", "2026-03-29T01:00:00Z") == instant("2026-03-29T01:20:00Z")
        )
        // Back, 03:00 to 02:00 at 01:00Z: in the first pass only, even when asked inside the second.
        #expect(try next("30 2 * * *", "2026-10-24T12:00:00Z") == instant("2026-10-25T00:30:00Z"))
        #expect(try next("30 2 * * *", "2026-10-25T00:30:00Z") == instant("2026-10-26T01:30:00Z"))
        #expect(try next("30 2 * * *", "2026-10-25T01:10:00Z") == instant("2026-10-26T01:30:00Z"))
        // Elapsed time.
        #expect(try next("@hourly", "2026-03-29T00:00:00Z") == instant("2026-03-29T01:00:00Z"))
        #expect(try next("@hourly", "2026-10-25T00:00:00Z") == instant("2026-10-25T01:00:00Z"))
        #expect(try next("*/20 2 * * *", "2026-10-25T00:40:00Z") == instant("2026-10-25T01:00:00Z"))
        #expect(try next("*/20 2 * * *", "2026-03-28T12:00:00Z") == instant("2026-03-30T00:00:00Z"))
    }

    @Test("a day that the zone skipped is made up for right after")
    func skippedDay() throws {
        let apia = try SystemZones.rules("Pacific/Apia")
        let cron = try CronExpression("0 12 * * *")
        let last = try #require(cron.next(after: try instant("2011-12-29T12:00:00Z"), in: apia))
        #expect(last == (try instant("2011-12-29T22:00:00Z")))
        // 30 December 2011 did not happen: its noon is made up for as the 31st begins.
        #expect(cron.next(after: last, in: apia) == (try instant("2011-12-30T10:00:00Z")))
    }

    @Test("an expression whose years are over has no next, in whatever zone, by whatever rule")
    func yearsOver() throws {
        for offset in [-5 * 3_600, 0, 9 * 3_600] {
            let zone = ZoneRules(fixedOffset: offset)
            for gap in TransitionRule.Gap.allCases {
                for overlap in TransitionRule.Overlap.allCases {
                    let rule = TransitionRule(gap: gap, overlap: overlap)
                    let cron = try CronExpression("0 0 12 1 1 * 2020", transitions: rule)
                    // 2019-06-01 and 2021-01-01.
                    let only = cron.next(after: 1_559_347_200, in: zone)
                    #expect(only == 1_577_880_000 - offset)
                    #expect(cron.next(after: 1_609_459_200, in: zone) == nil)
                }
            }
        }
    }

    @Test("a time that the clocks always skip is found never to come, in bounded time")
    func alwaysSkipped() throws {
        // A Sunday that is 31 March is always the day on which Berlin has no hour from two to three.
        let cron = try CronExpression("* 2 31 3 +sun")
        let zone = try SystemZones.rules("Europe/Berlin")
        #expect(cron.next(after: try instant("2026-01-01T00:00:00Z"), in: zone) == nil)
        #expect(cron.next(after: try instant("2026-01-01T00:00:00Z"), in: .utc) != nil)
    }

    @Test(
        "the ends of the calendar are met without a trap",
        arguments: [Int.min, -1 << 40, 1 << 38, .max])
    func extremes(instant: Int) throws {
        for text in ["* * * * *", "0 0 29 2 *", "59 59 23 31 12 *"] {
            for name in SystemZones.names {
                let next = try CronExpression(text).next(
                    after: instant, in: SystemZones.rules(name))
                if let next { #expect(next > instant) }
                #expect((next == nil) == (instant > 253_402_300_799))
            }
        }
    }

    /// `MM-dd HH` of the first firings in universal time.
    private func firings(_ text: String, _ from: String, _ count: Int) throws -> [String] {
        let cron = try CronExpression(text)
        var last = try instant(from)
        return try (0..<count).map { _ in
            last = try #require(cron.next(after: last, in: .utc))
            return String(CivilTime(reading: last).description.dropFirst(5).prefix(8))
        }
    }
}
