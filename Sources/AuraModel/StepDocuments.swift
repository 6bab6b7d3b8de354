/// Files as the steps `read` and `collect` print them.
package enum StepDocuments {
    /// The files by their paths; nil when the output is not whole, or not UTF-8.
    ///
    /// Each stands behind a line `file BYTES PATH` and before a newline of its own.
    package static func read(_ output: String) -> [String: String]? {
        var files: [String: String] = [:]
        var rest = Substring(output).utf8
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            let words = Substring(line).split(separator: " ", maxSplits: 2)
            guard words.count == 3, words[0] == "file", let count = Int(words[1]), count >= 0
            else { return nil }
            let body = rest[line.endIndex...].dropFirst()
            let text = String(decoding: body.prefix(count), as: UTF8.self)
            guard text.utf8.count == count, !text.unicodeScalars.contains("\u{FFFD}") else {
                return nil
            }
            files[String(words[2])] = text
            rest = body.dropFirst(count + 1)
        }
        return files
    }
}
