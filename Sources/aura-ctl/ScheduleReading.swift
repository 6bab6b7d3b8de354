import AuraModel

/// What an expression is written in.
enum ScheduleForm: String {
    case cron
    case every
    case systemd
}

/// How expressions are to be read, as a definition's `schedule` says it.
struct ScheduleReading {
    var form = ScheduleForm.cron
    var dialect = CronDialect.ocps
    var transitions = TransitionRule.standard

    /// The schedule that `text` stands for.
    func read(_ text: String) throws(TextError) -> Schedule {
        switch form {
        case .cron: try Schedule(cron: text, dialect: dialect, transitions: transitions)
        case .every: .every(try Interval(text))
        case .systemd: .calendar(try CalendarExpression(text, transitions: transitions))
        }
    }

    /// What to try instead, where the text looks like another form or has lost its quotes.
    func hint(for text: String) -> String? {
        if form != .every, (try? Interval(text)) != nil {
            return "a span is for --every: aura-ctl calendar --every \(text)"
        }
        if form != .cron, (try? Schedule(cron: text)) != nil {
            return "this is a cron expression: leave out --\(form)"
        }
        if form != .systemd, (try? CalendarExpression(text)) != nil {
            return "this is for --systemd: aura-ctl calendar --systemd '\(text)'"
        }
        if form == .cron, let other = otherDialect(for: text) {
            return "this dialect reads it: aura-ctl calendar --dialect \(other.rawValue) '\(text)'"
        }
        if form == .cron, !text.contains(" "), !text.hasPrefix("@") {
            return "quote the expression, as the shell takes `*` for files: '0 2 * * *'"
        }
        return nil
    }

    private func otherDialect(for text: String) -> CronDialect? {
        CronDialect.allCases.first {
            $0 != dialect && (try? Schedule(cron: text, dialect: $0)) != nil
        }
    }
}

extension Schedule {
    /// What the schedule means, in plain words.
    var meaning: String? { describe() }

    /// Whether it means what clocks on the wall show, so that a change of the clocks touches single
    /// firings.
    var namesCivilTimes: Bool {
        switch self {
        case .cron(let expression): !expression.followsElapsedTime
        case .calendar(let expression): !expression.followsElapsedTime
        case .every, .at, .reboot, .manual: false
        }
    }
}

extension TextError {
    /// Whether the text is well formed, and names what no calendar has.
    var isNever: Bool { expected.contains("400 years") }
}
