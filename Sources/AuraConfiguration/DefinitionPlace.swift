/// Where a definition's file says something: for what only shows when the whole system is looked at.
package enum DefinitionPlace {
    /// The line and the column, from 1, of the value at `path`, such as `schedule`, `zone`.
    ///
    /// Where the file does not have it, of the last one on the way there; zeros for a file that
    /// cannot be read.
    package static func of(_ path: [String], in text: String) -> (line: Int, column: Int) {
        var report = Report("")
        guard var node = YAMLTree.read(text, &report) else { return (0, 0) }
        for key in path {
            guard case .mapping(let members) = node.value,
                let member = members.first(where: { $0.key == key })
            else { break }
            node = member.value
        }
        return (node.place.line, node.place.column)
    }
}
