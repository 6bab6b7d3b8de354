import AuraModel

/// Reads what makes an automaton fire beside clocks and chains.
///
///     schedule:
///       on-change: {paths: [/srv/in, "/srv/*.csv"], settle: 2s}   # or branch: main, of the workspace's
///                                        # repository or of `repository: /srv/app.git`
///
/// or
///
///     schedule:
///       webhook:
///         secret: github-hook            # a credential
///         proof: signature               # X-Hub-Signature-256; or bearer
///         when: {/ref: [refs/heads/main]}
///         inputs: {commit: /after}
enum TriggerFields {
    static let keys = ["on-change", "webhook"]

    /// Keys that say when, or how a time is kept: a trigger has none of its own.
    private static let timely = [
        "cron", "every", "at", "calendar", "after", "catch-up", "jitter",
    ]

    /// A tenth of a second to an hour: what changes for longer has no end that one could wait for.
    private static let settleRange = Milliseconds(100)...Milliseconds.minutes(60)

    /// The trigger, if the file has one; `repository` is the workspace's.
    static func read(
        _ fields: Fields, repository: String?, _ report: inout Report
    ) -> EventTrigger? {
        let given = keys.compactMap { fields[$0] }
        guard let field = given.first else { return nil }
        let others = timely.compactMap { fields[$0] } + given.dropFirst()
        for other in others {
            report.add(
                other.node.place,
                "`\(other.path)` stands beside `\(field.path)`, which has no time of its own",
                hint: "keep one of the two")
        }
        if field.path.hasSuffix("on-change") {
            return change(field, repository, &report).map { .change($0) }
        }
        return webhook(field, &report).map { .webhook($0) }
    }

    private static func change(
        _ field: Field, _ repository: String?, _ report: inout Report
    ) -> ChangeTrigger? {
        let expected = "a mapping such as `{paths: [/srv/in]}` or `{branch: main}`"
        guard
            let fields = Fields(
                field, keys: ["paths", "branch", "repository", "settle"], expected: expected,
                &report)
        else { return nil }
        let settle = fields["settle"]?.duration(settleRange, &report)
        var subject: ChangeTrigger.Subject?
        switch (fields["paths"], fields["branch"]) {
        case (let paths?, nil):
            if let other = fields["repository"] {
                report.add(
                    other.node.place, "`\(other.path)` says nothing beside `\(paths.path)`",
                    hint: "remove it")
            }
            subject = self.paths(paths, &report).map { .paths($0) }
        case (nil, let branch?):
            let place = fields["repository"]?.absolutePath(&report) ?? repository
            guard let name = branch.branch(&report) else { return nil }
            guard let place else {
                report.add(
                    branch.node.place, "`\(branch.path)`: it is not known of which repository",
                    hint: "add `workspace`, or `repository` beside it")
                return nil
            }
            subject = .branch(name, repository: place)
        case (nil, nil), (_?, _?):
            report.add(fields.place, "`\(field.path)`: expected either `paths` or `branch`")
        }
        return subject.map { ChangeTrigger($0, settle: settle ?? ChangeTrigger.settleStandard) }
    }

    private static func paths(_ field: Field, _ report: inout Report) -> [String]? {
        guard
            let items = field.items(
                max: ChangeTrigger.pathsMax, expected: "a list of paths, such as `[/srv/in]`",
                &report)
        else { return nil }
        guard !items.isEmpty else {
            field.refuse(&report, expected: "at least one path")
            return nil
        }
        let paths = items.compactMap { $0.absolutePath(&report) }
        for (item, path) in zip(items, paths) where PathPattern(path).prefix == "/" {
            item.refuse(&report, expected: "a directory before the first pattern")
        }
        return paths
    }

    private static func webhook(_ field: Field, _ report: inout Report) -> WebhookTrigger? {
        guard
            let fields = Fields(
                field, keys: ["secret", "proof", "inputs", "when"],
                expected: "a mapping such as `{secret: github-hook}`", &report),
            let secret = fields.required(
                "secret", expected: "the credential that a sender has to know", &report)?
                .credential(&report)
        else { return nil }
        let proof = fields["proof"]?.word(of: WebhookTrigger.Proof.allCases, &report)
        var trigger = WebhookTrigger(secret: secret, proof: proof ?? .signature)
        for member in members(fields["inputs"], "an input's name with a JSON pointer", &report) {
            let field = Field(
                path: "\(field.path).inputs.\(member.key)", node: member.value)
            let pointer = field.text(expected: JSONPointer.expectation, &report) {
                JSONPointer($0) != nil
            }
            // One that was refused is not missing as well.
            trigger.inputs[member.key] = pointer ?? ""
        }
        let conditions = members(
            fields["when"], "a JSON pointer with what has to be there", &report)
        for member in conditions.prefix(WebhookTrigger.conditionsMax) {
            guard JSONPointer(member.key) != nil else {
                report.add(
                    member.place,
                    "`\(field.path).when`: found \(Quotation.of(member.key)), expected "
                        + JSONPointer.expectation)
                continue
            }
            let value = Field(path: "\(field.path).when.\(member.key)", node: member.value)
            guard let json = value.json(&report) else { continue }
            if case .array(let values) = json {
                trigger.when[member.key] = values
            } else {
                trigger.when[member.key] = [json]
            }
        }
        if conditions.count > WebhookTrigger.conditionsMax {
            report.add(
                conditions[WebhookTrigger.conditionsMax].place,
                "`\(field.path).when`: more than \(WebhookTrigger.conditionsMax) conditions")
        }
        return trigger
    }

    private static func members(
        _ field: Field?, _ expected: String, _ report: inout Report
    ) -> [ConfigurationNode.Member] {
        guard let field else { return [] }
        guard case .mapping(let members) = field.node.value else {
            field.refuse(&report, expected: "a mapping: \(expected)")
            return []
        }
        return members
    }
}

/// What a trigger gives to the inputs that are declared.
enum TriggerInputs {
    /// Refuses a trigger that cannot give a value to an input that has to be given one, and names of
    /// inputs that there are not.
    static func check(
        _ fields: Fields, _ inputs: [InputDeclaration], _ trigger: EventTrigger?,
        _ report: inout Report
    ) {
        guard let field = fields["schedule"], case .mapping(let members) = field.node.value,
            let member = members.first(where: { firing.contains($0.key) })
        else { return }
        var given: Set<String> = []
        if case .webhook(let hook)? = trigger {
            given = Set(hook.inputs.keys)
            for name in given.sorted() where !inputs.contains(where: { $0.name == name }) {
                report.add(
                    member.place,
                    "`schedule.webhook.inputs.\(name)`: there is no input of that name",
                    hint: "declare it: inputs: {\(name): {type: string}}")
            }
        }
        for input in inputs where input.standard == nil && !given.contains(input.name) {
            let hint =
                member.key == "webhook"
                ? "schedule.webhook.inputs: {\(input.name): /POINTER}"
                : "add a `default`, or leave `schedule` out: "
                    + "aura-ctl run NAME --set \(input.name)=VALUE"
            report.add(
                place(of: input, in: fields) ?? member.place,
                "`inputs.\(input.name)` has no `default`, and `schedule.\(member.key)` of line "
                    + "\(member.place.line) gives it no value", hint: hint)
        }
    }

    /// The keys of `schedule` that make an automaton fire by itself.
    private static let firing = [
        "cron", "every", "at", "calendar", "after", "on-change", "webhook",
    ]

    private static func place(of input: InputDeclaration, in fields: Fields) -> Place? {
        guard case .mapping(let members)? = fields["inputs"]?.node.value else { return nil }
        return members.first { $0.key == input.name }?.place
    }
}
