import AuraModel

extension Field {
    /// The JSON value that stands here; nil, and reported, where JSON has none such.
    ///
    /// Plain scalars are typed by YAML 1.2's core schema (section 10.3.2); all others are texts. A
    /// whole number that an `Int` does not hold becomes a decimal.
    func json(_ report: inout Report) -> JSONValue? {
        switch node.value {
        case .refused:
            return nil
        case .scalar(let scalar):
            guard scalar.isPlain else { return .string(scalar.text) }
            guard let value = CoreSchema.value(of: scalar.text) else {
                refuse(&report, expected: "a number that JSON can hold", hint: "quote a text")
                return nil
            }
            return value
        case .sequence(let nodes):
            var values: [JSONValue] = []
            for (index, node) in nodes.enumerated() {
                guard let value = Field(path: "\(path)[\(index)]", node: node).json(&report) else {
                    continue
                }
                values.append(value)
            }
            return .array(values)
        case .mapping(let members):
            var values: [String: JSONValue] = [:]
            for member in members {
                values[member.key] =
                    Field(path: "\(path).\(member.key)", node: member.value).json(&report)
            }
            return .object(values)
        }
    }
}

/// The types of plain scalars: YAML 1.2, section 10.3.2.
private enum CoreSchema {
    /// The value of a plain scalar; nil for a number that is not finite.
    static func value(of text: String) -> JSONValue? {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN": return nil
        default: break
        }
        if text.hasPrefix("0x") || text.hasPrefix("0o") {
            let digits = text.dropFirst(2)
            let radix = text.hasPrefix("0x") ? 16 : 8
            guard digits.utf8.first.map({ !"+-".utf8.contains($0) }) ?? false else {
                return .string(text)
            }
            return Int(digits, radix: radix).map { .integer($0) } ?? .string(text)
        }
        var unsigned = text[...]
        if unsigned.hasPrefix("-") || unsigned.hasPrefix("+") { unsigned.removeFirst() }
        if [".inf", ".Inf", ".INF"].contains(unsigned) { return nil }
        guard isDecimal(unsigned) else { return .string(text) }
        if unsigned.utf8.allSatisfy(isDigit), let whole = Int(text) { return .integer(whole) }
        guard let number = Double(text), number.isFinite else { return nil }
        return .number(number)
    }

    /// Whether the text is a number without its sign.
    ///
    /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isDecimal(_ text: Substring) -> Bool {
        var rest = text.utf8[...]
        let whole = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(whole)
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let fraction = rest.prefix(while: isDigit).count
            guard whole + fraction > 0 else { return false }
            rest = rest.dropFirst(fraction)
        } else if whole == 0 {
            return false
        }
        guard let mark = rest.first else { return true }
        guard mark | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if let sign = rest.first, "+-".utf8.contains(sign) { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
