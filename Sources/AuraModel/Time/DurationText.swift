/// Why a duration was refused.
package typealias DurationError = TextError

/// The text of a span of time: `90s`, `1h30m`, `500ms`, `2d`.
///
/// Whole numbers with units, larger units first, each unit once, without blanks or sign. A day is
/// 24 hours.
package enum DurationText {
    /// A hundred years: longer spans are slips of the pen, and sums with an instant stay far from
    /// overflow.
    package static let millisecondsMax = 36_525 * 86_400_000

    private static let units = [
        (name: "d", milliseconds: 86_400_000), (name: "h", milliseconds: 3_600_000),
        (name: "m", milliseconds: 60_000), (name: "s", milliseconds: 1_000),
        (name: "ms", milliseconds: 1),
    ]

    /// The milliseconds of a text, 0 to `millisecondsMax`.
    package static func parse(_ text: String) throws(DurationError) -> Int {
        var cursor = TextCursor(text)
        var total = 0
        var allowed = units[...]
        repeat {
            let place = cursor.position
            guard !allowed.isEmpty else { throw cursor.fault(expected: "the end") }
            let value = try cursor.number("a duration such as 90s, 10m, 1h30m, 500ms or 2d")
            let unitPlace = cursor.position
            let name = cursor.run(\.isLetter)
            guard let index = allowed.firstIndex(where: { $0.name == name }) else {
                let names = allowed.map(\.name).joined(separator: ", ")
                throw cursor.fault(at: unitPlace, expected: "a unit (\(names))")
            }
            let unit = units[index].milliseconds
            guard value <= (millisecondsMax - total) / unit else {
                throw cursor.fault(at: place, expected: "a duration of at most 36525d")
            }
            total += value * unit
            allowed = allowed[(index + 1)...]
        } while !cursor.isAtEnd
        return total
    }

    /// The shortest text of a span of milliseconds: `90s`, `36h`, `1d1s`.
    ///
    /// Of two as short, the one with the larger units.
    ///
    /// A negative span gets a sign, for display only.
    package static func format(_ milliseconds: Int) -> String {
        guard milliseconds != 0 else { return "0s" }
        var shortest: String?
        for start in units.indices {
            var rest = milliseconds.magnitude
            var text = milliseconds < 0 ? "-" : ""
            for unit in units[start...] {
                let (count, remainder) = rest.quotientAndRemainder(
                    dividingBy: UInt(unit.milliseconds))
                if count > 0 { text += "\(count)\(unit.name)" }
                rest = remainder
            }
            if text.utf8.count < shortest?.utf8.count ?? .max { shortest = text }
        }
        return shortest ?? ""
    }
}
