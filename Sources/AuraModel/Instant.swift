/// A point of the wall clock: whole milliseconds since the Unix epoch, UTC.
///
/// Encoded as the bare number, so that `jq '.at / 1000 | todate'` reads it.
package struct Instant: Hashable, Comparable, Sendable, Codable {
    /// Milliseconds since 1970-01-01T00:00:00Z; negative before it.
    package let milliseconds: Int

    /// The instant that lies `milliseconds` after the Unix epoch.
    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// The whole second that it lies in, since the Unix epoch.
    package var second: Int { floorDivide(milliseconds, by: 1000).quotient }

    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant `span` later; saturates at the end of time.
    package static func + (instant: Self, span: Milliseconds) -> Self {
        let (sum, overflow) = instant.milliseconds.addingReportingOverflow(span.count)
        return Self(milliseconds: overflow ? Int.max : sum)
    }

    /// How long after `earlier` this instant lies; negative when it lies before.
    package static func - (later: Self, earlier: Self) -> Milliseconds {
        Milliseconds(later.milliseconds &- earlier.milliseconds)
    }
}

/// A length of time in whole milliseconds.
///
/// Encoded as the bare number.
package struct Milliseconds: Hashable, Comparable, Sendable, Codable {
    package let count: Int

    /// A span of `count` milliseconds.
    package init(_ count: Int) { self.count = count }

    /// A span of whole seconds.
    package static func seconds(_ count: Int) -> Self { Self(count * 1000) }

    /// A span of whole minutes.
    package static func minutes(_ count: Int) -> Self { Self(count * 60_000) }

    /// No time at all.
    package static let zero = Self(0)

    package init(from decoder: any Decoder) throws {
        count = try decoder.singleValueContainer().decode(Int.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }

    package static func < (left: Self, right: Self) -> Bool { left.count < right.count }
}
