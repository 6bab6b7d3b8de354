/// One value of a file together with its key's path, which messages begin with.
struct Field {
    /// `budget.run.tokens`, `verify[0].run`; empty for the whole file.
    let path: String
    let node: ConfigurationNode

    /// Notes that something else was found here than what was expected.
    func refuse(
        _ report: inout Report, expected: String, hint: String? = nil
    ) {
        // What was refused by the YAML reader has its message already.
        guard node.value != .refused else { return }
        let found = "found \(node.quotation), expected \(expected)"
        report.add(node.place, path.isEmpty ? found : "`\(path)`: \(found)", hint: hint)
    }

    /// The items of a list; nil, and reported, when it is something else or has too many.
    func items(
        max countMax: Int, expected: String, hint: String? = nil, _ report: inout Report
    ) -> [Field]? {
        guard case .sequence(let nodes) = node.value else {
            refuse(&report, expected: expected, hint: hint)
            return nil
        }
        guard nodes.count <= countMax else {
            report.add(
                node.place,
                "`\(path)`: found a list of \(nodes.count), expected at most \(countMax) items")
            return nil
        }
        return nodes.enumerated().map { Field(path: "\(path)[\($0.offset)]", node: $0.element) }
    }
}

extension Field {
    /// What `read` makes of each item of a list, in which no two may be the same by `key`.
    ///
    /// The second of two is reported with what `twice` says of it.
    func distinct<Value>(
        max countMax: Int, expected: String, hint: String, by key: (Value) -> String,
        _ report: inout Report, read: (Field, inout Report) -> Value?,
        twice: (Value) -> (message: String, hint: String)
    ) -> [Value]? {
        guard let items = items(max: countMax, expected: expected, hint: hint, &report) else {
            return nil
        }
        var values: [Value] = []
        for item in items {
            guard let value = read(item, &report) else { continue }
            if values.contains(where: { key($0) == key(value) }) {
                let (message, hint) = twice(value)
                report.add(item.node.place, "`\(item.path)`: \(message)", hint: hint)
            }
            values.append(value)
        }
        return values
    }
}

/// The values of one mapping whose keys are fixed.
struct Fields {
    let path: String
    let place: Place
    private let fields: [String: Field]
    /// Keys that are probably meant by others that are not known: one message for each slip.
    private let mistyped: Set<String>

    /// The values of `field`; nil, and reported, when it is no mapping.
    ///
    /// Each key that is not in `keys` is reported, with the one that was probably meant.
    init?(_ field: Field, keys: [String], expected: String, _ report: inout Report) {
        guard case .mapping(let members) = field.node.value else {
            field.refuse(&report, expected: expected)
            return nil
        }
        path = field.path
        place = field.node.place
        var fields: [String: Field] = [:]
        var mistyped: Set<String> = []
        for member in members {
            let path = path.isEmpty ? member.key : "\(path).\(member.key)"
            guard keys.contains(member.key) else {
                let meant = NearestKey.of(member.key, in: keys)
                Self.refuseKey(member, keys, meant: meant, whole: field.path, &report)
                if let meant { mistyped.insert(meant) }
                continue
            }
            fields[member.key] = Field(path: path, node: member.value)
        }
        self.fields = fields
        self.mistyped = mistyped
    }

    /// The value at `key`, if the file has one.
    subscript(key: String) -> Field? { fields[key] }

    /// Whether the file has `key`, or a slip of it that is reported already.
    func tries(_ key: String) -> Bool { fields[key] != nil || mistyped.contains(key) }

    /// The value at `key`; reported at `place`, or the mapping's beginning, when the file has none.
    func required(
        _ key: String, expected: String, hint: String? = nil, at place: Place? = nil,
        _ report: inout Report
    ) -> Field? {
        if let field = fields[key] { return field }
        guard !tries(key) else { return nil }
        let name = path.isEmpty ? key : "\(path).\(key)"
        report.add(
            place ?? self.place, "`\(name)` is missing, expected \(expected)", hint: hint)
        return nil
    }

    private static func refuseKey(
        _ member: ConfigurationNode.Member, _ keys: [String], meant: String?,
        whole path: String, _ report: inout Report
    ) {
        let known = keys.map { "`\($0)`" }.joined(separator: ", ")
        report.add(
            member.place,
            "unknown key \(Quotation.of(member.key))" + (path.isEmpty ? "" : " in `\(path)`")
                + ", expected one of \(known)",
            hint: meant.map { "did you mean `\($0)`?" })
    }
}
