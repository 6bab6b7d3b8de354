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

    @Test("instants fire in order, each once, to the millisecond")
    func instants() throws {
        let list = try InstantList([
            "2026-12-24T18:00:00+01:00", "1969-12-31T23:59:59.5Z", "2026-12-24T16:59:59.9994Z",
        ])
        let schedule = Schedule.at(list)
        let noon = try instant("2026-12-24T12:00:00Z") * 1_000
        #expect(schedule.next(afterMilliseconds: .min, in: .utc) == -500)
        #expect(schedule.next(afterMilliseconds: -500, in: .utc) == noon + 5 * 3_600_000 - 1)
        #expect(
            schedule.next(afterMilliseconds: noon + 5 * 3_600_000 - 1, in: .utc) == noon + 5
                * 3_600_000)
        #expect(schedule.next(afterMilliseconds: noon + 5 * 3_600_000, in: .utc) == nil)
    }

    @Test(
        "a wrong instant is refused by column",
        arguments: [
            ("", "column 1: found the end, expected a year of four digits"),
            ("2026-12-24", "column 11: found the end, expected `T`"),
            ("2026-12-24 18:00:00Z", "column 11: found ` `, expected `T`"),
            ("2026-12-24T18:00:00", "column 20: found the end, expected `Z` or an offset"),
            ("2026-02-29T18:00:00Z", "column 1: found `2026`, expected a day that its month has"),
            ("2026-13-01T18:00:00Z", "column 6: found `13`, expected a month"),
            ("2026-12-24T24:00:00Z", "column 12: found `24`, expected an hour"),
            ("2026-12-24T23:59:60Z", "column 18: found `60Z`, expected a second"),
            ("2026-12-24T18:00:00+1:00", "column 21: found `1`, expected hours of an offset"),
            ("2026-12-24T18:00:00.Z", "column 21: found `Z`, expected one to nine digits"),
            ("2026-12-24T18:00:00ZZ", "column 21: found `Z`, expected the end"),
        ])
    func instantErrors(text: String, message: String) {
        let error = #expect(throws: TextError.self) { try InstantText.parse(text) }
        #expect(error?.description.hasPrefix(message) == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("the same instant twice is refused, also in another zone's words")
    func instantTwice() {
        let error = #expect(throws: InstantListError.self) {
            try InstantList(["2026-12-24T18:00:00+01:00", "2026-12-24T17:00:00Z"])
        }
        #expect(error?.index == 1)
        #expect(throws: InstantListError.self) { try InstantList([]) }
    }

    @Test("`@reboot` plans nothing, and robfig's `@every` is an interval")
    func nicknames() throws {
        let reboot = try Schedule(cron: " @reboot ")
        #expect(reboot == .reboot && reboot.next(afterMilliseconds: 0, in: .utc) == nil)
        #expect(throws: TextError.self) { try Schedule(cron: "@reboot", dialect: .robfig) }
        #expect(try Schedule(cron: "@every 5m", dialect: .robfig) == .every(Interval("5m")))
        #expect(throws: TextError.self) { try Schedule(cron: "@every 5m") }
    }

    @Test(
        "a schedule is encoded as its source",
        arguments: [
            #"{"cron":"0  2 * * mon-FRI"}"#, #"{"every":"90s"}"#, "{}",
            #"{"cron":"0 0 *\/2 * mon","dialect":"vixie"}"#, #"{"cron":"@reboot"}"#,
            #"{"at":["2026-12-24T18:00:00Z"]}"#, #"{"calendar":"Mon..Fri 02:00"}"#,
            #"{"calendar":"02:00","gap":"skip","overlap":"last"}"#,
            #"{"cron":"0 2 * * *","overlap":"both"}"#,
        ])
    func coding(text: String) throws {
        let schedule = try JSONDecoder().decode(Schedule.self, from: Data(text.utf8))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(String(decoding: try encoder.encode(schedule), as: UTF8.self) == text)
    }

    @Test(
        "a schedule that is wrong, unknown or double is refused",
        arguments: [
            #"{"cron":"0 2 * *"}"#, #"{"every":"0s"}"#, #"{"corn":"0 2 * * *"}"#,
            #"{"cron":"0 2 * * *","every":"1h"}"#, #"{"cron":5}"#, #"{"at":[]}"#,
            #"{"calendar":"Mon..Fri 25:00"}"#, #"{"cron":"0 2 * * *","gap":"before"}"#,
            #"{"every":"1h","gap":"skip"}"#, #"{"gap":"skip"}"#,
            #"{"calendar":"daily","dialect":"vixie"}"#, #"{"cron":"0 2 * * *","dialect":"other"}"#,
        ])
    func codingErrors(text: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(Schedule.self, from: Data(text.utf8))
        }
    }
}
