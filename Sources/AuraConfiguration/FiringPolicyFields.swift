import AuraModel

/// Reads what stands in `schedule` beside the expression.
///
///     schedule:
///       cron: "0 2 * * *"
///       overlap-policy: skip             # or queue-one, cancel-other, {allow: 3}
///       catch-up: none                   # or latest, {all: 5}
///       starting-deadline: 10m           # nothing starts later than that
///       window: {from: "22:00", to: "06:00"}
///       jitter: 5m                       # a delay below it, the same every time on one host
///       expect: 26h                      # a warning when there was no success for so long
///
/// or, instead of the expression, `after: {automaton: NAME, on: success}`, or failure, or any.
enum FiringPolicyFields {
    static let keys = [
        "overlap-policy", "catch-up", "starting-deadline", "window", "jitter", "after", "expect",
    ]

    /// A second to 31 days: a later start is another firing's.
    private static let deadlineRange = Milliseconds.seconds(1)...Milliseconds.minutes(31 * 24 * 60)
    /// A day: a longer delay is another schedule.
    private static let jitterRange = Milliseconds.seconds(1)...Milliseconds.minutes(24 * 60)
    /// A minute to 366 days, as long as an interval may be.
    private static let expectRange = Milliseconds.minutes(1)...Milliseconds.minutes(366 * 24 * 60)

    /// The policy; nil where the file says nothing of it, so that it is as the standard has it.
    static func read(
        _ fields: Fields, _ trigger: EventTrigger?, _ report: inout Report
    ) -> FiringPolicy? {
        guard trigger != nil || keys.contains(where: { fields[$0] != nil }) else { return nil }
        var standard = FiringPolicy.standard
        // What happens while a run is under way may be just what that run did not see.
        if trigger != nil { standard.overlap = .queueOne }
        let after = fields["after"].flatMap { chain($0, &report) }
        if let field = fields["after"] {
            for key in ["cron", "every", "catch-up", "jitter"] where fields[key] != nil {
                report.add(
                    field.node.place,
                    "`\(field.path)` stands beside `\(fields.path).\(key)`, but a chain has no time "
                        + "of its own", hint: "keep one of the two")
            }
        }
        return FiringPolicy(
            overlap: fields["overlap-policy"].flatMap { overlap($0, &report) } ?? standard.overlap,
            catchUp: fields["catch-up"].flatMap { catchUp($0, &report) } ?? standard.catchUp,
            startingDeadline: fields["starting-deadline"]?.duration(deadlineRange, &report),
            window: fields["window"].flatMap { window($0, &report) },
            jitter: fields["jitter"]?.duration(jitterRange, &report) ?? standard.jitter,
            after: after, expect: fields["expect"]?.duration(expectRange, &report),
            trigger: trigger)
    }

    private static let countRange = 1...FiringPolicy.countMax

    private enum OverlapWord: String, CaseIterable {
        case skip
        case queueOne = "queue-one"
        case cancelOther = "cancel-other"
    }

    private static func overlap(
        _ field: Field, _ report: inout Report
    ) -> FiringPolicy.Overlap? {
        if case .mapping = field.node.value {
            let expected = "a mapping such as `{allow: 3}`"
            let fields = Fields(field, keys: ["allow"], expected: expected, &report)
            return fields?.required("allow", expected: "how many may run at once", &report)?
                .whole(countRange, &report).map { .allow(most: $0) }
        }
        return switch field.word(of: OverlapWord.allCases, &report) {
        case .skip: .skip
        case .queueOne: .queueOne
        case .cancelOther: .cancelOther
        case nil: nil
        }
    }

    private enum CatchUpWord: String, CaseIterable {
        case none, latest
    }

    private static func catchUp(
        _ field: Field, _ report: inout Report
    ) -> FiringPolicy.CatchUp? {
        if case .mapping = field.node.value {
            let expected = "a mapping such as `{all: 5}`"
            let fields = Fields(field, keys: ["all"], expected: expected, &report)
            return fields?.required("all", expected: "how many to start at most", &report)?
                .whole(countRange, &report).map { .all(most: $0) }
        }
        let word: CatchUpWord? = field.word(of: CatchUpWord.allCases, &report)
        return word.map { $0 == .latest ? .latest : FiringPolicy.CatchUp.none }
    }

    private static func window(_ field: Field, _ report: inout Report) -> FiringPolicy.Window? {
        let expected = "a mapping such as `{from: \"22:00\", to: \"06:00\"}`"
        guard let fields = Fields(field, keys: ["from", "to"], expected: expected, &report),
            let fromField = fields.required("from", expected: "when it opens", &report),
            let toField = fields.required("to", expected: "when it closes", &report),
            let from = minute(fromField, &report), let to = minute(toField, &report)
        else { return nil }
        guard from != to else {
            toField.refuse(&report, expected: "another time than `from`: it would never be open")
            return nil
        }
        return FiringPolicy.Window(from: from, to: to)
    }

    private static func minute(_ field: Field, _ report: inout Report) -> Int? {
        let text = field.text(
            expected: "a time of day such as `22:00`", hint: "put it in quotes", &report
        ) { minute(of: $0) != nil }
        return text.flatMap { minute(of: $0) }
    }

    private static func minute(of text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }
            ),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    private static func chain(_ field: Field, _ report: inout Report) -> FiringPolicy.Chain? {
        let expected = "a mapping such as `{automaton: nightly, on: success}`"
        guard let fields = Fields(field, keys: ["automaton", "on"], expected: expected, &report),
            let name = fields.required("automaton", expected: "the one to follow", &report)?
                .name(&report)
        else { return nil }
        let on = fields["on"]?.word(of: FiringPolicy.Chain.Condition.allCases, &report)
        return FiringPolicy.Chain(automaton: name, on: on ?? .success)
    }
}
