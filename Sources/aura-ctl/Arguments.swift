import AuraModel

/// The words of the command line, put into the order that the parser takes.
enum Arguments {
    /// Moves options before the verb behind it, and says `-2h` as `2h ago` where a time is meant.
    ///
    /// Every verb takes `--socket` and `-o`, and an operator may type them first, as with
    /// systemctl. The parser would take `-2h` for an option. What stands behind `--` is left alone.
    static func arranged(_ given: [String]) -> [String] {
        var rest = given[...]
        var leading: [String] = []
        while let word = rest.first {
            if ["--socket", "-o", "--output"].contains(word), rest.count > 1 {
                leading += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if isWhole(word) {
                leading.append(word)
                rest = rest.dropFirst()
            } else {
                break
            }
        }
        // Without a verb, or with `help`, only a page of help is asked for.
        guard let verb = rest.first, verb != "help", !verb.hasPrefix("-") else {
            return Array(rest)
        }
        let end = rest.firstIndex(of: "--") ?? rest.endIndex
        var words = Array(rest[..<end])
        if timeVerbs.contains(verb) { words = words.map(spelledOut) }
        return words + leading + rest[end...]
    }

    /// The verbs that take times.
    private static let timeVerbs: Set = [
        "backfill", "calendar", "explain", "occurrences", "timeline",
    ]

    private static func isWhole(_ word: String) -> Bool {
        word.hasPrefix("--socket=") || word.hasPrefix("--output=")
            || word.hasPrefix("-o") && word.count > 2
    }

    private static func spelledOut(_ word: String) -> String {
        guard word.hasPrefix("-"), (try? DurationText.parse(String(word.dropFirst()))) != nil
        else { return word }
        return word.dropFirst() + " ago"
    }
}
