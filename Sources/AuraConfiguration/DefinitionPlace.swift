/// Where a definition's file says something: for what only shows when the whole system is looked at.
package enum DefinitionPlace {
    /// The line and the column, from 1, of the value at `path`, such as `schedule`, `zone`; in a list
    /// by number, from 0.
    ///
    /// Where the file does not have it, of the last one on the way there; zeros for a file that
    /// cannot be read.
    package static func of(_ path: [String], in text: String) -> (line: Int, column: Int) {
        var report = Report("")
        guard var node = YAMLTree.read(text, &report) else { return (0, 0) }
        for key in path {
            guard let next = member(key, of: node) else { break }
            node = next
        }
        return (node.place.line, node.place.column)
    }

    private static func member(_ key: String, of node: ConfigurationNode) -> ConfigurationNode? {
        switch node.value {
        case .mapping(let members): return members.first { $0.key == key }?.value
        case .sequence(let items):
            return Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil }
        default: return nil
        }
    }
}
