import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// What the control API tells of schedules.
extension ControlService {
    /// 100: the firings of one screen and then some; `limit` asks for more.
    private static let occurrencesDefault = 100
    /// A day: what a timeline shows when it is not told until when.
    private static let timelineSpan = Milliseconds.minutes(24 * 60)
    /// A minute: whoever asks for 02:00 means the firing of 02:00:30, too.
    private static let nearby = Milliseconds.minutes(1)

    func occurrences(of name: AutomatonName, query: Query) async throws -> [OccurrenceRow] {
        let limit = try query.number(
            "limit", Self.occurrencesDefault, in: 1...ControlPath.firingsMax)
        let to = Instant(milliseconds: try query.number("to", .max - 1, in: 0...(.max - 1)))
        let from = Instant(milliseconds: try query.number("from", 0, in: 0...Int.max))
        _ = try await known(name)
        var rows: [OccurrenceRow] = []
        var before = OccurrenceKey.text(name, to + Milliseconds(1))
        // Two rows may overlap: a firing of many in one row that was backfilled has its own, too.
        while rows.count < limit, let row = try newest(of: name, before: before),
            row.nominal >= from || row.through != nil
        {
            if row.through ?? row.nominal >= from { rows.append(row) }
            before = OccurrenceKey.text(of: row)
        }
        return rows
    }

    func timeline(query: Query) async throws -> [PlannedFiring] {
        let now = SystemClock.now()
        let from = try query.number("from", now.milliseconds, in: 0...Int.max)
        let to = try query.number("to", from &+ Self.timelineSpan.count, in: 0...Int.max)
        return try await inbox.ask { kernel in
            kernel.plannedFirings(
                after: Instant(milliseconds: from - 1), to: Instant(milliseconds: to),
                limit: ControlPath.firingsMax)
        }.get()
    }

    /// Why the automaton did or did not run at a time, or what became of its newest firing.
    func explain(_ name: AutomatonName, query: Query) async throws -> Explanation {
        let now = SystemClock.now()
        let at: Instant? =
            query["at"] == nil
            ? nil : Instant(milliseconds: try query.number("at", 0, in: 0...(.max / 2)))
        let after = at.map { max($0 + Milliseconds(-1), now) } ?? now
        guard
            let explainer = try await inbox.ask({ $0.explainer(of: name, after: after, at: now) })
                .get()
        else { throw Self.unknown(name) }
        let bound = at.map { $0 + Self.nearby } ?? Instant(milliseconds: .max)
        let row = try newest(of: name, before: OccurrenceKey.text(name, bound))
        if let covering = try at.map({ try covering($0, of: name, from: row) }) ?? row {
            return explainer.explain(.init(covering, run: try run(of: covering)))
        }
        guard let at else { return explainer.explainNoneYet() }
        return explainer.explainNothing(at: at, before: row)
    }

    /// The newest of `row` and those before it that tells of `at`.
    ///
    /// A row that stands for many firings may have some between that were backfilled, at most as
    /// many as may wait at once.
    private func covering(
        _ at: Instant, of name: AutomatonName, from row: OccurrenceRow?
    ) throws -> OccurrenceRow? {
        var row = row
        for _ in 0...FiringPolicy.countMax {
            guard let candidate = row else { return nil }
            if candidate.through ?? candidate.nominal >= at { return candidate }
            row = try newest(of: name, before: OccurrenceKey.text(of: candidate))
        }
        return nil
    }

    /// Lets the firings of a range of the past start, but for those that did already.
    func backfill(
        _ name: AutomatonName, _ range: BackfillRange, by principal: Principal
    ) async throws -> OrderResult {
        guard range.from <= range.to else {
            throw APIError(.badRequest, "the range ends before it begins")
        }
        _ = try await known(name)
        let planned = try await inbox.ask { $0.nominals(of: name, in: range) }.get()
        guard planned.count <= FiringPolicy.countMax else {
            throw APIError(
                .badRequest,
                "there are more than \(FiringPolicy.countMax) firings in that range",
                hint: "backfill a shorter range, then the next")
        }
        let open = try planned.filter { nominal in
            let text = try reader.row(.occurrences, OccurrenceKey.text(name, nominal))
            let row = try text.map { try JSON.decode(OccurrenceRow.self, from: $0.utf8) }
            if case .started = row?.decision { return false }
            return true
        }
        return try await inbox.order(.backfill(name, open), by: principal).get()
    }

    private func known(_ name: AutomatonName) async throws -> AutomatonRow {
        guard let row = try await inbox.ask({ $0.state.automata[name] }).get() else {
            throw Self.unknown(name)
        }
        return row
    }

    private static func unknown(_ name: AutomatonName) -> APIError {
        APIError(.notFound, "there is no automaton '\(name)'", hint: "aura-ctl list")
    }

    /// The newest occurrence of `name` with a key before `bound`.
    private func newest(of name: AutomatonName, before bound: String) throws -> OccurrenceRow? {
        try reader.rows(
            in: .occurrences, prefix: OccurrenceKey.prefix(name), limit: 1, newestFirst: true,
            before: bound
        ).first.map { try JSON.decode(OccurrenceRow.self, from: $0.value.utf8) }
    }

    private func run(of row: OccurrenceRow) throws -> RunRow? {
        guard case .started(let id) = row.decision else { return nil }
        return try reader.row(.runs, id.text).map {
            try JSON.decode(RunRow.self, from: $0.utf8)
        }
    }
}
