/// One field of a cron expression.
struct CronField {
    let kind: Kind
    /// Values by number, each range with its step; 7 stands for Sunday still.
    private(set) var spans: [Span] = []
    /// `L` and `L-3`: bit n is the nth day from the month's end.
    private(set) var daysFromEnd: UInt64 = 0
    /// `15W` and `LW`, as in `DayPattern`.
    private(set) var nearestWorkdays: UInt64 = 0
    /// `5#2` and `5L`, as in `DayPattern`.
    private(set) var nthWeekdays: UInt64 = 0
    /// The whole field is `*` or `?`.
    private(set) var isStar = false
    /// It begins with `*`, as in `*/5`.
    let startsWithStar: Bool
    /// One of its parts is `*` or `?` without a step.
    private(set) var hasBareStar = false
    /// Some part begins with `*`, or steps on without an end: it beats.
    private(set) var isBeat = false
    /// The field's text, from its beginning.
    let source: TextCursor
    private let dialect: CronDialect

    struct Span {
        let range: ClosedRange<Int>
        let step: Int
    }

    init(_ kind: Kind, _ source: TextCursor, _ dialect: CronDialect) throws(CronError) {
        self.kind = kind
        self.source = source
        self.dialect = dialect
        startsWithStar = source.next == "*"
        var cursor = source
        var parts = 0
        repeat {
            try part(&cursor)
            parts += 1
        } while cursor.skip(",")
        guard cursor.isAtEnd else {
            throw cursor.fault(expected: "`,`, `-`, `/` or the end of \(kind.field)")
        }
        isStar = hasBareStar && parts == 1
        if dialect == .ocps, nearestWorkdays > 0, parts > 1 {
            throw source.fault(expected: "`W` by itself: it takes neither lists nor ranges")
        }
    }

    /// The values by number; bit n is value n, and 7 has become 0 in the day of week.
    ///
    /// Not for years.
    var bits: UInt64 {
        var bits: UInt64 = 0
        for span in spans {
            for value in stride(
                from: span.range.lowerBound, through: span.range.upperBound, by: span.step)
            {
                bits |= 1 << UInt64(kind == .dayOfWeek ? value % 7 : value)
            }
        }
        return bits
    }

    /// The years, as in `DayPattern`.
    var years: [UInt64] {
        guard !isStar else { return [UInt64]() }
        var words = [UInt64](repeating: 0, count: CivilDate.yearRange.upperBound / 64 + 1)
        for span in spans {
            for value in stride(
                from: span.range.lowerBound, through: span.range.upperBound, by: span.step)
            {
                words[value / 64] |= 1 << UInt64(value % 64)
            }
        }
        return words
    }

    private mutating func part(_ cursor: inout TextCursor) throws(CronError) {
        let mark = cursor.position
        let isQuestionMark = cursor.skip("?")
        if isQuestionMark,
            !dialect.hasQuestionMark(inDayField: kind.isDay)
                || (dialect == .ocps && mark > source.position)
        {
            throw source.fault(at: mark, expected: kind.expected(dialect))
        }
        if isQuestionMark || cursor.skip("*") {
            if isQuestionMark, dialect == .ocps, !cursor.isAtEnd {
                throw cursor.fault(expected: "nothing after `?`")
            }
            let step = try step(&cursor)
            isBeat = true
            if step == nil || (step == 1 && dialect == .robfig) { hasBareStar = true }
            spans.append(Span(range: kind.whole(dialect), step: step ?? 1))
            return
        }
        if dialect.hasModifiers, try modified(&cursor) { return }
        let low = try value(&cursor)
        let range = try range(from: low, &cursor)
        let slash = cursor.position
        guard let step = try step(&cursor) else {
            spans.append(Span(range: range, step: 1))
            return
        }
        guard range.count == 1 else {
            spans.append(Span(range: range, step: step))
            return
        }
        let top = kind.whole(dialect).upperBound
        guard dialect.hasOpenSteps else {
            throw cursor.fault(
                at: slash,
                expected: "a range or `*` before a step: `N-\(top)/2` goes on from N")
        }
        isBeat = true
        spans.append(Span(range: low...max(low, top), step: step))
    }

    private func range(
        from low: Int, _ cursor: inout TextCursor
    ) throws(CronError) -> ClosedRange<Int> {
        guard cursor.skip("-") else { return low...low }
        let place = cursor.position
        let high = try value(&cursor)
        guard low <= high else {
            let sunday =
                kind == .dayOfWeek && high == 0 && dialect.hasSeven
                ? "; Sunday at the end of a range is 7" : ""
            throw cursor.fault(
                at: place, expected: "\(low) or more, as ranges go upwards\(sunday)")
        }
        return low...high
    }

    private func value(_ cursor: inout TextCursor) throws(CronError) -> Int {
        let place = cursor.position
        let expected = kind.expected(dialect)
        if !kind.names.isEmpty, cursor.next?.isLetter == true {
            let name = cursor.run { $0.isLetter || $0.digit != nil }
            guard let value = kind.value(ofName: name, dialect) else {
                throw cursor.fault(at: place, expected: expected)
            }
            return value
        }
        let value = try cursor.number(expected)
        guard kind.accepted(dialect).contains(value) else {
            throw cursor.fault(at: place, expected: expected)
        }
        // That library folds 7 before it looks at ranges.
        return kind == .dayOfWeek && dialect == .supercronic ? value % 7 : value
    }

    /// nil where no step stands.
    private func step(_ cursor: inout TextCursor) throws(CronError) -> Int? {
        guard cursor.skip("/") else { return nil }
        let place = cursor.position
        let range = 1...kind.stepMax(dialect)
        let expected = "a step, 1 to \(range.upperBound)"
        let step = try cursor.number(expected)
        guard range.contains(step) else { throw cursor.fault(at: place, expected: expected) }
        return step
    }
}

/// `L`, `W` and `#`.
extension CronField {
    /// Reads one part if it has such a sign.
    private mutating func modified(_ cursor: inout TextCursor) throws(CronError) -> Bool {
        switch kind {
        case .dayOfMonth: try modifiedDay(&cursor)
        case .dayOfWeek: try modifiedWeekday(&cursor)
        case .second, .minute, .hour, .month, .year: false
        }
    }

    private mutating func modifiedDay(_ cursor: inout TextCursor) throws(CronError) -> Bool {
        if cursor.skip("L") {
            if cursor.skip("W") {
                nearestWorkdays |= 1
            } else if cursor.skip("-") {
                daysFromEnd |= 2 << UInt64(try number(1...30, "days before the last", &cursor))
            } else {
                daysFromEnd |= 2
            }
            return true
        }
        var ahead = cursor
        let digits = ahead.run { $0.digit != nil }
        guard !digits.isEmpty, ahead.skip("W") else { return false }
        nearestWorkdays |= 1 << UInt64(try value(&cursor))
        _ = cursor.skip("W")
        return true
    }

    private mutating func modifiedWeekday(_ cursor: inout TextCursor) throws(CronError) -> Bool {
        var ahead = cursor
        var word = ahead.run { $0.isLetter || $0.digit != nil }
        let isLast = word.hasSuffix("L")
        guard isLast || ahead.next == "#" else { return false }
        // `L` may be the end of a name that is wrong anyway.
        if isLast { word.removeLast() }
        var name = TextCursor(word)
        guard let weekday = try? value(&name), name.isAtEnd else {
            throw cursor.fault(
                expected: isLast
                    ? "a weekday before `L`, such as `5L` or `FRI#L`" : kind.expected(dialect))
        }
        cursor = ahead
        var place = Self.last
        if cursor.skip("#") {
            let mark = cursor.position
            guard !isLast else { throw cursor.fault(at: mark - 1, expected: "either `L` or `#`") }
            if !cursor.skip("L") {
                place = try number(1...5, "a place in the month or `L`", &cursor)
            }
        }
        nthWeekdays |= 1 << UInt64(7 * (place - 1) + weekday % 7)
        return true
    }

    private static let last = DayPattern.lastOfMonth

    private func number(
        _ range: ClosedRange<Int>, _ name: String, _ cursor: inout TextCursor
    ) throws(CronError) -> Int {
        let place = cursor.position
        let expected = "\(name), \(range.lowerBound) to \(range.upperBound)"
        let value = try cursor.number(expected)
        guard range.contains(value) else { throw cursor.fault(at: place, expected: expected) }
        return value
    }
}

extension CronDialect {
    fileprivate var hasSeven: Bool { self == .ocps || self == .vixie }
}
