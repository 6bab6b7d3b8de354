/// The place of one value of a JSON text while it is being decoded.
struct JSONPlace: Decoder {
    let tape: JSONTape
    let node: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    var kind: JSONTape.Kind { tape.nodes[node].kind }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard kind == .object else { throw mismatch([String: JSONValue].self) }
        return KeyedDecodingContainer(JSONObject<Key>(place: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard kind == .array else { throw mismatch([JSONValue].self) }
        return JSONArray(place: self)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { JSONScalar(place: self) }

    // MARK: Values

    func mismatch(_ type: Any.Type) -> DecodingError {
        .typeMismatch(
            type,
            .init(
                codingPath: [],
                debugDescription: "found \(kind), at byte \(tape.nodes[node].start)"))
    }

    func truth() throws -> Bool {
        switch kind {
        case .yes: return true
        case .no: return false
        default: throw mismatch(Bool.self)
        }
    }

    func text() throws -> String {
        guard kind == .text || kind == .escapedText else { throw mismatch(String.self) }
        return try tape.text(node)
    }

    func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        guard kind == .number else { throw mismatch(type) }
        let text = String(decoding: tape.digits(node), as: UTF8.self)
        // 1.0 and 1e3 are whole numbers too.
        guard let value = Integer(text) ?? Double(text).flatMap(Integer.init(exactly:)) else {
            throw mismatch(type)
        }
        return value
    }

    func double() throws -> Double {
        guard kind == .number,
            let value = Double(String(decoding: tape.digits(node), as: UTF8.self)), value.isFinite
        else { throw mismatch(Double.self) }
        return value
    }

    func value<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // The plain ones without a container in between.
        if type == String.self, let value = try text() as? Value { return value }
        if type == Int.self, let value = try integer(Int.self) as? Value { return value }
        if type == JSONValue.self, let value = try any() as? Value { return value }
        return try Value(from: self)
    }

    /// Any value, without asking its type again and again.
    func any() throws -> JSONValue {
        switch kind {
        case .null: return .null
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .text, .escapedText: return .string(try tape.text(node))
        case .number:
            let whole = try? integer(Int.self)
            return try whole.map { .integer($0) } ?? .number(double())
        case .array:
            var elements: [JSONValue] = []
            var child = node + 1
            while child < Int(tape.nodes[node].next) {
                elements.append(try JSONPlace(tape: tape, node: child).any())
                child = Int(tape.nodes[child].next)
            }
            return .array(elements)
        case .object:
            var members: [String: JSONValue] = [:]
            var key = node + 1
            while key < Int(tape.nodes[node].next) {
                members[try tape.text(key)] = try JSONPlace(tape: tape, node: key + 1).any()
                key = Int(tape.nodes[key + 1].next)
            }
            return .object(members)
        }
    }
}

private struct JSONScalar: SingleValueDecodingContainer {
    let place: JSONPlace

    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { place.kind == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try place.truth() }
    func decode(_ type: String.Type) throws -> String { try place.text() }
    func decode(_ type: Double.Type) throws -> Double { try place.double() }
    func decode(_ type: Float.Type) throws -> Float { Float(try place.double()) }
    func decode<Value: FixedWidthInteger & Decodable>(_ type: Value.Type) throws -> Value {
        try place.integer(type)
    }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try place.value(type) }
}

/// A class, because it keeps where the last member was found: members are mostly asked for in
/// their order, and a dictionary of many then costs no search.
private final class JSONObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let tape: JSONTape
    private let first: Int
    private let end: Int
    private var next: Int

    init(place: JSONPlace) {
        tape = place.tape
        first = place.node + 1
        end = Int(tape.nodes[place.node].next)
        next = first
    }

    var codingPath: [any CodingKey] { [] }

    var allKeys: [Key] {
        var keys: [Key] = []
        var key = first
        while key < end {
            if let key = (try? tape.text(key)).flatMap(Key.init(stringValue:)) { keys.append(key) }
            key = Int(tape.nodes[key + 1].next)
        }
        return keys
    }

    /// The node of the value of `key`.
    private func find(_ key: some CodingKey) -> Int? {
        let wanted = key.stringValue
        return find(wanted, from: next, to: end) ?? find(wanted, from: first, to: next)
    }

    private func find(_ wanted: String, from start: Int, to end: Int) -> Int? {
        var key = start
        while key < end {
            let behind = Int(tape.nodes[key + 1].next)
            if tape.says(key, wanted) {
                next = behind
                return key + 1
            }
            key = behind
        }
        return nil
    }

    private func place(_ key: Key) throws -> JSONPlace {
        guard let node = find(key) else {
            throw DecodingError.keyNotFound(
                key, .init(codingPath: [], debugDescription: "\(key.stringValue) is missing"))
        }
        return JSONPlace(tape: tape, node: node)
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try place(key).kind == .null }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try place(key).truth() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try place(key).text() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try place(key).double() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try place(key).integer(type) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try place(key).value(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try place(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try place(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        guard let node = find("super", from: first, to: end) else {
            throw JSONEscapes.flaw("no member `super`", at: Int(tape.nodes[first - 1].start))
        }
        return JSONPlace(tape: tape, node: node)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try place(key) }
}

private struct JSONArray: UnkeyedDecodingContainer {
    private let tape: JSONTape
    private let end: Int
    private var next: Int
    let count: Int?
    private(set) var currentIndex = 0

    init(place: JSONPlace) {
        tape = place.tape
        end = Int(tape.nodes[place.node].next)
        next = place.node + 1
        count = tape.count(in: place.node)
    }

    var codingPath: [any CodingKey] { [] }
    var isAtEnd: Bool { next >= end }

    private func here() throws -> JSONPlace {
        guard !isAtEnd else {
            throw JSONEscapes.flaw("an array is too short", at: Int(tape.nodes[end - 1].end))
        }
        return JSONPlace(tape: tape, node: next)
    }

    private mutating func advance() {
        next = Int(tape.nodes[next].next)
        currentIndex += 1
    }

    mutating func decodeNil() throws -> Bool {
        guard try here().kind == .null else { return false }
        advance()
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try here().value(type)
        advance()
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let container = try here().container(keyedBy: type)
        advance()
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try here().unkeyedContainer()
        advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try here()
        advance()
        return decoder
    }
}
