import AuraModel

/// Reads what only a dev-loop has: how it lands, who reviews, and when it stops itself.
enum LoopFields {
    static let landExpectation = "`branch`, `merge-ff` or `{mode: push, remote: /srv/mirror.git}`"

    /// 64 globs of 200 characters: they are patterns of one git command.
    private static let globsMax = 64
    private static let globLengthMax = 200
    /// 20,000 characters: a reviewer reads it before every change.
    private static let promptLengthMax = 20_000
    /// Two rounds bring what can be brought; five is a quarrel.
    private static let roundsRange = 0...5
    private static let failuresRange = 1...1_000
    private static let factorRange = 2...1_000
    private static let coolDownRange = Milliseconds.seconds(1)...Milliseconds.minutes(7 * 24 * 60)
    /// 9: there are at most ten attempts.
    private static let escalationMax = 9
    /// 16: more than one person keeps apart.
    private static let modelsMax = 16

    static func landing(_ field: Field, _ report: inout Report) -> Definition.Landing? {
        let modes = Definition.Landing.Mode.allCases
        guard case .mapping = field.node.value else {
            guard let mode = field.word(of: modes, &report) else { return nil }
            if mode == .push {
                field.refuse(
                    &report, expected: "a remote beside it",
                    hint: "land: {mode: push, remote: /srv/mirror.git}")
            }
            return Definition.Landing(mode)
        }
        guard
            let fields = Fields(
                field, keys: ["mode"] + RemoteFields.keys, expected: landExpectation, &report),
            let mode = fields.required("mode", expected: landExpectation, &report)?
                .word(of: modes, &report)
        else { return nil }
        guard mode == .push else {
            for key in RemoteFields.keys {
                guard let stray = fields[key] else { continue }
                report.add(
                    stray.node.place, "`land.\(key)` means nothing to `\(mode.rawValue)`",
                    hint: "remove it, or set `mode: push`")
            }
            return Definition.Landing(mode)
        }
        return RemoteFields.push(fields, at: field.node.place, &report)
    }

    static func review(_ field: Field, _ report: inout Report) -> Definition.Review? {
        guard
            let fields = Fields(
                field, keys: ["reasoner", "prompt", "rounds"],
                expected: "a mapping such as `{reasoner: other, rounds: 2}`", &report)
        else { return nil }
        let standard = Definition.Review()
        return Definition.Review(
            reasoner: fields["reasoner"]?.name(&report)?.text,
            prompt: fields["prompt"]?.text(
                max: promptLengthMax, expected: "what a reviewer looks for", &report) ?? "",
            rounds: fields["rounds"]?.whole(roundsRange, &report) ?? standard.rounds)
    }

    static func breaker(_ field: Field, _ report: inout Report) -> Definition.Breaker? {
        guard
            let fields = Fields(
                field, keys: ["failures", "spend-factor", "cool-down"],
                expected: "a mapping such as `{failures: 3, cool-down: 30m}`", &report)
        else { return nil }
        var breaker = Definition.Breaker.standard
        breaker.failures =
            fields["failures"]?.whole(failuresRange, &report) ?? breaker.failures
        breaker.spendFactor =
            fields["spend-factor"]?.whole(factorRange, &report) ?? breaker.spendFactor
        if let coolDown = fields["cool-down"] {
            if case .scalar(let scalar) = coolDown.node.value, scalar.text == "operator" {
                breaker.coolDown = nil
            } else {
                breaker.coolDown = coolDown.duration(coolDownRange, &report)
            }
        }
        return breaker
    }

    static func escalation(_ field: Field, _ report: inout Report) -> [String]? {
        field.items(
            max: escalationMax, expected: "a list of reasoners, such as `[stronger]`", &report
        )?.compactMap { $0.name(&report)?.text }
    }

    static func models(_ field: Field, _ report: inout Report) -> [String]? {
        field.items(
            max: modelsMax, expected: "a list of reasoners, such as `[stronger]`", &report
        )?.compactMap { $0.name(&report)?.text }
    }

    static func globs(_ field: Field, _ report: inout Report) -> [String]? {
        let expected = "a list of paths in the repository, such as `[scripts/check, ci/**]`"
        return field.items(max: globsMax, expected: expected, &report)?.compactMap { item in
            guard let glob = item.line(max: globLengthMax, expected: "a path or a glob", &report)
            else { return nil }
            guard !glob.hasPrefix("/"), !glob.split(separator: "/").contains("..") else {
                item.refuse(&report, expected: "a path or a glob inside the repository")
                return nil
            }
            return glob
        }
    }

    static func identity(_ field: Field, _ report: inout Report) -> String? {
        let expected = "a name and an address, such as `Aura <aura@example.org>`"
        guard let text = field.line(max: globLengthMax, expected: expected, &report) else {
            return nil
        }
        let parts = text.split(separator: "<", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].contains(where: { !$0.isWhitespace }),
            parts[1].hasSuffix(">"), parts[1].filter({ $0 == ">" }).count == 1,
            parts[1].contains("@")
        else {
            field.refuse(&report, expected: expected)
            return nil
        }
        return text
    }
}
