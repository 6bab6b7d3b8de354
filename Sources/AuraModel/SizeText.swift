/// The text of a number of bytes: `4GiB`, `512MiB`, `64KiB`.
///
/// One whole number with one binary unit, without blanks or sign.
package enum SizeText {
    /// 1 PiB: more is a slip of the pen, and sums stay far from overflow.
    package static let bytesMax = 1 << 50

    private static let units = [
        (name: "TiB", bytes: 1 << 40), (name: "GiB", bytes: 1 << 30), (name: "MiB", bytes: 1 << 20),
        (name: "KiB", bytes: 1 << 10),
    ]

    /// The bytes of a text, 0 to `bytesMax`.
    package static func parse(_ text: String) throws(TextError) -> Int {
        var cursor = TextCursor(text)
        let value = try cursor.number("a size such as 512MiB or 4GiB")
        let unitPlace = cursor.position
        let name = cursor.run(\.isLetter)
        guard let unit = units.first(where: { $0.name == name }) else {
            throw cursor.fault(at: unitPlace, expected: "a unit (KiB, MiB, GiB, TiB)")
        }
        guard cursor.isAtEnd else { throw cursor.fault(expected: "the end") }
        guard value <= bytesMax / unit.bytes else {
            throw cursor.fault(at: 0, expected: "a size of at most 1024TiB")
        }
        return value * unit.bytes
    }

    /// In the largest unit that divides it; what none divides is counted in bytes, for display only.
    package static func format(_ bytes: Int) -> String {
        guard let unit = units.first(where: { bytes >= $0.bytes && bytes % $0.bytes == 0 }) else {
            return "\(bytes) bytes"
        }
        return "\(bytes / unit.bytes)\(unit.name)"
    }
}
