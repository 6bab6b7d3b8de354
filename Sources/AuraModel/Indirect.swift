/// A part that most values do without: one word where it is missing, memory of its own where it is
/// there.
///
/// For what is kept in memory by the ten thousand. Coded, compared and hashed as the optional that
/// it stands for.
@propertyWrapper
package struct Indirect<Value: Sendable>: Sendable {
    private final class Box: Sendable {
        let value: Value

        init(_ value: Value) { self.value = value }
    }

    private var box: Box?

    /// The part itself; nil when it is missing.
    package var wrappedValue: Value? {
        get { box?.value }
        set { box = newValue.map(Box.init) }
    }

    /// The part, or nothing.
    package init(wrappedValue: Value?) { box = wrappedValue.map(Box.init) }

    /// Nothing.
    package init() { box = nil }
}

extension Indirect: Equatable where Value: Equatable {
    /// Whether both are missing or the same.
    package static func == (left: Self, right: Self) -> Bool {
        left.box === right.box || left.wrappedValue == right.wrappedValue
    }
}

extension Indirect: Hashable where Value: Hashable {
    /// As the optional is hashed.
    package func hash(into hasher: inout Hasher) { hasher.combine(wrappedValue) }
}

extension Indirect: Encodable where Value: Encodable {
    /// As the optional is written.
    package func encode(to encoder: any Encoder) throws { try wrappedValue.encode(to: encoder) }
}

extension Indirect: Decodable where Value: Decodable {
    /// As the optional is read.
    package init(from decoder: any Decoder) throws {
        self.init(wrappedValue: try Value?(from: decoder))
    }
}

// What the synthesised coding of a type calls for its parts: a missing one has no key.
extension KeyedEncodingContainer {
    /// Writes the part under its key, if it is there.
    package mutating func encode<Value: Encodable>(
        _ part: Indirect<Value>, forKey key: Key
    ) throws {
        try encodeIfPresent(part.wrappedValue, forKey: key)
    }
}

extension KeyedDecodingContainer {
    /// Reads the part, or finds no key.
    package func decode<Value: Decodable>(
        _ type: Indirect<Value>.Type, forKey key: Key
    ) throws -> Indirect<Value> {
        Indirect(wrappedValue: try decodeIfPresent(Value.self, forKey: key))
    }
}
