import AuraModel
import Testing

@Suite struct JSONSchemaTests {
    static func value(_ text: String) throws -> JSONValue {
        try JSON.decode(JSONValue.self, from: text.utf8)
    }

    static let schema = """
        {"type": "object", "required": ["rows"], "additionalProperties": false, "properties": {
        "rows": {"type": "array", "maxItems": 2, "items": {"type": ["integer", "null"], "minimum": 1}},
        "name": {"type": "string", "minLength": 2}, "kind": {"enum": ["a", 1]}}}
        """

    @Test(
        "what does not fit is named with its place",
        arguments: [
            (#"{"rows": [1, null], "name": "xy", "kind": 1}"#, nil),
            (#"{"rows": []}"#, nil),
            ("[]", "the value is no object"),
            ("{}", "the value has no `rows`"),
            (#"{"rows": [1, 0]}"#, "/rows/1 is below 1"),
            (#"{"rows": [1.5]}"#, "/rows/0 is no integer or null"),
            (#"{"rows": [1, 1, 1]}"#, "/rows has 3 items, more than 2"),
            (#"{"rows": [], "name": "x"}"#, "/name has 1 characters, fewer than 2"),
            (#"{"rows": [], "kind": "b"}"#, "/kind is none of \"a\", 1"),
            (#"{"rows": [], "other": 1}"#, "the value has a `other`, which it may not"),
        ])
    func misfit(text: String, says: String?) throws {
        let schema = try Self.value(Self.schema)
        #expect(JSONSchema.flaw(in: schema) == nil)
        #expect(JSONSchema.misfit(of: try Self.value(text), in: schema) == says)
    }

    @Test(
        "a schema with a rule that would not be checked is refused",
        arguments: [
            #"{"pattern": "x"}"#, #"{"type": "text"}"#, #"{"items": {"oneOf": []}}"#,
            #"{"properties": {"a": {"maximum": "1"}}}"#, "[]", #"{"required": [1]}"#,
            #"{"additionalProperties": {}}"#, #"{"type": "integer", "default": "1"}"#,
        ])
    func flaw(text: String) throws {
        #expect(JSONSchema.flaw(in: try Self.value(text)) != nil)
    }
}
