import AuraModel
import FoundationEssentials
import Testing

@Suite("schedules, intervals and durations")
struct ScheduleTests {
    @Test(
        "a duration is read and printed in its shortest form",
        arguments: [
            ("90s", 90_000, "90s"), ("10m", 600_000, "10m"), ("1h30m", 5_400_000, "90m"),
            ("500ms", 500, "500ms"), ("2d", 172_800_000, "2d"), ("1d1s", 86_401_000, "1d1s"),
            ("0s", 0, "0s"), ("60s", 60_000, "1m"), ("1s1ms", 1_001, "1s1ms"),
            ("36525d", 36_525 * 86_400_000, "36525d"),
        ])
    func durations(text: String, milliseconds: Int, shortest: String) throws {
        #expect(try DurationText.parse(text) == milliseconds)
        #expect(DurationText.format(milliseconds) == shortest)
    }

    @Test("every printed duration is read back")
    func durationsRoundTrip() throws {
        var random = Seeded("durations")
        for _ in 0..<2_000 {
            let value = random.below(1 << (1 + random.below(41)))
            #expect(try DurationText.parse(DurationText.format(value)) == value)
        }
        #expect(DurationText.format(-1_500) == "-1500ms")
        #expect(DurationText.format(.min).hasPrefix("-"))
    }

    @Test(
        "a wrong duration is refused by column",
        arguments: [
            ("", "column 1: found the end, expected a duration"),
            ("10", "column 3: found the end, expected a unit (d, h, m, s, ms)"),
            ("10x", "column 3: found `x`, expected a unit"),
            ("30m1h", "column 5: found `h`, expected a unit (s, ms)"),
            ("1m1m", "column 4: found `m`, expected a unit (s, ms)"),
            ("1ms1", "column 4: found `1`, expected the end"),
            ("-5s", "column 1: found `-`, expected a duration"),
            ("1h 5m", "column 3: found ` `, expected a duration"),
            ("36525d1s", "column 7: found `1s`, expected a duration of at most"),
            ("9999999999s", "column 1: found `9999999999s`, expected a duration"),
        ])
    func durationErrors(text: String, message: String) {
        let error = #expect(throws: DurationError.self) { try DurationText.parse(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("an interval beats at multiples since the epoch, strictly after, and does not drift")
    func interval() throws {
        let interval = try Interval("10m")
        #expect(interval.next(afterMilliseconds: 0) == 600_000)
        #expect(interval.next(afterMilliseconds: 599_999) == 600_000)
        #expect(interval.next(afterMilliseconds: 600_000) == 1_200_000)
        #expect(interval.next(afterMilliseconds: -1) == 0)
        #expect(interval.next(afterMilliseconds: .max) == nil)
        #expect(interval.next(afterMilliseconds: .min).map { $0.isMultiple(of: 600_000) } == true)
        #expect(throws: DurationError.self) { try Interval("999ms") }
        #expect(throws: DurationError.self) { try Interval("367d") }
    }

    @Test("a calendar firing is a whole second strictly after the millisecond")
    func milliseconds() throws {
        let schedule = Schedule.cron(try CronExpression("* * * * * *"))
        #expect(schedule.next(afterMilliseconds: 10_000, in: .utc) == 11_000)
        #expect(schedule.next(afterMilliseconds: 10_001, in: .utc) == 11_000)
        #expect(schedule.next(afterMilliseconds: 9_999, in: .utc) == 10_000)
        #expect(schedule.next(afterMilliseconds: -1, in: .utc) == 0)
        #expect(Schedule.manual.next(afterMilliseconds: 0, in: .utc) == nil)
    }

    @Test(
        "a schedule is encoded as its source",
        arguments: [#"{"cron":"0  2 * * mon-FRI"}"#, #"{"every":"90s"}"#, "{}"])
    func coding(text: String) throws {
        let schedule = try JSONDecoder().decode(Schedule.self, from: Data(text.utf8))
        #expect(String(decoding: try JSONEncoder().encode(schedule), as: UTF8.self) == text)
    }

    @Test(
        "a schedule that is wrong, unknown or double is refused",
        arguments: [
            #"{"cron":"0 2 * *"}"#, #"{"every":"0s"}"#, #"{"corn":"0 2 * * *"}"#,
            #"{"cron":"0 2 * * *","every":"1h"}"#, #"{"cron":5}"#,
        ])
    func codingErrors(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Schedule.self, from: Data(text.utf8))
        }
    }
}
