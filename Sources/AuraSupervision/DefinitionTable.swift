package import AuraModel

/// Every definition that was ever in force, by digest, all in one piece of memory.
///
/// A definition is about a kilobyte. A dictionary has room for half as many more than it holds, and
/// ten thousand places of their own lie between what is freed again once they are loaded: either
/// way they would take twice as much.
package struct DefinitionTable: Sendable {
    private var places: [String: Int] = [:]
    private var definitions: [Definition] = []

    /// The definition with this digest; nil when none was ever in force.
    package subscript(digest: String) -> Definition? { places[digest].map { definitions[$0] } }

    /// Keeps the definition that `digest` stands for: the same one whenever it is kept.
    mutating func keep(_ definition: Definition, as digest: String) {
        guard places[digest] == nil else { return }
        places[digest] = definitions.count
        definitions.append(definition)
    }
}
