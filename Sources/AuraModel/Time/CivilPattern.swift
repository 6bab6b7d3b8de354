/// A set of civil times, and the instants at which a zone's clocks meet it.
///
/// What cron expressions and calendar expressions have in common: they are two texts for this.
struct CivilPattern: Hashable, Sendable {
    /// Bits 0 to 59.
    let seconds: UInt64
    /// Bits 0 to 59.
    let minutes: UInt64
    /// Bits 0 to 23.
    let hours: UInt64
    let days: DayPattern
    let gap: TransitionRule.Gap
    let overlap: TransitionRule.Overlap

    /// `rule` states both of its parts.
    init(
        seconds: UInt64, minutes: UInt64, hours: UInt64, days: DayPattern, rule: TransitionRule
    ) {
        self.seconds = seconds
        self.minutes = minutes
        self.hours = hours
        self.days = days
        gap = rule.gap ?? .runAfter
        overlap = rule.overlap ?? .first
    }

    /// Whether one of its times of day, in minutes since midnight, is as `isMeant` says.
    func names(_ isMeant: (Int) -> Bool) -> Bool {
        (0..<24).contains { hour in
            hours & 1 << UInt64(hour) != 0
                && (0..<60).contains { minutes & 1 << UInt64($0) != 0 && isMeant(hour * 60 + $0) }
        }
    }

    /// Two clocks of one zone differ by at most this, so that further from a change none of it is
    /// felt.
    private static let reach = 2 * ZoneRules.offsetMax

    /// The first firing strictly after an instant, both in seconds since the Unix epoch.
    ///
    /// nil where there is none up to the end of the year 9999; always found in bounded time.
    func next(after instant: Int, in zone: ZoneRules) -> Int? {
        let range = CivilTime.readingRange
        guard instant < range.upperBound else { return nil }
        let instant = max(instant, range.lowerBound)
        let segment = zone.segment(containing: instant)
        if segment.start < instant - Self.reach, instant < segment.end - Self.reach {
            // Far from any change of the clocks all rules agree.
            guard let match = nextReading(from: instant + 1 + segment.offset) else { return nil }
            if match - segment.offset < segment.end - Self.reach { return match - segment.offset }
        }
        guard gap == .runAfter, overlap == .first else { return walk(after: instant, in: zone) }
        // Each civil time at the first instant that shows it or a later one.
        return nextReading(from: zone.latestReading(through: instant) + 1)
            .map { zone.firstInstant(reading: $0) }
    }

    /// Walks the zone's segments and looks for the first reading that matches in one of them.
    private func walk(after instant: Int, in zone: ZoneRules) -> Int? {
        // A match that no clock has shown in a whole cycle of regular rules is one that they always skip.
        var limit = max(instant, zone.regularFrom) + ZoneRules.secondsPerCycle
        var start = instant + 1
        // Readings without a match, and the match that ends them: most segments need no search of their own.
        var known: ClosedRange<Int>?
        while start <= limit {
            let segment = zone.segment(containing: start)
            if start == segment.start, makesUp(at: start, segment.offset, zone) { return start }
            let shown = readings(from: start, of: segment, in: zone)
            if let first = shown.first {
                if known?.contains(first) != true {
                    known = first...(nextReading(from: first) ?? .max)
                }
                if let match = known?.upperBound {
                    if match == .max {
                        // Only a clock put back can still show one.
                        limit = min(limit, start + Self.reach)
                    } else if match <= shown.last {
                        return match - segment.offset
                    }
                }
            }
            guard segment.end < .max else { return nil }
            start = segment.end
        }
        return nil
    }

    /// The readings of a segment from `start` on that count, after the rule for overlaps; first is
    /// nil for none.
    private func readings(
        from start: Int, of segment: ZoneRules.Segment, in zone: ZoneRules
    ) -> (first: Int?, last: Int) {
        var first = start + segment.offset
        var last = segment.end == .max ? .max : segment.end - 1 + segment.offset
        switch overlap {
        case .both: break
        case .first where segment.start > .min:
            first = max(first, zone.latestReading(through: segment.start - 1) + 1)
        case .last where segment.end < .max:
            last = min(last, zone.earliestReading(from: segment.end) - 1)
        case .first, .last: break
        }
        return (first <= last ? first : nil, last)
    }

    /// Whether the change at `start` skips a match that nothing shows later.
    private func makesUp(at start: Int, _ offset: Int, _ zone: ZoneRules) -> Bool {
        guard gap == .runAfter else { return false }
        let before = zone.latestReading(through: start - 1)
        // With `first`, the end of the gap stands for the time even where a later overlap shows it after all.
        let after = overlap == .first ? start + offset : zone.earliestReading(from: start)
        guard before + 1 < after, let match = nextReading(from: before + 1) else { return false }
        return match < after
    }

    /// The first matching reading that is not before `reading`.
    private func nextReading(from reading: Int) -> Int? {
        let reading = max(reading, CivilTime.readingRange.lowerBound)
        let (day, second) = floorDivide(reading, by: CivilTime.secondsPerDay)
        guard let match = days.firstDay(from: day) else { return nil }
        let start = match > day ? 0 : second
        if let time = firstTime(from: start) { return match * CivilTime.secondsPerDay + time }
        // Nothing is left of that day; on any other the first time is found.
        guard let later = days.firstDay(from: match + 1), let time = firstTime(from: 0) else {
            return nil
        }
        return later * CivilTime.secondsPerDay + time
    }

    /// The first matching second of a day that is not before `start`.
    private func firstTime(from start: Int) -> Int? {
        let (hour, minute, second) = (start / 3_600, start / 60 % 60, start % 60)
        guard let firstHour = hours.firstBit(from: hour),
            let firstMinute = minutes.firstBit(from: 0), let firstSecond = seconds.firstBit(from: 0)
        else { return nil }
        guard firstHour == hour else { return (firstHour * 60 + firstMinute) * 60 + firstSecond }
        if minutes.firstBit(from: minute) == minute, let later = seconds.firstBit(from: second) {
            return (hour * 60 + minute) * 60 + later
        }
        if let later = minutes.firstBit(from: minute + 1) {
            return (hour * 60 + later) * 60 + firstSecond
        }
        return hours.firstBit(from: hour + 1).map { ($0 * 60 + firstMinute) * 60 + firstSecond }
    }
}
