/// Text from anywhere (a model, a tool, a file) made fit for a terminal and for one line.
package enum SafeText {
    /// 240: about three lines of an 80 column terminal; what is longer stands in the record.
    package static let lineMax = 240

    /// One line without control characters: each one, and each invisible or direction-changing
    /// character, is shown as an escape (`\n`, `\x1b`, `\u{202e}`), so nothing can move a cursor,
    /// hide or reorder text.
    ///
    /// Total; never longer than the input but for escapes.
    package static func line(_ text: some StringProtocol) -> String {
        var safe = ""
        for scalar in text.unicodeScalars { append(scalar, to: &safe) }
        return safe
    }

    /// The same, cut to `max` characters with an ellipsis in place of the rest.
    package static func brief(_ text: some StringProtocol, max: Int = lineMax) -> String {
        // Only what can be shown is escaped: a tool's output may have megabytes.
        let head = text.prefix(max + 1)
        let safe = line(head)
        return safe.count > max ? safe.prefix(max - 1) + "…" : safe
    }

    /// The first line that holds anything, cut; empty when there is none.
    package static func firstLine(_ text: some StringProtocol, max: Int = lineMax) -> String {
        let first = text.split(maxSplits: 1, omittingEmptySubsequences: true) { $0.isNewline }.first
        return brief(first ?? "", max: max)
    }

    /// Each line by itself made safe: line breaks stay, everything else is as in `line`.
    package static func lines(_ text: some StringProtocol) -> [String] {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map { line($0) }
    }

    private static func append(_ scalar: Unicode.Scalar, to safe: inout String) {
        switch scalar {
        case "\n": safe += "\\n"
        case "\r": safe += "\\r"
        case "\t": safe += "\\t"
        default:
            switch scalar.properties.generalCategory {
            case .control:
                let hex = String(scalar.value, radix: 16)
                safe += "\\x" + (hex.count < 2 ? "0" + hex : hex)
            case .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                safe += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: safe.unicodeScalars.append(scalar)
            }
        }
    }
}

/// Numbers as people read them.
///
/// Whole-number arithmetic only.
package enum HumanText {
    /// `1,280`.
    package static func count(_ number: Int) -> String {
        var digits = String(number.magnitude)
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits.removeLast(3)
        }
        groups.insert(digits[...], at: 0)
        return (number < 0 ? "-" : "") + groups.joined(separator: ",")
    }

    /// `1 task`, `2 tasks`.
    package static func plural(_ number: Int, _ noun: String) -> String {
        plural(number, noun, noun + "s")
    }

    /// `1st`, `2nd`, `3rd`, `4th`, `11th`, `21st`.
    package static func ordinal(_ number: Int) -> String {
        let ending =
            switch (number % 100, number % 10) {
            case (11...13, _): "th"
            case (_, 1): "st"
            case (_, 2): "nd"
            case (_, 3): "rd"
            default: "th"
            }
        return count(number) + ending
    }

    /// `1 entry`, `2 entries`.
    package static func plural(_ number: Int, _ noun: String, _ nouns: String) -> String {
        "\(count(number)) \(number == 1 ? noun : nouns)"
    }

    /// `0.4s`, `12s`, `3m12s`, `2h05m`, `3d4h`: two units, cut and not rounded, so that no more is
    /// said than has passed.
    ///
    /// A negative span has a sign.
    package static func span(_ span: Milliseconds) -> String {
        let sign = span.count < 0 ? "-" : ""
        let milliseconds = span.count.magnitude
        let seconds = milliseconds / 1000
        func two(_ number: UInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let text =
            switch seconds {
            case 0..<10: "\(seconds).\(milliseconds % 1000 / 100)s"
            case 10..<60: "\(seconds)s"
            case 60..<3600: "\(seconds / 60)m\(two(seconds % 60))s"
            case 3600..<86_400: "\(seconds / 3600)h\(two(seconds / 60 % 60))m"
            default: "\(seconds / 86_400)d\(seconds / 3600 % 24)h"
            }
        return sign + text
    }

    /// 12: values that a message names.
    private static let valuesMax = 12

    /// Values as JSON, cut where they would fill a screen: `"a", 1`.
    package static func json(_ values: [JSONValue]) -> String {
        let texts = values.prefix(valuesMax).map { (try? JSON.text($0)) ?? "?" }
        return texts.joined(separator: ", ") + (values.count > valuesMax ? ", ..." : "")
    }

    /// `512 B`, `12 KB`, `3 MB`: decimal units, cut.
    package static func bytes(_ count: Int) -> String {
        switch count {
        case ..<1000: "\(count) B"
        case ..<1_000_000: "\(count / 1000) KB"
        default: "\(count / 1_000_000) MB"
        }
    }

    /// `2026-11-21 03:15:44`, in the civil time that is `offset` seconds ahead of UTC.
    package static func dateTime(_ instant: Instant, offset: Int = 0) -> String {
        let seconds = floorDivide(instant.milliseconds, by: 1000).quotient
        return CivilTime(reading: seconds + offset).description
    }

    /// Tokens and money, without the parts that are nothing: `1,280 tokens, $0.01`.
    package static func amount(_ amount: Amount) -> String {
        var parts: [String] = []
        if amount.tokens != 0 { parts.append(plural(amount.tokens, "token")) }
        if amount.microDollars != 0 { parts.append(DollarText.format(amount.microDollars)) }
        if amount.wall.count != 0 { parts.append(span(amount.wall)) }
        return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
    }
}

extension RunID {
    /// The last six characters: the sequence number of the entry that admitted the run, so they
    /// name it within its record.
    ///
    /// `aura-ctl` takes them wherever it takes a run.
    package var short: String { String(text.suffix(6)) }
}
