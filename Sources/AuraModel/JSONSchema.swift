/// The part of JSON Schema that tells whether a result is what was asked for.
///
/// `type` (one, or a list of them), `enum`, `const`, `properties`, `required`,
/// `additionalProperties` (a truth), `items`, `minimum`, `maximum`, `exclusiveMinimum`,
/// `exclusiveMaximum`, `minLength`, `maxLength`, `minItems` and `maxItems`; `title`, `description`
/// and `examples` say nothing, and `default`, which has to fit itself, matters to inputs only. A
/// schema with any other word is refused when it is read: a rule that is not checked would be no
/// rule.
package enum JSONSchema {
    private static let words: Set = [
        "type", "enum", "const", "properties", "required", "additionalProperties", "items",
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength",
        "minItems", "maxItems", "title", "description", "examples", "default",
    ]
    private static let types: Set = [
        "object", "array", "string", "integer", "number", "boolean", "null",
    ]
    /// 32: deeper schemas are made by machines, not for results that somebody reads.
    private static let depthMax = 32

    /// Why `schema` is none that can be checked; nil when it is one.
    package static func flaw(in schema: JSONValue, depth: Int = 0) -> String? {
        guard case .object(let members) = schema else { return "a schema is a mapping" }
        guard depth < depthMax else { return "the schema is deeper than \(depthMax)" }
        for (word, value) in members.sorted(by: { $0.key < $1.key }) {
            guard words.contains(word) else {
                return
                    "`\(word)` is not checked; known are \(words.sorted().joined(separator: ", "))"
            }
            if let flaw = flaw(of: word, value, depth: depth) { return flaw }
        }
        if let standard = members["default"], let misfit = misfit(of: standard, in: schema) {
            return "its `default` does not fit: \(misfit)"
        }
        return nil
    }

    /// The part of a foreign schema that is checked here; the rest says nothing.
    ///
    /// For schemas whose author checks what he gets himself.
    package static func checkable(_ schema: JSONValue, depth: Int = 0) -> JSONValue {
        guard case .object(let members) = schema, depth < depthMax else { return .object([:]) }
        var kept: [String: JSONValue] = [:]
        for (word, value) in members where words.contains(word) && word != "default" {
            var value = value
            switch (word, value) {
            case ("properties", .object(let rules)):
                value = .object(rules.mapValues { checkable($0, depth: depth + 1) })
            case ("items", .object): value = checkable(value, depth: depth + 1)
            default: break
            }
            if flaw(of: word, value, depth: depth) == nil { kept[word] = value }
        }
        return .object(kept)
    }

    private static func flaw(of word: String, _ value: JSONValue, depth: Int) -> String? {
        switch word {
        case "type":
            let names = typeNames(value)
            let isGood = !names.isEmpty && names.allSatisfy { types.contains($0) }
            return isGood ? nil : "`type` is one of \(types.sorted().joined(separator: ", "))"
        case "enum", "required":
            guard case .array(let items) = value, !items.isEmpty,
                word == "enum" || items.allSatisfy({ $0.stringValue != nil })
            else { return "`\(word)` is a list" }
            return nil
        case "properties":
            guard case .object(let members) = value else { return "`properties` is a mapping" }
            return members.sorted { $0.key < $1.key }.lazy
                .compactMap { flaw(in: $0.value, depth: depth + 1) }.first
        case "items": return flaw(in: value, depth: depth + 1)
        case "additionalProperties":
            return value.boolValue == nil ? "`additionalProperties` is true or false" : nil
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength",
            "maxLength", "minItems", "maxItems":
            return number(value) == nil ? "`\(word)` is a number" : nil
        default: return nil
        }
    }

    /// Why `value` does not fit `schema`, with its place such as `/rows/0/name`; nil when it fits.
    package static func misfit(
        of value: JSONValue, in schema: JSONValue, at place: String = ""
    ) -> String? {
        let here = place.isEmpty ? "the value" : place
        if let type = schema["type"] {
            let names = typeNames(type)
            guard names.contains(where: { isType($0, value) }) else {
                return "\(here) is no \(names.joined(separator: " or "))"
            }
        }
        if let only = schema["const"], only != value { return "\(here) is not the one value" }
        if case .array(let choices)? = schema["enum"], !choices.contains(value) {
            return "\(here) is none of \(HumanText.json(choices))"
        }
        switch value {
        case .object(let members): return misfit(of: members, in: schema, at: place)
        case .array(let items):
            if let flaw = bounds(items.count, "Items", "items", schema, here) { return flaw }
            guard let rule = schema["items"] else { return nil }
            return items.enumerated().lazy
                .compactMap { misfit(of: $0.element, in: rule, at: "\(place)/\($0.offset)") }.first
        case .string(let text):
            return bounds(text.unicodeScalars.count, "Length", "characters", schema, here)
        case .integer, .number:
            guard let found = number(value) else { return nil }
            if let least = schema["minimum"].flatMap(number), found < least {
                return "\(here) is below \(plain(least))"
            }
            if let most = schema["maximum"].flatMap(number), found > most {
                return "\(here) is above \(plain(most))"
            }
            if let least = schema["exclusiveMinimum"].flatMap(number), found <= least {
                return "\(here) is not above \(plain(least))"
            }
            if let most = schema["exclusiveMaximum"].flatMap(number), found >= most {
                return "\(here) is not below \(plain(most))"
            }
            return nil
        case .null, .bool: return nil
        }
    }

    private static func misfit(
        of members: [String: JSONValue], in schema: JSONValue, at place: String
    ) -> String? {
        let here = place.isEmpty ? "the value" : place
        if case .array(let names)? = schema["required"],
            let missing = names.compactMap(\.stringValue).first(where: { members[$0] == nil })
        {
            return "\(here) has no `\(missing)`"
        }
        let rules: [String: JSONValue] =
            if case .object(let rules)? = schema["properties"] { rules } else { [:] }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if let rule = rules[name] {
                if let flaw = misfit(of: value, in: rule, at: "\(place)/\(name)") { return flaw }
            } else if schema["additionalProperties"]?.boolValue == false {
                return "\(here) has a `\(name)`, which it may not"
            }
        }
        return nil
    }

    private static func bounds(
        _ count: Int, _ what: String, _ noun: String, _ schema: JSONValue, _ here: String
    ) -> String? {
        if let least = schema["min" + what].flatMap(number), Double(count) < least {
            return "\(here) has \(count) \(noun), fewer than \(plain(least))"
        }
        if let most = schema["max" + what].flatMap(number), Double(count) > most {
            return "\(here) has \(count) \(noun), more than \(plain(most))"
        }
        return nil
    }

    /// What fits, in a few words: `an integer`, `a string, one of "a", "b"`.
    package static func expectation(of schema: JSONValue) -> String {
        var text = schema["type"].map(typeNames)?.map(noun).joined(separator: " or ") ?? "a value"
        if let only = schema["const"] { text += ", namely \(HumanText.json([only]))" }
        if case .array(let choices)? = schema["enum"] {
            text += ", one of \(HumanText.json(choices))"
        }
        for (word, phrase) in phrases {
            if let bound = schema[word].flatMap(number) {
                text += ", " + phrase.0 + plain(bound) + phrase.1
            }
        }
        return text
    }

    private static let phrases = [
        ("minimum", ("at least ", "")), ("maximum", ("at most ", "")),
        ("exclusiveMinimum", ("above ", "")), ("exclusiveMaximum", ("below ", "")),
        ("minLength", ("at least ", " characters")), ("maxLength", ("at most ", " characters")),
        ("minItems", ("at least ", " items")), ("maxItems", ("at most ", " items")),
    ]

    private static func noun(_ type: String) -> String {
        switch type {
        case "null": "null"
        case "object": "an object, written as JSON"
        case "array": "an array, written as JSON"
        case "integer": "an integer"
        case "boolean": "true or false"
        default: "a \(type)"
        }
    }

    /// The types that the schema names; empty where it leaves them open.
    package static func types(of schema: JSONValue) -> [String] {
        schema["type"].map(typeNames) ?? []
    }

    private static func typeNames(_ value: JSONValue) -> [String] {
        if case .array(let items) = value { return items.map { $0.stringValue ?? "" } }
        return value.stringValue.map { [$0] } ?? []
    }

    private static func isType(_ name: String, _ value: JSONValue) -> Bool {
        switch (name, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("integer", .integer),
            ("number", .integer), ("number", .number), ("boolean", .bool), ("null", .null):
            true
        case ("integer", .number(let value)): value == value.rounded()
        default: false
        }
    }

    private static func plain(_ number: Double) -> String {
        Int(exactly: number).map { String($0) } ?? String(number)
    }

    private static func number(_ value: JSONValue) -> Double? {
        switch value {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .null, .bool, .string, .array, .object: nil
        }
    }
}
