import AuraModel

/// Reads `schedule`: one of `cron`, `calendar`, `every` and `at`, and how it is to be read.
enum ScheduleFields {
    /// The schedule and, if the file names one, the zone in which it and the day's budget are
    /// counted.
    static func read(
        _ field: Field, repository: String? = nil, _ report: inout Report
    ) -> (schedule: Schedule, firing: FiringPolicy?, zone: String?)? {
        if case .scalar(let scalar) = field.node.value, scalar.text == "manual" {
            field.refuse(
                &report, expected: expectation,
                hint: "leave `schedule` out for an automaton that only operators start")
            return nil
        }
        let keys = kinds + options + FiringPolicyFields.keys + TriggerFields.keys
        guard let fields = Fields(field, keys: keys, expected: expectation, &report)
        else { return nil }
        let zone = fields["zone"]?.zone(&report)
        let trigger = TriggerFields.read(fields, repository: repository, &report)
        let firing = FiringPolicyFields.read(fields, trigger, &report)
        guard let kind = onlyKind(fields, &report), refuseOptions(fields, kind, &report) else {
            return nil
        }
        guard let kind else { return (.manual, firing, zone) }
        guard let schedule = schedule(kind, fields, &report) else { return nil }
        refuseClosedWindow(fields, schedule, firing, &report)
        return (schedule, firing, zone)
    }

    /// With jitter a firing may come any time later, so that nothing is certain.
    private static func refuseClosedWindow(
        _ fields: Fields, _ schedule: Schedule, _ firing: FiringPolicy?, _ report: inout Report
    ) {
        guard let field = fields["window"], let firing, let window = firing.window,
            firing.jitter == .zero, !schedule.names(timeIn: window)
        else { return }
        report.add(
            field.node.place,
            "`\(field.path)` is closed at every time that `\(schedule)` names: nothing would ever start",
            hint: "both are by the clock of `zone`; widen the window or change the schedule")
    }

    private static let kinds = ["cron", "every", "at", "calendar"]
    private static let options = ["zone", "dialect", "gap", "overlap"]
    private static let expectation = "a mapping such as `{cron: \"0 2 * * *\"}` or `{every: 10m}`"

    /// The one kind that the file has, or none; nil, and reported, for several.
    private static func onlyKind(_ fields: Fields, _ report: inout Report) -> Field?? {
        let given = kinds.compactMap { fields[$0] }
            .sorted {
                ($0.node.place.line, $0.node.place.column)
                    < ($1.node.place.line, $1.node.place.column)
            }
        guard given.count > 1 else { return .some(given.first) }
        report.add(
            given[1].node.place,
            "`\(given[1].path)` stands beside `\(given[0].path)` of line "
                + "\(given[0].node.place.line), expected one of the two",
            hint: "keep one; two automata may share a prompt")
        return nil
    }

    /// Whether each option says something about the kind; reported where it does not.
    private static func refuseOptions(
        _ fields: Fields, _ kind: Field?, _ report: inout Report
    ) -> Bool {
        let isCron = kind?.path.hasSuffix(".cron") == true
        let isCalendar = isCron || kind?.path.hasSuffix(".calendar") == true
        var isGood = true
        for (option, says, whose) in [
            ("dialect", isCron, "`cron`"), ("gap", isCalendar, "`cron` or `calendar`"),
            ("overlap", isCalendar, "`cron` or `calendar`"),
        ] {
            guard let field = fields[option], !says else { continue }
            let hint =
                option == "overlap"
                ? "what happens while a run is still going on is `overlap-policy`"
                : nil
            report.add(
                field.node.place,
                "`\(field.path)` says nothing here, expected it beside \(whose)", hint: hint)
            isGood = false
        }
        return isGood
    }

    private static func schedule(
        _ kind: Field, _ fields: Fields, _ report: inout Report
    ) -> Schedule? {
        // Every slip is reported before the first ends it.
        let dialect = fields["dialect"].map { $0.word(of: CronDialect.allCases, &report) }
        let gap = fields["gap"].map { $0.word(of: TransitionRule.Gap.allCases, &report) }
        let overlap = fields["overlap"].map {
            $0.word(of: TransitionRule.Overlap.allCases, &report)
        }
        let rule = TransitionRule(gap: gap ?? nil, overlap: overlap ?? nil)
        let areRead = dialect != .some(nil) && gap != .some(nil) && overlap != .some(nil)
        if kind.path.hasSuffix(".at") { return instants(kind, &report) }
        if kind.path.hasSuffix(".every") {
            return kind.parsed(
                expected: "an interval such as `10m`", hint: { trial(of: $0, "--every ") }, &report,
                { text throws(TextError) in .every(try Interval(text)) })
        }
        // With another dialect than the one meant, the expression would be judged wrongly.
        guard areRead else { return nil }
        if kind.path.hasSuffix(".cron") {
            let dialect = (dialect ?? nil) ?? .ocps
            let option = dialect == .ocps ? "" : "--dialect \(dialect.rawValue) "
            return kind.parsed(
                expected: "a cron expression such as `0 2 * * *`", hint: { trial(of: $0, option) },
                &report,
                { text throws(TextError) in
                    try Schedule(cron: text, dialect: dialect, transitions: rule)
                })
        }
        return kind.parsed(
            expected: "a calendar expression such as `Mon..Fri 02:00`",
            hint: { trial(of: $0, "--systemd ") }, &report,
            { text throws(TextError) in
                .calendar(try CalendarExpression(text, transitions: rule))
            })
    }

    /// The command that reads an expression without a file, and says what it means.
    private static func trial(of text: String, _ option: String) -> String {
        let isShown = text.utf8.count <= trialBytesMax && !text.contains(where: \.isNewline)
        let word = isShown ? "'\(text.replacing("'", with: "'\\''"))'" : "'EXPRESSION'"
        return "try it with: aura-ctl calendar \(option)\(word)"
    }

    /// 80 bytes: a line of a terminal.
    private static let trialBytesMax = 80

    /// One instant or a list of them.
    private static func instants(_ field: Field, _ report: inout Report) -> Schedule? {
        let expected = "an instant such as `2026-12-24T18:00:00+01:00`"
        var items = [field]
        if case .sequence = field.node.value {
            guard
                let listed = field.items(
                    max: InstantList.countMax, expected: "a list of instants", &report)
            else { return nil }
            items = listed
        }
        guard !items.isEmpty else {
            field.refuse(&report, expected: expected)
            return nil
        }
        var texts: [String] = []
        for item in items {
            let text = item.parsed(
                expected: expected, &report,
                { text throws(TextError) in
                    _ = try InstantText.parse(text)
                    return text
                })
            if let text { texts.append(text) }
        }
        guard texts.count == items.count else { return nil }
        do throws(InstantListError) {
            return .at(try InstantList(texts))
        } catch {
            let item = items[error.index]
            report.add(
                item.node.place,
                "`\(item.path)`: found \(error.error.found), expected \(error.error.expected)")
            return nil
        }
    }
}
