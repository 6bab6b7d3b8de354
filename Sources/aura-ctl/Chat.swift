import ArgumentParser
import AuraModel
import Glibc

/// A conversation with a chat.
struct Chat: Verb {
    static let configuration = CommandConfiguration(
        abstract: "Talk with a chat.",
        discussion: """
            Without --message, on a terminal, it is a conversation: a line is a message, Ctrl-D leaves. In a pipe all \
            of standard input is one message. Leaving, or losing the connection, never stops an answer: \
            come back with the same --thread. A message that is sent again under the same --id is the same message.
            """)

    @Argument(help: "The chat.", completion: .custom(Completions.automata))
    var name: String
    @Option(help: "The conversation; it is begun where there is none.") var thread = "main"
    @Option(name: .shortAndLong, help: "Send this, print the answer, and leave.")
    var message: String?
    @Option(help: "The message's own id; sent twice, it is one message.") var id: String?
    @Flag(help: "Print the thread so far.") var history = false
    @Option(help: "With --history, only messages after this number.") var after: Int?
    @Flag(help: "List the threads.") var list = false
    @Option(
        help: ArgumentHelp(
            "Begin --thread with what was said in another one, up to a message.",
            valueName: "thread[:number]"))
    var fork: String?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if list, message != nil || history || fork != nil {
            throw ValidationError("--list goes alone")
        }
        if history, message != nil { throw ValidationError("--history sends nothing") }
        if after != nil, !history { throw ValidationError("--after goes with --history") }
    }

    func perform(_ session: Session) throws -> Int32 {
        let name = try Target.automaton(name)
        if list { return try showThreads(name, session) }
        guard let thread = ThreadName(thread) else { throw Self.badThread(thread) }
        if let fork { try begin(thread, by: fork, of: name, session) }
        let talk = ChatTalk(session: session, automaton: name, thread: thread)
        if history { return try talk.showHistory(after: after ?? 0) }
        let id = id ?? Self.newID()
        if let message { return try talk.ask(ChatMessage(id: id, text: message)) }
        guard isatty(STDIN_FILENO) == 1, !session.isJSON else {
            let bytes = try InputFile.read("/dev/stdin", bytesMax: ChatBounds.messageBytesMax)
            let text = String(decoding: bytes, as: UTF8.self)
            return try talk.ask(ChatMessage(id: id, text: text))
        }
        return try talk.converse()
    }

    private func showThreads(_ name: AutomatonName, _ session: Session) throws -> Int32 {
        let rows: [ThreadStatus] = try session.client.get("\(ControlPath.automata)/\(name)/threads")
        try session.show(rows) {
            var table = Table(columns: [
                .init(title: "THREAD"), .init(title: "MESSAGES", isRight: true),
                .init(title: "UNANSWERED", isRight: true), .init(title: "LAST"),
                .init(title: "FORKED FROM"),
            ])
            table.rows = rows.map { row in
                [
                    .init(row.thread.text), .init("\(row.messages)"), .init("\(row.waiting)"),
                    .init(session.times.absolute(row.lastAt)), .init(row.origin?.text ?? ""),
                ]
            }
            return rows.isEmpty ? ["no threads"] : table.lines(width: session.width, session.style)
        }
        return AuraExit.success.rawValue
    }

    private func begin(
        _ thread: ThreadName, by fork: String, of name: AutomatonName, _ session: Session
    ) throws {
        let parts = fork.split(separator: ":", maxSplits: 1).map(String.init)
        guard let origin = parts.first.flatMap({ ThreadName($0) }) else {
            throw Self.badThread(parts.first ?? "")
        }
        let through = parts.count > 1 ? Int(parts[1]) : nil
        guard parts.count < 2 || through != nil else {
            throw Failure(
                .usage, .badRequest, "`\(parts[1])` is no message's number",
                hint: "aura-ctl chat \(name) --thread \(origin) --history")
        }
        let result: OrderResult = try session.client.post(
            "\(ControlPath.automata)/\(name)/fork",
            ForkOrder(thread: thread, from: origin, through: through))
        Output.write(SafeText.line(result.message) + "\n", to: STDERR_FILENO)
    }

    private static func badThread(_ text: String) -> Failure {
        Failure(
            .usage, .badRequest,
            "`\(SafeText.brief(text))` is no thread's name: \(ThreadName.expectation)",
            hint: "aura-ctl chat NAME --thread main")
    }

    /// 128 random bits: no two messages of anybody have the same.
    static func newID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in String(generator.next(), radix: 16) }.joined(separator: "-")
    }
}
