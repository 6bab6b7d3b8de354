import AuraModel
import Testing

@Suite("schedules in plain words")
struct ScheduleWordsTests {
    @Test(
        "a cron expression reads as a sentence",
        arguments: [
            ("* * * * *", "every minute"),
            ("*/10 * * * *", "every 10 minutes"),
            ("*/7 * * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour"),
            ("5-59/10 * * * *", "at minutes 5, 15, 25, 35, 45 and 55 of every hour"),
            ("0 * * * *", "every hour"),
            ("@hourly", "every hour"),
            ("30 * * * *", "every hour at minute 30"),
            ("0 */2 * * *", "every 2 hours"),
            ("15 */6 * * *", "every 6 hours at minute 15"),
            ("0 9-17 * * *", "every hour from 09:00 to 17:00"),
            ("*/15 9-17 * * *", "every 15 minutes from 09:00 to 17:59"),
            ("* 2 * * *", "every minute from 02:00 to 02:59"),
            ("*/5 2,14 * * *", "every 5 minutes in hours 2 and 14"),
            ("10,40 * * * *", "at minutes 10 and 40 of every hour"),
            ("10,40 */6 * * *", "at minutes 10 and 40 of every 6 hours"),
            ("10,20,30 1,3,5 * * *", "at minutes 10, 20 and 30 of hours 1, 3 and 5"),
            ("0 1,3,5,7,9,11,15 * * *", "at minute 0 of hours 1, 3, 5, 7, 9, 11 and 15"),
            ("@daily", "at 00:00 every day"),
            ("0 2 * * *", "at 02:00 every day"),
            ("30 6,18 * * *", "at 06:30 and 18:30 every day"),
            ("0,30 8,12 * * *", "at 08:00, 08:30, 12:00 and 12:30 every day"),
            ("0 2 * * mon-fri", "at 02:00 on Monday to Friday"),
            ("0 2 * * 1,3,5", "at 02:00 on Monday, Wednesday and Friday"),
            ("0 2 * * sat,sun", "at 02:00 on Saturday and Sunday"),
            ("@weekly", "at 00:00 on Sunday"),
            ("*/20 * * * 1-5", "every 20 minutes on Monday to Friday"),
            ("0 2 * 7 mon", "at 02:00 on Monday in July"),
            ("0 2 * jun-aug *", "at 02:00 every day in June to August"),
            ("*/10 * * 1,7 *", "every 10 minutes every day in January and July"),
            ("@monthly", "on the 1st of each month at 00:00"),
            ("0 4 1,15 * *", "on the 1st and 15th of each month at 04:00"),
            ("0 4 1-7 * *", "on the 1st to 7th of each month at 04:00"),
            ("@yearly", "on the 1st of January at 00:00"),
            ("0 12 25 12 *", "on the 25th of December at 12:00"),
            ("* * 3 * *", "every minute on the 3rd of each month"),
            ("0 17 L * *", "on the last day of each month at 17:00"),
            ("0 17 L-3 * *", "on the 4th last day of each month at 17:00"),
            ("0 17 LW * *", "on the last working day of each month at 17:00"),
            ("0 17 15W * *", "on the working day nearest the 15th of each month at 17:00"),
            ("30 17 * * 5L", "on the last Friday of each month at 17:30"),
            ("0 9 * * mon#1", "on the 1st Monday of each month at 09:00"),
            (
                "0 9 * 3,9 tue#2,thu#3",
                "on the 2nd Tuesday and the 3rd Thursday of March and September at 09:00"
            ),
            ("0 12 13 * fri", "on the 13th of each month and on every Friday at 12:00"),
            ("0 12 13 * +fri", "on the 13th of each month if that is Friday at 12:00"),
            (
                "0 0 L 2 fri#L",
                "on the last day of February and on the last Friday of February at 00:00"
            ),
            ("* * * * * *", "every second"),
            ("*/15 * * * * *", "every 15 seconds"),
            ("30 * * * * *", "at second 30 of every minute"),
            ("10,50 * * * * *", "at seconds 10 and 50 of every minute"),
            ("30 0 2 * * *", "at 02:00:30 every day"),
            ("0 30 2 * * *", "at 02:30 every day"),
            ("15 20,35 * * * *", "at second 15 of minutes 20 and 35 of every hour"),
            ("*/20 0 2 * * *", "every 20 seconds in minute 0 of hour 2"),
            ("* * 9-10 * * *", "every second from 09:00 to 10:59"),
            ("0 0 12 1 1 * 2030", "on the 1st of January in 2030 at 12:00"),
            ("0 0 12 * * * 2030-2033", "at 12:00 every day in 2030 to 2033"),
            ("0 0 12 * * 1 2030-2040/2", "at 12:00 on Monday in every 2nd year from 2030 to 2040"),
        ])
    func cron(text: String, words: String) throws {
        #expect(try Schedule(cron: text).describe() == words)
    }

    @Test("other schedules read as a sentence")
    func others() throws {
        func calendar(_ text: String) throws -> String {
            Schedule.calendar(try CalendarExpression(text)).describe()
        }
        #expect(try calendar("Mon..Fri 02:00") == "at 02:00 on Monday to Friday")
        #expect(
            try calendar("Mon *-*-1..7 09:00")
                == "on the 1st to 7th of each month if that is Monday at 09:00")
        #expect(try calendar("*-*~7/1 12:00") == "on the last 7 days of each month at 12:00")
        #expect(try calendar("*:0/15") == "every 15 minutes")
        #expect(
            try Schedule(cron: "@reboot").describe()
                == "once for each boot of the machine, when aurad first starts in it")
        #expect(Schedule.manual.describe() == "only by hand")
        func every(_ text: String) throws -> String {
            Schedule.every(try Interval(text)).describe()
        }
        #expect(try every("10m") == "every 10 minutes")
        #expect(try every("60m") == "every hour")
        #expect(try every("90m") == "every 1 hour and 30 minutes")
        #expect(try every("1d1s") == "every 1 day and 1 second")
        let one = "2026-12-24T18:00:00+01:00"
        #expect(Schedule.at(try InstantList(one)).describe() == "once at \(one)")
        let four = (1...4).map { "2026-12-0\($0)T08:00:00Z" }
        #expect(
            Schedule.at(try InstantList(four)).describe()
                == "at 4 instants from 2026-12-01 08:00:00 UTC to 2026-12-04 08:00:00 UTC")
    }

    @Test("every expression that can be drawn has words")
    func total() throws {
        var random = Seeded("words")
        for _ in 0..<2_000 {
            let text = RandomCron(&random).text
            let words = Schedule.cron(try CronExpression(text)).describe()
            #expect(!words.isEmpty && !words.contains("  "), "`\(text)`: \(words)")
        }
    }
}
