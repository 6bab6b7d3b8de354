extension Schedule {
    /// What the schedule means in plain words: `every 10 minutes`, `at 02:00 on Monday to Friday`,
    /// `on the last Friday of each month at 17:30`.
    ///
    /// Total, and made from what was understood, not from the text: two expressions that mean the
    /// same read the same.
    package func describe() -> String {
        switch self {
        case .cron(let expression): PatternWords(expression.pattern).text
        case .calendar(let expression): PatternWords(expression.pattern).text
        case .every(let interval): "every " + Self.words(milliseconds: interval.milliseconds)
        case .at(let instants): Self.words(instants)
        case .reboot: "once for each boot of the machine, when aurad first starts in it"
        case .manual: "only by hand"
        }
    }

    /// `10 minutes`, `1 hour and 30 minutes`; `hour` for one of a unit alone.
    private static func words(milliseconds: Int) -> String {
        var rest = milliseconds
        var parts: [(count: Int, unit: String)] = []
        let units = [
            (86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second"),
            (1, "millisecond"),
        ]
        for (size, unit) in units {
            let (count, remainder) = rest.quotientAndRemainder(dividingBy: size)
            if count > 0 { parts.append((count, unit)) }
            rest = remainder
        }
        if parts.count == 1, parts[0].count == 1 { return parts[0].unit }
        return Wording.list(parts.map { "\($0.count) \($0.unit)\($0.count == 1 ? "" : "s")" })
    }

    private static func words(_ instants: InstantList) -> String {
        // More than three would bury the sentence.
        guard instants.texts.count > 3, let first = instants.milliseconds.first,
            let last = instants.milliseconds.last
        else { return "once at " + Wording.list(instants.texts) }
        let ends = [first, last].map {
            "\(CivilTime(reading: floorDivide($0, by: 1_000).quotient)) UTC"
        }
        return "at \(instants.texts.count) instants from \(ends[0]) to \(ends[1])"
    }
}

/// Pieces of English.
enum Wording {
    /// `a`, `a and b`, `a, b and c`.
    static func list(_ items: [String], _ conjunction: String = "and") -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " \(conjunction) " + last
    }

    /// `1st`, `2nd`, `3rd`, `11th`.
    static func ordinal(_ number: Int) -> String {
        let suffix =
            switch (number % 10, number % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(number)\(suffix)"
    }

    /// The members with three or more in a row drawn together: `1, 2 and 5 to 9`.
    static func runs(_ members: [Int], _ word: (Int) -> String) -> String {
        var runs: [ClosedRange<Int>] = []
        for member in members {
            if let last = runs.last, last.upperBound + 1 == member {
                runs[runs.count - 1] = last.lowerBound...member
            } else {
                runs.append(member...member)
            }
        }
        return list(
            runs.flatMap { run in
                run.count > 2
                    ? ["\(word(run.lowerBound)) to \(word(run.upperBound))"] : run.map(word)
            })
    }

    static let months = CronField.Kind.month.names.map(capitalized)
    static let weekdays = CronField.Kind.dayOfWeek.names.map(capitalized)

    private static func capitalized(_ word: String) -> String {
        word.prefix(1).uppercased() + word.dropFirst()
    }
}
