import AuraModel

/// The firings of a window, from every minute of it and of the wall's clock.
///
/// The zone's offsets must be whole minutes there, so that the seconds of a minute are shown or
/// skipped together.
struct CivilWalk {
    private(set) var firings: [Int] = []
    let hasChange: Bool
    /// Firings before this instant are all there.
    let end: Int

    /// Days on both sides of the window, which show what the clocks showed before it and will show
    /// after it.
    ///
    /// No clock was ever put back or forward by more than a day.
    private static let margin = 2 * 86_400

    init(_ pattern: RandomCron, _ zone: ZoneRules, from start: Int, days: Int) {
        end = start + days * 86_400
        let instants = Array(
            stride(from: start - Self.margin, through: end + Self.margin, by: 60))
        var segment = zone.segment(containing: start - Self.margin)
        let readings = instants.map { instant in
            if instant >= segment.end { segment = zone.segment(containing: instant) }
            return instant + segment.offset
        }
        hasChange = zip(readings, readings.dropFirst()).contains { $1 - $0 != 60 }
        let minutes = Self.minutes(pattern, instants, readings)
        for minute in minutes.shown {
            for second in pattern.secondsOfMinute { firings.append(minute + second) }
        }
        firings = Set(firings + minutes.made).filter { $0 >= start && $0 < end }.sorted()
    }

    /// The instants of the minutes that are meant and shown, and those at which the skipped ones
    /// are made up for.
    private static func minutes(
        _ pattern: RandomCron, _ instants: [Int], _ readings: [Int]
    ) -> (shown: [Int], made: [Int]) {
        let base = readings.min() ?? 0
        let count = ((readings.max() ?? 0) - base) / 60 + 1
        var first = [Int?](repeating: nil, count: count)
        var last = first
        for (instant, reading) in zip(instants, readings) {
            let index = (reading - base) / 60
            first[index] = first[index] ?? instant
            last[index] = instant
        }
        let isMeant = meant(pattern, base, count)
        var made: [Int] = []
        var following: Int?
        for index in (0..<count).reversed() {
            following = first[index] ?? following
            if isMeant[index], first[index] == nil, pattern.gap == .runAfter, let following {
                made.append(following)
            }
        }
        let shown =
            switch pattern.overlap {
            case .first: (0..<count).compactMap { isMeant[$0] ? first[$0] : nil }
            case .last: (0..<count).compactMap { isMeant[$0] ? last[$0] : nil }
            case .both:
                zip(instants, readings).filter { isMeant[($1 - base) / 60] }.map(\.0)
            }
        return (shown, made)
    }

    /// Each minute of the wall's clock, looked at by itself; a day only once.
    private static func meant(_ pattern: RandomCron, _ base: Int, _ count: Int) -> [Bool] {
        var day: (count: Int, isMeant: Bool)?
        return (0..<count).map { index in
            let reading = base + index * 60
            let second = ((reading % 86_400) + 86_400) % 86_400
            let days = (reading - second) / 86_400
            if day?.count != days {
                day = (days, pattern.matches(CivilDate(daysSinceEpoch: days)))
            }
            return day?.isMeant == true && pattern.matches(minuteOfDay: second / 60)
        }
    }
}
