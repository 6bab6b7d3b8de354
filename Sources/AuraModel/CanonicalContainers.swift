/// The place of one value while it is being encoded.
struct CanonicalLevel: Encoder {
    let encoder: CanonicalEncoder
    let depth: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        encoder.text.beginObject(at: depth)
        return KeyedEncodingContainer(CanonicalObject(encoder: encoder, depth: depth))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        encoder.text.beginArray(at: depth)
        return CanonicalArray(encoder: encoder, depth: depth)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        encoder.text.beginSingle(at: depth)
        return CanonicalScalar(encoder: encoder)
    }

    /// Writes a value of which the shape is known: without a container for each of its parts.
    func write(_ value: JSONValue) throws {
        encoder.text.beginSingle(at: depth)
        try encoder.text.write(value)
    }
}

/// A value that is a scalar, or another value in its place.
private struct CanonicalScalar: SingleValueEncodingContainer {
    let encoder: CanonicalEncoder

    var codingPath: [any CodingKey] { [] }

    func encodeNil() { encoder.text.writeNull() }
    func encode(_ value: Bool) { encoder.text.write(value) }
    func encode(_ value: String) { encoder.text.write(value) }
    func encode(_ value: Double) throws { try encoder.text.write(value) }
    func encode(_ value: Float) throws { try encoder.text.write(Double(value)) }
    func encode(_ value: some FixedWidthInteger & Encodable) { encoder.text.write(value) }
    func encode(_ value: some Encodable) throws { try encoder.writeValue(value) }
}

private struct CanonicalObject<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: CanonicalEncoder
    let depth: Int

    var codingPath: [any CodingKey] { [] }

    private func begin(_ key: some CodingKey) {
        encoder.text.beginMember(key.stringValue, at: depth)
    }

    func encodeNil(forKey key: Key) {
        begin(key)
        encoder.text.writeNull()
    }

    func encode(_ value: Bool, forKey key: Key) {
        begin(key)
        encoder.text.write(value)
    }

    func encode(_ value: String, forKey key: Key) {
        begin(key)
        encoder.text.write(value)
    }

    func encode(_ value: Int, forKey key: Key) {
        begin(key)
        encoder.text.write(value)
    }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        begin(key)
        try encoder.writeValue(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        begin(key)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push()).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        begin(key)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push()).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        encoder.text.beginMember("super", at: depth)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push())
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        begin(key)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push())
    }
}

private struct CanonicalArray: UnkeyedEncodingContainer {
    let encoder: CanonicalEncoder
    let depth: Int

    var codingPath: [any CodingKey] { [] }
    var count: Int { encoder.text.elements(at: depth) }

    func encodeNil() {
        encoder.text.beginElement(at: depth)
        encoder.text.writeNull()
    }

    func encode(_ value: some Encodable) throws {
        encoder.text.beginElement(at: depth)
        try encoder.writeValue(value)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        encoder.text.beginElement(at: depth)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push()).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        encoder.text.beginElement(at: depth)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push()).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        encoder.text.beginElement(at: depth)
        return CanonicalLevel(encoder: encoder, depth: encoder.text.push())
    }
}
