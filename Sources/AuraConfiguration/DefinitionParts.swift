import AuraModel

/// Reads `budget`.
///
/// A run without a bound on tokens or money is refused: a slip must not let it run unbudgeted.
enum BudgetFields {
    static let expectation = "what a run may consume at most"
    static let hint = "budget: {run: {usd: 2.50, wall: 30m}}"

    static func read(
        _ field: Field, isModelFree: Bool, _ report: inout Report
    ) -> Definition.Budget? {
        guard
            let fields = Fields(
                field, keys: ["run", "day", "task"],
                expected: "a mapping such as `{run: {usd: 2.50}}`", &report)
        else { return nil }
        var budget = Definition.Budget()
        budget.day = fields["day"].flatMap { limits($0, &report) } ?? .none
        budget.task = fields["task"].flatMap { limits($0, &report) } ?? .none
        guard let run = fields.required("run", expected: expectation, hint: hint, &report),
            let members = Fields(run, keys: keys, expected: limitsExpectation, &report)
        else { return nil }
        budget.run = limits(members, &report)
        if isModelFree { return budget }
        if !members.tries("tokens"), !members.tries("usd") {
            report.add(
                members.place,
                "`\(run.path)` has neither `tokens` nor `usd`, expected at least one of them",
                hint: hint)
        }
        return budget
    }

    private static let keys = ["tokens", "usd", "calls", "wall"]
    private static let limitsExpectation = "a mapping such as `{tokens: 500_000, usd: 2.50}`"

    /// A billion: sums and products with prices of up to $1,000 a million stay within an `Int`.
    private static let tokensRange = 1...1_000_000_000
    /// $100,000: whoever means more means several automata.
    private static let dollarsRange = 1...100_000_000_000
    private static let callsRange = 1...1_000_000
    /// 31 days of wall time: a day's budget adds up runs side by side.
    private static let wallRange = Milliseconds.seconds(1)...Milliseconds.minutes(31 * 24 * 60)

    static func limits(_ field: Field, _ report: inout Report) -> BudgetLimits? {
        Fields(field, keys: keys, expected: limitsExpectation, &report).map { limits($0, &report) }
    }

    private static func limits(_ fields: Fields, _ report: inout Report) -> BudgetLimits {
        BudgetLimits(
            tokens: fields["tokens"]?.whole(tokensRange, &report),
            microDollars: fields["usd"]?.dollars(dollarsRange, &report),
            calls: fields["calls"]?.whole(callsRange, &report),
            wall: fields["wall"]?.duration(wallRange, &report))
    }
}

/// Reads `outputs`.
enum OutputFields {
    /// 16 files: together they have at most a megabyte in the record.
    private static let countMax = 16
    private static let expectation = "a list of files, such as `[report.json]`"

    static func read(_ field: Field, _ report: inout Report) -> [OutputDeclaration]? {
        field.items(max: countMax, expected: expectation, &report)?.compactMap { item in
            guard case .mapping = item.node.value else {
                return item.relativePath(&report).map { OutputDeclaration(path: $0) }
            }
            guard
                let fields = Fields(
                    item, keys: ["path", "schema"], expected: expectation, &report),
                let path = fields.required("path", expected: "a file's path", &report)?
                    .relativePath(&report)
            else { return nil }
            guard let place = fields["schema"], let schema = place.json(&report) else {
                return OutputDeclaration(path: path)
            }
            if let flaw = JSONSchema.flaw(in: schema) {
                report.add(place.node.place, "`\(place.path)`: \(flaw)")
            }
            return OutputDeclaration(path: path, schema: schema)
        }
    }
}

/// Reads `verify`, and a task-run's `run`.
enum StepFields {
    /// A second to a day: what takes longer is no proof that anyone waits for.
    static let timeoutRange = Milliseconds.seconds(1)...Milliseconds.minutes(24 * 60)

    /// 32 steps, 256 arguments, 64 characters of name, 16 KiB of text: steps are stored with each
    /// run.
    private static let countMax = 32
    private static let argumentsMax = 256
    private static let nameLengthMax = 64
    private static let lineLengthMax = 16_384

    private static let expectation = "a list of steps, such as `[make test]`"

    static func read(_ field: Field, _ report: inout Report) -> [StepDeclaration]? {
        guard
            let items = field.items(
                max: countMax, expected: expectation, hint: "begin each step with `- `", &report)
        else { return nil }
        if items.isEmpty {
            report.add(
                field.node.place, "`\(field.path)`: found an empty list, expected \(expectation)")
        }
        var steps: [StepDeclaration] = []
        var lines: [String: Int] = [:]
        for item in items {
            guard let step = step(item, &report) else { continue }
            if let line = lines[step.name] {
                report.add(
                    item.node.place,
                    "`\(item.path)`: a second step called \(Quotation.of(step.name)), "
                        + "the first is on line \(line)",
                    hint: "give each a `name` of its own")
            }
            lines[step.name] = item.node.place.line
            steps.append(step)
        }
        return steps
    }

    private static func step(_ field: Field, _ report: inout Report) -> StepDeclaration? {
        guard case .mapping = field.node.value else {
            return shellLine(field, &report).map { .shell($0, name: derivedName($0)) }
        }
        guard
            let fields = Fields(
                field, keys: ["name", "run", "timeout"], expected: expectation, &report)
        else { return nil }
        let name = fields["name"]?.line(max: nameLengthMax, expected: "a step's name", &report)
        let timeout = fields["timeout"]?.duration(timeoutRange, &report)
        guard let run = fields.required("run", expected: "a shell line or a list", &report) else {
            return nil
        }
        var step: StepDeclaration
        if case .sequence = run.node.value {
            guard let argv = arguments(run, &report) else { return nil }
            step = StepDeclaration(
                name: name ?? derivedName(argv.filter { !$0.isEmpty }.joined(separator: " ")),
                argv: argv)
        } else {
            guard let line = shellLine(run, &report) else { return nil }
            step = .shell(line, name: name ?? derivedName(line))
        }
        step.timeout = timeout
        return step
    }

    /// A program and its arguments: a list of them, or a shell line.
    static func program(_ field: Field, _ report: inout Report) -> [String]? {
        if case .sequence = field.node.value { return arguments(field, &report) }
        return shellLine(field, &report).map { ["/bin/sh", "-euc", $0] }
    }

    /// The name of a step that has none: its first line, cut where a table would break.
    private static func derivedName(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first ?? ""
        return line.count <= nameLengthMax ? String(line) : line.prefix(nameLengthMax - 3) + "..."
    }

    private static func shellLine(_ field: Field, _ report: inout Report) -> String? {
        field.text(max: lineLengthMax, expected: "a shell line such as `make test`", &report)
    }

    private static func arguments(_ field: Field, _ report: inout Report) -> [String]? {
        let expected = "a program and its arguments, such as `[make, test]`"
        guard let items = field.items(max: argumentsMax, expected: expected, &report) else {
            return nil
        }
        guard !items.isEmpty else {
            report.add(
                field.node.place, "`\(field.path)`: found an empty list, expected \(expected)")
            return nil
        }
        var argv: [String] = []
        for (index, item) in items.enumerated() {
            let argument = item.text(
                expected: index == 0 ? "a program" : "an argument; an empty one is `\"\"`",
                &report
            ) {
                !$0.unicodeScalars.contains("\0") && $0.utf8.count <= lineLengthMax
                    && (index > 0 || !$0.isEmpty)
            }
            if let argument { argv.append(argument) }
        }
        return argv.count == items.count ? argv : nil
    }
}
