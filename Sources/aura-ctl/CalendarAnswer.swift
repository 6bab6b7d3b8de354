import AuraModel

/// What `aura-ctl calendar` tells of one expression; with `-o json` one line each.
struct CalendarAnswer: Encodable, Equatable {
    /// 10,000: about a week of minutes, and more than anyone reads.
    static let firingsMax = 10_000

    struct Firing: Encodable, Equatable {
        var at: Instant
        /// RFC 3339, in the zone.
        var local: String
        /// Seconds ahead of UTC.
        var offset: Int
        /// The clocks changed since the firing before, and this is how.
        var change: Change?
        /// What the change of the clocks does to this very firing.
        var note: String?
    }

    /// The clocks of the zone are put forward or back.
    struct Change: Encodable, Equatable {
        var at: Instant
        /// Seconds ahead of UTC before and after.
        var before: Int
        var after: Int
    }

    /// Where an expression is wrong, and how.
    struct Fault: Encodable, Equatable {
        /// Unicode scalars from 1.
        var column: Int
        var found: String
        var expected: String
    }

    var expression: String
    var zone: String
    var from: Instant
    /// The schedule in plain words.
    var meaning: String?
    var firings: [Firing] = []
    var error: Fault?

    /// The answer for an expression that is refused.
    init(_ expression: String, _ error: TextError, zone: Zone, from: Instant) {
        self.expression = expression
        self.zone = zone.name
        self.from = from
        self.error = Fault(
            column: error.column, found: error.found, expected: error.expected)
    }

    /// The first `count` firings of a schedule from `from` on, which is one of them if it fires
    /// then.
    init(_ expression: String, _ schedule: Schedule, zone: Zone, from: Instant, count: Int) {
        self.expression = expression
        self.zone = zone.name
        self.from = from
        meaning = schedule.meaning
        var last = from.milliseconds - 1
        while firings.count < count,
            let next = schedule.next(afterMilliseconds: last, in: zone.rules)
        {
            firings.append(
                Self.firing(
                    Instant(milliseconds: next), after: Instant(milliseconds: last), schedule,
                    zone.rules))
            last = next
        }
    }

    private static func firing(
        _ at: Instant, after last: Instant, _ schedule: Schedule, _ zone: ZoneRules
    ) -> Firing {
        let segment = zone.segment(containing: at.seconds)
        let civil = CivilTime(reading: at.seconds + segment.offset)
        let local = "\(civil.date)T\("\(civil)".suffix(8))\(CivilText.offset(segment.offset))"
        var change: Change?
        if zone.offset(at: last.seconds) != segment.offset {
            change = Change(
                at: Instant(seconds: segment.start),
                before: zone.offset(at: segment.start - 1), after: segment.offset)
        }
        let note =
            gapNote(at.seconds, segment, schedule, zone)
            ?? overlapNote(at.seconds, segment, schedule, zone)
        return Firing(at: at, local: local, offset: segment.offset, change: change, note: note)
    }

    /// A civil time that the clocks skip: the automaton fires at the moment after it.
    private static func gapNote(
        _ at: Int, _ segment: ZoneRules.Segment, _ schedule: Schedule, _ zone: ZoneRules
    ) -> String? {
        guard schedule.namesCivilTimes, at == segment.start else { return nil }
        // As if the clocks had not been put forward: what would have come within the gap is what is missing.
        let before = zone.offset(at: at - 1)
        let still = ZoneRules(fixedOffset: before)
        guard let missed = schedule.next(afterMilliseconds: at * 1000 - 1, in: still),
            missed < (at + segment.offset - before) * 1000
        else { return nil }
        let clock = CivilText.clock(CivilTime(reading: missed / 1000 + before))
        return "there is no \(clock) on that day: it fires right after the gap"
    }

    /// A civil time that the clocks show twice.
    private static func overlapNote(
        _ at: Int, _ segment: ZoneRules.Segment, _ schedule: Schedule, _ zone: ZoneRules
    ) -> String? {
        guard schedule.namesCivilTimes,
            case .overlap(let first, let second) = zone.instants(reading: at + segment.offset)
        else { return nil }
        let clock = CivilText.clock(CivilTime(reading: at + segment.offset))
        guard at == first || at == second else { return nil }
        return "\(clock) comes twice on that day: this is the \(at == first ? "first" : "second")"
    }
}
