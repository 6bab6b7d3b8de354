/// Any JSON value, for what the model sends and tools take: parsed once, printed with sorted keys.
package enum JSONValue: Hashable, Sendable, Codable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        guard let place = decoder as? JSONPlace else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "any value is read from JSON alone"))
        }
        self = try place.any()
    }

    package func encode(to encoder: any Encoder) throws {
        if let level = encoder as? CanonicalLevel { return try level.write(self) }
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The member `key` of an object; nil when there is none or this is no object.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    /// The text of a string value, else nil.
    package var stringValue: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The whole number of an integer value, else nil.
    package var integerValue: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    /// The truth of a boolean value, else nil.
    package var boolValue: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }
}
