import AuraModel

/// What a run did, step by step: what its model said and what that cost, what changed in which file,
/// and what its verify steps printed.
struct RunStory {
    private let run: RunID
    private let began: Instant
    private let style: Style
    private let width: Int?
    private var teller = EntryTeller()
    private var plans: [CommandID: Intent.Plan] = [:]
    private(set) var lines: [String] = []

    /// 6 lines of what went well, 30 of what did not: the end of a log tells why it failed.
    private static let linesOfSuccess = 6
    private static let linesOfFailure = 30
    /// 40 lines of one change; `git show` has all of what landed.
    private static let linesOfChange = 40
    private static let indent = String(repeating: " ", count: 13)

    /// The story of `run` before its first entry.
    init(of run: RunRow, width: Int?, _ style: Style) {
        self.run = run.id
        began = run.admittedAt
        self.width = width
        self.style = style
    }

    /// Takes the next entry; what is of other runs or bookkeeping leaves no line.
    mutating func take(_ entry: Entry) {
        let text = teller.tell(entry)
        guard entry.run == run else { return }
        if case .commanded(_, let intents, _) = entry.fact {
            for intent in intents { plans[intent.command] = intent.plan }
            return
        }
        guard text.level > .detail else { return }
        let colour: Style.Colour? =
            switch text.level {
            case .error: .red
            case .warning: .yellow
            case .detail, .note, .notice: nil
            }
        let time = TextWidth.pad(HumanText.span(entry.at - began), to: 10, right: true)
        add(style.paint(time, .faint) + "  " + style.paint(cut(text.message, by: 12), colour))
        guard case .transacted(_, let transaction) = entry.fact else { return }
        tell(transaction, transaction.settledCommand.flatMap { plans.removeValue(forKey: $0) })
    }

    private mutating func tell(_ transaction: Transaction, _ plan: Intent.Plan?) {
        switch transaction {
        case .modelAnswered(_, let answer):
            for case .text(let words) in answer.content { quote(words, Self.linesOfSuccess) }
        case .toolFinished(_, let result):
            guard case .tool(let call)? = plan else { return }
            if result.isError {
                quote(result.output, Self.linesOfSuccess)
            } else {
                change(by: call)
            }
        case .stepFinished(_, let result):
            guard case .step(let request)? = plan else { return }
            switch request {
            case .verify, .run: quote(result.output, lines(for: result))
            default: if !result.isSuccess { quote(result.output, lines(for: result)) }
            }
        default: break
        }
    }

    private func lines(for result: StepResult) -> Int {
        result.isSuccess ? Self.linesOfSuccess : Self.linesOfFailure
    }

    /// What an edit took away and what it put there.
    private mutating func change(by call: ToolCall) {
        func text(_ key: String) -> [String] {
            SafeText.lines(call.input[key]?.stringValue ?? "")
        }
        switch call.tool {
        case .editFile:
            let (old, new) = (text("old"), text("new"))
            let same = zip(old, new).prefix { $0 == $1 }.count
            let end = zip(old.dropFirst(same).reversed(), new.dropFirst(same).reversed())
                .prefix { $0 == $1 }.count
            show(
                old.dropFirst(same).dropLast(end).map { "-" + $0 }
                    + new.dropFirst(same).dropLast(end).map { "+" + $0 })
        case .writeFile: show(text("content").map { "+" + $0 })
        case .applyPatch: show(text("patch"))
        case .readFile, .listFiles, .search, .runCommand, .commandOutput, .killCommand, .fetch,
            .serverTool:
            break
        }
    }

    private mutating func show(_ change: [String]) {
        for line in change.prefix(Self.linesOfChange) {
            let colour: Style.Colour? =
                line.hasPrefix("+") ? .green : line.hasPrefix("-") ? .red : .faint
            add(Self.indent + style.paint(cut(line, by: Self.indent.count), colour))
        }
        let more = change.count - Self.linesOfChange
        if more > 0 { add(Self.indent + style.paint("… \(more) lines more", .faint)) }
    }

    /// The end of what was said or printed.
    private mutating func quote(_ text: String, _ most: Int) {
        let all = SafeText.lines(text).filter { !$0.isEmpty }
        if all.count > most {
            add(Self.indent + style.paint("… \(all.count - most) lines before", .faint))
        }
        for line in all.suffix(most) {
            add(Self.indent + style.paint("| " + cut(line, by: Self.indent.count + 2), .faint))
        }
    }

    private func cut(_ line: String, by used: Int) -> String {
        width.map { TextWidth.cut(line, to: max(1, $0 - used)) } ?? line
    }

    private mutating func add(_ line: String) { lines.append(line) }
}
