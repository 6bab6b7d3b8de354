package import AuraModel

/// Every definition that was ever in force, by digest.
///
/// Each is kept as the fact that loaded it, whose memory is its own and the entry's that is being
/// committed: a copy beside it would be half a kilobyte more, and when ten thousand facts are freed
/// after their commit, what lies between them keeps their pages.
package struct DefinitionTable: Sendable {
    private var places: [String: Int] = [:]
    private var facts: [Fact] = []

    /// The definition with this digest; nil when none was ever in force.
    package subscript(digest: String) -> Definition? {
        guard let place = places[digest],
            case .definitionLoaded(_, let definition) = facts[place]
        else { return nil }
        return definition
    }

    /// Keeps the definition that `fact` loads: the same one whenever it is kept.
    mutating func keep(_ fact: Fact) {
        guard case .definitionLoaded(let digest, _) = fact, places[digest] == nil else { return }
        places[digest] = facts.count
        facts.append(fact)
    }
}
