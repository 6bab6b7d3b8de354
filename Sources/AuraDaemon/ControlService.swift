import AuraModel
import AuraRecord
import AuraSupervision

/// What the control API means.
///
/// Reads come from snapshots of the record, orders go to the turn loop.
struct ControlService: Sendable {
    let inbox: Inbox
    let reader: RecordReader
    let signer: CheckpointSigner
    let definitions: DefinitionLoader
    let replayer: Replayer
    let live: LiveTexts

    /// 100: the runs of one screen and then some; `limit` asks for more.
    static let runsDefault = 100
    static let runsMax = 10_000
    /// 200: rows read in one snapshot.
    static let runsPage = 200
    /// How often a waiting reader looks for a new entry: an operator does not see less.
    static let followInterval = Duration.milliseconds(100)

    func status() async throws -> DaemonStatus { try await inbox.status().get() }

    func automata() async throws -> [AutomatonStatus] { try await status().automata }

    func automaton(_ name: AutomatonName) async throws -> AutomatonStatus {
        guard let found = try await automata().first(where: { $0.row.name == name }) else {
            throw APIError(.notFound, "there is no automaton '\(name)'", hint: "aura-ctl list")
        }
        return found
    }

    func order(
        _ verb: String, _ name: AutomatonName, by principal: Principal
    ) async throws -> OrderResult {
        let order: Order
        switch verb {
        case "start": order = .start(name)
        case "restart": order = .restart(name)
        case "pause": order = .pause(name)
        case "resume": order = .resume(name)
        default: throw APIError(.notFound, "there is no order '\(verb)'")
        }
        return try await inbox.order(order, by: principal).get()
    }

    func run(
        _ name: AutomatonName, _ given: RunOrder, by principal: Principal
    ) async throws -> OrderResult {
        try await inbox.order(.run(name, given), by: principal).get()
    }

    func stop(
        _ name: AutomatonName, _ how: StopOrder, by principal: Principal
    ) async throws -> OrderResult {
        try await inbox.order(.stop(name, how), by: principal).get()
    }

    func stop(_ id: RunID, by principal: Principal) async throws -> OrderResult {
        _ = try run(id)
        return try await inbox.order(.stopRun(id), by: principal).get()
    }

    func answer(_ id: RunID, _ text: String, by principal: Principal) async throws -> OrderResult {
        _ = try run(id)
        return try await inbox.order(.answer(id, text: text), by: principal).get()
    }

    func tell(
        _ id: RunID, _ message: ChatMessage, by principal: Principal
    ) async throws -> OrderResult {
        let row = try run(id).run
        guard let outcome = row.outcome else {
            return try await inbox.order(.tell(id, message), by: principal).get()
        }
        if row.told?.contains(where: { $0.id == message.id }) == true {
            return OrderResult(
                changed: false, message: "run \(id) had that message, and is over", run: id)
        }
        throw APIError(
            .refused, "run \(id) is over: \(EntryText.text(of: outcome))",
            hint: "aura-ctl show \(id)")
    }

    func budgets(query: Query, at now: Instant) async throws -> [BudgetLevel] {
        var name: AutomatonName?
        if let text = query["automaton"] {
            guard let known = AutomatonName(text) else {
                throw APIError(.badRequest, "`\(text)` is not an automaton's name")
            }
            name = try await automaton(known).row.name
        }
        return try await inbox.ask { [name] kernel in kernel.budgets(of: name, at: now) }.get()
    }

    func runs(query: Query) async throws -> [RunRow] {
        let limit = try query.number("limit", Self.runsDefault, in: 1...Self.runsMax)
        let filter = try RunFilter(query)
        var rows: [RunRow] = []
        var before: String?
        search: while rows.count < limit {
            let page = try reader.rows(
                in: .runs, limit: Self.runsPage, newestFirst: true, before: before)
            for (_, text) in page where rows.count < limit {
                let row = try JSON.decode(RunRow.self, from: text.utf8)
                // Their ids sort by time.
                if filter.isOlder(row) { break search }
                if filter.takes(row) { rows.append(row) }
            }
            guard page.count == Self.runsPage, let last = page.last else { break }
            before = last.key
        }
        // One that waits says for what, which no row can: its place changes with every start.
        guard rows.contains(where: { $0.phase == .queued }) else { return rows }
        return try await inbox.ask { [rows] kernel in rows.map { kernel.shown($0) } }.get()
    }

    func run(_ id: RunID) throws -> RunDetail {
        guard let row = try row(id) else {
            throw APIError(.notFound, "there is no run \(id)", hint: "aura-ctl runs")
        }
        let children = try reader.entries(run: id).compactMap { entry -> RunRow? in
            guard case .runAdmitted = entry.fact, entry.parent == id, let child = entry.run
            else { return nil }
            return try self.row(child)
        }
        let definition = try reader.row(.definitions, row.definition).map {
            try JSON.decode(Definition.self, from: $0.utf8)
        }
        let profile = definition.map { CageProfile(of: $0, role: row.task?.role).rawValue }
        return RunDetail(run: row, children: children, profile: profile)
    }

    private func row(_ id: RunID) throws -> RunRow? {
        try reader.row(.runs, id.text).map { try JSON.decode(RunRow.self, from: $0.utf8) }
    }

    func entries(query: Query) async throws -> [Entry] {
        let after = try query.number("after", 0, in: 0...Int.max)
        let limit = try query.number(
            "limit", ControlPath.entriesMax, in: 1...ControlPath.entriesMax)
        let wait = try query.number("wait", 0, in: 0...ControlPath.waitMax.count)
        let automaton = query["automaton"].flatMap { AutomatonName($0) }
        let run = query["run"].flatMap { RunID($0) }
        let deadline = ContinuousClock.now + .milliseconds(wait)
        while true {
            let entries = try reader.entries(
                after: after, limit: limit, run: run, automaton: automaton)
            if !entries.isEmpty || ContinuousClock.now >= deadline { return entries }
            try await PoolExecutor.sleep(for: Self.followInterval)
        }
    }

    func check(_ definition: DefinitionText) -> [Diagnostic] {
        definitions.check(
            file: definition.file, text: definition.text, besides: definition.besides ?? [])
    }
}
