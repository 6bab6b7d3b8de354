package import AuraModel

/// Reads all definitions of a directory together: the pure part, from the files' texts.
package enum DefinitionDirectory {
    /// The definitions of `files` with their files, by name, and everything wrong with the others,
    /// by file.
    ///
    /// A broken file stops nothing but itself. A name that two files claim belongs to the file
    /// whose own name sorts first; the later one is refused.
    package static func read(
        _ files: [(file: String, text: String)]
    ) -> (definitions: [(file: String, definition: Definition)], diagnostics: [Diagnostic]) {
        var definitions: [AutomatonName: Definition] = [:]
        var claims: [AutomatonName: (file: String, line: Int)] = [:]
        var diagnostics: [Diagnostic] = []
        for (file, text) in files.sorted(by: { $0.file < $1.file }) {
            var report = Report(file)
            let placed = DefinitionReader.read(text, &report)
            if let placed, report.isEmpty {
                let (definition, place) = placed
                if let claim = claims[definition.name] {
                    report.add(
                        place,
                        "`automaton`: a second automaton called `\(definition.name)`, "
                            + "the first is in \(claim.file), line \(claim.line)",
                        hint: "give one of the two another name")
                } else {
                    definitions[definition.name] = definition
                    claims[definition.name] = (file, place.line)
                }
            }
            diagnostics += report.sorted
        }
        let sorted = definitions.sorted { $0.key < $1.key }.map { name, definition in
            (claims[name]?.file ?? "", definition)
        }
        return (sorted, diagnostics)
    }
}
