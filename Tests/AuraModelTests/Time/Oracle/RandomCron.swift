import AuraModel

/// An expression and what it means, drawn together, so that the meaning does not come from the
/// parser.
struct RandomCron {
    let text: String
    let transitions: TransitionRule
    private let seconds: [Bool]
    private let minutes: [Bool]
    private let hours: [Bool]
    private let months: [Bool]
    private let dayRule: DayRule
    private let weekdayRule: DayRule
    private let isEither: Bool
    private let years: ClosedRange<Int>?
    /// Seconds of the minute that are meant.
    let secondsOfMinute: [Int]
    /// What becomes of a skipped and of a repeated time, all told.
    let gap: TransitionRule.Gap
    let overlap: TransitionRule.Overlap

    /// Whether a day is meant, by looking at it.
    typealias DayRule = @Sendable (CivilDate) -> Bool

    init(_ random: inout Seeded) {
        let minute = Self.field(&random, 0...59, starOneIn: 4)
        let hour = Self.field(&random, 0...23, starOneIn: 3)
        var day = Self.dayOfMonth(&random)
        // January and July are always among the months, so that every expression can fire.
        let month =
            random.below(2) == 0 ? ("*", Array(1...12)) : ("jan,3-11/2", [1, 3, 5, 7, 9, 11])
        var weekday = Self.dayOfWeek(&random)
        let areBoth = day.text != "*" && weekday.text != "*"
        if areBoth, day.text.contains("*") { day = ("1-10", { $0.day <= 10 }) }
        if areBoth, weekday.text.contains("*") {
            weekday = ("sat,7", { $0.weekday == 6 || $0.weekday == 0 })
        }
        // Some day numbers and places never meet, so that `+` goes with plain ones only.
        let isBoth =
            areBoth && day.text == "1-10" && !weekday.text.contains("#")
            && !weekday.text.contains("L") && random.below(2) == 0
        isEither = areBoth && !isBoth
        dayRule = day.rule
        weekdayRule = weekday.rule
        let second = random.below(4) == 0 ? Self.field(&random, 0...59, starOneIn: 8) : nil
        let year = second != nil && random.below(3) == 0 ? 1_990 + random.below(30) : nil
        years = year.map { $0...($0 + 25) }
        let fields: [String?] = [
            second?.0, minute.0, hour.0, day.text, month.0, (isBoth ? "+" : "") + weekday.text,
            years.map { "\($0.lowerBound)-\($0.upperBound)" },
        ]
        text = fields.compactMap(\.self).joined(separator: " ")
        seconds = Self.set(second?.1 ?? [0], 60)
        secondsOfMinute = Set(second?.1 ?? [0]).sorted()
        minutes = Self.set(minute.1, 60)
        hours = Self.set(hour.1, 24)
        months = Self.set(month.1, 13)
        let rules: [TransitionRule] =
            [.standard, .standard, .standard]
            + TransitionRule.Gap.allCases.flatMap { gap in
                TransitionRule.Overlap.allCases.map { TransitionRule(gap: gap, overlap: $0) }
            }
        transitions = random.pick(rules)
        let isElapsed = minute.0.contains("*") || hour.0.contains("*")
        gap = transitions.gap ?? (isElapsed ? .skip : .runAfter)
        overlap = transitions.overlap ?? (isElapsed ? .both : .first)
    }

    /// Whether a day is meant.
    func matches(_ date: CivilDate) -> Bool {
        guard months[date.month], years?.contains(date.year) != false else { return false }
        let (day, weekday) = (dayRule(date), weekdayRule(date))
        return isEither ? day || weekday : day && weekday
    }

    /// Whether a minute of a day that is meant is meant.
    func matches(minuteOfDay: Int) -> Bool { minutes[minuteOfDay % 60] && hours[minuteOfDay / 60] }

    /// Whether a wall shows a second that is meant.
    func matches(reading: Int) -> Bool {
        let time = CivilTime(reading: reading)
        return seconds[time.second] && minutes[time.minute] && hours[time.hour]
            && matches(time.date)
    }

    private static func set(_ values: [Int], _ count: Int) -> [Bool] {
        var set = [Bool](repeating: false, count: count)
        for value in values { set[value] = true }
        return set
    }

    private static func dayOfMonth(_ random: inout Seeded) -> (text: String, rule: DayRule) {
        switch random.below(12) {
        case 0: return ("L", { $0.day == length($0) })
        case 1:
            let count = 1 + random.below(27)
            return ("L-\(count)", { $0.day + count == length($0) })
        case 2: return ("LW", { $0.day == workday(near: length($0), of: $0) })
        case 3:
            let day = 1 + random.below(31)
            return ("\(day)W", { day <= length($0) && $0.day == workday(near: day, of: $0) })
        case 4: return ("1,15,L", { [1, 15, length($0)].contains($0.day) })
        default:
            let field = field(&random, 1...31, starOneIn: 2)
            let days = set(field.1, 32)
            return (field.0, { days[$0.day] })
        }
    }

    private static func dayOfWeek(_ random: inout Seeded) -> (text: String, rule: DayRule) {
        let weekday = random.below(7)
        let name = ["sun", "MON", "2", "Wed", "4", "fri", "sat"][weekday]
        switch random.below(10) {
        case 0:
            let text = random.pick(["\(name)L", "\(weekday)L", "\(name)#L"])
            return (text, { $0.weekday == weekday && $0.day + 7 > length($0) })
        case 1:
            let place = 1 + random.below(5)
            return (
                "\(name)#\(place)", { $0.weekday == weekday && ($0.day + 6) / 7 == place }
            )
        case 2:
            return (
                "mon#1,\(name)#3",
                {
                    ($0.weekday == 1 && $0.day <= 7)
                        || ($0.weekday == weekday && (15...21).contains($0.day))
                }
            )
        default:
            let field = field(&random, 0...6, starOneIn: 2)
            let days = set(field.1, 7)
            return (field.0, { days[$0.weekday] })
        }
    }

    private static func length(_ date: CivilDate) -> Int {
        CivilDate.length(ofMonth: date.month, year: date.year)
    }

    /// The day from Monday to Friday of the month that has the least distance.
    private static func workday(near day: Int, of date: CivilDate) -> Int? {
        (1...length(date)).filter {
            CivilDate(year: date.year, month: date.month, day: $0)
                .map { (1...5).contains($0.weekday) } ?? false
        }
        .min { abs($0 - day) < abs($1 - day) }
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
