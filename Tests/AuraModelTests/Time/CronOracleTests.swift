import AuraModel
import Testing

/// The calendar against one that looks at every minute.
@Suite("cron against brute force")
struct CronOracleTests {
    @Test("20,000 random (expression, zone, instant) triples agree with walking minute by minute")
    func triples() throws {
        var random = Seeded("cron triples")
        let zones = try SystemZones.names.map { (name: $0, rules: try SystemZones.rules($0)) }
        var changes = 0
        for round in 0..<400 {
            let zone = random.pick(zones)
            // Every second window lies around a change of the zone's clocks.
            var start = try instant("1975-01-01T00:00:00Z") + random.below(43_800) * 86_400
            let change = zone.rules.segment(containing: start).end
            if round.isMultiple(of: 2), change < .max {
                start = change - 86_400 - random.below(1_440) * 60
            }
            let pattern = RandomCron(&random)
            let cron = try CronExpression(pattern.text)
            let oracle = MinuteWalk(pattern, zone.rules, from: start, days: 3)
            changes += oracle.hasChange ? 1 : 0
            for _ in 0..<50 {
                let after = start + random.below(3 * 86_400)
                let expected = oracle.firings.first { $0 > after }
                let next = cron.next(after: after, in: zone.rules)
                let isSame = expected == nil ? next ?? .max >= oracle.end : next == expected
                guard isSame else {
                    let wanted = expected.map { "\($0)" } ?? "none before \(oracle.end)"
                    Issue.record(
                        "seed \(random.seed): `\(pattern.text)` \(zone.name) after \(after): \(next ?? -1), not \(wanted)"
                    )
                    return
                }
            }
        }
        #expect(changes > 50)
    }

    @Test("two months of each zone: every firing, in order, none doubled")
    func months() throws {
        var random = Seeded("cron months")
        for name in SystemZones.names {
            let zone = try SystemZones.rules(name)
            let start = try instant(
                "\(1_980 + random.below(100))-\(random.pick(["03", "10"]))-01T00:00:00Z")
            let pattern = RandomCron(&random)
            let cron = try CronExpression(pattern.text)
            let oracle = MinuteWalk(pattern, zone, from: start, days: 61)
            var last = start
            for expected in oracle.firings where expected > start {
                let next = cron.next(after: last, in: zone)
                guard next == expected else {
                    Issue.record(
                        "seed \(random.seed): `\(pattern.text)` \(name) after \(last): \(next ?? -1), not \(expected)"
                    )
                    return
                }
                last = expected
            }
        }
    }
}

/// An expression and what it means, drawn together, so that the meaning does not come from the parser.
private struct RandomCron {
    let text: String
    let minutes: [Bool]
    let hours: [Bool]
    let days: [Bool]
    let months: [Bool]
    let weekdays: [Bool]
    let isEither: Bool
    let isElapsed: Bool

    init(_ random: inout Seeded) {
        let minute = Self.field(&random, 0...59, starOneIn: 4)
        let hour = Self.field(&random, 0...23, starOneIn: 3)
        var day = Self.field(&random, 1...31, starOneIn: 2)
        // January and July are always among the months, so that every expression can fire.
        let month =
            random.below(2) == 0 ? ("*", Array(1...12)) : ("jan,3-11/2", [1, 3, 5, 7, 9, 11])
        var weekday = Self.field(&random, 0...6, starOneIn: 2)
        let isEither = day.0 != "*" && weekday.0 != "*"
        if isEither, day.0.contains("*") { day = ("1-10", Array(1...10)) }
        if isEither, weekday.0.contains("*") { weekday = ("sat,7", [6, 0]) }
        text = [minute.0, hour.0, day.0, month.0, weekday.0].joined(separator: " ")
        minutes = Self.set(minute.1, 60)
        hours = Self.set(hour.1, 24)
        days = Self.set(day.1, 32)
        months = Self.set(month.1, 13)
        weekdays = Self.set(weekday.1, 7)
        self.isEither = isEither
        isElapsed = minute.0.contains("*") || hour.0.contains("*")
    }

    /// Whether a wall shows a minute that is meant.
    func matches(_ reading: Int) -> Bool {
        let minuteOfDay = ((reading % 86_400) + 86_400) % 86_400 / 60
        guard minutes[minuteOfDay % 60], hours[minuteOfDay / 60] else { return false }
        let date = CivilTime(reading: reading).date
        let (day, weekday) = (days[date.day], weekdays[date.weekday])
        return months[date.month] && (isEither ? day || weekday : day && weekday)
    }

    private static func set(_ values: [Int], _ count: Int) -> [Bool] {
        var set = [Bool](repeating: false, count: count)
        for value in values { set[value] = true }
        return set
    }

    private static func field(
        _ random: inout Seeded, _ range: ClosedRange<Int>, starOneIn chance: Int
    ) -> (String, [Int]) {
        guard random.below(chance) > 0 else { return ("*", Array(range)) }
        if random.below(4) == 0 {
            let step = 2 + random.below(range.count - 2)
            return (
                "*/\(step)",
                Array(stride(from: range.lowerBound, through: range.upperBound, by: step))
            )
        }
        var texts: [String] = []
        var values: [Int] = []
        for _ in 0...random.below(3) {
            let low = range.lowerBound + random.below(range.count)
            let high = min(range.upperBound, low + random.below(8))
            let step = 1 + random.below(3)
            switch (low == high, step) {
            case (true, _): texts.append("\(low)")
            case (false, 1): texts.append("\(low)-\(high)")
            case (false, _): texts.append("\(low)-\(high)/\(step)")
            }
            values += stride(from: low, through: high, by: step)
        }
        return (texts.joined(separator: ","), values)
    }
}

/// The firings of a window, from every minute of it and of the wall's clock.
private struct MinuteWalk {
    private(set) var firings: [Int] = []
    let hasChange: Bool
    /// Firings before this instant are all there.
    let end: Int

    init(_ pattern: RandomCron, _ zone: ZoneRules, from start: Int, days: Int) {
        end = start + days * 86_400
        // A day more on both sides shows what the clocks showed before the window and will show after it.
        let instants = Array(stride(from: start - 86_400, through: end + 86_400, by: 60))
        var segment = zone.segment(containing: start - 86_400)
        let readings = instants.map { instant in
            if instant >= segment.end { segment = zone.segment(containing: instant) }
            return instant + segment.offset
        }
        hasChange = zip(readings, readings.dropFirst()).contains { $1 - $0 != 60 }
        if pattern.isElapsed {
            firings = zip(instants, readings).filter { pattern.matches($1) }.map(\.0)
        } else {
            firings = Self.onceEach(pattern, instants, readings)
        }
        firings = firings.filter { $0 >= start && $0 < end }
    }

    /// Each minute that is meant: at the first instant that shows it, or where none does as the gap ends.
    private static func onceEach(
        _ pattern: RandomCron, _ instants: [Int], _ readings: [Int]
    ) -> [Int] {
        let base = readings.min() ?? 0
        let count = ((readings.max() ?? 0) - base) / 60 + 1
        var shown = [Int?](repeating: nil, count: count)
        for (instant, reading) in zip(instants, readings).reversed() {
            shown[(reading - base) / 60] = instant
        }
        var firings: Set<Int> = []
        var following: Int?
        for index in shown.indices.reversed() {
            following = shown[index] ?? following
            if pattern.matches(base + index * 60), let following { firings.insert(following) }
        }
        return firings.sorted()
    }
}
