import AuraModel
import Testing

@Suite("rules for changes of the clocks")
struct TransitionRuleTests {
    /// Universal `HH:mm` of the firings of 2026-03-29 (02:00 to 03:00 at 01:00Z) and 2026-10-25
    /// (03:00 to 02:00 at 01:00Z).
    private func firings(
        _ text: String, _ rule: TransitionRule, day: String
    ) throws -> [String] {
        let zone = try SystemZones.rules("Europe/Berlin")
        let cron = try CronExpression(text, transitions: rule)
        var last = try instant("\(day)T00:00:00Z") - 1
        var firings: [String] = []
        while let next = cron.next(after: last, in: zone), next < (try instant("\(day)T03:00:00Z"))
        {
            firings.append(String(CivilTime(reading: next).description.dropFirst(11).prefix(5)))
            last = next
        }
        return firings
    }

    @Test("a fixed time in a gap runs right after it, once, or not at all")
    func gap() throws {
        let day = "2026-03-29"
        let text = "10,40 2 * * *"
        #expect(try firings(text, .standard, day: day) == ["01:00"])
        #expect(try firings(text, TransitionRule(gap: .runAfter), day: day) == ["01:00"])
        #expect(try firings(text, TransitionRule(gap: .skip), day: day) == [])
        // A beat is only made up for when that is asked, and its own firing then is none more.
        #expect(try firings("30 * * * *", .standard, day: day) == ["00:30", "01:30", "02:30"])
        #expect(
            try firings("30 * * * *", TransitionRule(gap: .runAfter), day: day)
                == ["00:30", "01:00", "01:30", "02:30"])
        #expect(
            try firings("0 * * * *", TransitionRule(gap: .runAfter), day: day)
                == ["00:00", "01:00", "02:00"])
    }

    @Test("a time in an overlap runs in the first pass, the last, or both")
    func overlap() throws {
        let day = "2026-10-25"
        let text = "10,40 2 * * *"
        #expect(try firings(text, .standard, day: day) == ["00:10", "00:40"])
        #expect(try firings(text, TransitionRule(overlap: .first), day: day) == ["00:10", "00:40"])
        #expect(try firings(text, TransitionRule(overlap: .last), day: day) == ["01:10", "01:40"])
        #expect(
            try firings(text, TransitionRule(overlap: .both), day: day)
                == ["00:10", "00:40", "01:10", "01:40"])
        let beat = "30 * * * *"
        #expect(try firings(beat, .standard, day: day) == ["00:30", "01:30", "02:30"])
        #expect(try firings(beat, TransitionRule(overlap: .first), day: day) == ["00:30", "02:30"])
        #expect(try firings(beat, TransitionRule(overlap: .last), day: day) == ["01:30", "02:30"])
    }

    @Test("the last firing of an expression with years is found in the second pass")
    func lastPass() throws {
        let rule = TransitionRule(overlap: .both)
        #expect(
            try firings("0 30 2 25 10 * 2026", rule, day: "2026-10-25") == ["00:30", "01:30"])
    }

    @Test("a time that a zone skips for ever is never, by the rule that skips it")
    func never() throws {
        let zone = try SystemZones.rules("Europe/Berlin")
        let text = "30 2 31 3 +sun"
        let from = try instant("2026-01-01T00:00:00Z")
        let skip = try CronExpression(text, transitions: TransitionRule(gap: .skip))
        #expect(skip.next(after: from, in: zone) == nil)
        #expect(
            try CronExpression(text).next(after: from, in: zone) == instant("2030-03-31T01:00:00Z"))
    }

    @Test("robfig's dialect skips and doubles, unless the schedule says otherwise")
    func dialect() throws {
        let zone = try SystemZones.rules("America/New_York")
        let from = try instant("2012-11-04T05:00:00Z")
        let robfig = try CronExpression("0 0 1 * * ?", dialect: .robfig)
        #expect(robfig.next(after: from, in: zone) == from + 3_600)
        let once = try CronExpression(
            "0 0 1 * * ?", dialect: .robfig, transitions: TransitionRule(overlap: .first))
        #expect(once.next(after: from, in: zone) == from + 25 * 3_600)
    }
}
