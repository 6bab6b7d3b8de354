package import FoundationEssentials

/// The one JSON dialect of the house: sorted keys and plain slashes, so equal values have equal
/// bytes.
package enum JSON {
    /// The canonical bytes of `value`.
    package static func encode(_ value: some Encodable) throws -> Data {
        let encoder = CanonicalEncoder()
        _ = try encoder.append(value)
        return Data(encoder.text.bytes)
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
        try JSONDecoder().decode(type, from: bytes as? Data ?? Data(bytes))
    }
}
