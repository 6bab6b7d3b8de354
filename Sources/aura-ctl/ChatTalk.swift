import AuraModel
import Glibc

/// The client's side of a thread: sends, follows an answer as it comes, rides over restarts of the
/// daemon.
struct ChatTalk {
    let session: Session
    let automaton: AutomatonName
    let thread: ThreadName

    /// Half a second: how often a silent thread is looked at for what others said.
    private static let lookMilliseconds: CInt = 500
    /// 0.2 s between looks at a message that waits for its turn.
    private static let queueMicroseconds: UInt32 = 200_000
    /// 10: messages that a conversation begins with.
    private static let recalled = 10

    private var path: String { "\(ControlPath.automata)/\(automaton)" }

    /// Sends one message and prints its answer; the status is that of the run's ending.
    func ask(_ message: ChatMessage) throws -> Int32 {
        Interrupt.hold()
        let number = try send(message)
        guard let row = try follow(number, isProgressShown: !session.isJSON) else {
            return 128 + SIGINT
        }
        try session.show(row) { [row.answer.map { Self.safe($0) } ?? ""].filter { !$0.isEmpty } }
        if !session.isJSON { tellEnding(row) }
        return row.outcome?.ending.exitStatus ?? AuraExit.success.rawValue
    }

    /// Prints the thread after the message `after`.
    func showHistory(after: Int) throws -> Int32 {
        var rows: [MessageRow] = []
        while true {
            let page = try messages(after: rows.last?.number ?? after)
            rows += page
            if page.isEmpty { break }
        }
        try session.show(rows) { rows.flatMap { lines(of: $0) } }
        return AuraExit.success.rawValue
    }

    /// Lines in, answers out, until the end of input.
    ///
    /// What others say in the thread meanwhile is shown too.
    func converse() throws -> Int32 {
        Interrupt.hold()
        defer { LineEditor.suspend() }
        let known = try count()
        var seen = max(0, known - Self.recalled)
        try showNews(&seen)
        prompt()
        var input = LineInput()
        while true {
            switch try input.next(waitMilliseconds: Self.lookMilliseconds) {
            case .line(let line):
                guard line.contains(where: { !$0.isWhitespace }) else {
                    prompt()
                    continue
                }
                let number = try send(ChatMessage(id: Chat.newID(), text: line))
                while seen < number - 1 { try showNews(&seen, through: number - 1) }
                guard try answer(to: number) else { return 128 + SIGINT }
                seen = number
                prompt()
            case .nothing:
                if Interrupt.isPending { return 128 + SIGINT }
                guard try count() > seen else { continue }
                LineEditor.suspend()
                Output.write("\n")
                try showNews(&seen)
                prompt()
            case .end:
                Output.write("\n")
                return AuraExit.success.rawValue
            }
        }
    }

    // MARK: Messages

    private func count() throws -> Int {
        let threads: [ThreadStatus] = try bearing {
            try session.client.get("\(path)/threads")
        }
        return threads.first { $0.thread == thread }?.messages ?? 0
    }

    private func messages(after: Int, limit: Int = 100) throws -> [MessageRow] {
        try bearing {
            try session.client.get(
                "\(path)/messages",
                [("thread", thread.text), ("after", "\(after)"), ("limit", "\(limit)")])
        }
    }

    /// Sends, again if need be: the same id is the same message.
    private func send(_ message: ChatMessage) throws -> Int {
        let result: OrderResult = try bearing {
            try session.client.post("\(path)/say", ChatOrder(thread: thread, message: message))
        }
        return result.number ?? 0
    }

    /// Does `work` again while the daemon is away for a moment.
    private func bearing<Value>(_ work: () throws -> Value) throws -> Value {
        var absence = Absence()
        while true {
            do {
                return try work()
            } catch let failure as Failure {
                _ = try absence.bear(failure)
                usleep(Absence.restMicroseconds)
            }
        }
    }

    // MARK: An answer

    private func answer(to number: Int) throws -> Bool {
        guard let row = try follow(number, isProgressShown: true) else {
            Output.write("\n[the answer goes on without you; come back to it]\n")
            return false
        }
        if let answer = row.answer { Output.write(Self.safe(answer) + "\n") }
        tellEnding(row)
        return true
    }

    /// Waits for the answer of a message; nil when the operator leaves first.
    private func follow(_ number: Int, isProgressShown: Bool) throws -> MessageRow? {
        var after = 0
        var screen = LiveScreen(session, isShown: isProgressShown)
        defer { screen.erase() }
        while true {
            guard let row = try messages(after: number - 1, limit: 1).first else {
                throw Failure(.internalError, .internalError, "message \(number) is not there")
            }
            if row.outcome != nil { return row }
            if Interrupt.isPending { return nil }
            guard let run = row.run else {
                usleep(Self.queueMicroseconds)
                continue
            }
            let query = EntryQuery(run: run, after: after, wait: .seconds(5))
            let entries: [Entry]? = try bearing {
                try session.client.poll(
                    ControlPath.entries, query.items, patience: Client.patience
                ) {
                    screen.draw(run)
                    return !Interrupt.isPending
                }
            }
            screen.erase()
            for entry in entries ?? [] {
                after = entry.sequence
                if isProgressShown { show(entry) }
            }
        }
    }

    /// What the model says before it is done, and what it does: on standard error, so that an
    /// answer in a pipe is the answer alone.
    private func show(_ entry: Entry) {
        let style = Terminal.style(of: STDERR_FILENO)
        switch entry.fact {
        case .transacted(_, .modelAnswered(_, let answer)) where answer.stop == .toolUse:
            for block in answer.content {
                guard case .text(let text) = block, !text.isEmpty else { continue }
                Output.write(style.paint(Self.safe(text), .faint) + "\n", to: STDERR_FILENO)
            }
        case .commanded(_, let intents, _):
            for intent in intents {
                switch intent.plan {
                case .tool(let call):
                    let text = "· " + EntryText.title(of: call)
                    Output.write(style.paint(text, .faint) + "\n", to: STDERR_FILENO)
                case .step, .reason, .spawn, .ask, .wait, .finish: break
                }
            }
        case .transacted(_, .toolFinished(_, let result)) where result.isError:
            let text = "  " + SafeText.brief(result.output)
            Output.write(style.paint(text, .yellow) + "\n", to: STDERR_FILENO)
        default: break
        }
    }

    private func tellEnding(_ row: MessageRow) {
        guard let outcome = row.outcome, !outcome.isSuccess else { return }
        let hint =
            row.run.map { run in
                guard row.quarantine != nil else { return "\nhint: aura-ctl show \(run.short)" }
                return "\nmessage \(row.number) is quarantined; the thread goes on without it"
                    + "\nhint: aura-ctl show \(run.short), and to say it again: aura-ctl retry \(run.short)"
            } ?? ""
        Output.write(
            "aura-ctl: no answer: \(EntryText.text(of: outcome))\(hint)\n", to: STDERR_FILENO)
    }

    // MARK: The screen

    private func prompt() {
        if LineEditor.isPossible {
            LineEditor.begin(prompt: "\(thread)> ", style: session.style)
        } else {
            Output.write(session.style.paint("\(thread)> ", .bold))
        }
    }

    private func showNews(_ seen: inout Int, through last: Int = .max) throws {
        for row in try messages(after: seen) where row.number <= last {
            if LineEditor.isPossible { LineEditor.remember(row.message.text) }
            Output.write(lines(of: row).map { $0 + "\n" }.joined())
            if row.outcome == nil, try !answer(to: row.number) { return }
            seen = row.number
        }
    }

    private func lines(of row: MessageRow) -> [String] {
        let head = session.style.paint(
            "\(row.number) \(SafeText.line(row.by.name)), \(session.times.absolute(row.at))", .faint
        )
        var lines = [head, Self.safe(row.message.text)]
        if let answer = row.answer {
            lines += [session.style.paint("\(automaton)", .faint), Self.safe(answer)]
        } else if let outcome = row.outcome {
            lines.append(session.style.paint("[\(EntryText.text(of: outcome))]", .yellow))
        }
        return lines
    }

    /// Text of others, as it may go to a terminal: its lines, without control characters.
    private static func safe(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { SafeText.line(String($0)) }.joined(separator: "\n")
    }
}

/// The text of an answer below a conversation, while it is not in the record; on a terminal only.
private struct LiveScreen {
    private let session: Session
    private let isShown: Bool
    private var feed: (run: RunID, feed: LiveFeed)?
    private var view = LiveView()
    private var drawn = 0

    init(_ session: Session, isShown: Bool) {
        self.session = session
        self.isShown = isShown && !session.isJSON && Terminal.canRedraw(STDOUT_FILENO)
    }

    mutating func draw(_ run: RunID) {
        guard isShown, let width = session.width else { return }
        if feed?.run != run {
            feed = (run, LiveFeed(session.client, run))
            view = LiveView()
        }
        guard view.take(feed?.feed.take() ?? []) || drawn == 0 else { return }
        let lines = view.lines(width: width)
        Output.write(
            ProgressText.erase(lines: drawn)
                + lines.map { session.style.paint($0, .faint) + "\n" }.joined())
        drawn = lines.count
    }

    mutating func erase() {
        Output.write(ProgressText.erase(lines: drawn))
        drawn = 0
    }
}

/// Lines of standard input, without blocking on it.
struct LineInput {
    enum Event {
        case line(String)
        /// None came in time.
        case nothing
        case end
    }

    private var bytes: [UInt8] = []
    private var isAtEnd = false

    /// The next line, or what there is instead after so long.
    mutating func next(waitMilliseconds: CInt) throws -> Event {
        if LineEditor.isPossible { return LineEditor.next(waitMilliseconds: waitMilliseconds) }
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: bytes[..<end], as: UTF8.self)
                bytes.removeSubrange(...end)
                return .line(line)
            }
            guard !isAtEnd else {
                guard !bytes.isEmpty else { return .end }
                defer { bytes = [] }
                return .line(String(decoding: bytes, as: UTF8.self))
            }
            var descriptor = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, waitMilliseconds) > 0 else { return .nothing }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(STDIN_FILENO, &buffer, buffer.count)
            if count > 0 {
                bytes += buffer.prefix(count)
            } else if count == 0 || errno != EINTR {
                isAtEnd = true
            }
        }
    }
}
