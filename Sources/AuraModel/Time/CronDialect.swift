/// Whose reading of a cron expression is meant, where the crons of this world differ.
///
/// | | `ocps` | `vixie` | `robfig` | `supercronic` |
/// |---|---|---|---|---|
/// | fields | 5, 6 (seconds first), 7 (and a year last) | 5 | 5, 6 (seconds first) | 5, 6 (a year last), 7 |
/// | `*/2` beside another day field | refused, as crons differ | both must match | either | either |
/// | `?` | in the day fields | no | anywhere | anywhere |
/// | Sunday | 0, 7; ranges up to 7 | 0, 7; ranges up to 7 | 0 | 0, 7; no range up to 7 |
/// | `5/15` | no | no | from 5 on | from 5 on |
/// | `L`, `L-3`, `LW`, `15W`, `5#2`, `5L`, `5#L` | yes | no | no | yes |
/// | `+` before the weekdays | yes | no | no | no |
/// | years | 1 to 9999 | none | none | 1970 to 2099 |
/// | nicknames | small letters | small letters | small letters, `@every` | small letters |
/// | names | three letters | three letters | three letters | three letters or whole |
/// | gap, overlap of the clocks | see `TransitionRule` | see `TransitionRule` | skip, both | see `TransitionRule` |
///
/// `ocps` is the Open Cron Pattern Specification 1.0 to 1.4 with `L-3`, and the only one that
/// refuses what another would read as something else. `vixie` is Debian's cron(8), `robfig` that of
/// Kubernetes, and `supercronic` the cronexpr library's, of which Nomad has a fork.
package enum CronDialect: String, Sendable, CaseIterable, Codable {
    case ocps, vixie, robfig, supercronic
}

/// What the parser has to know of a dialect.
extension CronDialect {
    /// Where the optional fields stand in an expression of `count` fields; nil where there is none
    /// of so many.
    func layout(fieldCount count: Int) -> (hasSeconds: Bool, hasYear: Bool)? {
        switch (count, self) {
        case (5, _): (false, false)
        case (6, .ocps), (6, .robfig): (true, false)
        case (6, .supercronic): (false, true)
        case (7, .ocps), (7, .supercronic): (true, true)
        default: nil
        }
    }

    var expectedFields: String {
        let five = "five fields (minute, hour, day of month, month, day of week)"
        return switch self {
        case .ocps: "\(five), six with leading seconds, or seven with a trailing year too"
        case .vixie: five
        case .robfig: "\(five), or six with leading seconds"
        case .supercronic: "\(five), six with a trailing year, or seven with leading seconds too"
        }
    }

    /// The most fields that it reads.
    var fieldsMax: Int {
        switch self {
        case .ocps, .supercronic: 7
        case .robfig: 6
        case .vixie: 5
        }
    }

    var hasModifiers: Bool { self == .ocps || self == .supercronic }

    var hasOpenSteps: Bool { self == .robfig || self == .supercronic }

    var hasPlus: Bool { self == .ocps }

    var hasWholeNames: Bool { self == .supercronic }

    var years: ClosedRange<Int> { self == .supercronic ? 1_970...2_099 : 1...9_999 }

    func hasQuestionMark(inDayField isDay: Bool) -> Bool {
        switch self {
        case .ocps: isDay
        case .vixie: false
        case .robfig, .supercronic: true
        }
    }

    /// What the rule of transitions is where the schedule does not say.
    var transitions: TransitionRule { self == .robfig ? .elapsed : .standard }
}
