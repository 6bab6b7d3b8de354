import AuraModel

/// A disagreement between the calendar and what was found by looking.
struct CalendarFault: Error, CustomStringConvertible {
    let description: String
}

/// A zone with its name.
struct NamedZone: Sendable {
    let name: String
    let rules: ZoneRules
}

/// The calendar held against brute force; the same checks run in tests and, at length, in
/// `aura-bench time`.
enum CalendarChecks {
    /// Draws (expression, zone, instant) triples and walks the civil time of each; throws the first
    /// disagreement.
    ///
    /// Returns how many windows had a change of the clocks in them.
    static func triples(
        _ count: Int, _ zones: [NamedZone], _ random: inout Seeded
    ) throws -> (triples: Int, changes: Int) {
        let perWindow = 50
        let days = 3
        var (done, changes) = (0, 0)
        while done < count {
            let zone = random.pick(zones)
            // Every second window lies around a change of the zone's clocks. 1975-01-01 and 120 years on.
            var start = 157_766_400 + random.below(43_800) * 86_400
            let change = zone.rules.segment(containing: start).end
            if random.below(2) == 0, change < .max {
                start = change - 86_400 - random.below(1_440) * 60
            }
            guard Self.hasWholeMinutes(zone.rules, around: start) else { continue }
            let pattern = RandomCron(&random)
            let cron = try parsed(pattern, random.seed)
            let walk = CivilWalk(pattern, zone.rules, from: start, days: days)
            changes += walk.hasChange ? 1 : 0
            for _ in 0..<perWindow {
                let after = start + random.below(days * 86_400)
                let expected = walk.firings.first { $0 > after }
                let next = cron.next(after: after, in: zone.rules)
                let isRight =
                    expected == nil
                    ? next.map { $0 >= walk.end && $0 <= CivilTime.readingRange.upperBound } ?? true
                    : next == expected
                guard isRight else {
                    let wanted = expected.map { "\($0)" } ?? "none before \(walk.end)"
                    throw fault(
                        pattern, zone, random.seed,
                        "after \(after): \(next.map { "\($0)" } ?? "none"), not \(wanted)")
                }
            }
            done += perWindow
        }
        return (done, changes)
    }

    /// Steps over every change of the clocks between 1970 and 2037 with each pattern; throws the
    /// first fault.
    ///
    /// Each step must be later than the one before, must be found, and must show a time that is
    /// meant, or stand at the end of a gap where the rule says so. Returns the number of steps.
    static func transitions(
        _ zones: [NamedZone], patterns count: Int, _ random: inout Seeded
    ) throws -> (changes: Int, steps: Int) {
        let patterns = try (0..<count).map { _ in
            var pattern = RandomCron(&random)
            // An expression whose years are over has no next.
            while pattern.text.split(separator: " ").count > 6 { pattern = RandomCron(&random) }
            return (pattern, try parsed(pattern, random.seed))
        }
        let stepsPerChange = 3
        var (changes, steps) = (0, 0)
        for zone in zones {
            // 2038-01-01.
            var segment = zone.rules.segment(containing: 0)
            while segment.end < 2_145_916_800 {
                changes += 1
                for (pattern, cron) in patterns {
                    var last = segment.end - 1 - random.below(7_200)
                    for _ in 0..<stepsPerChange {
                        let next = cron.next(after: last, in: zone.rules)
                        guard let next, next > last, isMeant(next, pattern, zone.rules) else {
                            throw fault(
                                pattern, zone, random.seed,
                                "after \(last): \(next.map { "\($0)" } ?? "none")")
                        }
                        steps += 1
                        last = next
                    }
                }
                segment = zone.rules.segment(containing: segment.end)
            }
        }
        return (changes, steps)
    }

    private static func isMeant(_ instant: Int, _ pattern: RandomCron, _ zone: ZoneRules) -> Bool {
        let segment = zone.segment(containing: instant)
        if pattern.matches(reading: instant + segment.offset) { return true }
        // The end of a gap that has a time in it which is meant.
        guard pattern.gap == .runAfter, instant == segment.start else { return false }
        let before = instant - 1 + zone.offset(at: instant - 1)
        return stride(from: before + 1, to: instant + segment.offset, by: 1)
            .contains { pattern.matches(reading: $0) }
    }

    private static func hasWholeMinutes(_ zone: ZoneRules, around start: Int) -> Bool {
        var segment = zone.segment(containing: start - 4 * 86_400)
        while segment.offset.isMultiple(of: 60), segment.end < start + 8 * 86_400 {
            guard segment.end.isMultiple(of: 60) else { return false }
            segment = zone.segment(containing: segment.end)
        }
        return segment.offset.isMultiple(of: 60) && start.isMultiple(of: 60)
    }

    private static func parsed(
        _ pattern: RandomCron, _ seed: UInt64
    ) throws -> CronExpression {
        do {
            return try CronExpression(pattern.text, transitions: pattern.transitions)
        } catch {
            throw CalendarFault(description: "seed \(seed): `\(pattern.text)` refused: \(error)")
        }
    }

    private static func fault(
        _ pattern: RandomCron, _ zone: NamedZone, _ seed: UInt64, _ what: String
    ) -> CalendarFault {
        CalendarFault(
            description:
                "seed \(seed): `\(pattern.text)` gap \(pattern.gap.rawValue) "
                + "overlap \(pattern.overlap.rawValue) in \(zone.name) \(what)"
        )
    }
}
