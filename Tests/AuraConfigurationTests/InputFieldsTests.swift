import AuraConfiguration
import AuraModel
import Testing

@Suite struct InputFieldsTests {
    private static func text(_ inputs: String, _ more: String = "") -> String {
        """
        automaton: report
        kind: task-run
        run: [./report]
        budget: {run: {wall: 1m}}
        inputs:
        \(inputs)
        \(more)
        """
    }

    @Test("inputs are names with a schema each, in the order of their names")
    func read() throws {
        let text = Self.text("  rows: {type: integer, default: 3}\n  branch: {type: string}")
        let (definition, diagnostics) = DefinitionReader.read(file: "a.yaml", text: text)
        #expect(diagnostics.isEmpty)
        #expect(definition?.inputs?.map(\.name) == ["branch", "rows"])
        #expect(definition?.inputs?.map(\.standard) == [nil, .integer(3)])
    }

    @Test(
        "what is wrong with an input is told with its place",
        arguments: [
            (
                "  Rows: {type: integer}", "",
                "a.yaml:6:3: error: `inputs`: found the name `Rows`, expected a lower-case letter, "
                    + "then lower-case letters, digits, `_` or `-`, at most 63 in all"
            ),
            (
                "  rows: {type: integer, default: x}", "",
                "a.yaml:6:9: error: `inputs.rows`: its `default` does not fit: the value is no integer"
            ),
            (
                "  rows: {minimum: 1}", "",
                "a.yaml:6:9: error: `inputs.rows.type` is missing, expected one: what is typed is read "
                    + "by it\n  hint: add `type: string`"
            ),
            (
                "  rows: 3", "",
                "a.yaml:6:9: error: `inputs.rows`: found `3`, expected a JSON schema such as "
                    + "`{type: string, default: main}`"
            ),
            (
                "  a-b: {type: string}\n  a_b: {type: string}", "",
                "a.yaml:7:3: error: `inputs.a_b` and `inputs.a-b` are both $AURA_INPUT_A_B to a "
                    + "command\n  hint: name one of them otherwise"
            ),
            (
                "  a: {type: string}\n  b: {type: string, default: x}", "schedule: {every: 10m}",
                "a.yaml:6:3: error: `inputs.a` has no `default`, and `schedule.every` of line 8 gives it "
                    + "no value\n  hint: add a `default`, or leave `schedule` out: "
                    + "aura-ctl run NAME --set a=VALUE"
            ),
        ])
    func errors(inputs: String, more: String, says: String) {
        let (definition, diagnostics) = DefinitionReader.read(
            file: "a.yaml", text: Self.text(inputs, more))
        #expect(definition == nil)
        #expect(diagnostics.map(\.description).joined(separator: "\n") == says)
    }
}
