import AuraConfiguration
import AuraConfinement
import AuraModel

/// What a definition's tool servers will lack once their cage is built, as far as it can be told
/// now.
///
/// A warning and no error: a program may be installed after its definition.
enum ServerWarnings {
    /// One for each server that could not start, or that names a file which its cage does not see.
    static func of(_ definition: Definition, in file: String, _ text: String) -> [Diagnostic] {
        let sight = CageSight(definition)
        return (definition.servers ?? []).enumerated().compactMap { index, server in
            guard let (word, flaw) = flaw(of: server, sight) else { return nil }
            let path = ["servers", "\(index)", "run", "\(word)"]
            let place = DefinitionPlace.of(path, in: text)
            return Diagnostic(
                file: file, line: place.line, column: place.column,
                message: "`servers[\(index)].run`: " + SafeText.line(flaw.found),
                hint: SafeText.line(flaw.hint), isWarning: true)
        }
    }

    /// What is found in place of what is expected, and what to type next.
    private typealias Flaw = (found: String, hint: String)

    private static func flaw(
        of server: ServerDeclaration, _ sight: CageSight
    ) -> (word: Int, Flaw)? {
        guard let program = server.argv.first else { return nil }
        let searchPath = CagePlan.command(run: "", server.argv, workspace: nil).searchPath
        let (path, find) = sight.search(program, in: searchPath)
        if let flaw = flaw(program, path, find, searchPath) { return (0, flaw) }
        if find == .program, let interpreter = sight.interpreter(of: path),
            let flaw = flaw(interpreter, interpreter, sight.find(interpreter), searchPath)
        {
            return (0, ("its first line names an interpreter: " + flaw.found, flaw.hint))
        }
        // What an interpreter is to run has to be seen as well.
        for (index, word) in server.argv.enumerated().dropFirst()
        where word.hasPrefix("/") && sight.find(word) == .unseen {
            return (index, unseen(word))
        }
        return nil
    }

    private static func flaw(
        _ word: String, _ path: String, _ find: CageSight.Find, _ searchPath: String
    ) -> Flaw? {
        switch find {
        case .program, .unknown: return nil
        case .unseen: return unseen(path)
        case .noProgram:
            return (
                "found \(path), expected a file that aurad's user may execute",
                "sudo chmod a+rx \(path)"
            )
        case .absent:
            guard word.hasPrefix("/") else {
                return (
                    "nothing called \(word) in \(searchPath), where a cage looks",
                    "`command -v \(word)` names its path, to be written here; its directory has to "
                        + "stand in capabilities.read unless it is below /usr"
                )
            }
            return ("there is no file \(path), expected a program", "ls -l \(path)")
        }
    }

    private static func unseen(_ path: String) -> Flaw {
        // A link that is seen may lead to what is not.
        let real = CagePlan.canonicalPath(path) ?? path
        let directory = real.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        return (
            "a cage does not see \(real), expected a file below /usr or what `capabilities.read` "
                + "names",
            "capabilities: {read: [\(directory.isEmpty ? real : directory)]}"
        )
    }
}
