import AuraModel

/// Budgets, one level a line, and below it what is held for which call.
enum BudgetTable {
    static func lines(
        _ levels: [BudgetLevel], width: Int?, _ style: Style, _ times: TimeText
    ) -> [String] {
        guard !levels.isEmpty else { return ["no automata, so no budgets"] }
        var table = Table(columns: [
            .init(title: "BUDGET", isFlexible: true), .init(title: "WINDOW"),
            .init(title: "USED", isRight: true), .init(title: "SPENT", isFlexible: true),
            .init(title: "HELD", isFlexible: true),
        ])
        for level in levels {
            let share = share(of: level)
            table.rows.append([
                .init(title(of: level)), .init(window(of: level)),
                .init(share.map { "\($0)%" } ?? "-", colour(share)),
                .init(BudgetText.spent(level.spent, of: level.limits)),
                .init(level.reserved == .zero ? "-" : HumanText.amount(level.reserved)),
            ])
            for held in level.reservations {
                table.rows.append([
                    .init("    call \(held.command)"), .init(times.ago(held.since)), .init(""),
                    .init(""), .init(HumanText.amount(held.amount)),
                ])
            }
        }
        return table.lines(width: width, style)
    }

    private static func title(of level: BudgetLevel) -> String {
        switch level.kind {
        case .host: "host"
        case .automaton: level.automaton?.text ?? ""
        case .run: (level.parent == nil ? "  run " : "    task run ") + (level.run?.short ?? "")
        }
    }

    private static func window(of level: BudgetLevel) -> String {
        level.day.map { SafeText.line($0) } ?? "its whole run"
    }

    /// Per cent of the part that is used most, what is held counted; nil where nothing is bounded.
    static func share(of level: BudgetLevel) -> Int? {
        let (used, limits) = (level.used, level.limits)
        let parts: [(Int, Int?)] = [
            (used.tokens, limits.tokens), (used.microDollars, limits.microDollars),
            (used.calls, limits.calls), (used.wall.count, limits.wall?.count),
        ]
        return parts.compactMap { used, limit in
            guard let limit else { return nil }
            // In two steps: a hundred times an amount may be too large.
            guard limit > 0 else { return 100 }
            return used / limit * 100 + used % limit * 100 / limit
        }.max()
    }

    private static func colour(_ share: Int?) -> Style.Colour? {
        guard let share else { return nil }
        return share >= 100 ? .red : share >= 80 ? .yellow : nil
    }
}
