/// A pattern in plain words.
struct PatternWords {
    private let pattern: CivilPattern
    private let seconds: [Int]
    private let minutes: [Int]
    private let hours: [Int]

    init(_ pattern: CivilPattern) {
        self.pattern = pattern
        seconds = pattern.seconds.members
        minutes = pattern.minutes.members
        hours = pattern.hours.members
    }

    /// The day first where it is one of a month, otherwise the time.
    var text: String {
        let day = DayWords(pattern.days)
        let time = time
        guard !day.text.isEmpty else {
            return time.hasPrefix("at ") && minutes.count * hours.count <= Self.timesMax
                && !isEveryHour ? time + " every day" : time
        }
        return day.isPlaceInMonth && time.hasPrefix("at ")
            ? "\(day.text) \(time)" : "\(time) \(day.text)"
    }

    /// More times of day than this are told by their rule.
    private static let timesMax = 6

    /// So few times of day are told one by one even where they follow a rule.
    private static let plainTimesMax = 4

    private var isEveryHour: Bool { hours.count == 24 }

    private var time: String {
        guard seconds != [0] else { return wholeMinutes }
        guard seconds.count == 1 else { return withSeconds }
        if minutes.count * hours.count <= Self.timesMax, !isEveryHour { return times }
        if isEveryHour, minutes.count == 60 { return "at second \(seconds[0]) of every minute" }
        return "at second \(seconds[0]) of \(minuteList) \(ofHours)"
    }

    /// Many seconds.
    private var withSeconds: String {
        let beat = Self.beat(seconds, of: 60, "second")
        if minutes.count == 60 {
            if isEveryHour {
                return beat ?? "at seconds \(Self.numbers(seconds)) of every minute"
            }
            return (beat ?? "at seconds \(Self.numbers(seconds)) of every minute") + " " + inHours
        }
        return (beat.map { $0 + " in" } ?? "at seconds \(Self.numbers(seconds)) of")
            + " \(minuteList) \(ofHours)"
    }

    private var wholeMinutes: String {
        if minutes.count > 1, minutes.count * hours.count <= Self.plainTimesMax { return times }
        if let beat = Self.beat(minutes, of: 60, "minute") {
            return isEveryHour ? beat : "\(beat) \(inHours)"
        }
        if minutes.count == 1, let minute = minutes.first {
            let past = minute == 0 ? "" : " at minute \(minute)"
            if let beat = Self.beat(hours, of: 24, "hour") { return beat + past }
            if isRun(hours), hours.count > 3 {
                return
                    "every hour from \(clock(hours[0], minute)) to \(clock(hours.last ?? 0, minute))"
            }
        }
        if minutes.count * hours.count <= Self.timesMax { return times }
        if minutes.count == 1, let minute = minutes.first {
            return "at minute \(minute) of hours \(Self.numbers(hours))"
        }
        return "at minutes \(Self.numbers(minutes)) \(ofHours)"
    }

    /// `at 02:00 and 14:30`.
    private var times: String {
        let clocks = hours.flatMap { hour in
            minutes.flatMap { minute in
                seconds.map { second in
                    clock(hour, minute) + (seconds == [0] ? "" : ":" + Self.two(second))
                }
            }
        }
        return "at " + Wording.list(clocks)
    }

    private var minuteList: String {
        if minutes.count == 60 { return "every minute" }
        return (minutes.count == 1 ? "minute " : "minutes ") + Self.numbers(minutes)
    }

    private var ofHours: String {
        if isEveryHour { return "of every hour" }
        if let beat = Self.beat(hours, of: 24, "hour") { return "of " + beat }
        return (hours.count == 1 ? "of hour " : "of hours ") + Self.numbers(hours)
    }

    /// Where minutes run through: `from 09:00 to 17:59`.
    private var inHours: String {
        if isRun(hours) { return "from \(clock(hours[0], 0)) to \(clock(hours.last ?? 0, 59))" }
        return (hours.count == 1 ? "in hour " : "in hours ") + Self.numbers(hours)
    }

    private func isRun(_ members: [Int]) -> Bool {
        zip(members, members.dropFirst()).allSatisfy { $1 == $0 + 1 }
    }

    /// `every 10 minutes` for what is evenly spaced over the whole of what it divides.
    private static func beat(_ members: [Int], of whole: Int, _ unit: String) -> String? {
        guard members.count > 1, members[0] == 0, whole.isMultiple(of: members.count) else {
            return nil
        }
        let step = whole / members.count
        guard members == Array(stride(from: 0, to: whole, by: step)) else { return nil }
        return step == 1 ? "every \(unit)" : "every \(step) \(unit)s"
    }

    private static func numbers(_ members: [Int]) -> String {
        Wording.runs(members) { "\($0)" }
    }

    private func clock(_ hour: Int, _ minute: Int) -> String {
        Self.two(hour) + ":" + Self.two(minute)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

/// A day pattern in plain words.
struct DayWords {
    /// Empty for every day.
    let text: String
    /// Whether it names places in a month, such as its last Friday.
    let isPlaceInMonth: Bool

    init(_ days: DayPattern) {
        let byNumber = Self.byNumber(days)
        let byPlace = Self.byPlace(days)
        let weekdays = days.weekdays & DayPattern.everyWeekday
        let isEveryDate = days.daysOfMonth == DayPattern.everyDayOfMonth
        let isEveryWeekday = weekdays == DayPattern.everyWeekday
        let names = Self.weekdays(weekdays)
        let ofMonths = Self.of(months: days.months)
        var parts: [String] = []
        var isPlace = false
        if !isEveryDate, isEveryWeekday || days.isEither {
            parts.append("on \(byNumber) \(ofMonths)")
            isPlace = true
        }
        if !isEveryDate, !isEveryWeekday, !days.isEither {
            // Both must match.
            let condition = Wording.list(
                (byPlace.isEmpty ? [] : [byPlace]) + (names.isEmpty ? [] : [names]), "or")
            parts.append("on \(byNumber) \(ofMonths) if that is \(condition)")
            isPlace = true
        } else if !isEveryWeekday {
            if !byPlace.isEmpty {
                parts.append("on \(byPlace) \(ofMonths)")
                isPlace = true
            }
            if !names.isEmpty {
                let months =
                    days.months == DayPattern.everyMonth ? "" : " " + Self.inMonths(days.months)
                parts.append("on \(isPlace ? "every " : "")\(names)\(months)")
            }
        } else if isEveryDate, days.months != DayPattern.everyMonth {
            parts.append("every day " + Self.inMonths(days.months))
        }
        var text = Wording.list(parts)
        if !days.years.isEmpty {
            let years = days.years.indices.flatMap { word in
                days.years[word].members.map { word * 64 + $0 }
            }
            text += (text.isEmpty ? "every day in " : " in ") + Self.years(years)
        }
        self.text = text
        isPlaceInMonth = isPlace
    }

    /// `the 1st and 15th`, `the last day`, `the working day nearest the 15th`.
    private static func byNumber(_ days: DayPattern) -> String {
        var parts: [String] = []
        let numbers = days.daysOfMonth.members
        if !numbers.isEmpty { parts.append("the " + Wording.runs(numbers, Wording.ordinal)) }
        for day in (days.nearestWorkdays & ~1).members {
            parts.append("the working day nearest the \(Wording.ordinal(day))")
        }
        if days.nearestWorkdays & 1 == 1 { parts.append("the last working day") }
        let fromEnd = days.daysFromEnd.members
        if fromEnd.count > 2, fromEnd == Array(1...fromEnd.count) {
            parts.append("the last \(fromEnd.count) days")
        } else {
            for day in fromEnd.reversed() {
                parts.append(day == 1 ? "the last day" : "the \(Wording.ordinal(day)) last day")
            }
        }
        return Wording.list(parts)
    }

    /// `the 2nd Friday and the last Monday`.
    private static func byPlace(_ days: DayPattern) -> String {
        Wording.list(
            days.nthWeekdays.members.map { bit in
                let place = bit / 7 + 1
                let word = place == DayPattern.lastOfMonth ? "last" : Wording.ordinal(place)
                return "the \(word) \(Wording.weekdays[bit % 7])"
            })
    }

    /// `Monday to Friday`; a week begins with Monday.
    private static func weekdays(_ bits: UInt64) -> String {
        let members = bits.members.map { $0 == 0 ? 7 : $0 }.sorted()
        return Wording.runs(members) { Wording.weekdays[$0 % 7] }
    }

    private static func of(months bits: UInt64) -> String {
        bits == DayPattern.everyMonth ? "of each month" : "of \(names(bits))"
    }

    private static func inMonths(_ bits: UInt64) -> String { "in \(names(bits))" }

    private static func names(_ bits: UInt64) -> String {
        Wording.runs((bits & DayPattern.everyMonth).members) { Wording.months[$0 - 1] }
    }

    private static func years(_ years: [Int]) -> String {
        if years.count > 3, let first = years.first, let last = years.last {
            let step = years[1] - years[0]
            if years == Array(stride(from: first, through: last, by: step)) {
                return step == 1
                    ? "\(first) to \(last)"
                    : "every \(Wording.ordinal(step)) year from \(first) to \(last)"
            }
        }
        return Wording.runs(years) { "\($0)" }
    }
}
