/// When an automaton fires by itself.
///
/// Encoded as its source, see `ScheduleCoding.swift`. The zone is not part of it.
package enum Schedule: Hashable, Sendable {
    /// By the calendar, as cron writes it.
    case cron(CronExpression)
    /// By the calendar, as systemd writes it.
    case calendar(CalendarExpression)
    /// By a fixed beat.
    case every(Interval)
    /// At single instants.
    case at(InstantList)
    /// Once for each boot of the machine, when the daemon first starts in it: `@reboot`.
    case reboot
    /// Never; only an operator or another run starts it.
    case manual

    /// Reads a cron text with the nicknames that are no calendar: `@reboot`, and robfig's `@every
    /// 5m`.
    ///
    /// `@every` is aligned like every `Interval`, where robfig's counts from the daemon's start.
    package init(
        cron text: String, dialect: CronDialect = .ocps, transitions: TransitionRule = .standard
    ) throws(TextError) {
        var cursor = TextCursor(text)
        let words = cursor.fields()
        if words.count == 1, words[0].rest == "@reboot", dialect == .ocps || dialect == .vixie {
            self = .reboot
        } else if words.count == 2, words[0].rest == "@every", dialect == .robfig {
            do throws(TextError) { self = .every(try Interval(words[1].rest)) } catch {
                throw words[1].fault(expected: "a duration such as 90s, 10m, 1h30m or 2d")
            }
        } else {
            self = .cron(try CronExpression(text, dialect: dialect, transitions: transitions))
        }
    }

    /// The first firing strictly after an instant, both in milliseconds since the Unix epoch.
    ///
    /// nil where there is none: all of them are over, the zone's clocks always skip the time, or
    /// nothing is planned at all (`reboot`, `manual`). `zone` matters to a calendar only.
    package func next(afterMilliseconds instant: Int, in zone: ZoneRules) -> Int? {
        // Firings are whole seconds, so one after the second that has begun is after the instant.
        let second = floorDivide(instant, by: 1_000).quotient
        return switch self {
        case .cron(let expression): expression.next(after: second, in: zone).map { $0 * 1_000 }
        case .calendar(let expression): expression.next(after: second, in: zone).map { $0 * 1_000 }
        case .every(let interval): interval.next(afterMilliseconds: instant)
        case .at(let instants): instants.next(afterMilliseconds: instant)
        case .reboot, .manual: nil
        }
    }

    /// Whether it names a time of day that lies within `window`; true where it names none.
    package func names(timeIn window: FiringPolicy.Window) -> Bool {
        switch self {
        case .cron(let expression): expression.pattern.names(window.isOpen)
        case .calendar(let expression): expression.pattern.names(window.isOpen)
        case .every, .at, .reboot, .manual: true
        }
    }

    /// Whether the zone's clocks skip every time that it names, so that it has never fired and never
    /// will; a year that is over is no such thing.
    package func isAlwaysSkipped(in zone: ZoneRules) -> Bool {
        switch self {
        case .cron, .calendar:
            next(afterMilliseconds: CivilTime.readingRange.lowerBound * 1_000, in: zone) == nil
        case .every, .at, .reboot, .manual: false
        }
    }

    /// What was stated about changes of the clocks; nothing for what has no civil times.
    package var transitions: TransitionRule {
        switch self {
        case .cron(let expression): expression.transitions
        case .calendar(let expression): expression.transitions
        case .every, .at, .reboot, .manual: .standard
        }
    }
}

extension Schedule: CustomStringConvertible {
    /// `cron 0 2 * * *`, `calendar Mon..Fri 02:00`, `every 10m`, `at 2026-12-24T18:00:00Z`,
    /// `@reboot` or `manual`.
    package var description: String {
        switch self {
        case .cron(let expression): "cron \(expression)"
        case .calendar(let expression): "calendar \(expression)"
        case .every(let interval): "every \(interval)"
        case .at(let instants): "at \(instants)"
        case .reboot: "@reboot"
        case .manual: "manual"
        }
    }
}
