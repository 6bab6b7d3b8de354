/// The parts of a systemd calendar expression.
struct CalendarFields {
    private(set) var second = CalendarField(value: 0)
    private(set) var minute = CalendarField(value: 0)
    private(set) var hour = CalendarField(value: 0)
    private var weekdays = DayPattern.everyWeekday
    private var year = CalendarField.all
    private var month = CalendarField.all
    private var day = CalendarField.all
    /// Whether `day` counts from the month's end.
    private var isFromEnd = false
    private var datePlace: TextCursor

    private static let example = "such as `Mon..Fri 02:00` or `*-*-01 04:00`"

    init(_ text: String) throws(TextError) {
        guard text.unicodeScalars.count <= CronFields.charactersMax else {
            throw TextError(
                column: CronFields.charactersMax + 1, found: "more text",
                expected: "at most \(CronFields.charactersMax) characters")
        }
        var cursor = TextCursor(text)
        var words = cursor.fields()[...]
        guard let first = words.first else {
            throw cursor.fault(expected: "a calendar expression \(Self.example)")
        }
        datePlace = first
        var isComplete = false
        if let meaning = Self.meaning(first.rest) {
            var cursor = TextCursor(meaning)
            words = cursor.fields() + words.dropFirst()
        }
        if let word = words.first, word.next?.isLetter == true {
            weekdays = try Self.weekdays(word)
            words.removeFirst()
            isComplete = true
        }
        if let word = words.first, word.next == "@" {
            throw word.fault(expected: "a date or a time; single instants go into `at:`")
        }
        if let word = words.first, word.rest.contains("-") || word.rest.contains("~") {
            try readDate(word)
            words.removeFirst()
            isComplete = true
        }
        if let word = words.first, word.rest.contains(":") {
            try readTime(word)
            words.removeFirst()
            isComplete = true
        }
        guard let rest = words.first else { return }
        let isZone = isComplete && rest.next?.isLetter == true
        throw rest.fault(
            expected: isZone
                ? "the end; the zone goes into `zone:`"
                : "weekdays, a date and a time, \(Self.example)")
    }

    /// The days that date and weekdays name together.
    var days: DayPattern {
        let numbers = day.bits & DayPattern.everyDayOfMonth
        return DayPattern(
            daysOfMonth: isFromEnd ? 0 : numbers, daysFromEnd: isFromEnd ? numbers : 0,
            months: month.bits & DayPattern.everyMonth, weekdays: weekdays, years: year.years)
    }

    /// The error of an expression whose days do not exist.
    func unsatisfiable(_ days: DayPattern) -> TextError {
        datePlace.fault(
            expected: days.hasDay
                ? "a year that has such a day, as some of the calendar's 400 years do"
                : "a day that one of the months has; this one comes in none of the calendar's 400 years"
        )
    }

    private static func meaning(_ word: String) -> String? {
        switch word.lowercased() {
        case "minutely": "*-*-* *:*:00"
        case "hourly": "*-*-* *:00:00"
        case "daily": "*-*-* 00:00:00"
        case "weekly": "Mon *-*-* 00:00:00"
        case "monthly": "*-*-01 00:00:00"
        case "quarterly": "*-01,04,07,10-01 00:00:00"
        case "semiannually", "semi-annually", "biannually", "bi-annually": "*-01,07-01 00:00:00"
        case "yearly", "annually": "*-01-01 00:00:00"
        default: nil
        }
    }

    /// `Mon`, `Mon..Fri`, `Sat,Sunday`; a week goes from Monday to Sunday.
    private static func weekdays(_ source: TextCursor) throws(TextError) -> UInt64 {
        var cursor = source
        var bits: UInt64 = 0
        repeat {
            // systemd lets a list end with its comma.
            if cursor.isAtEnd, bits != 0 { break }
            let low = try weekday(&cursor)
            var high = low
            if cursor.skip("-") || skipDots(&cursor) {
                let place = cursor.position
                high = try weekday(&cursor)
                guard low <= high else {
                    throw cursor.fault(
                        at: place,
                        expected: "a later weekday, as ranges go from Monday up to Sunday")
                }
            }
            for day in low...high { bits |= 1 << UInt64(day % 7) }
        } while cursor.skip(",")
        guard cursor.isAtEnd else { throw cursor.fault(expected: "`,`, `..` or a blank") }
        return bits
    }

    /// 1 for Monday to 7 for Sunday.
    private static func weekday(_ cursor: inout TextCursor) throws(TextError) -> Int {
        let place = cursor.position
        let name = cursor.run(\.isLetter).lowercased()
        let names = CronField.Kind.dayOfWeek.names
        guard let index = names.firstIndex(where: { $0 == name || $0.prefix(3) == name }) else {
            throw cursor.fault(
                at: place, expected: "a weekday, mon to sun, or a word such as `daily`")
        }
        return index == 0 ? 7 : index
    }

    /// `Y-M-D` or `M-D`, with `~` before a day that counts from the end.
    private mutating func readDate(_ source: TextCursor) throws(TextError) {
        datePlace = source
        var cursor = source
        let mark = cursor
        var parts = 1
        while let scalar = cursor.next {
            if scalar == "-" || scalar == "~" { parts += 1 }
            _ = cursor.skip(scalar)
        }
        cursor = mark
        if parts > 2 {
            year = try CalendarField(.year, &cursor)
            guard cursor.skip("-") else { throw cursor.fault(expected: "`-` and a month") }
        }
        month = try CalendarField(.month, &cursor)
        isFromEnd = cursor.skip("~")
        guard isFromEnd || cursor.skip("-") else {
            throw cursor.fault(expected: "`-` and a day, or `~` and a day from the end")
        }
        day = try CalendarField(isFromEnd ? .dayFromEnd : .day, &cursor)
        guard cursor.isAtEnd else {
            throw cursor.fault(expected: "a blank and the time, or the end")
        }
    }

    /// `H:M` or `H:M:S`.
    private mutating func readTime(_ source: TextCursor) throws(TextError) {
        var cursor = source
        hour = try CalendarField(.hour, &cursor)
        guard cursor.skip(":") else { throw cursor.fault(expected: "`:` and a minute") }
        minute = try CalendarField(.minute, &cursor)
        if cursor.skip(":") { second = try CalendarField(.second, &cursor) }
        guard cursor.isAtEnd else { throw cursor.fault(expected: "a blank or the end") }
    }

    fileprivate static func skipDots(_ cursor: inout TextCursor) -> Bool {
        guard cursor.rest.hasPrefix("..") else { return false }
        return cursor.skip(".") && cursor.skip(".")
    }
}

/// One component of a date or a time.
struct CalendarField {
    enum Kind {
        case year, month, day, dayFromEnd, hour, minute, second
    }

    /// Each value named; empty for `*`.
    private let values: [Int]
    /// `*`, or a step without an end.
    let isBeat: Bool
    private let isStar: Bool

    static let all = CalendarField(values: [], isBeat: true, isStar: true)

    init(value: Int) { self.init(values: [value], isBeat: false, isStar: false) }

    private init(values: [Int], isBeat: Bool, isStar: Bool) {
        self.values = values
        self.isBeat = isBeat
        self.isStar = isStar
    }

    init(_ kind: Kind, _ cursor: inout TextCursor) throws(TextError) {
        if cursor.skip("*") {
            guard cursor.next != "," && cursor.next != "/" else {
                throw cursor.fault(expected: "nothing more after `*`; every second one is `0/2`")
            }
            self =
                kind.isClock
                ? Self(values: kind.range.map(\.self), isBeat: true, isStar: true)
                : .all
            return
        }
        var values: [Int] = []
        var isBeat = false
        repeat {
            let low = try Self.value(kind, &cursor)
            var high: Int?
            if CalendarFields.skipDots(&cursor) {
                let place = cursor.position
                let end = try Self.value(kind, &cursor)
                guard low <= end else {
                    throw cursor.fault(at: place, expected: "\(low) or more, as ranges go upwards")
                }
                high = end
            }
            values += try Self.repeated(kind, low, high, &cursor, &isBeat)
        } while cursor.skip(",")
        if cursor.next == ".", kind == .second {
            throw cursor.fault(expected: "whole seconds")
        }
        self.init(values: values, isBeat: isBeat, isStar: false)
    }

    /// Bit n is value n; not for years.
    var bits: UInt64 {
        isStar && values.isEmpty
            ? UInt64(UInt32.max) : values.reduce(0) { $0 | 1 << UInt64($1) }
    }

    /// The years, as in `DayPattern`.
    var years: [UInt64] {
        guard !isStar else { return [UInt64]() }
        var words = [UInt64](repeating: 0, count: Kind.year.range.upperBound / 64 + 1)
        for value in values { words[value / 64] |= 1 << UInt64(value % 64) }
        return words
    }

    /// The values of one item; days from the end step towards it.
    private static func repeated(
        _ kind: Kind, _ low: Int, _ high: Int?, _ cursor: inout TextCursor, _ isBeat: inout Bool
    ) throws(TextError) -> [Int] {
        guard cursor.skip("/") else { return Array(low...(high ?? low)) }
        let place = cursor.position
        let expected = "a step, 1 to \(kind.range.upperBound)"
        let step = try cursor.number(expected)
        guard (1...kind.range.upperBound).contains(step) else {
            throw cursor.fault(at: place, expected: expected)
        }
        if high == nil { isBeat = true }
        let isFromEnd = kind == .dayFromEnd
        let end = high ?? (isFromEnd ? kind.range.lowerBound : kind.range.upperBound)
        // As systemd has it: what would name one value only is not what was meant.
        guard high != nil || abs(end - low) >= step else {
            throw cursor.fault(at: place, expected: "a step that reaches a second value")
        }
        // From the end, the day that comes first in the month is the one with the larger number.
        return isFromEnd
            ? Array(stride(from: max(low, end), through: min(low, end), by: -step))
            : Array(stride(from: low, through: end, by: step))
    }

    private static func value(_ kind: Kind, _ cursor: inout TextCursor) throws(TextError) -> Int {
        let place = cursor.position
        var value = try cursor.number(kind.expected)
        if kind == .year, cursor.position - place <= 2 { value += value < 70 ? 2_000 : 1_900 }
        guard kind.range.contains(value) else {
            throw cursor.fault(at: place, expected: kind.expected)
        }
        return value
    }
}

extension CalendarField.Kind {
    var range: ClosedRange<Int> {
        switch self {
        case .year: 1_970...2_199
        case .month: 1...12
        case .day, .dayFromEnd: 1...31
        case .hour: 0...23
        case .minute, .second: 0...59
        }
    }

    var isClock: Bool { self == .hour || self == .minute || self == .second }

    var expected: String {
        switch self {
        case .year: "a year, 1970 to 2199"
        case .month: "a month, 1 to 12"
        case .day: "a day of the month, 1 to 31"
        case .dayFromEnd: "a day from the month's end, 1 to 31"
        case .hour: "an hour, 0 to 23"
        case .minute: "a minute, 0 to 59"
        case .second: "a second, 0 to 59"
        }
    }
}
