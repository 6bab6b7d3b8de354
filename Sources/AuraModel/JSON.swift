/// The one JSON dialect of the house: sorted keys and plain slashes, so equal values have equal
/// bytes.
package enum JSON {
    /// The canonical bytes of `value`.
    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = CanonicalEncoder()
        _ = try encoder.append(value)
        return encoder.text.bytes
    }

    /// The canonical text of `value`.
    package static func text(_ value: some Encodable) throws -> String {
        let encoder = CanonicalEncoder()
        _ = try encoder.append(value)
        return String(decoding: encoder.text.bytes, as: UTF8.self)
    }

    /// Reads a value; throws `DecodingError` on anything that does not fit the type.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: some Sequence<UInt8>
    ) throws -> Value {
        let tape = try JSONTape(bytes as? [UInt8] ?? Array(bytes))
        return try JSONPlace(tape: tape, node: 0).value(type)
    }
}
