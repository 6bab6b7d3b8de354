/// Why a short text (cron expression, duration, zone rule) was refused, and where.
package struct TextError: Error, Hashable, Sendable {
    /// Offset of the offending character, counted in Unicode scalars from 1, as YAML counts
    /// columns.
    package let column: Int
    /// What stands there, quoted and with control characters spelled out.
    package let found: String
    /// What would have been accepted.
    package let expected: String
}

extension TextError: CustomStringConvertible {
    /// One line: ``column 3: found `99`, expected an hour, 0 to 23``.
    package var description: String { "column \(column): found \(found), expected \(expected)" }
}

/// A place in a text, from which it is read once, left to right.
struct TextCursor {
    private let scalars: [Unicode.Scalar]
    private(set) var position: Int
    private let end: Int

    init(_ text: some StringProtocol) {
        scalars = Array(text.unicodeScalars)
        position = 0
        end = scalars.count
    }

    private init(_ scalars: [Unicode.Scalar], _ range: Range<Int>) {
        self.scalars = scalars
        position = range.lowerBound
        end = range.upperBound
    }

    /// 15 digits always fit an `Int`, and no number here needs as many.
    static let digitsMax = 15

    /// A longer quotation would bury the message it stands in.
    private static let quotedMax = 24

    var isAtEnd: Bool { position >= end }

    var next: Unicode.Scalar? { isAtEnd ? nil : scalars[position] }

    /// Steps over `scalar` if it is next.
    mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    /// Steps over the longest run that `belongs` accepts and returns it.
    mutating func run(_ belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while let scalar = next, belongs(scalar) {
            text.append(scalar)
            position += 1
        }
        return String(text)
    }

    /// A whole number without sign; throws where no digit is next or there are too many.
    mutating func number(_ expected: @autoclosure () -> String) throws(TextError) -> Int {
        let start = position
        var value = 0
        while let scalar = next, let digit = scalar.digit {
            guard position - start < Self.digitsMax else {
                throw fault(at: start, expected: expected())
            }
            value = value * 10 + digit
            position += 1
        }
        guard position > start else { throw fault(expected: expected()) }
        return value
    }

    /// The blank-separated fields that are left, each with a cursor of its own.
    mutating func fields() -> [TextCursor] {
        var fields: [TextCursor] = []
        while true {
            _ = run(\.isBlank)
            let start = position
            guard !run({ !$0.isBlank }).isEmpty else { return fields }
            fields.append(TextCursor(scalars, start..<position))
        }
    }

    /// What is left of the text.
    var rest: String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[position..<end])
        return String(text)
    }

    /// The error that names the word at `place` (by default the next one).
    func fault(at place: Int? = nil, expected: String) -> TextError {
        let place = place ?? position
        return TextError(column: place + 1, found: quotation(at: place), expected: expected)
    }

    private func quotation(at place: Int) -> String {
        guard place < end else { return "the end" }
        var word = ""
        var length = 0
        for scalar in scalars[place..<end] {
            guard length == 0 || (scalar.isWord && scalars[place].isWord) else { break }
            guard length < Self.quotedMax else {
                word += "..."
                break
            }
            word += scalar.shown
            length += 1
        }
        return "`\(word)`"
    }
}

extension Unicode.Scalar {
    /// crontab(5) separates fields by blanks and tabs; a line end is no blank.
    var isBlank: Bool { self == " " || self == "\t" }

    var isLetter: Bool { ("a"..."z").contains(self) || ("A"..."Z").contains(self) }

    var digit: Int? { ("0"..."9").contains(self) ? Int(value) - 48 : nil }

    fileprivate var isWord: Bool { isLetter || digit != nil }

    fileprivate var shown: String {
        if value >= 0x20, value < 0x7F { return String(self) }
        return "U+" + String(value, radix: 16, uppercase: true)
    }
}
