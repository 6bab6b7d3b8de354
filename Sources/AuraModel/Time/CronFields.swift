/// The parsed fields of a cron expression.
struct CronFields {
    /// nil for an expression without seconds: second 0.
    let second: CronField?
    let minute: CronField
    let hour: CronField
    let dayOfMonth: CronField
    let month: CronField
    let dayOfWeek: CronField
    /// nil for an expression without years: every year.
    let year: CronField?
    /// Whether a day has to match only one of the two day fields.
    let isEither: Bool

    /// 1,024 characters: lists of every second, minute and day of the month take under 500.
    static let charactersMax = 1_024

    init(_ text: String, _ dialect: CronDialect) throws(CronError) {
        guard text.unicodeScalars.count <= Self.charactersMax else {
            throw CronError(
                column: Self.charactersMax + 1, found: "more text",
                expected: "at most \(Self.charactersMax) characters")
        }
        var cursor = TextCursor(text)
        _ = cursor.run(\.isBlank)
        if cursor.next == "@" { cursor = TextCursor(try Self.meaning(ofNickname: &cursor)) }
        let fields = cursor.fields()
        if let first = fields.first { try Self.refuseZone(first) }
        guard let layout = dialect.layout(fieldCount: fields.count) else {
            let place = fields.count > dialect.fieldsMax ? fields[dialect.fieldsMax] : cursor
            throw place.fault(expected: dialect.expectedFields)
        }
        let five = Array(fields[(layout.hasSeconds ? 1 : 0)...])
        second = layout.hasSeconds ? try CronField(.second, fields[0], dialect) : nil
        minute = try CronField(.minute, five[0], dialect)
        hour = try CronField(.hour, five[1], dialect)
        dayOfMonth = try CronField(.dayOfMonth, five[2], dialect)
        month = try CronField(.month, five[3], dialect)
        if layout == (true, false) { try Self.refuseYear(five[4]) }
        var weekdays = five[4]
        let isBoth = dialect.hasPlus && weekdays.skip("+")
        dayOfWeek = try CronField(.dayOfWeek, weekdays, dialect)
        year = layout.hasYear ? try CronField(.year, five[5], dialect) : nil
        let isRestricted = !isBoth && !dayOfMonth.isStar && !dayOfWeek.isStar
        isEither =
            switch dialect {
            case .ocps, .supercronic: isRestricted
            case .vixie: !dayOfMonth.startsWithStar && !dayOfWeek.startsWithStar
            case .robfig: !dayOfMonth.hasBareStar && !dayOfWeek.hasBareStar
            }
        if dialect == .ocps, isRestricted { try refuseStarStep(five[2], five[4]) }
    }

    /// Whether the expression follows elapsed time instead of naming civil times.
    func followsElapsedTime(_ dialect: CronDialect) -> Bool {
        dialect == .vixie
            ? minute.startsWithStar || hour.startsWithStar : minute.isBeat || hour.isBeat
    }

    /// The days that the fields name.
    var days: DayPattern {
        DayPattern(
            daysOfMonth: dayOfMonth.bits, daysFromEnd: dayOfMonth.daysFromEnd,
            nearestWorkdays: dayOfMonth.nearestWorkdays, months: month.bits,
            weekdays: dayOfWeek.bits, nthWeekdays: dayOfWeek.nthWeekdays, isEither: isEither,
            years: year?.years ?? [])
    }

    /// The error of an expression whose days do not exist.
    func unsatisfiable(_ days: DayPattern) -> CronError {
        guard days.hasDay, let year else {
            return dayOfMonth.source.fault(
                expected:
                    "a day that one of the months has; this one comes in none of the calendar's 400 years"
            )
        }
        return year.source.fault(
            expected: "a year that has such a day, as some of the calendar's 400 years do")
    }

    /// `*/2` beside a restricted day field: Vixie's cron wants both to match, OCPS either.
    private func refuseStarStep(_ days: TextCursor, _ weekdays: TextCursor) throws(CronError) {
        let hint =
            "beside another day field, where some crons need both to match and others either:"
        let dialects = "(or name the dialect, `vixie` for both and `robfig` for either)"
        if dayOfMonth.isBeat {
            throw days.fault(
                expected:
                    "a range instead of `*` \(hint) write `1-31/N` for either, "
                    + "`+` before the weekday for both \(dialects)"
            )
        }
        if dayOfWeek.isBeat {
            throw weekdays.fault(
                expected:
                    "a range instead of `*` \(hint) write `0-6/N` for either, `+*/N` for both \(dialects)"
            )
        }
    }

    /// robfig's cron and others take the zone from a prefix.
    private static func refuseZone(_ first: TextCursor) throws(CronError) {
        guard first.rest.hasPrefix("TZ=") || first.rest.hasPrefix("CRON_TZ=") else { return }
        throw first.fault(expected: "a minute or a second, 0 to 59; a zone goes into `zone:`")
    }

    /// Other dialects end six fields with a year.
    private static func refuseYear(_ last: TextCursor) throws(CronError) {
        var ahead = last
        let digits = ahead.run { $0.digit != nil }
        guard digits.count == 4, Int(digits) ?? 0 >= 1_000 else { return }
        throw last.fault(
            expected:
                "a weekday, 0 to 7 or sun to sat, as six fields begin with seconds; a year is the seventh"
        )
    }

    private static func meaning(ofNickname cursor: inout TextCursor) throws(CronError) -> String {
        let start = cursor
        let name = cursor.run { !$0.isBlank }
        _ = cursor.run(\.isBlank)
        guard cursor.isAtEnd || name == "@every" else {
            throw cursor.fault(expected: "nothing after a nickname")
        }
        switch name {
        case "@yearly", "@annually": return "0 0 1 1 *"
        case "@monthly": return "0 0 1 * *"
        case "@weekly": return "0 0 * * 0"
        case "@daily", "@midnight": return "0 0 * * *"
        case "@hourly": return "0 * * * *"
        case "@every":
            throw start.fault(expected: "the key `every:` for a fixed beat, such as `every: 5m`")
        default:
            let fault = start.fault(
                expected:
                    "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually or @reboot (in small letters)"
            )
            let found =
                name.unicodeScalars.allSatisfy { $0 == "@" || $0.isLetter } && name.count <= 24
            throw CronError(
                column: fault.column, found: found ? "`\(name)`" : fault.found,
                expected: fault.expected)
        }
    }
}
