/// Single instants at which to fire: RFC 3339 texts with an offset, `2026-12-24T18:00:00+01:00`.
package struct InstantList: Hashable, Sendable {
    /// The sources, unchanged and in the order given; at least one.
    package let texts: [String]
    /// Milliseconds since the Unix epoch, ascending.
    package let milliseconds: [Int]

    /// 1,000 instants: more of them are a calendar or an interval.
    package static let countMax = 1_000

    /// Parses each text; an error's column counts in the text with the index that comes with it.
    package init(_ texts: [String]) throws(InstantListError) {
        guard (1...Self.countMax).contains(texts.count) else {
            let expected = "1 to \(Self.countMax) instants"
            throw InstantListError(
                index: max(0, texts.count - 1),
                error: TextError(column: 1, found: "\(texts.count)", expected: expected))
        }
        var instants: [Int] = []
        for (index, text) in texts.enumerated() {
            do throws(TextError) {
                let instant = try InstantText.parse(text)
                guard !instants.contains(instant) else {
                    throw TextCursor(text).fault(expected: "an instant that is not listed already")
                }
                instants.append(instant)
            } catch {
                throw InstantListError(index: index, error: error)
            }
        }
        self.texts = texts
        milliseconds = instants.sorted()
    }

    /// One instant.
    package init(_ text: String) throws(TextError) {
        do throws(InstantListError) { try self.init([text]) } catch { throw error.error }
    }

    /// The first instant strictly after one in milliseconds since the Unix epoch; nil where all are
    /// over.
    package func next(afterMilliseconds instant: Int) -> Int? {
        milliseconds.first { $0 > instant }
    }
}

/// Which text of a list was refused, and why.
package struct InstantListError: Error, Hashable, Sendable {
    /// Counted from 0.
    package let index: Int
    package let error: TextError
}

extension InstantList: CustomStringConvertible {
    /// The sources, separated by commas.
    package var description: String { texts.joined(separator: ", ") }
}

/// The text of an instant, after RFC 3339 section 5.6.
package enum InstantText {
    /// Milliseconds since the Unix epoch; further digits of a fraction are cut off.
    ///
    /// `T` and `Z` are capital, the offset is not optional, and second 60 is refused, as POSIX has
    /// none.
    package static func parse(_ text: String) throws(TextError) -> Int {
        var cursor = TextCursor(text)
        let dayPlace = cursor.position
        let year = try digits(4, 0...9_999, "a year of four digits", &cursor)
        try sign("-", &cursor)
        let month = try digits(2, 1...12, "a month, 01 to 12", &cursor)
        try sign("-", &cursor)
        let day = try digits(2, 1...31, "a day, 01 to 31", &cursor)
        guard let date = CivilDate(year: year, month: month, day: day) else {
            throw cursor.fault(at: dayPlace, expected: "a day that its month has")
        }
        try sign("T", &cursor)
        let hour = try digits(2, 0...23, "an hour, 00 to 23", &cursor)
        try sign(":", &cursor)
        let minute = try digits(2, 0...59, "a minute, 00 to 59", &cursor)
        try sign(":", &cursor)
        let second = try digits(2, 0...59, "a second, 00 to 59", &cursor)
        var milliseconds = 0
        if cursor.skip(".") {
            let place = cursor.position
            let fraction = cursor.run { $0.digit != nil }
            guard (1...9).contains(fraction.count) else {
                throw cursor.fault(at: place, expected: "one to nine digits of a fraction")
            }
            milliseconds = Int((fraction + "00").prefix(3)) ?? 0
        }
        let offset = try offset(&cursor)
        guard cursor.isAtEnd else { throw cursor.fault(expected: "the end") }
        let reading =
            date.daysSinceEpoch * CivilTime.secondsPerDay + hour * 3_600 + minute * 60 + second
        return (reading - offset) * 1_000 + milliseconds
    }

    private static func offset(_ cursor: inout TextCursor) throws(TextError) -> Int {
        if cursor.skip("Z") { return 0 }
        let isWest = cursor.skip("-")
        guard isWest || cursor.skip("+") else {
            throw cursor.fault(expected: "`Z` or an offset such as `+01:00`")
        }
        let hours = try digits(2, 0...23, "hours of an offset, 00 to 23", &cursor)
        try sign(":", &cursor)
        let minutes = try digits(2, 0...59, "minutes of an offset, 00 to 59", &cursor)
        let seconds = hours * 3_600 + minutes * 60
        return isWest ? -seconds : seconds
    }

    private static func sign(
        _ sign: Unicode.Scalar, _ cursor: inout TextCursor
    ) throws(TextError) {
        guard cursor.skip(sign) else {
            throw cursor.fault(
                expected: "`\(sign)`, as in `2026-12-24T18:00:00+01:00`")
        }
    }

    private static func digits(
        _ count: Int, _ range: ClosedRange<Int>, _ expected: String, _ cursor: inout TextCursor
    ) throws(TextError) -> Int {
        let place = cursor.position
        let digits = cursor.run { $0.digit != nil }
        guard digits.count == count, let value = Int(digits), range.contains(value) else {
            throw cursor.fault(at: place, expected: expected)
        }
        return value
    }
}
