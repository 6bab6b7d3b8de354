import ArgumentParser
import AuraModel

/// Starts a run now, beside the schedule.
struct Run: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Start a run now.",
        discussion: """
            --set gives the run an input that its definition declares: a text, a number, true or false, or JSON, by \
            the input's type. KEY=@FILE is a file's text, and KEY=@@TEXT a text that begins with @. \
            `aura-ctl status NAME` lists the inputs.

            With --wait the run is shown until it ends, and its ending is the exit status; see `exit-status`. Ctrl-C
            leaves the run going.
            """)

    @Argument(help: "The automaton.", completion: .custom(Completions.automata))
    var name: String
    @Option(help: ArgumentHelp("Give the run an input; may be repeated.", valueName: "key=value"))
    var set: [String] = []
    @Flag(help: "Watch the run until it ends.") var wait = false
    @Option(help: "With --wait, watch at most so long: 90s, 10m.") var timeout: Span?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if timeout != nil, !wait { throw ValidationError("--timeout goes with --wait") }
    }

    func perform(_ session: Session) throws -> Int32 {
        let name = try Target.automaton(name)
        let order = RunOrder(texts: try InputTexts.read(set, for: name))
        return try Self.start(name, order, wait: wait, timeout: timeout, session)
    }

    /// Gives the order, and watches the run to its end where that is wanted.
    static func start(
        _ name: AutomatonName, _ order: RunOrder, wait: Bool, timeout: Span?, _ session: Session
    ) throws -> Int32 {
        let result: OrderResult = try session.client.post(
            "\(ControlPath.automata)/\(name)/run", order)
        guard wait, let run = result.run else {
            try Order.show(result, session)
            return AuraExit.success.rawValue
        }
        if !session.isJSON { try Order.show(result, session) }
        return try RunWatch.conclude(session, run, timeout: timeout?.span).status
    }
}

/// What `--set` says.
enum InputTexts {
    /// The texts by their inputs' names, those of files read.
    static func read(_ words: [String], for automaton: AutomatonName) throws -> [String: String] {
        var texts: [String: String] = [:]
        for word in words {
            guard let sign = word.firstIndex(of: "="), sign > word.startIndex else {
                throw Failure(
                    .usage, .badRequest,
                    "--set \(SafeText.brief(word, max: 60)): expected KEY=VALUE or KEY=@FILE",
                    hint: "aura-ctl status \(automaton) lists its inputs")
            }
            let name = String(word[..<sign])
            guard texts[name] == nil else {
                throw Failure(
                    .usage, .badRequest, "--set gives `\(SafeText.brief(name, max: 60))` twice",
                    hint: "aura-ctl run --help")
            }
            texts[name] = try text(String(word[word.index(after: sign)...]))
        }
        return texts
    }

    private static func text(_ value: String) throws -> String {
        guard value.hasPrefix("@") else { return value }
        let rest = String(value.dropFirst())
        guard !rest.hasPrefix("@") else { return rest }
        let bytes = try InputFile.read(rest, bytesMax: RunInputs.bytesMax)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(
                .usage, .badRequest, "\(rest) is no text: it is not UTF-8", hint: "file \(rest)")
        }
        return text
    }
}
