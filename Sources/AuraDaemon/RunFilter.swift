import AuraModel

/// Which runs a list is to have; what is not given does not matter.
struct RunFilter {
    private var automaton: String?
    private var standing: RunStanding?
    private var ending: RunOutcome.Ending?
    private var since: Instant?

    /// The filter that `query` asks for; `badRequest` for a word that is none.
    init(_ query: Query) throws {
        automaton = query["automaton"]
        standing = try Self.word(query, "state")
        ending = try Self.word(query, "outcome")
        since = try query["since"].map { text in
            guard let milliseconds = Int(text) else {
                throw APIError(.badRequest, "'since' is in milliseconds of 1970, not '\(text)'")
            }
            return Instant(milliseconds: milliseconds)
        }
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ query: Query, _ name: String
    ) throws -> Word? where Word.RawValue == String {
        guard let text = query[name] else { return nil }
        guard let word = Word(rawValue: text) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError(.badRequest, "'\(name)' is one of \(words), not '\(text)'")
        }
        return word
    }

    func takes(_ row: RunRow) -> Bool {
        if let automaton, row.automaton.text != automaton { return false }
        if let standing, RunStanding(row.phase) != standing { return false }
        if let ending, row.outcome?.ending != ending { return false }
        return !isOlder(row)
    }

    /// Whether the run is from before the time that is asked for, and so are all older ones.
    func isOlder(_ row: RunRow) -> Bool { since.map { row.admittedAt < $0 } ?? false }
}
