/// A file in which a project tells agents how work is done in it: an `AGENTS.md`.
///
/// Read from a commit by a step, never from the tree that an agent can write.
package struct ProjectNote: Hashable, Sendable, Codable {
    /// Inside the repository.
    package var path: String
    /// The object that git keeps it under: its content, hashed.
    package var blob: String
    /// Bytes of the whole file; `text` may be its beginning only.
    package var bytes: Int
    package var text: String

    /// The directory that the note is about, with a slash at its end; empty: all of the project.
    package var directory: String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// The notes as the step `notes` prints them, in order; nil when the output is not whole.
    ///
    /// Each stands behind a line `note BLOB BYTES SHOWN PATH`, where BYTES is the size of the file and
    /// SHOWN that of the text, and before a newline of its own.
    package static func read(_ output: String) -> [Self]? {
        var notes: [Self] = []
        var rest = Substring(output).utf8
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            let words = Substring(line).split(separator: " ", maxSplits: 4)
            guard words.count == 5, words[0] == "note", let bytes = Int(words[2]),
                let shown = Int(words[3]), shown >= 0
            else { return nil }
            let body = rest[line.endIndex...].dropFirst()
            let text = String(decoding: body.prefix(shown), as: UTF8.self)
            guard text.utf8.count == shown else { return nil }
            notes.append(
                Self(path: String(words[4]), blob: String(words[1]), bytes: bytes, text: text))
            rest = body.dropFirst(shown + 1)
        }
        return notes
    }
}
