import AuraModel

/// What an expression is written in.
enum ScheduleDialect {
    case cron
    case every
    case systemd

    /// The schedule that `text` stands for.
    func read(_ text: String) throws(TextError) -> Schedule {
        switch self {
        case .cron: try Schedule(cron: text)
        case .every: .every(try Interval(text))
        case .systemd: .calendar(try CalendarExpression(text))
        }
    }

    /// What to try instead, where the text looks like another dialect or has lost its quotes.
    func hint(for text: String) -> String? {
        if self != .every, (try? Interval(text)) != nil {
            return "a span is for --every: aura-ctl calendar --every \(text)"
        }
        if self != .cron, (try? Schedule(cron: text)) != nil {
            return "this is a cron expression: leave out --\(self)"
        }
        if self != .systemd, (try? CalendarExpression(text)) != nil {
            return "this is for --systemd: aura-ctl calendar --systemd '\(text)'"
        }
        if self == .cron, !text.contains(" "), !text.hasPrefix("@") {
            return "quote the expression, as the shell takes `*` for files: '0 2 * * *'"
        }
        return nil
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
