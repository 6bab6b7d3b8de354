import AuraModel
import Testing

@testable import aura_ctl

/// Schedules, firings and times as aura-ctl reads and tells them.
struct TellingTests {
    private let plain = Style(isColoured: false)
    /// Europe/Berlin from 2026 on, as far as these tests look.
    private let berlin: Zone

    init() throws { berlin = try Zone.named("Europe/Berlin") }

    private func answer(
        _ text: String, from: String, count: Int = 3, now: String = "2026-10-24T00:00Z"
    ) throws -> [String] {
        let from = try TimePoint.read(from, now: Instant(milliseconds: 0), in: berlin)
        let answer = CalendarAnswer(
            text, try ScheduleReading().read(text), zone: berlin, from: from, count: count)
        let now = try TimePoint.read(now, now: Instant(milliseconds: 0), in: berlin)
        return CalendarText.lines(of: answer, width: 80, plain, now: now).filter { !$0.isEmpty }
    }

    @Test("a time that the clocks show twice is told once, and so is their change")
    func overlap() throws {
        #expect(
            try answer("30 2 * * *", from: "2026-10-24 02:30").suffix(5) == [
                "  Sat 2026-10-24 02:30:00 +02:00  in 30m00s",
                "  Sun 2026-10-25 02:30:00 +02:00  in 1d0h",
                "      02:30 comes twice on that day: this is the first",
                "  Sun 2026-10-25 03:00 -> 02:00: the clocks go back, to +01:00",
                "  Mon 2026-10-26 02:30:00 +01:00  in 2d1h",
            ])
    }

    @Test("a time that the clocks skip is told as missing; a beat is not touched by it")
    func gap() throws {
        let daily = try answer("30 2 * * *", from: "2027-03-28 01:00", count: 1)
        #expect(
            daily.suffix(3) == [
                "  Sun 2027-03-28 02:00 -> 03:00: the clocks go forward, to +02:00",
                "  Sun 2027-03-28 03:00:00 +02:00  in 155d1h",
                "      there is no 02:30 on that day: it fires right after the gap",
            ])
        // 03:00 is named itself, so nothing is missing.
        let both = try answer("0 3 * * *", from: "2027-03-28 01:00", count: 1)
        #expect(!both.contains { $0.contains("there is no") })
        let beat = try answer("*/20 * * * *", from: "2027-03-28 01:40", count: 2)
        #expect(beat.count { $0.contains("clocks") } == 1)
        #expect(!beat.contains { $0.contains("there is no") })
    }

    @Test("what an expression means is said in plain words, in cron's dialect and systemd's")
    func meaning() throws {
        let texts: [(ScheduleForm, String)] = [
            (.cron, "0 2 * * mon-fri"), (.systemd, "Mon..Fri 02:00"), (.every, "10m"),
        ]
        let meanings = try texts.map { try ScheduleReading(form: $0.0).read($0.1).meaning }
        #expect(
            meanings == [
                "at 02:00 on Monday to Friday", "at 02:00 on Monday to Friday", "every 10 minutes",
            ])
        let hint = ScheduleReading().hint(for: "Mon..Fri 02:00")
        #expect(hint == "this is for --systemd: aura-ctl calendar --systemd 'Mon..Fri 02:00'")
    }

    @Test("no line about the clocks is wider than a terminal")
    func calendarWidth() throws {
        let lines =
            try answer("30 2 * * *", from: "2026-10-24", count: 400)
            + answer("0 30 2 * * *", from: "2027-03-27", count: 400)
        #expect(lines.allSatisfy { TextWidth.of($0) <= 80 })
    }

    @Test("an error points at its character, and days that do not exist are told as never")
    func errors() throws {
        func lines(_ text: String, line: Int? = nil) -> [String] {
            do throws(TextError) {
                _ = try ScheduleReading().read(text)
                return []
            } catch {
                return CalendarText.lines(
                    of: error, in: text, line: line, hint: ScheduleReading().hint(for: text),
                    width: nil, plain)
            }
        }
        #expect(
            lines("0 99 * * *", line: 7) == [
                "aura-ctl: line 7, column 3: found `99`, expected an hour, 0 to 23",
                "  0 99 * * *", "    ^",
            ])
        #expect(lines("0 0 31 feb *")[0].hasPrefix("aura-ctl: this can never fire: column 5"))
        #expect(lines("10m").last == "hint: a span is for --every: aura-ctl calendar --every 10m")
        #expect(lines("*").last?.contains("quote the expression") == true)
        #expect(Calendar.joined(["0", "2", "1", "1", "mon"]) == ["0 2 1 1 mon"])
        #expect(Calendar.joined(["@daily", "-"]) == ["@daily", "-"])
    }

    @Test(
        "a time is read as an operator writes it, in the local zone",
        arguments: [
            ("now", "2026-11-21T03:15:44Z"), ("-2h", "2026-11-21T01:15:44Z"),
            ("2h ago", "2026-11-21T01:15:44Z"), ("+30m", "2026-11-21T03:45:44Z"),
            ("02:00", "2026-11-21T01:00:00Z"), ("yesterday 02:00", "2026-11-20T01:00:00Z"),
            ("today", "2026-11-20T23:00:00Z"), ("tomorrow", "2026-11-21T23:00:00Z"),
            ("2026-11-20 02:00", "2026-11-20T01:00:00Z"),
            ("2026-11-20T02:00:00+05:30", "2026-11-19T20:30:00Z"),
            ("Fri 2026-11-20 02:00:00 -01:00", "2026-11-20T03:00:00Z"),
            // Skipped by the clocks: the moment after; shown twice: the first.
            ("2027-03-28 02:30", "2027-03-28T01:00:00Z"),
            ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
        ])
    func times(text: String, expected: String) throws {
        let zero = Instant(milliseconds: 0)
        let now = try TimePoint.read("2026-11-21T03:15:44Z", now: zero, in: .utc)
        let wanted = try TimePoint.read(expected, now: zero, in: .utc)
        #expect(try TimePoint.read(text, now: now, in: berlin) == wanted)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "25:00", "2:0:0:0", "2026-02-29", "2026-11-20 x", "-2", "12", "02:00+99:00",
            "2026-11-20T02:00:00+01:00Z", "yesterday tomorrow", "02:00:00.", "+", "99999999999d",
        ])
    func noTimes(text: String) {
        #expect(TimePoint.parse(text, now: Instant(milliseconds: 0), in: .utc) == nil)
    }

    @Test(
        "a zone's name is never a way out of the zones", arguments: ["../../etc/passwd", "/x", ""])
    func zoneNames(name: String) {
        #expect(throws: Failure.self) { try Zone.named(name) }
    }

    @Test("options may stand before the verb, and a span with a minus sign is a time")
    func arguments() {
        func arranged(_ text: String) -> String {
            Arguments.arranged(text.split(separator: " ").map(String.init)).joined(separator: "|")
        }
        #expect(arranged("--socket /x status") == "status|--socket|/x")
        #expect(arranged("-o json --socket=/x status a") == "status|a|-o|json|--socket=/x")
        #expect(arranged("-o json answer 7 -- -2h") == "answer|7|-o|json|--|-2h")
        #expect(arranged("explain a -2h") == "explain|a|2h ago")
        #expect(arranged("runs -n 5") == "runs|-n|5")
        #expect(arranged("--socket /x help run") == "help|run")
        #expect(arranged("--socket") == "--socket")
    }
}
