import AuraModel

/// What one kind needs, and what means nothing to it: an ignored key would be a silent surprise.
enum KindRules {
    static func check(
        _ fields: Fields, _ kind: AutomatonKind, at place: Place, _ report: inout Report
    ) {
        switch kind {
        case .taskRun:
            if let prompt = fields["prompt"], fields["run"] != nil {
                report.add(
                    prompt.node.place, "both `prompt` and `run`, expected one of them",
                    hint: "make two automatons of it, the second with `schedule: {after: ...}`")
            } else if fields["run"] == nil {
                _ = fields.required(
                    "prompt", expected: "the task, or `run`, a list of commands", at: place,
                    &report)
            }
            refuse(devLoopOnly + [["spec"], ["capabilities", "edits"]], in: fields, kind, &report)
            if fields["run"] != nil, let servers = fields["servers"] {
                report.add(
                    servers.node.place, "`servers` means nothing to a task-run of commands",
                    hint: "remove it")
            }
            needWorkspaceToVerify(fields, at: place, &report)
        case .devLoop:
            _ = fields.required(
                "workspace", expected: "the repository that a dev-loop works on", at: place,
                &report)
            _ = fields.required(
                "verify", expected: "the steps that must pass before a dev-loop lands a task",
                hint: "verify: [make test]", at: place, &report)
            let without = [["spec"], ["capabilities", "edits"]]
            refuse(taskRunOnly + without, in: fields, kind, &report)
        case .chat:
            let without = [["schedule"], ["spec"]]
            // A chat runs when it is told something.
            refuse(
                devLoopOnly + taskRunOnly + without + ofRuns, in: fields, kind, &report)
            needWorkspaceToVerify(fields, at: place, &report)
            if isTrue(["capabilities", "edits"], in: fields), fields["workspace"] == nil {
                _ = fields.required(
                    "workspace", expected: "the repository in which the chat may edit", at: place,
                    &report)
            }
        case .specGen:
            _ = fields.required(
                "workspace", expected: "the repository that is specified", at: place, &report)
            _ = fields.required(
                "spec", expected: "where the specification stands",
                hint: "spec: {requirements: requirements.md, directory: specs/001-name}",
                at: place, &report)
            let without = [
                ["capabilities", "commands"], ["capabilities", "edits"], ["capabilities", "fetch"],
                ["servers"],
            ]
            refuse(devLoopOnly + taskRunOnly + without, in: fields, kind, &report)
            let hasFile = member(["spec", "requirements"], in: fields) != nil
            if !hasFile, fields["spec"] != nil, fields["prompt"] == nil {
                _ = fields.required(
                    "prompt", expected: "the requirements, as `spec` names no file of them",
                    at: place, &report)
            }
        }
    }

    /// What `supervision` says of runs that follow one another.
    private static let ofRuns = ["restart", "backoff", "reset-after", "intensity"].map {
        ["supervision", $0]
    }

    private static let taskRunOnly = [["run"], ["outputs"], ["inputs"]]

    private static let devLoopOnly = [
        ["budget", "task"], ["workspace", "tasks"], ["workspace", "linted"],
        ["limits", "attempts"], ["limits", "parallel"], ["land"], ["review"], ["breaker"],
        ["escalate"], ["models"],
    ]

    /// A scratch directory is gone before it could be verified: proof that never runs is none.
    private static func needWorkspaceToVerify(
        _ fields: Fields, at place: Place, _ report: inout Report
    ) {
        guard fields["verify"] != nil, fields["workspace"] == nil else { return }
        _ = fields.required(
            "workspace", expected: "the repository whose result `verify` is to prove", at: place,
            &report)
    }

    private static func refuse(
        _ paths: [[String]], in fields: Fields, _ kind: AutomatonKind, _ report: inout Report
    ) {
        for path in paths {
            guard let place = member(path, in: fields)?.place else { continue }
            let name = path.joined(separator: ".")
            let only =
                devLoopOnly.contains(path)
                ? ", only to a dev-loop" : taskRunOnly.contains(path) ? ", only to a task-run" : ""
            report.add(
                place, "`\(name)` means nothing to a \(kind.rawValue)\(only)", hint: "remove it")
        }
    }

    /// A key with its place and value, wherever it stands.
    private static func member(
        _ path: [String], in fields: Fields
    ) -> (place: Place, value: ConfigurationNode)? {
        guard let field = fields[path[0]] else { return nil }
        guard path.count > 1 else { return (field.node.place, field.node) }
        guard case .mapping(let members) = field.node.value,
            let found = members.first(where: { $0.key == path[1] })
        else { return nil }
        return (found.place, found.value)
    }

    private static func isTrue(_ path: [String], in fields: Fields) -> Bool {
        guard let node = member(path, in: fields)?.value, case .scalar(let scalar) = node.value
        else { return false }
        return scalar.text == "true"
    }
}

/// Reads `spec`.
enum SpecFields {
    private static let directoryExpectation =
        "a path whose last part is a number and a slug, such as `specs/001-calculator`"

    static func read(_ field: Field, _ report: inout Report) -> Definition.SpecSource? {
        guard
            let fields = Fields(
                field, keys: ["requirements", "directory"],
                expected: "a mapping such as `{requirements: docs, directory: specs/001-name}`",
                &report),
            let place = fields.required("directory", expected: directoryExpectation, &report)
        else { return nil }
        let requirements = fields["requirements"]?.relativePath(&report)
        guard let directory = place.relativePath(&report) else { return nil }
        guard isSlug(directory.split(separator: "/").last ?? "") else {
            place.refuse(&report, expected: directoryExpectation)
            return nil
        }
        return Definition.SpecSource(requirements: requirements, directory: directory)
    }

    /// The last component of a branch, too: git-check-ref-format(1).
    private static func isSlug(_ text: Substring) -> Bool {
        guard let hyphen = text.firstIndex(of: "-"), text.utf8.count <= slugBytesMax else {
            return false
        }
        let (number, slug) = (text[..<hyphen], text[text.index(after: hyphen)...])
        return number.utf8.count >= 3 && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && !slug.isEmpty
            && slug.utf8.allSatisfy {
                (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d
            }
    }

    /// 63: a component of a branch name, as long as an automaton's.
    private static let slugBytesMax = 63
}
