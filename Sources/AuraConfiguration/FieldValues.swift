import AuraModel

/// Values that a field can hold. Each verb returns nil, and reports why, when the field holds
/// another.
extension Field {
    /// A text on any number of lines, without NUL, of 1 to `max` characters.
    func text(max lengthMax: Int, expected: String, _ report: inout Report) -> String? {
        guard case .scalar(let scalar) = node.value, !scalar.isNull,
            !scalar.text.unicodeScalars.allSatisfy(\.properties.isWhitespace),
            !scalar.text.unicodeScalars.contains("\0")
        else {
            refuse(&report, expected: expected)
            return nil
        }
        let length = scalar.text.unicodeScalars.count
        guard length <= lengthMax else {
            report.add(
                node.place,
                "`\(path)`: found \(length) characters, expected at most \(lengthMax)")
            return nil
        }
        return scalar.text
    }

    /// A text on one line, without control characters, of 1 to `max` characters.
    func line(max lengthMax: Int, expected: String, _ report: inout Report) -> String? {
        guard let text = text(max: lengthMax, expected: expected, &report) else { return nil }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f }) else {
            refuse(&report, expected: expected + ", on one line")
            return nil
        }
        return text
    }

    /// A text for which `isValid` holds.
    func text(
        expected: String, hint: String? = nil, _ report: inout Report, _ isValid: (String) -> Bool
    ) -> String? {
        guard case .scalar(let scalar) = node.value, !scalar.isNull, isValid(scalar.text) else {
            refuse(&report, expected: expected, hint: hint)
            return nil
        }
        return scalar.text
    }

    /// One of a closed set of words.
    func word<Word: RawRepresentable<String>>(of words: [Word], _ report: inout Report) -> Word? {
        let texts = words.map(\.rawValue)
        guard case .scalar(let scalar) = node.value else {
            refuse(&report, expected: Self.oneOf(texts))
            return nil
        }
        if let word = words.first(where: { $0.rawValue == scalar.text }) { return word }
        let hint = NearestKey.of(scalar.text, in: texts).map { "did you mean `\($0)`?" }
        refuse(&report, expected: Self.oneOf(texts), hint: hint)
        return nil
    }

    /// One of names that the file itself declares.
    func name(of names: [String], _ report: inout Report) -> String? {
        guard case .scalar(let scalar) = node.value, names.contains(scalar.text) else {
            var hint: String?
            if case .scalar(let scalar) = node.value {
                hint = NearestKey.of(scalar.text, in: names).map { "did you mean `\($0)`?" }
            }
            refuse(&report, expected: Self.oneOf(names), hint: hint)
            return nil
        }
        return scalar.text
    }

    private static func oneOf(_ words: [String]) -> String {
        "one of " + words.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// `true` or `false`.
    func truth(_ report: inout Report) -> Bool? {
        if case .scalar(let scalar) = node.value {
            if scalar.text == "true" { return true }
            if scalar.text == "false" { return false }
        }
        refuse(&report, expected: "`true` or `false`")
        return nil
    }

    /// A whole number in `range`; underscores between digits are only for the eye.
    func whole(_ range: ClosedRange<Int>, _ report: inout Report) -> Int? {
        guard case .scalar(let scalar) = node.value, let value = Self.whole(scalar.text),
            range.contains(value)
        else {
            let (low, high) = (Self.grouped(range.lowerBound), Self.grouped(range.upperBound))
            refuse(&report, expected: "a whole number, \(low) to \(high)")
            return nil
        }
        return value
    }

    /// `1_000_000`: as it may be written in a file.
    private static func grouped(_ number: Int) -> String {
        guard number >= 1_000 else { return String(number) }
        let rest = String(number % 1_000)
        return grouped(number / 1_000) + "_" + String(repeating: "0", count: 3 - rest.count) + rest
    }

    private static func whole(_ text: String) -> Int? {
        let groups = text.split(separator: "_", omittingEmptySubsequences: false)
        guard groups.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } })
        else { return nil }
        return Int(groups.joined())
    }

    /// Dollars in `range`, as micro-dollars.
    func dollars(_ range: ClosedRange<MicroDollars>, _ report: inout Report) -> MicroDollars? {
        guard case .scalar(let scalar) = node.value, let value = DollarText.parse(scalar.text),
            range.contains(value)
        else {
            let (low, high) = (
                DollarText.format(range.lowerBound), DollarText.format(range.upperBound)
            )
            refuse(
                &report,
                expected: "dollars from \(low.dropFirst()) to \(high.dropFirst()), such as `2.50`")
            return nil
        }
        return value
    }

    /// A duration in `range`, such as `10m`.
    func duration(_ range: ClosedRange<Milliseconds>, _ report: inout Report) -> Milliseconds? {
        guard let count = parsed(expected: "a duration such as `10m`", &report, DurationText.parse)
        else { return nil }
        guard range.contains(Milliseconds(count)) else {
            let (low, high) = (range.lowerBound.count, range.upperBound.count)
            refuse(
                &report,
                expected:
                    "a duration of \(DurationText.format(low)) to \(DurationText.format(high))")
            return nil
        }
        return Milliseconds(count)
    }

    /// What `parse` makes of the text; its error is reported at the very character, with what `hint`
    /// has to say of the text.
    func parsed<Value>(
        expected: String, hint: (String) -> String? = { _ in nil }, _ report: inout Report,
        _ parse: (String) throws(TextError) -> Value
    ) -> Value? {
        guard case .scalar(let scalar) = node.value, !scalar.isNull else {
            refuse(&report, expected: expected)
            return nil
        }
        do throws(TextError) {
            return try parse(scalar.text)
        } catch {
            var place = node.place
            if let column = scalar.textColumn { place.column = column + error.column - 1 }
            report.add(
                place, "`\(path)`: found \(error.found), expected \(error.expected)",
                hint: hint(scalar.text))
            return nil
        }
    }
}
