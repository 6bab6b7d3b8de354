/// A value that whoever starts a run can give it.
package struct InputDeclaration: Hashable, Sendable, Codable {
    /// As `isName` has it.
    package var name: String
    /// What it has to fit, by `JSONSchema`, with its `type`; without a `default` it has to be given.
    package var schema: JSONValue

    /// The input `name`.
    package init(name: String, schema: JSONValue) {
        self.name = name
        self.schema = schema
    }

    /// What the value is when nobody gives one; nil: somebody has to.
    package var standard: JSONValue? { schema["default"] }

    /// What a name looks like, for error messages.
    package static let nameExpectation =
        "a lower-case letter, then lower-case letters, digits, `_` or `-`, at most 63 in all"

    /// Whether `text` can be an input's name.
    package static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= AutomatonName.lengthMax,
            (0x61...0x7a).contains(first)
        else { return false }
        return text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || $0 == 0x5f
        }
    }

    /// The environment variable that a command finds the value of `name` in: `AURA_INPUT_ROW_COUNT`
    /// for `row-count`.
    package static func variable(_ name: String) -> String {
        "AURA_INPUT_" + name.uppercased().replacing("-", with: "_")
    }

    /// The value that somebody means who types `text`; nil when it is of none of the types.
    ///
    /// A text where the schema allows a string, unless it is JSON of another type allowed there.
    package func value(of text: String) -> JSONValue? {
        let types = JSONSchema.types(of: schema)
        if types != ["string"], let value = try? JSON.decode(JSONValue.self, from: text.utf8),
            value.stringValue == nil, JSONSchema.misfit(of: value, in: typeOnly) == nil
        {
            return value
        }
        return types.contains("string") ? .string(text) : nil
    }

    private var typeOnly: JSONValue { .object(["type": schema["type"] ?? .null]) }
}

/// Why a run cannot be given what somebody wants to give it.
package struct InputFault: Error, Hashable, Sendable {
    /// Names the input, what was found and what was expected.
    package var message: String
    /// The input that is to be given otherwise; nil when there is none such.
    package var name: String?

    /// A fault with the input `name`.
    package init(message: String, name: String? = nil) {
        self.message = message
        self.name = name
    }

    /// What to type next, for the automaton `automaton`.
    package func hint(for automaton: AutomatonName) -> String {
        name.map { "aura-ctl run \(automaton) --set \($0)=VALUE" }
            ?? "aura-ctl status \(automaton) lists its inputs"
    }
}

/// What a run is given when it starts: complete and checked, before anything happens.
package enum RunInputs {
    /// 32 inputs: more are better given as a file of the repository.
    package static let countMax = 32
    /// 32 KiB for all values together, as canonical JSON: they are kept in the run's row, which is
    /// written with each of its entries, and a command gets them in its environment.
    package static let bytesMax = 32 << 10

    /// The values of all `declared` inputs, from what was given as JSON, or as text to be read by
    /// each input's type; nil when none are declared.
    ///
    /// - Throws: `InputFault` for what is unknown, missing, misfit or too large.
    package static func complete(
        _ given: [String: JSONValue], texts: [String: String] = [:],
        _ declared: [InputDeclaration]
    ) throws(InputFault) -> [String: JSONValue]? {
        for name in (Array(given.keys) + texts.keys).sorted()
        where !declared.contains(where: { $0.name == name }) {
            let known = declared.map(\.name).joined(separator: ", ")
            throw InputFault(
                message: "there is no input `\(SafeText.brief(name, max: 63))`"
                    + (known.isEmpty ? ": it takes none" : ", expected one of \(known)"))
        }
        var values: [String: JSONValue] = [:]
        for input in declared {
            let value = try value(of: input, given[input.name], texts[input.name])
            if let flaw = JSONSchema.misfit(of: value, in: input.schema) {
                throw fault(input, found: quoted(value), flaw)
            }
            guard !hasNull(value) else {
                throw fault(input, found: "a text with a NUL character", nil)
            }
            values[input.name] = value
        }
        guard (size(of: values) ?? .max) <= bytesMax else {
            throw InputFault(
                message: "the inputs are larger than \(HumanText.bytes(bytesMax)) together",
                name: declared.first?.name)
        }
        return declared.isEmpty ? nil : values
    }

    private static func value(
        of input: InputDeclaration, _ given: JSONValue?, _ text: String?
    ) throws(InputFault) -> JSONValue {
        if let given { return given }
        if let text {
            guard let value = input.value(of: text) else {
                throw fault(input, found: quoted(.string(text)), nil)
            }
            return value
        }
        guard let standard = input.standard else {
            let expected = JSONSchema.expectation(of: input.schema)
            throw InputFault(
                message: "input `\(input.name)` is missing, expected \(expected)",
                name: input.name)
        }
        return standard
    }

    private static func fault(
        _ input: InputDeclaration, found: String, _ flaw: String?
    ) -> InputFault {
        let expected = JSONSchema.expectation(of: input.schema)
        return InputFault(
            message: "input `\(input.name)`: found \(found), expected \(expected)"
                + (flaw.map { " (\($0))" } ?? ""),
            name: input.name)
    }

    private static func quoted(_ value: JSONValue) -> String {
        "`\(SafeText.brief((try? JSON.text(value)) ?? "?", max: 60))`"
    }

    /// Bytes of canonical JSON; nil when there is none.
    private static func size(of values: [String: JSONValue]) -> Int? {
        (try? JSON.encode(values))?.count
    }

    /// An environment holds no NUL.
    private static func hasNull(_ value: JSONValue) -> Bool {
        value.stringValue?.utf8.contains(0) ?? false
    }

    /// What a run has that nobody gives anything; nil when nothing is declared.
    ///
    /// An input without a `default` is left out: a definition that fires by a clock has none.
    package static func standard(_ declared: [InputDeclaration]) -> [String: JSONValue]? {
        guard !declared.isEmpty else { return nil }
        let values = declared.compactMap { input in input.standard.map { (input.name, $0) } }
        return Dictionary(values) { first, _ in first }
    }

    /// The variables in which a command finds the values: a string as it is, null not at all, and
    /// what else there is as JSON; `AURA_INPUTS` has all of them as one JSON object.
    package static func environment(_ values: [String: JSONValue]) -> [String: String] {
        guard !values.isEmpty else { return [:] }
        var variables = ["AURA_INPUTS": (try? JSON.text(values)) ?? "{}"]
        for (name, value) in values where value != .null {
            variables[InputDeclaration.variable(name)] =
                value.stringValue ?? (try? JSON.text(value)) ?? ""
        }
        return variables
    }
}

/// An order to run, with what the run is given.
package struct RunOrder: Hashable, Sendable, Codable {
    /// Values by the input's name.
    package var inputs: [String: JSONValue]
    /// Texts as somebody typed them: each is read by its input's type.
    package var texts: [String: String]

    /// An order; nothing is given unless said.
    package init(inputs: [String: JSONValue] = [:], texts: [String: String] = [:]) {
        self.inputs = inputs
        self.texts = texts
    }

    private enum Key: CodingKey {
        case inputs, texts
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        inputs = try values.decodeIfPresent([String: JSONValue].self, forKey: .inputs) ?? [:]
        texts = try values.decodeIfPresent([String: String].self, forKey: .texts) ?? [:]
    }
}
