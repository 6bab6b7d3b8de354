import AuraAutomata
import AuraModel

/// Plays the world to an automaton: answers its outstanding command and keeps what it said.
struct Driver {
    var automaton: Automaton
    var commands: [Command] = []
    var history: [Transaction] = []

    private var notesRead: CommandID = 0

    init(_ assignment: Assignment, notes: String = "", streak: LoopStreak? = nil) {
        self.notes = notes
        automaton = Automaton(assignment: assignment)
        feed(.started(trigger: .schedule(nominal: Instant(milliseconds: 0)), streak: streak))
    }

    var outstanding: Command? { commands.last }

    var id: CommandID { commands.last?.id ?? 0 }

    var outcome: RunOutcome? {
        guard case .finish(let outcome, _)? = commands.last?.act else { return nil }
        return outcome
    }

    var report: String {
        guard case .finish(_, let report)? = commands.last?.act else { return "" }
        return report
    }

    /// The last model request.
    var request: ModelRequest? {
        for command in commands.reversed() {
            if case .reason(let request) = command.act { return request }
        }
        return nil
    }

    /// The model of the child that was asked for last.
    var reasoner: String? {
        guard case .spawn(let request)? = outstanding?.act else { return nil }
        return request.reasoner
    }

    /// The blocks of the last message that the model was sent.
    var said: [ContentBlock] { request?.messages.last?.content ?? [] }

    /// What it did, but for the reading of the project's notes, which goes without saying.
    var titles: [String] {
        commands.map { Self.title($0.act) }.filter { !$0.hasPrefix("read the project's notes") }
    }

    /// What the project tells its agents, as the step prints it.
    var notes = ""

    mutating func feed(_ transaction: Transaction) {
        history.append(transaction)
        commands += automaton.step(transaction)
        guard case .step(.notes)? = commands.last?.act, commands.last?.id != notesRead else {
            return
        }
        notesRead = id
        step(0, notes)
    }

    mutating func answer(_ content: [ContentBlock], stop: StopReason = .toolUse) {
        feed(
            .modelAnswered(
                command: id,
                answer: ModelAnswer(
                    content: content, stop: stop, usage: TokenUsage(input: 1, output: 1), model: "m"
                )))
    }

    mutating func fail(_ cause: ModelFailure.Class, retryAfter: Milliseconds? = nil) {
        feed(
            .modelFailed(
                command: id,
                failure: ModelFailure(cause: cause, message: "no", retryAfter: retryAfter)))
    }

    mutating func result(
        _ output: String, of command: CommandID? = nil, isError: Bool = false,
        isDenied: Bool = false
    ) {
        feed(
            .toolFinished(
                command: command ?? id,
                result: ToolResult(
                    output: output, isError: isError, isDenied: isDenied, place: .worker)))
    }

    mutating func step(_ code: Int = 0, _ output: String = "") {
        feed(.stepFinished(command: id, result: Self.stepResult(code, output)))
    }

    mutating func child(_ ending: RunOutcome.Ending, _ report: String = "did it") {
        feed(
            .childFinished(
                command: id, run: Fixture.run, outcome: RunOutcome(ending, report), report: report))
    }

    static func stepResult(_ code: Int, _ output: String) -> StepResult {
        StepResult(exit: .exited(code: code), output: output, duration: Milliseconds(1))
    }

    static func title(_ act: Act) -> String {
        switch act {
        case .reason: "reason"
        case .tool(let call): call.tool.rawValue
        case .step(let request): request.title
        case .spawn(let request): "spawn \(request.task.id)"
        case .ask(let question, _): "ask \(question)"
        case .wait(let span, _): "wait \(span.count)"
        case .finish(let outcome, _): "finish \(outcome.ending.rawValue)"
        }
    }
}

/// Assignments and pieces of them.
enum Fixture {
    static let run = RunID(at: Instant(milliseconds: 1), sequence: 1)
    static let base = String(repeating: "b", count: 40)
    static let commit = String(repeating: "c", count: 40)
    static let tip = String(repeating: "d", count: 40)

    static func assignment(
        kind: AutomatonKind = .taskRun, task: TaskBrief? = nil, hasWorkspace: Bool = true,
        verify: [String] = [], limits: Definition.Limits = Definition.Limits(),
        commands: Bool = true
    ) throws -> Assignment {
        struct NoName: Error {}
        guard let name = AutomatonName("fixer") else { throw NoName() }
        return Assignment(
            run: run, generation: 1,
            definition: Definition(
                name: name, kind: kind, reasoner: "r", prompt: "repair it",
                budget: Definition.Budget(task: BudgetLimits(tokens: 1000)),
                workspace: hasWorkspace ? Definition.Workspace(repository: "/srv/r.git") : nil,
                verify: verify.map { .shell($0) }, limits: limits,
                capabilities: Definition.Capabilities(commands: commands)),
            task: task, history: [])
    }

    /// An agent without steps around it.
    static func child(
        limits: Definition.Limits = Definition.Limits(), commands: Bool = true,
        rules: Int = KernelRules.current, edits: EditForm = .exact, notes: String? = nil
    ) throws -> Driver {
        var assignment = try assignment(
            task: TaskBrief(
                id: "T001", text: "add a line", notesOf: notes == nil ? nil : Fixture.base),
            limits: limits, commands: commands)
        assignment.rules = rules
        assignment.edits = edits
        return Driver(assignment, notes: notes ?? "")
    }

    static func finish(_ status: String = "done") -> ContentBlock {
        .toolUse(
            id: "end", name: "finish",
            input: .object(["status": .string(status), "summary": .string("did it")]))
    }

    static func read(_ path: String = "a", id: String = "u") -> ContentBlock {
        .toolUse(id: id, name: "read_file", input: .object(["path": .string(path)]))
    }

    static func use(_ name: String, _ input: [String: JSONValue], id: String = "u") -> ContentBlock
    {
        .toolUse(id: id, name: name, input: .object(input))
    }
}
