/// The parsed fields of a cron expression, each a set of bits.
struct CronFields {
    let second: CronField
    let minute: CronField
    let hour: CronField
    let dayOfMonth: CronField
    let month: CronField
    let dayOfWeek: CronField
    /// Whether a day has to match only one of the two day fields.
    let isEither: Bool

    /// 1,024 characters: lists of every second, minute and day of the month take under 500.
    private static let charactersMax = 1_024

    init(_ text: String) throws(CronError) {
        guard text.unicodeScalars.count <= Self.charactersMax else {
            throw CronError(
                column: Self.charactersMax + 1, found: "more text",
                expected: "at most \(Self.charactersMax) characters")
        }
        var cursor = TextCursor(text)
        _ = cursor.run(\.isBlank)
        if cursor.next == "@" { cursor = TextCursor(try Self.meaning(ofNickname: &cursor)) }
        let fields = cursor.fields()
        guard fields.count == 5 || fields.count == 6 else {
            let expected =
                "five fields (minute, hour, day of month, month, day of week), or six with leading seconds"
            throw (fields.count > 6 ? fields[6] : cursor).fault(expected: expected)
        }
        let five = fields.suffix(5).map { $0 }
        second = fields.count == 6 ? try CronField(.second, fields[0]) : .zero
        minute = try CronField(.minute, five[0])
        hour = try CronField(.hour, five[1])
        dayOfMonth = try CronField(.dayOfMonth, five[2])
        month = try CronField(.month, five[3])
        var weekdays = five[4]
        let isBoth = weekdays.skip("+")
        dayOfWeek = try CronField(.dayOfWeek, weekdays)
        isEither = !isBoth && !dayOfMonth.isStar && !dayOfWeek.isStar
        if isEither { try refuseStarStep(five[2], five[4]) }
    }

    /// The error of an expression whose days do not exist.
    func unsatisfiable() -> CronError {
        dayOfMonth.source.fault(
            expected:
                "a day that one of the months has; this one comes in none of the calendar's 400 years"
        )
    }

    /// `*/2` beside a restricted day field: Vixie's cron wants both to match, OCPS either.
    private func refuseStarStep(_ days: TextCursor, _ weekdays: TextCursor) throws(CronError) {
        let hint =
            "beside another day field, where some crons need both to match and others either:"
        if dayOfMonth.hasStar {
            throw days.fault(
                expected:
                    "a range instead of `*` \(hint) write `1-31/N` for either, `+` before the weekday for both"
            )
        }
        if dayOfWeek.hasStar {
            throw weekdays.fault(
                expected: "a range instead of `*` \(hint) write `0-6/N` for either, `+*/N` for both"
            )
        }
    }

    private static func meaning(ofNickname cursor: inout TextCursor) throws(CronError) -> String {
        let start = cursor
        let name = cursor.run { !$0.isBlank }
        _ = cursor.run(\.isBlank)
        guard cursor.isAtEnd else { throw cursor.fault(expected: "nothing after a nickname") }
        switch name {
        case "@yearly", "@annually": return "0 0 1 1 *"
        case "@monthly": return "0 0 1 * *"
        case "@weekly": return "0 0 * * 0"
        case "@daily", "@midnight": return "0 0 * * *"
        case "@hourly": return "0 * * * *"
        default:
            let fault = start.fault(
                expected:
                    "@hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually (in small letters)"
            )
            let found =
                name.unicodeScalars.allSatisfy { $0 == "@" || $0.isLetter } && name.count <= 24
            throw CronError(
                column: fault.column, found: found ? "`\(name)`" : fault.found,
                expected: fault.expected)
        }
    }
}

/// One field of a cron expression.
struct CronField {
    /// The values named; bit n is value n, and 7 has become 0 in the day of week.
    let bits: UInt64
    /// The whole field is `*` or `?`.
    let isStar: Bool
    /// A `*` stands somewhere in it, as in `*/5`.
    let hasStar: Bool
    /// The field's text, from its beginning.
    let source: TextCursor

    /// Zero and nothing else: the seconds of an expression with five fields.
    static let zero = CronField(bits: 1, isStar: false, hasStar: false, source: TextCursor(""))

    enum Kind {
        case second, minute, hour, dayOfMonth, month, dayOfWeek
    }

    private init(bits: UInt64, isStar: Bool, hasStar: Bool, source: TextCursor) {
        self.bits = bits
        self.isStar = isStar
        self.hasStar = hasStar
        self.source = source
    }

    init(_ kind: Kind, _ source: TextCursor) throws(CronError) {
        var cursor = source
        var bits: UInt64 = 0
        var stars = 0
        var isBare = false
        if kind.isDay, cursor.skip("?") {
            guard cursor.isAtEnd else { throw cursor.fault(expected: "nothing after `?`") }
            bits = kind.bits(kind.whole, step: 1)
            isBare = true
        } else {
            repeat {
                let isStar = cursor.skip("*")
                stars += isStar ? 1 : 0
                isBare = isStar && cursor.isAtEnd
                let range = isStar ? kind.whole : try Self.range(kind, &cursor)
                let step = try Self.step(
                    kind, &cursor, isSingle: !isStar && range.count == 1, source)
                bits |= kind.bits(range, step: step)
            } while cursor.skip(",")
            guard cursor.isAtEnd else {
                throw cursor.fault(expected: "`,`, `-`, `/` or the end of \(kind.field)")
            }
            isBare = isBare && bits == kind.bits(kind.whole, step: 1) && stars == 1
        }
        self.init(bits: bits, isStar: isBare, hasStar: stars > 0 || isBare, source: source)
    }

    private static func range(
        _ kind: Kind, _ cursor: inout TextCursor
    ) throws(CronError) -> ClosedRange<Int> {
        let low = try value(kind, &cursor)
        guard cursor.skip("-") else { return low...low }
        let place = cursor.position
        let high = try value(kind, &cursor)
        guard low <= high else {
            let sunday =
                kind == .dayOfWeek && high == 0 ? "; Sunday at the end of a range is 7" : ""
            throw cursor.fault(
                at: place, expected: "\(low) or more, as ranges go upwards\(sunday)")
        }
        return low...high
    }

    private static func value(_ kind: Kind, _ cursor: inout TextCursor) throws(CronError) -> Int {
        let place = cursor.position
        if !kind.names.isEmpty, cursor.next?.isLetter == true {
            let name = cursor.run { $0.isLetter || $0.digit != nil }.lowercased()
            guard let index = kind.names.firstIndex(of: name) else {
                throw cursor.fault(at: place, expected: kind.expected)
            }
            return index + kind.whole.lowerBound
        }
        let value = try cursor.number(kind.expected)
        guard kind.accepted.contains(value) else {
            throw cursor.fault(at: place, expected: kind.expected)
        }
        return value
    }

    private static func step(
        _ kind: Kind, _ cursor: inout TextCursor, isSingle: Bool, _ source: TextCursor
    ) throws(CronError) -> Int {
        let slash = cursor.position
        guard cursor.skip("/") else { return 1 }
        guard !isSingle else {
            throw cursor.fault(
                at: slash,
                expected:
                    "a range or `*` before a step: `N-\(kind.whole.upperBound)/2` goes on from N")
        }
        let place = cursor.position
        // A larger step would name the first value only, which is not what `*/90` means to say.
        let range = 1...kind.whole.count
        let expected = "a step, 1 to \(range.upperBound)"
        let step = try cursor.number(expected)
        guard range.contains(step) else { throw cursor.fault(at: place, expected: expected) }
        return step
    }
}

extension CronField.Kind {
    /// What `*` stands for.
    fileprivate var whole: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...6
        }
    }

    fileprivate var accepted: ClosedRange<Int> { self == .dayOfWeek ? 0...7 : whole }

    fileprivate var isDay: Bool { self == .dayOfMonth || self == .dayOfWeek }

    /// In the order of their numbers, the first one being the least.
    fileprivate var names: [String] {
        switch self {
        case .month:
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        case .second, .minute, .hour, .dayOfMonth: []
        }
    }

    fileprivate var field: String {
        switch self {
        case .second: "the seconds"
        case .minute: "the minutes"
        case .hour: "the hours"
        case .dayOfMonth: "the days of the month"
        case .month: "the months"
        case .dayOfWeek: "the weekdays"
        }
    }

    fileprivate var expected: String {
        switch self {
        case .second: "a second, 0 to 59"
        case .minute: "a minute, 0 to 59"
        case .hour: "an hour, 0 to 23"
        case .dayOfMonth: "a day of the month, 1 to 31"
        case .month: "a month, 1 to 12 or jan to dec"
        case .dayOfWeek: "a weekday, 0 to 7 or sun to sat"
        }
    }

    fileprivate func bits(_ range: ClosedRange<Int>, step: Int) -> UInt64 {
        stride(from: range.lowerBound, through: range.upperBound, by: step)
            .reduce(0) { $0 | 1 << UInt64(self == .dayOfWeek ? $1 % 7 : $1) }
    }
}
