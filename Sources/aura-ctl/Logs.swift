import ArgumentParser
import AuraModel
import Glibc

/// Entries of a run or an automaton, one line each.
struct Logs: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Print what happened, a line for each entry.",
        discussion: """
            With -f on a run it ends when the run does, and a restart of the daemon is waited out. \
            `journalctl -t aurad` has the same lines.
            """)

    @Argument(
        help: "A run (with its children) or an automaton; everything if left out.",
        completion: .custom(Completions.targets))
    var target: String?
    @Flag(name: .shortAndLong, help: "Go on with new entries as they come.") var follow = false
    @Option(name: .shortAndLong, help: "Only the last so many lines before that.") var number: Int?
    @Flag(name: .shortAndLong, help: "Bookkeeping, too.") var all = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let number, number < 0 { throw ValidationError("-n is at least 0") }
    }

    func perform(_ session: Session) throws -> Int32 {
        var query = EntryQuery(after: 0)
        switch try target.map({ try Target.read($0, session.client) }) {
        case .automaton(let name): query.automaton = name
        case .run(let run): query.run = run
        case nil: break
        }
        if let run = query.run {
            // An id that never was must not look like a run without entries.
            let _: RunDetail = try session.client.get("\(ControlPath.runs)/\(run)")
        } else if let name = query.automaton {
            let _: AutomatonStatus = try session.client.get("\(ControlPath.automata)/\(name)")
        }
        var printer = Printer(session: session, showsAll: all)
        var isOver = false
        // What is there: all of it is told, for outcomes are told with their intents.
        var tail: [String] = []
        while true {
            let entries: [Entry] = try session.client.get(ControlPath.entries, query.items)
            guard let last = entries.last else { break }
            query.after = last.sequence
            isOver = isOver || entries.contains { $0.run == query.run && $0.isEnd }
            let lines = try entries.compactMap { try printer.line(of: $0) }
            guard let number else {
                Output.write(lines.joined())
                continue
            }
            tail = (tail + lines).suffix(number)
        }
        Output.write(tail.joined())
        guard follow, !isOver else { return AuraExit.success.rawValue }
        return try goOn(query, &printer, session)
    }

    private func goOn(_ start: EntryQuery, _ printer: inout Printer, _ session: Session) throws
        -> Int32
    {
        var query = start
        query.wait = ControlPath.waitMax
        let patience = Milliseconds(ControlPath.waitMax.count + Client.patience.count)
        var absence = Absence()
        while true {
            let entries: [Entry]
            do {
                entries = try session.client.get(
                    ControlPath.entries, query.items, patience: patience)
                if absence.end() { tell("aurad is back") }
            } catch let failure as Failure {
                if try absence.bear(failure) { tell("aurad is away; waiting for it") }
                usleep(Absence.restMicroseconds)
                continue
            }
            for entry in entries {
                query.after = entry.sequence
                if let line = try printer.line(of: entry) { Output.write(line) }
                if query.run != nil, entry.run == query.run, entry.isEnd {
                    return AuraExit.success.rawValue
                }
            }
        }
    }

    /// Beside the lines, so that a pipe holds entries only.
    private func tell(_ text: String) { Output.write("aura-ctl: \(text)\n", to: STDERR_FILENO) }

    /// Makes lines of entries.
    private struct Printer {
        let session: Session
        let showsAll: Bool
        var teller = EntryTeller()

        init(session: Session, showsAll: Bool) {
            self.session = session
            self.showsAll = showsAll
        }

        /// The entry's line with its line break; nil for bookkeeping that nobody asked for.
        mutating func line(of entry: Entry) throws -> String? {
            let text = teller.tell(entry)
            if session.isJSON { return try JSON.text(entry) + "\n" }
            guard showsAll || text.level > .detail else { return nil }
            let line = text.line(for: entry, time: session.times.absolute(entry.at))
            let colour: Style.Colour? =
                switch text.level {
                case .error: .red
                case .warning: .yellow
                case .notice: .bold
                case .note: nil
                case .detail: .faint
                }
            return session.style.paint(line, colour) + "\n"
        }
    }
}

extension Entry {
    /// Whether nothing follows in its run.
    fileprivate var isEnd: Bool { fact.kind == .runFinished }
}
