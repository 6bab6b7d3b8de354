import AuraModel
import Testing

@Suite("cron forms beyond the five fields, and dialects")
struct CronFormsTests {
    @Test(
        "marks, seconds and years name the days that they say",
        arguments: [
            ("0 12 L * *", ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]),
            ("0 12 L-3 * *", ["2026-11-27", "2026-12-28", "2027-01-28", "2027-02-25"]),
            ("0 12 L-30 * *", ["2026-12-01", "2027-01-01", "2027-03-01", "2027-05-01"]),
            ("0 12 15W * *", ["2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15"]),
            ("0 12 1W * *", ["2026-12-01", "2027-01-01", "2027-02-01", "2027-03-01"]),
            ("0 12 1W 5,8 *", ["2027-05-03", "2027-08-02", "2028-05-01", "2028-08-01"]),
            ("0 12 31W * *", ["2026-12-31", "2027-01-29", "2027-03-31", "2027-05-31"]),
            ("0 12 LW * *", ["2026-11-30", "2026-12-31", "2027-01-29", "2027-02-26"]),
            ("0 12 * * 5#2", ["2026-12-11", "2027-01-08", "2027-02-12", "2027-03-12"]),
            ("0 12 * * fri#5", ["2027-01-29", "2027-04-30", "2027-07-30", "2027-10-29"]),
            ("0 12 * * 5L", ["2026-11-27", "2026-12-25", "2027-01-29", "2027-02-26"]),
            ("0 12 * * FRIL", ["2026-11-27", "2026-12-25", "2027-01-29", "2027-02-26"]),
            ("0 12 * * 7#L,mon#1", ["2026-11-29", "2026-12-07", "2026-12-27", "2027-01-04"]),
            ("0 12 L 2 fri#L", ["2027-02-26", "2027-02-28", "2028-02-25", "2028-02-29"]),
            ("0 12 1-7 * +mon", ["2026-12-07", "2027-01-04", "2027-02-01", "2027-03-01"]),
            ("0 12 13 * +5#2", ["2027-08-13", "2028-10-13", "2029-04-13", "2029-07-13"]),
            ("0 0 12 29 2 * 2030-2040", ["2032-02-29", "2036-02-29", "2040-02-29"]),
            ("0 0 12 1 1 * 2024-2030/2,2035", ["2028-01-01", "2030-01-01", "2035-01-01"]),
        ])
    func days(text: String, days: [String]) throws {
        let cron = try CronExpression(text)
        var last = try instant("2026-11-21T00:00:00Z")
        for day in days {
            last = try #require(cron.next(after: last, in: .utc))
            #expect(CivilTime(reading: last).description == "\(day) 12:00:00")
        }
        if days.count < 4 { #expect(cron.next(after: last, in: .utc) == nil) }
    }

    @Test(
        "what is wrong with a mark or a year is named at its character",
        arguments: [
            ("0 0 L-31 * *", "column 7: found `31`, expected days before the last, 1 to 30"),
            ("0 0 L-0 * *", "column 7: found `0`, expected days before the last"),
            ("0 0 32W * *", "column 5: found `32W`, expected a day of the month"),
            ("0 0 10-15W * *", "column 10: found `W`, expected `,`"),
            ("0 0 1,15W * *", "column 5: found `1`, expected `W` by itself"),
            ("0 0 W * *", "column 5: found `W`, expected a day of the month"),
            ("0 0 l * *", "column 5: found `l`, expected a day of the month"),
            ("0 0 * * L", "column 9: found `L`, expected a weekday before `L`"),
            ("0 0 * * 8L", "column 9: found `8L`, expected a weekday before `L`"),
            ("0 0 * * fri#6", "column 13: found `6`, expected a place in the month or `L`, 1 to 5"),
            ("0 0 * * fri#0", "column 13: found `0`, expected a place in the month"),
            ("0 0 * * 5L#2", "column 11: found `#`, expected either `L` or `#`"),
            ("0 0 * * +", "column 10: found the end, expected a weekday"),
            ("0 0 +1 * *", "column 5: found `+`, expected a day of the month"),
            ("0 0 * 5L *", "column 8: found `L`, expected `,`"),
            ("0 0 1,? * *", "column 7: found `?`, expected a day of the month"),
            (
                "0 0 1 1 * 2027",
                "column 11: found `2027`, expected a weekday, 0 to 7 or sun to sat, as"
            ),
            ("0 0 0 1 1 * 10000", "column 13: found `10000`, expected a year, 1 to 9999"),
            (
                "0 0 0 29 2 * 2025-2027",
                "column 14: found `2025`, expected a year that has such a day"
            ),
            (
                "0 0 0 1-7 2 +mon#5 *",
                "column 7: found `1`, expected a day that one of the months has"
            ),
            ("0 0 31W 4 *", "column 5: found `31W`, expected a day that one of the months has"),
            ("CRON_TZ=UTC 0 0 1 1 *", "column 1: found `CRON`, expected a minute or a second"),
            ("@every 5m", "column 1: found `@`, expected the key `every:`"),
        ])
    func errors(text: String, message: String) {
        let error = #expect(throws: CronError.self) { try CronExpression(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test(
        "a day that the leap years of one weekday alone have is neither missed nor taken for never")
    func rareDays() throws {
        let cron = try CronExpression("0 0 29 2 +sun#5")
        let from = try instant("2052-03-01T00:00:00Z")
        #expect(cron.next(after: from, in: .utc) == (try instant("2060-02-29T00:00:00Z")))
        // Over 2100, which has no such day: 40 years.
        let over = try instant("2088-03-01T00:00:00Z")
        #expect(cron.next(after: over, in: .utc) == (try instant("2128-02-29T00:00:00Z")))
        #expect(throws: CronError.self) { try CronExpression("0 0 0 29 2 * 2001-9999/4") }
    }

    @Test("each dialect reads the day fields as its cron does, and the default refuses to guess")
    func dayRules() throws {
        // 2026-12-01 is a Tuesday. Both: odd Mondays; either: every odd day and every Monday.
        let text = "0 0 */2 * mon"
        func first(_ dialect: CronDialect) throws -> [String] {
            let cron = try CronExpression(text, dialect: dialect)
            var last = try instant("2026-12-01T12:00:00Z")
            return try (0..<3).map { _ in
                last = try #require(cron.next(after: last, in: .utc))
                return String(CivilTime(reading: last).description.prefix(10))
            }
        }
        #expect(try first(.vixie) == ["2026-12-07", "2026-12-21", "2027-01-11"])
        #expect(try first(.robfig) == ["2026-12-03", "2026-12-05", "2026-12-07"])
        #expect(try first(.supercronic) == ["2026-12-03", "2026-12-05", "2026-12-07"])
        let error = #expect(throws: CronError.self) { try CronExpression(text) }
        #expect(error?.column == 5 && error?.expected.contains("`vixie`") == true)
    }

    @Test(
        "a dialect accepts what its cron does and no more",
        arguments: [
            (
                CronDialect.vixie, ["*/15 * * * *", "0 0 * * 5-7"],
                ["0/15 * * * *", "0 0 L * *", "0 0 ? * *", "* * * * * *", "0 0 1 * +mon"]
            ),
            (
                .robfig, ["0/15 * * * *", "? ? ? * ?", "0 0 0 * * *", "*/90 * * * *"],
                ["0 0 * * 7", "0 0 L * *", "* * * * * * *"]
            ),
            (
                .supercronic,
                ["0/15 * * * *", "0 0 * * friday", "0 0 1,15W * *", "0 0 1 1 * 2030"],
                ["*/60 * * * *", "0 0 * * 6-7", "0 0 0 1 1 * 2100", "0 0 1 * +mon"]
            ),
            (
                .ocps, ["0 0 * * 5-7", "0 0 ? * 1"],
                ["0 0 * * friday", "0/15 * * * *", "? * * * *"]
            ),
        ])
    func grammar(dialect: CronDialect, good: [String], bad: [String]) {
        for text in good {
            #expect(throws: Never.self, "\(text)") { try CronExpression(text, dialect: dialect) }
        }
        for text in bad {
            #expect(throws: CronError.self, "\(text)") {
                try CronExpression(text, dialect: dialect)
            }
        }
    }
}
