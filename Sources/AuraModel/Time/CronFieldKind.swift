extension CronField {
    /// Which field it is, with its values and words.
    enum Kind {
        case second, minute, hour, dayOfMonth, month, dayOfWeek, year
    }
}

extension CronField.Kind {
    /// What `*` stands for.
    func whole(_ dialect: CronDialect) -> ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...6
        case .year: dialect.years
        }
    }

    func accepted(_ dialect: CronDialect) -> ClosedRange<Int> {
        self == .dayOfWeek && dialect != .robfig ? 0...7 : whole(dialect)
    }

    /// A larger step would name the first value only, which is not what `*/90` means to say.
    func stepMax(_ dialect: CronDialect) -> Int {
        switch dialect {
        case .ocps, .vixie: whole(dialect).count
        case .supercronic: whole(dialect).upperBound
        case .robfig: 1_000_000
        }
    }

    var isDay: Bool { self == .dayOfMonth || self == .dayOfWeek }

    /// In the order of their numbers, the first one being the least.
    var names: [String] {
        switch self {
        case .month:
            [
                "january", "february", "march", "april", "may", "june", "july", "august",
                "september", "october", "november", "december",
            ]
        case .dayOfWeek:
            ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
        case .second, .minute, .hour, .dayOfMonth, .year: []
        }
    }

    /// The value of a name: its first three letters in any case, or where the dialect has it the
    /// whole word.
    func value(ofName name: String, _ dialect: CronDialect) -> Int? {
        let name = name.lowercased()
        let index = names.firstIndex {
            $0.prefix(3) == name || (dialect.hasWholeNames && $0 == name)
        }
        return index.map { $0 + (self == .month ? 1 : 0) }
    }

    var field: String {
        switch self {
        case .second: "the seconds"
        case .minute: "the minutes"
        case .hour: "the hours"
        case .dayOfMonth: "the days of the month"
        case .month: "the months"
        case .dayOfWeek: "the weekdays"
        case .year: "the years"
        }
    }

    func expected(_ dialect: CronDialect) -> String {
        switch self {
        case .second: "a second, 0 to 59"
        case .minute: "a minute, 0 to 59"
        case .hour: "an hour, 0 to 23"
        case .dayOfMonth: "a day of the month, 1 to 31"
        case .month: "a month, 1 to 12 or jan to dec"
        case .dayOfWeek: "a weekday, 0 to \(accepted(dialect).upperBound) or sun to sat"
        case .year: "a year, \(dialect.years.lowerBound) to \(dialect.years.upperBound)"
        }
    }
}
