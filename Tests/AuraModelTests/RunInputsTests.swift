import AuraModel
import Testing

@Suite struct RunInputsTests {
    static func input(_ name: String, _ schema: String) throws -> InputDeclaration {
        InputDeclaration(name: name, schema: try JSONSchemaTests.value(schema))
    }

    @Test(
        "what is typed is read by the input's type, and a text stays as it is",
        arguments: [
            (#"{"type": "string"}"#, "12", #""12""#),
            (#"{"type": "string"}"#, "$(touch x); 'y'", #""$(touch x); 'y'""#),
            (#"{"type": "string"}"#, "", #""""#),
            (#"{"type": "integer"}"#, "-3", "-3"),
            (#"{"type": "number"}"#, "0.5", "0.5"),
            (#"{"type": "boolean"}"#, "true", "true"),
            (#"{"type": ["integer", "string"]}"#, "7", "7"),
            (#"{"type": ["integer", "string"]}"#, "seven", #""seven""#),
            (#"{"type": ["string", "null"]}"#, "null", "null"),
            (#"{"type": "array", "items": {"type": "integer"}}"#, "[1, 2]", "[1,2]"),
            (#"{"type": "object"}"#, #"{"a": "b"}"#, #"{"a":"b"}"#),
        ])
    func typed(schema: String, text: String, json: String) throws {
        let input = try Self.input("a", schema)
        let values = try RunInputs.complete([:], texts: ["a": text], [input])
        #expect(try JSON.text(values) == "{\"a\":\(json)}")
        #expect(try RunInputs.complete(values ?? [:], [input]) == values)
    }

    @Test(
        "what does not fit names the input, what was found and what was expected",
        arguments: [
            (
                #"{"type": "integer", "minimum": 1}"#, "x",
                "input `a`: found `\"x\"`, expected an integer, at least 1"
            ),
            (
                #"{"type": "integer", "minimum": 1}"#, "0",
                "input `a`: found `0`, expected an integer, at least 1 (the value is below 1)"
            ),
            (
                #"{"type": "string", "enum": ["b", "c"]}"#, "d",
                "input `a`: found `\"d\"`, expected a string, one of \"b\", \"c\" "
                    + "(the value is none of \"b\", \"c\")"
            ),
            (
                #"{"type": "string"}"#, "a\0b",
                "input `a`: found a text with a NUL character, expected a string"
            ),
            (
                #"{"type": "string"}"#, String(repeating: "x", count: RunInputs.bytesMax),
                "the inputs are larger than \(HumanText.bytes(RunInputs.bytesMax)) together"
            ),
        ])
    func misfit(schema: String, text: String, says: String) throws {
        let input = try Self.input("a", schema)
        let fault = #expect(throws: InputFault.self) {
            try RunInputs.complete([:], texts: ["a": text], [input])
        }
        #expect(fault?.message == says)
        let name = try #require(AutomatonName("nightly"))
        #expect(fault?.hint(for: name) == "aura-ctl run nightly --set a=VALUE")
    }

    @Test("unknown and missing inputs are told, and defaults fill what nobody gives")
    func complete() throws {
        let rows = try Self.input("rows", #"{"type": "integer", "default": 3}"#)
        let branch = try Self.input("branch", #"{"type": "string"}"#)
        #expect(try RunInputs.complete([:], [rows]) == ["rows": .integer(3)])
        #expect(try RunInputs.complete([:], []) == nil)
        #expect(
            throws: InputFault(
                message: "input `branch` is missing, expected a string", name: "branch")
        ) { try RunInputs.complete([:], [branch, rows]) }
        #expect(
            throws: InputFault(message: "there is no input `rowz`, expected one of branch, rows")
        ) { try RunInputs.complete([:], texts: ["rowz": "1"], [branch, rows]) }
        #expect(throws: InputFault(message: "there is no input `x`: it takes none")) {
            try RunInputs.complete(["x": .null], [])
        }
    }

    @Test("a command finds each value in a variable, and all of them in one")
    func environment() {
        let values: [String: JSONValue] = [
            "row-count": .integer(3), "text": .string("a\nb"), "none": .null,
            "list": .array([.bool(true)]),
        ]
        #expect(
            RunInputs.environment(values) == [
                "AURA_INPUT_ROW_COUNT": "3", "AURA_INPUT_TEXT": "a\nb",
                "AURA_INPUT_LIST": "[true]",
                "AURA_INPUTS": #"{"list":[true],"none":null,"row-count":3,"text":"a\nb"}"#,
            ])
        #expect(RunInputs.environment([:]).isEmpty)
    }
}
