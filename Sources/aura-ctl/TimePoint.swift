import AuraModel

/// A point of time as an operator writes it.
enum TimePoint {
    /// What is understood, for an error message.
    static let examples = "02:00, `yesterday 02:00`, `2026-11-20 02:00`, 2026-11-20T02:00:00Z, -2h"

    /// The instant that `text` names; a time without an offset is one of `zone`.
    ///
    /// Where the clocks of the zone show it twice it is the first of the two, and where they skip
    /// it, the moment after the gap: there an automaton fires, too.
    static func read(_ text: String, now: Instant, in zone: Zone) throws -> Instant {
        guard let instant = parse(text, now: now, in: zone.rules) else {
            throw Failure(
                .usage, .badRequest, "`\(SafeText.brief(text, max: 60))` is no time",
                hint: examples)
        }
        return instant
    }

    static func parse(_ text: String, now: Instant, in zone: ZoneRules) -> Instant? {
        var words = text.split(separator: " ").map(String.init)
        if words == ["now"] { return now }
        if let instant = relative(words, now: now) { return instant }
        // As `calendar` prints it: `Sat 2026-11-21 02:00:00 +01:00`.
        if words.count > 1, CivilText.weekdays.contains(words[0]) { words.removeFirst() }
        if words.count > 1, let last = words.last, let sign = last.first, "+-".contains(sign) {
            words.removeLast()
            words[words.count - 1] += last
        }
        if words.count == 1, let separator = words[0].firstIndex(where: { "Tt".contains($0) }),
            words[0].first?.isNumber == true
        {
            words = [
                String(words[0][..<separator]), String(words[0][separator...].dropFirst()),
            ]
        }
        let today = CivilTime(at: now.seconds, in: zone).date
        let clock: ClockText?
        let day: CivilDate
        switch words.count {
        case 1:
            clock = ClockText(words[0])
            guard let named = clock == nil ? date(words[0], today: today) : today else {
                return nil
            }
            day = named
        case 2:
            clock = ClockText(words[1])
            guard clock != nil, let named = date(words[0], today: today) else { return nil }
            day = named
        default: return nil
        }
        return instant(day, clock ?? .midnight, in: zone)
    }

    private static func instant(_ day: CivilDate, _ clock: ClockText, in zone: ZoneRules)
        -> Instant
    {
        let reading = day.daysSinceEpoch * CivilTime.secondsPerDay + clock.second
        let seconds: Int
        if let offset = clock.offset {
            seconds = reading - offset
        } else {
            switch zone.instants(reading: reading) {
            case .unique(let instant): seconds = instant
            case .gap(_, let after): seconds = after
            case .overlap(let first, _): seconds = first
            }
        }
        return Instant(milliseconds: seconds * 1000 + clock.milliseconds)
    }

    /// `2h ago`, `-2h`, `+30m`.
    private static func relative(_ words: [String], now: Instant) -> Instant? {
        func shifted(_ span: some StringProtocol, by sign: Int) -> Instant? {
            guard let count = try? DurationText.parse(String(span)) else { return nil }
            return now + Milliseconds(sign * count)
        }
        if words.count == 2, words[1] == "ago" { return shifted(words[0], by: -1) }
        guard words.count == 1, let word = words.first else { return nil }
        if word.hasPrefix("-") { return shifted(word.dropFirst(), by: -1) }
        return word.hasPrefix("+") ? shifted(word.dropFirst(), by: 1) : nil
    }

    /// `2026-11-20`, `yesterday`, `today`, `tomorrow`.
    private static func date(_ text: String, today: CivilDate) -> CivilDate? {
        switch text {
        case "today": return today
        case "yesterday": return CivilDate(daysSinceEpoch: today.daysSinceEpoch - 1)
        case "tomorrow": return CivilDate(daysSinceEpoch: today.daysSinceEpoch + 1)
        default: break
        }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts.map(\.count) == [4, 2, 2],
            let year = number(parts[0]), let month = number(parts[1]), let day = number(parts[2])
        else { return nil }
        return CivilDate(year: year, month: month, day: day)
    }

    /// Digits and nothing else.
    static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}

/// A time of day: `02:00`, `02:00:30.5`, `02:00Z`, `02:00:00+01:00`.
private struct ClockText {
    var second: Int
    var milliseconds = 0
    /// Seconds ahead of UTC, where the text says so.
    var offset: Int?

    static let midnight = ClockText(second: 0)

    init(second: Int) { self.second = second }

    init?(_ text: String) {
        var clock = text[...]
        if let last = clock.last, "Zz".contains(last) {
            clock.removeLast()
            offset = 0
        } else if let sign = clock.firstIndex(where: { "+-".contains($0) }) {
            let digits = clock[sign...].dropFirst().filter { $0 != ":" }
            guard digits.count == 4, let value = TimePoint.number(digits[...]), value % 100 < 60
            else { return nil }
            let ahead = (value / 100 * 60 + value % 100) * 60
            guard ahead <= ZoneRules.offsetMax else { return nil }
            offset = clock[sign] == "-" ? -ahead : ahead
            clock = clock[..<sign]
        }
        var parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        if parts.count == 3, let point = parts[2].firstIndex(of: ".") {
            let fraction = parts[2][point...].dropFirst()
            guard !fraction.isEmpty, TimePoint.number(fraction) != nil,
                let value = TimePoint.number((fraction.prefix(3) + "00").prefix(3))
            else { return nil }
            milliseconds = value
            parts[2] = parts[2][..<point]
        }
        let values = parts.compactMap { (1...2).contains($0.count) ? TimePoint.number($0) : nil }
        guard (2...3).contains(parts.count), values.count == parts.count, values[0] < 24,
            values.dropFirst().allSatisfy({ $0 < 60 })
        else { return nil }
        second = (values[0] * 60 + values[1]) * 60 + (values.count == 3 ? values[2] : 0)
    }
}

extension Instant {
    /// Whole seconds since the epoch, rounded down.
    var seconds: Int { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }

    /// The instant that lies whole seconds after the Unix epoch.
    init(seconds: Int) { self.init(milliseconds: seconds * 1000) }
}

/// Civil times for people.
enum CivilText {
    static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// `Sat 2026-11-21`.
    static func day(_ date: CivilDate) -> String { "\(weekdays[date.weekday]) \(date)" }

    /// `Sat 2026-11-21 02:00:00`.
    static func full(_ time: CivilTime) -> String { "\(weekdays[time.date.weekday]) \(time)" }

    /// `02:00`, or `02:00:30` where seconds matter.
    static func clock(_ time: CivilTime) -> String {
        let text = time.description.dropFirst(time.date.description.count + 1)
        return String(time.second == 0 ? text.dropLast(3) : text)
    }

    /// `+01:00`; seconds only where there are any.
    static func offset(_ seconds: Int) -> String {
        let time = CivilTime(reading: Int(seconds.magnitude))
        return (seconds < 0 ? "-" : "+") + clock(time)
    }
}
