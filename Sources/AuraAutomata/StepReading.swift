import AuraModel

/// What the steps print and the statuses with which they end: the agreement with the daemon's step
/// runner.
enum StepReading {
    /// `survey`: the repository has no such base branch.
    static let statusNoBase = 6
    /// `survey`: the task list is not in the base.
    static let statusNoTasks = 7
    /// `export`: the tree is the same as the base's.
    static let statusUnchanged = 3
    /// `export`: the gate refused paths, which are in the output.
    static let statusGate = 5
    /// `rebase`: the change does not fit on the newer base.
    static let statusConflict = 9
    /// `survey`, `land`: the base branch, which is to go forward, is checked out.
    static let statusCheckedOut = 10
    /// `land`: the branch was moved by someone else meanwhile.
    static let statusMoved = 4

    /// 3: a step that brings the daemon down each time is not to be tried for ever.
    static let interruptionsMax = 3

    /// What `survey` found.
    struct Survey: Hashable, Sendable, Encodable {
        var base: String
        /// The task list as it stands in the base, byte for byte.
        var list: String
        /// Landed work that is on an older base, what it builds on first.
        var stale: [Stale] = []
    }

    /// A landed commit, not merged yet, whose base is no longer the base branch's tip.
    struct Stale: Hashable, Sendable, Encodable {
        var commit: String
        var task: String
    }

    /// A survey's output, or why it cannot be trusted.
    enum SurveyReading: Hashable, Sendable {
        case read(Survey)
        case unreadable(String)
    }

    /// Reads `base COMMIT`, or `base COMMIT BYTES` with the list's length for proof, and the list
    /// behind.
    ///
    /// The list goes back into a commit with one byte changed, so a list that was cut or recoded on
    /// its way is refused here.
    static func survey(_ output: String) -> SurveyReading {
        var rest = Substring(output).utf8
        var stale: [Stale] = []
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[line.endIndex...].dropFirst()
            if let words = words(line, after: "stale"), words.count == 2, isCommit(words[0]) {
                stale.append(Stale(commit: String(words[0]), task: String(words[1])))
                continue
            }
            guard let words = words(line, after: "base"), let base = words.first, isCommit(base)
            else { continue }
            let list = String(decoding: rest, as: UTF8.self)
            if words.count > 1, let count = Int(words[1]), count != list.utf8.count {
                return .unreadable("the task list came with \(list.utf8.count) of \(count) bytes")
            }
            if list.unicodeScalars.contains("\u{FFFD}") {
                return .unreadable("the task list is not UTF-8")
            }
            return .read(Survey(base: String(base), list: list, stale: stale))
        }
        return .unreadable("no line `base COMMIT` in: \(Excerpt.line(output))")
    }

    /// The commit of the base branch itself, from a survey that was asked for no list.
    static func head(_ output: String) -> String? {
        for line in output.utf8.split(separator: UInt8(ascii: "\n")) {
            if let commit = words(line, after: "branch")?.first, isCommit(commit) {
                return String(commit)
            }
        }
        return nil
    }

    /// Why a collected file is not the output that was declared; nil when it is.
    static func flaw(in text: String?, as output: OutputDeclaration) -> String? {
        guard let text else { return "\(output.path) is not there" }
        guard let schema = output.schema else { return nil }
        guard let value = try? JSON.decode(JSONValue.self, from: text.utf8) else {
            return "\(output.path) is no JSON"
        }
        return JSONSchema.misfit(of: value, in: schema).map { "\(output.path): \($0)" }
    }

    /// The commit of an export's last line `commit COMMIT`.
    static func commit(_ output: String) -> String? {
        for line in output.utf8.split(separator: UInt8(ascii: "\n")).reversed() {
            if let commit = words(line, after: "commit")?.first, isCommit(commit) {
                return String(commit)
            }
        }
        return nil
    }

    /// The project's notes for agents; none where they could not be read: work goes on without.
    static func notes(_ result: StepResult) -> [ProjectNote] {
        result.isSuccess ? ProjectNote.read(result.output) ?? [] : []
    }

    /// How a step failed, in one line.
    static func failure(_ what: String, _ result: StepResult) -> String {
        let why = Excerpt.line(lastLine(result.output))
        return "\(what): \(result.exit.text)" + (why.isEmpty ? "" : ": \(why)")
    }

    /// The paths that the gate refused, in one line.
    static func gate(_ result: StepResult) -> String {
        let paths = result.output.split(whereSeparator: \.isNewline).joined(separator: ", ")
        return "the gate refused files that would run later: \(Excerpt.line(paths))"
    }

    /// A failed step's end of output says more than its beginning.
    private static func lastLine(_ output: String) -> String {
        let lines = output.split(whereSeparator: \.isNewline)
        return lines.last { line in line.contains { !$0.isWhitespace } }.map(String.init) ?? ""
    }

    /// The words of a line behind `first`, or nil when the line does not begin with it.
    private static func words(_ line: Substring.UTF8View, after first: String) -> [Substring]? {
        let words = Substring(line).split { $0 == " " || $0 == "\r" }
        guard let head = words.first, head == first else { return nil }
        return Array(words.dropFirst())
    }

    /// SHA-1 or SHA-256 in lower-case hex.
    private static func isCommit(_ word: Substring) -> Bool {
        (word.utf8.count == 40 || word.utf8.count == 64)
            && word.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }
}
