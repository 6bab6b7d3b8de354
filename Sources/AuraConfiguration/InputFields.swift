import AuraModel

/// Reads `inputs`: a name and a JSON schema each; without a `default` the input has to be given.
///
///     inputs:
///       branch: {type: string, maxLength: 200}
///       rows: {type: integer, minimum: 1, default: 100}
enum InputFields {
    private static let expectation =
        "names with a JSON schema each, such as `{rows: {type: integer, default: 100}}`"

    static func read(_ field: Field, _ report: inout Report) -> [InputDeclaration]? {
        guard case .mapping(let members) = field.node.value, !members.isEmpty else {
            field.refuse(&report, expected: expectation)
            return nil
        }
        guard members.count <= RunInputs.countMax else {
            report.add(
                field.node.place,
                "`\(field.path)`: found \(members.count), expected at most \(RunInputs.countMax)")
            return nil
        }
        var variables: [String: String] = [:]
        var inputs: [InputDeclaration] = []
        for member in members {
            guard InputDeclaration.isName(member.key) else {
                report.add(
                    member.place,
                    "`\(field.path)`: found the name \(Quotation.of(member.key)), expected "
                        + InputDeclaration.nameExpectation)
                continue
            }
            let variable = InputDeclaration.variable(member.key)
            if let other = variables.updateValue(member.key, forKey: variable) {
                report.add(
                    member.place,
                    "`\(field.path).\(member.key)` and `\(field.path).\(other)` are both "
                        + "$\(variable) to a command", hint: "name one of them otherwise")
            }
            let place = Field(path: "\(field.path).\(member.key)", node: member.value)
            if let schema = schema(place, &report) {
                inputs.append(InputDeclaration(name: member.key, schema: schema))
            }
        }
        return inputs.sorted { $0.name < $1.name }
    }

    private static func schema(_ field: Field, _ report: inout Report) -> JSONValue? {
        guard case .mapping = field.node.value else {
            field.refuse(
                &report, expected: "a JSON schema such as `{type: string, default: main}`")
            return nil
        }
        guard let schema = field.json(&report) else { return nil }
        if let flaw = JSONSchema.flaw(in: schema) {
            report.add(field.node.place, "`\(field.path)`: \(flaw)")
            return nil
        }
        guard !JSONSchema.types(of: schema).isEmpty else {
            report.add(
                field.node.place,
                "`\(field.path).type` is missing, expected one: what is typed is read by it",
                hint: "add `type: string`")
            return nil
        }
        return schema
    }
}
