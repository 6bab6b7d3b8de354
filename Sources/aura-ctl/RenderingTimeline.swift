import AuraModel

/// The firings of a span of time, grouped by hour, in the local zone.
struct TimelineText {
    var firings: [PlannedFiring]
    var automata: [AutomatonStatus]
    var from: Instant
    var to: Instant
    /// Columns of the terminal; nil in a pipe.
    var width: Int?

    /// One automaton's firings within one hour of one offset.
    private struct Row {
        var name: AutomatonName
        var firings: [PlannedFiring]
    }

    private struct Hour {
        var start: CivilTime
        var offset: Int
        var rows: [Row]
    }

    /// 80: the line in a pipe, where times of an hour are cut as well: nobody reads sixty.
    private static let widthDefault = 80

    /// 24: a name that is longer than this does not push the times of all others to the right.
    ///
    /// In a pipe it is whole.
    private var nameMax: Int { width == nil ? AutomatonName.lengthMax : 24 }

    /// All lines.
    func lines(_ style: Style, _ times: TimeText) -> [String] {
        let names = Set(firings.map(\.automaton))
        let span = HumanText.plural((to - from).count / 3_600_000, "hour")
        var lines = [
            firings.isEmpty
                ? "nothing fires in the \(span) from \(times.both(from))"
                : (isCut ? "more than " : "") + "\(HumanText.plural(firings.count, "firing")) of "
                    + "\(names.count == 1 ? "1 automaton" : "\(names.count) automata") in the "
                    + "\(span) from \(times.absolute(from).dropLast(3))"
        ]
        if isCut, let last = firings.last {
            lines.append(
                style.paint(
                    "these are the first, up to \(times.absolute(last.expected).dropLast(3)); "
                        + "the rest: aura-ctl timeline --from "
                        + "'\(times.absolute(last.expected).dropLast(3))'", .yellow))
        }
        let often = Dictionary(grouping: firings, by: \.automaton).filter {
            isOften($0.value.count)
        }
        lines += tell(often, style, times)
        let seldom = firings.filter { often[$0.automaton] == nil }
        lines += tell(seldom, style, times)
        if firings.contains(where: { $0.expected != $0.nominal }) {
            lines += ["", style.paint("~ moved by the automaton's jitter", .faint)]
        }
        return lines + absent(names, style, times)
    }

    /// Whether there are more firings than one answer holds.
    private var isCut: Bool { firings.count >= ControlPath.firingsMax }

    /// More than twice an hour: told hour by hour it would hide the others.
    private func isOften(_ count: Int) -> Bool {
        let end = isCut ? firings.last?.expected ?? to : to
        let hours = max(1, (end - from).count / 3_600_000)
        return (to - from).count > 3_600_000 && count > 2 * hours
    }

    /// A line for each automaton that fires often.
    private func tell(
        _ often: [AutomatonName: [PlannedFiring]], _ style: Style, _ times: TimeText
    ) -> [String] {
        guard !often.isEmpty else { return [] }
        let margin = often.keys.map { TextWidth.of($0.text) }.max() ?? 0
        let schedules = Dictionary(
            automata.map { ($0.row.name, $0.schedule) }, uniquingKeysWith: { first, _ in first })
        return ["", style.paint("often", .bold)]
            + often.sorted { $0.key < $1.key }.map { name, firings in
                let first = firings.first.map { ", first at \(clock(of: $0, times))" } ?? ""
                let schedule = schedules[name].map { ", " + SafeText.line($0) } ?? ""
                let isPaused = automata.contains { $0.row.name == name && $0.row.pause != nil }
                let line =
                    "  \(TextWidth.pad(name.text, to: min(margin, nameMax)))  "
                    + "\(HumanText.count(firings.count)) times\(first)\(schedule)"
                    + (isPaused ? ", paused: each is skipped" : "")
                return width.map { TextWidth.cut(line, to: $0) } ?? line
            }
    }

    /// The firings by day and hour.
    private func tell(
        _ firings: [PlannedFiring], _ style: Style, _ times: TimeText
    ) -> [String] {
        var lines: [String] = []
        let margin = min(
            nameMax, firings.map { TextWidth.of($0.automaton.text) }.max() ?? 0)
        var day: CivilDate?
        var offset: Int?
        for hour in hours(of: firings, times) {
            if let offset, offset != hour.offset {
                lines.append(
                    style.paint(
                        "  the clocks go \(hour.offset > offset ? "forward" : "back"), to "
                            + CivilText.offset(hour.offset), .yellow))
            }
            if day != hour.start.date {
                lines += ["", style.paint(CivilText.day(hour.start.date), .bold)]
            }
            (day, offset) = (hour.start.date, hour.offset)
            for (index, row) in hour.rows.enumerated() {
                let clock = index == 0 ? CivilText.clock(hour.start) : "     "
                let name = TextWidth.pad(TextWidth.cut(row.name.text, to: margin), to: margin)
                // Two blanks on the left and between each two columns, five for the hour.
                let room = (width ?? Self.widthDefault) - margin - 11
                lines.append("  \(clock)  \(name)  \(text(of: row, to: room, times))")
            }
        }
        return lines
    }

    /// Firings by hour of the local clock, the two passes of an hour that comes twice apart.
    private func hours(of firings: [PlannedFiring], _ times: TimeText) -> [Hour] {
        var hours: [Hour] = []
        for firing in firings {
            let offset = times.offset(firing.expected)
            let reading = firing.expected.seconds + offset
            let start = CivilTime(reading: reading - (reading % 3600 + 3600) % 3600)
            if hours.last?.start != start || hours.last?.offset != offset {
                hours.append(Hour(start: start, offset: offset, rows: []))
            }
            let last = hours.count - 1
            if let row = hours[last].rows.firstIndex(where: { $0.name == firing.automaton }) {
                hours[last].rows[row].firings.append(firing)
            } else {
                hours[last].rows.append(Row(name: firing.automaton, firings: [firing]))
            }
        }
        return hours
    }

    /// `02:00 02:10 ~02:21`; when there is no room for all, how many, the first and the last.
    private func text(of row: Row, to room: Int, _ times: TimeText) -> String {
        let clocks = row.firings.map { clock(of: $0, times) }
        let all = clocks.joined(separator: " ")
        guard TextWidth.of(all) > room, let first = clocks.first, let last = clocks.last else {
            return all
        }
        return "\(HumanText.count(clocks.count)) times, \(first) to \(last)"
    }

    private func clock(of firing: PlannedFiring, _ times: TimeText) -> String {
        let offset = times.offset(firing.expected)
        let civil = CivilTime(reading: firing.expected.seconds + offset)
        return (firing.expected == firing.nominal ? "" : "~") + CivilText.clock(civil)
    }

    /// The automata that do not fire in this time, and why or when.
    private func absent(
        _ names: Set<AutomatonName>, _ style: Style, _ times: TimeText
    ) -> [String] {
        let rest = automata.filter { !names.contains($0.row.name) }
        guard !rest.isEmpty else { return [] }
        let margin = min(nameMax, rest.map { TextWidth.of($0.row.name.text) }.max() ?? 0)
        return ["", isCut ? "not up to then:" : "not in this time:"]
            + rest.map { status in
                let next =
                    status.next.map { "next " + times.both($0) }
                    ?? status.when.map { SafeText.line($0) }
                    ?? "no time is planned: \(SafeText.line(status.schedule))"
                let what = AutomatonText.whyNot(status)?.word ?? next
                let name = TextWidth.cut(status.row.name.text, to: margin)
                return "  \(TextWidth.pad(name, to: margin))  "
                    + style.paint(what, .faint)
            }
    }
}
