import AuraModel

/// Colours, or none.
///
/// What a colour says is always said by a word, too.
struct Style {
    var isColoured: Bool

    enum Colour: String {
        case green = "32"
        case yellow = "33"
        case red = "31"
        case blue = "34"
        case faint = "2"
        case bold = "1"
    }

    /// The text in a colour, where colours are wanted.
    func paint(_ text: String, _ colour: Colour?) -> String {
        guard isColoured, let colour, !text.isEmpty else { return text }
        return "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m"
    }
}

/// How wide text is on a terminal.
enum TextWidth {
    /// Columns: none for marks that combine, two for wide East Asian characters and pictures.
    static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + columns(of: $1) }
    }

    /// The text cut to `width` columns, with an ellipsis where something is missing.
    static func cut(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var kept = ""
        var used = 0
        for character in text {
            used += columns(of: character)
            guard used < width else { break }
            kept.append(character)
        }
        return kept + "…"
    }

    /// The text in lines of at most `width` columns, broken at blanks; nil: one line.
    ///
    /// A word that is wider than that stays whole.
    static func wrap(_ text: String, to width: Int?) -> [String] {
        guard let width, of(text) > width else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, of(line) + 1 + of(word) > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + [line]
    }

    /// The text with blanks up to `width` columns.
    static func pad(_ text: String, to width: Int, right: Bool = false) -> String {
        let blanks = String(repeating: " ", count: max(0, width - of(text)))
        return right ? blanks + text : text + blanks
    }

    private static func columns(of character: Character) -> Int {
        guard let scalar = character.unicodeScalars.first else { return 0 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        // The wide blocks of Unicode's EastAsianWidth.txt, coarsely.
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff,
            0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f,
            0x1f900...0x1f9ff, 0x20000...0x3fffd:
            return 2
        default: return 1
        }
    }
}

/// Instants for people: absolute in the local zone, and relative to now.
struct TimeText {
    var now: Instant
    /// Seconds ahead of UTC at an instant.
    var offset: (Instant) -> Int

    /// `2026-11-21 03:15:44`.
    func absolute(_ instant: Instant) -> String {
        HumanText.dateTime(instant, offset: offset(instant))
    }

    /// `3m12s ago`, `in 2h05m`, `now`.
    func relative(_ instant: Instant) -> String {
        let span = now - instant
        if span.count.magnitude < 1000 { return "now" }
        return span.count > 0
            ? "\(HumanText.span(span)) ago" : "in \(HumanText.span(Milliseconds(-span.count)))"
    }

    /// `2026-11-21 03:15:44 +01:00 (3m12s ago)`: a schedule counts in a zone of its own, so the
    /// local one is named.
    func both(_ instant: Instant) -> String {
        let offset = offset(instant)
        let zone = offset == 0 ? "UTC" : CivilText.offset(offset)
        return "\(absolute(instant)) \(zone) (\(relative(instant)))"
    }

    /// For a table: whole in a pipe; on a terminal short, and of the present day without the date.
    func cell(_ instant: Instant, isCompact: Bool) -> String {
        let whole = absolute(instant)
        guard isCompact else { return both(instant) }
        let isToday = whole.prefix(10) == absolute(now).prefix(10)
        let short = isToday ? whole.dropFirst(11).dropLast(3) : whole.dropFirst(5).dropLast(3)
        return "\(short) (\(ago(instant)))"
    }

    /// `2h ago`, `in 3d`: the largest unit alone.
    func ago(_ instant: Instant) -> String {
        let span = now - instant
        let coarse = Self.coarse(Milliseconds(Int(clamping: span.count.magnitude)))
        return span.count < 0 ? "in \(coarse)" : "\(coarse) ago"
    }

    /// The largest unit alone: `12s`, `3m`, `2h`, `4d`.
    private static func coarse(_ span: Milliseconds) -> String {
        switch span.count / 1000 {
        case let seconds where seconds < 60: "\(seconds)s"
        case let seconds where seconds < 3600: "\(seconds / 60)m"
        case let seconds where seconds < 86_400: "\(seconds / 3600)h"
        case let seconds: "\(seconds / 86_400)d"
        }
    }
}
