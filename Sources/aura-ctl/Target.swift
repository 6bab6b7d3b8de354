import AuraModel

/// What an operator means by a name or an id.
enum Target: Equatable {
    case automaton(AutomatonName)
    case run(RunID)

    /// Reads a name, a run's id or its short form.
    ///
    /// Names begin with a letter and ids of this millennium with a digit, so no text is both.
    static func read(_ text: String, _ client: Client) throws -> Self {
        if let name = AutomatonName(text) { return .automaton(name) }
        return .run(try run(text, client))
    }

    /// Reads an automaton's name.
    static func automaton(_ text: String) throws -> AutomatonName {
        guard let name = AutomatonName(text) else {
            throw Failure(
                .usage, .badRequest,
                "`\(text)` is no automaton's name: \(AutomatonName.expectation)",
                hint: "aura-ctl list")
        }
        return name
    }

    /// Reads a run's id, or finds the one that ends in the short form.
    static func run(_ text: String, _ client: Client) throws -> RunID {
        if let run = RunID(text) { return run }
        // The head of any id makes a short form one, if its characters are those of ids.
        guard text.utf8.count < RunID.length, !text.isEmpty,
            RunID(String(repeating: "0", count: RunID.length - text.utf8.count) + text) != nil
        else {
            throw Failure(
                .usage, .badRequest, "`\(text)` is neither a run's id nor an automaton's name",
                hint: "aura-ctl runs")
        }
        let rows = try client.get(
            ControlPath.runs, [("limit", String(searchMax))], as: [RunRow].self)
        return try choose(text, among: rows.map(\.id))
    }

    /// 1000: runs among which a short form is looked for, newest first.
    static let searchMax = 1000

    /// The one id that ends in `text`.
    static func choose(_ text: String, among ids: [RunID]) throws -> RunID {
        let found = ids.filter { $0.text.hasSuffix(text) }
        guard let first = found.first else {
            throw Failure(
                .unknown, .notFound, "no run ends in `\(text)` among the newest \(searchMax)",
                hint: "aura-ctl runs")
        }
        guard found.count == 1 else {
            throw Failure(
                .usage, .badRequest,
                "\(found.count) runs end in `\(text)`: "
                    + found.prefix(3).map(\.text).joined(separator: ", "),
                hint: "type more of the id")
        }
        return first
    }
}
