/// A fixed beat: every multiple of a span since the Unix epoch.
///
/// Anchored there, so that it does not drift, and a restart or a late start does not move it. It
/// knows no zone: `24h` is the same instant of universal time each day.
package struct Interval: Hashable, Sendable {
    /// The source, unchanged: `10m`.
    package let text: String
    /// The span, at least a second and at most 366 days.
    package let milliseconds: Int

    /// A second: a schedule is not a loop, and every firing costs rows in the record.
    package static let millisecondsMin = 1_000

    /// 366 days: what is rarer belongs on a calendar.
    package static let millisecondsMax = 366 * 86_400_000

    /// Parses a `DurationText` and checks its bounds.
    package init(_ text: String) throws(DurationError) {
        let milliseconds = try DurationText.parse(text)
        guard (Self.millisecondsMin...Self.millisecondsMax).contains(milliseconds) else {
            throw TextCursor(text).fault(expected: "an interval of 1s to 366d")
        }
        self.text = text
        self.milliseconds = milliseconds
    }

    /// The first beat strictly after an instant, both in milliseconds since the Unix epoch; nil
    /// past the last `Int`.
    package func next(afterMilliseconds instant: Int) -> Int? {
        let (beat, overflow) = instant.addingReportingOverflow(
            milliseconds - floorDivide(instant, by: milliseconds).remainder)
        return overflow ? nil : beat
    }
}

extension Interval: CustomStringConvertible {
    /// The source text.
    package var description: String { text }
}
