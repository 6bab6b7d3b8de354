/// The offsets of one time zone from universal time, for all time.
///
/// A value, so a newer edition of the same zone compares unequal where it differs. Instants are
/// whole seconds since the Unix epoch and readings are `CivilTime.reading`. Every function is
/// total: an instant beyond the calendar's range is taken as the nearest one inside it.
package struct ZoneRules: Equatable, Sendable {
    /// The instants at which the offset changes, ascending.
    private let changes: [Int]
    /// `offsets[n]` holds before `changes[n]`, the last one after the last change: one more than
    /// changes.
    private let offsets: [Int]
    /// From here on the changes repeat with the calendar's 400 years; nil where the last offset
    /// stays.
    private let cycleStart: Int?

    /// A zone that never changes; `offset` is in seconds east of Greenwich.
    package init(fixedOffset offset: Int) {
        precondition(abs(offset) <= Self.offsetMax, "an offset is at most 26 hours")
        changes = []
        offsets = [offset]
        cycleStart = nil
    }

    /// `changes` ascend by instant.
    ///
    /// One that changes nothing, or that a later one at the same instant replaces, is dropped.
    init(firstOffset: Int, changes given: [(at: Int, offset: Int)], cycleStart: Int?) {
        var changes: [Int] = []
        var offsets = [firstOffset]
        // A change that no instant can reach would be an end without a segment behind it.
        for change in given where change.at <= Self.instantMax {
            if changes.last == change.at {
                changes.removeLast()
                offsets.removeLast()
            }
            guard offsets.last != change.offset else { continue }
            changes.append(change.at)
            offsets.append(change.offset)
        }
        self.changes = changes
        self.offsets = offsets
        if let start = cycleStart, let last = changes.last, last > start {
            self.cycleStart = start
        } else {
            self.cycleStart = nil
        }
    }

    /// Universal time.
    package static let utc = ZoneRules(fixedOffset: 0)

    /// 26 hours, the bound of RFC 9636 section 3.2 on either side; the world has used -15:56 to
    /// +15:13.
    package static let offsetMax = 26 * 3_600

    static let secondsPerCycle = CivilDate.daysPerCycle * CivilTime.secondsPerDay

    /// A span of instants with one offset.
    package struct Segment: Equatable, Sendable {
        /// The first instant of the span; `Int.min` where it has no beginning.
        package let start: Int
        /// The first instant after the span; `Int.max` where it has no end.
        package let end: Int
        /// Seconds east of Greenwich.
        package let offset: Int
    }

    /// The span of one offset that contains an instant; its ends are where the clocks change.
    package func segment(containing instant: Int) -> Segment {
        let wanted = min(max(instant, Self.instantMin), Self.instantMax)
        var shift = 0
        if let cycleStart, wanted >= cycleStart {
            shift = (wanted - cycleStart) / Self.secondsPerCycle * Self.secondsPerCycle
        }
        let index = countOfChanges(through: wanted - shift)
        return Segment(
            start: index == 0 ? .min : changes[index - 1] + shift,
            end: index == changes.count ? .max : changes[index] + shift,
            offset: offsets[index])
    }

    /// Seconds east of Greenwich at an instant.
    package func offset(at instant: Int) -> Int { segment(containing: instant).offset }

    /// The instants at which the zone's clocks show one reading.
    package enum Instants: Equatable, Sendable {
        case unique(Int)
        /// The clocks are put forward over the reading: the last instant before that, and the first
        /// after it.
        case gap(before: Int, after: Int)
        /// The clocks are put back and show the reading again.
        case overlap(first: Int, second: Int)
    }

    /// The instants that read `reading`; of more than two, the first and the last.
    package func instants(reading: Int) -> Instants {
        let reading = Self.clamped(reading)
        var hits: [Int] = []
        var segment = segment(containing: reading - Self.offsetMax - 1)
        while segment.start <= reading + Self.offsetMax {
            let instant = reading - segment.offset
            if instant >= segment.start, instant < segment.end { hits.append(instant) }
            guard segment.end < .max else { break }
            segment = self.segment(containing: segment.end)
        }
        guard let first = hits.first, let last = hits.last else {
            let after = firstInstant(reading: reading)
            return .gap(before: after - 1, after: after)
        }
        return hits.count == 1 ? .unique(first) : .overlap(first: first, second: last)
    }

    /// The first instant at which the clocks show `reading` or anything later.
    ///
    /// In a gap that is the end of the gap, in an overlap the first pass, and it never decreases as
    /// readings grow.
    func firstInstant(reading: Int) -> Int {
        let reading = Self.clamped(reading)
        // No clock is more than `offsetMax` ahead, so nothing before this segment shows the reading yet.
        var segment = segment(containing: reading - Self.offsetMax - 1)
        while true {
            let instant = max(segment.start, reading - segment.offset)
            if instant < segment.end { return instant }
            segment = self.segment(containing: segment.end)
        }
    }

    /// The latest reading that the clocks have shown up to and including an instant.
    ///
    /// `firstInstant(reading: r) > t` exactly when `r > latestReading(through: t)`.
    func latestReading(through instant: Int) -> Int {
        let instant = Self.clamped(instant)
        var segment = segment(containing: instant)
        var latest = instant + segment.offset
        // Two clocks differ by at most twice `offsetMax`, so no older segment can have been further on.
        while segment.start > instant - 2 * Self.offsetMax {
            let end = segment.start - 1
            segment = self.segment(containing: end)
            latest = max(latest, end + segment.offset)
        }
        return latest
    }

    /// The earliest reading that the clocks show at an instant or later.
    func earliestReading(from instant: Int) -> Int {
        let instant = Self.clamped(instant)
        var segment = segment(containing: instant)
        var earliest = instant + segment.offset
        // Two clocks differ by at most twice `offsetMax`, so no later segment can begin further back.
        while segment.end <= instant + 2 * Self.offsetMax {
            segment = self.segment(containing: segment.end)
            earliest = min(earliest, segment.start + segment.offset)
        }
        return earliest
    }

    /// From here on the rules are as regular as the calendar: what does not happen in a cycle from
    /// here never does.
    var regularFrom: Int { cycleStart ?? changes.last ?? Self.instantMin }

    /// One cycle more than the calendar on each side, so that sums of instants, offsets and cycles
    /// stay in range.
    private static let instantMin = CivilTime.readingRange.lowerBound - secondsPerCycle
    private static let instantMax = CivilTime.readingRange.upperBound + secondsPerCycle

    private static func clamped(_ seconds: Int) -> Int {
        min(max(seconds, CivilTime.readingRange.lowerBound), CivilTime.readingRange.upperBound)
    }

    private func countOfChanges(through instant: Int) -> Int {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle] <= instant { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
