import AuraModel

/// One agent: a conversation with a model that goes on until the model finishes or has to be
/// stopped.
///
/// Shared by the kinds. Either a model call is outstanding, or tool calls of its answer: one after
/// the other in the order in which the model made them, and together those that may be. Their
/// results go back in that order, whichever ended first. Commands in the background go on beside all
/// of it.
struct AgentLoop: Hashable, Sendable, Encodable {
    /// 3 messages without a tool call in a row: the model has been told twice by then.
    static let proseMax = 3

    /// 3 denied calls in a run: the first may be a mistake.
    static let deniedMax = 3

    /// 8 hours: a question asked in the evening can be answered in the morning.
    static let questionDeadline = Milliseconds.minutes(8 * 60)

    /// 16 calls that only look are made together: an answer seldom has more.
    static let pureTogetherMax = 16

    /// 4 commands in the background: a server or two, and what is tried against them.
    static let jobsMax = 4

    enum Phase: Hashable, Sendable, Encodable {
        case idle
        /// The servers are asked for their tools, before the first words are said.
        case listing(CommandID, [ContentBlock], interruptions: Int)
        case reasoning(CommandID)
        case backingOff(CommandID)
        /// Calls that are made together, in the order of the answer.
        case calling([Call])
        case waiting(CommandID, ToolUse)
        case asking(CommandID, ToolUse)
        /// After `finish`: its call and those behind it are still without results.
        case finished(ToolUse)
        /// After prose that is the answer; see `Ending.prose`.
        case answered
        case stopped
    }

    /// A tool call that was begun, and what came of it.
    struct Call: Hashable, Sendable, Encodable {
        var use: ToolUse
        var command: CommandID
        var outcome: Outcome?
    }

    /// What a model is told of a call.
    struct Outcome: Hashable, Sendable, Encodable {
        var output: String
        var isError = false
        var isDenied = false
        /// Whether it changed the agent's tree, or may have.
        var isChange = false
    }

    /// What a transaction did to the agent.
    enum Progress: Hashable, Sendable {
        case commands([Command])
        case ended(RunOutcome, summary: String)
        /// `submit_spec` was called; `goOn` refuses what it brought.
        case submitted(JSONValue)

        static let nothing = Self.commands([])
    }

    /// How the model ends its work.
    enum Ending: Hashable, Sendable, Encodable {
        /// With a tool call: nobody reads its prose.
        case tool
        /// With a message without a tool call, which is its answer.
        case prose
    }

    private(set) var system: String
    let ending: Ending
    private(set) var offered: [AgentTool]
    @Given private(set) var schemas: [ToolSchema]
    /// Those that the definition declares and this agent may use.
    let servers: [ServerDeclaration]
    let limits: Definition.Limits
    /// See `KernelRules`.
    let rules: Int

    var phase = Phase.idle
    @Newest var messages: [Message] = []
    /// Calls of the last answer that are not yet begun, in order.
    var rest: [ToolUse] = []
    /// Results of the last answer's calls so far, in order.
    var results: [ContentBlock] = []
    /// What the kernel has to say with the next message.
    var notes: [String] = []
    /// Whether an operator's words are among the notes.
    var isTold = false
    /// Commands in the background that have not ended.
    var jobs: [CommandID: ToolUse] = [:]
    /// Commands that were begun in the background in this step.
    private var begun: [Command] = []
    /// Notes of the project on directories that the agent has not looked at yet.
    var unseen: [ProjectNote] = []
    var turns = 0
    var proseInRow = 0
    var denied = 0
    var retry = ModelRetry()
    var stall = StallWatch()
    /// Only for an agent whose work is a tree.
    var tree: TreeWatch?
    var compaction = Compaction()

    /// An agent that has not begun, with these tools and rules.
    ///
    /// With `changesTree` it is stopped when it does not.
    init(
        system: String, offered: [AgentTool], limits: Definition.Limits, ending: Ending = .tool,
        changesTree: Bool = false, rules: Int = KernelRules.current,
        servers: [ServerDeclaration] = []
    ) {
        self.servers = servers
        self.system = system
        self.offered = offered
        self.limits = limits
        self.ending = ending
        self.rules = rules
        let isWatched = changesTree && rules > KernelRules.together
        tree = isWatched ? TreeWatch(turnsMax: limits.turns) : nil
        schemas = offered.map { ToolSchemas.schema($0, rules: rules) }
    }

    /// Begins the conversation with `task`, after what was said `earlier`.
    ///
    /// The project's notes on all of it stand behind the system prompt, where they are the same in
    /// every call; those on a directory are told when the agent first looks into it.
    mutating func begin(
        _ task: String, earlier: [Message] = [], project: [ProjectNote] = [],
        issuing counter: inout CommandCounter
    ) -> Progress {
        guard phase == .idle else { return .nothing }
        let general = project.filter(\.directory.isEmpty)
        if !general.isEmpty { system += "\n\n" + AgentPrompt.project(general) }
        unseen = project.filter { !$0.directory.isEmpty }
        for message in earlier { say(message.role, message.content) }
        guard servers.isEmpty else { return list([.text(task)], issuing: &counter) }
        return nextTurn([.text(task)], issuing: &counter)
    }

    /// Goes on after a `finish` that was not accepted, because of what `message` says.
    mutating func goOn(_ message: String, issuing counter: inout CommandCounter) -> Progress {
        if phase == .answered { return nextTurn([.text(message)], issuing: &counter) }
        guard case .finished(let finish) = phase else { return .nothing }
        results.append(
            .toolResult(id: finish.id, content: AgentPrompt.finishRefused, isError: true))
        for use in rest {
            results.append(
                .toolResult(id: use.id, content: AgentPrompt.afterFinish, isError: true))
        }
        rest = []
        return nextTurn(takeResults() + [.text(message)], issuing: &counter)
    }

    /// Takes in a transaction; one that is for no outstanding command changes nothing.
    mutating func step(
        _ transaction: Transaction, issuing counter: inout CommandCounter
    ) -> Progress {
        let progress = take(transaction, issuing: &counter)
        guard case .commands(let commands) = progress else { return progress }
        return .commands(takeBegun() + commands)
    }

    /// Commands in the background that were begun in a step which then ended the agent's work.
    mutating func takeBegun() -> [Command] {
        defer { begun = [] }
        return begun
    }

    /// Begins a command that nobody waits for.
    mutating func begin(_ command: Command, inBackground use: ToolUse) {
        begun.append(command)
        jobs[command.id] = use
    }

    private mutating func take(
        _ transaction: Transaction, issuing counter: inout CommandCounter
    ) -> Progress {
        switch transaction {
        case .modelAnswered(let command, let answer):
            guard phase == .reasoning(command) else { return .nothing }
            return answered(answer, issuing: &counter)
        case .modelFailed(let command, let failure):
            guard phase == .reasoning(command) else { return .nothing }
            return failed(failure, issuing: &counter)
        case .toolFinished(let command, let result):
            return called(command, result, issuing: &counter)
        case .operatorAnswered(let command, let text):
            guard case .asking(command, let use) = phase else { return .nothing }
            guard let text else {
                let question = Excerpt.line(use.input["question"]?.stringValue ?? "")
                return stop(.unanswered, "nobody answered: \(question)")
            }
            return settle(use, Outcome(output: text), issuing: &counter)
        case .waited(let command): return waited(command, issuing: &counter)
        case .interrupted(let command, _):
            return interrupted(command, issuing: &counter)
        case .wrapUp(let reason):
            notes.append(AgentPrompt.wrapUp(reason))
            return .nothing
        case .told(let message, let by):
            notes.append(AgentPrompt.told(message.text, by: by))
            isTold = true
            return .nothing
        case .stepFinished(let command, let result):
            guard case .listing(command, let words, _) = phase else { return .nothing }
            return listed(result, words, issuing: &counter)
        case .started, .messaged, .childFinished:
            return .nothing
        }
    }

    /// Adds the tools of servers behind those that are there, where they stay.
    mutating func offer(_ tools: [ServedTool]) {
        offered += tools.map { .served($0) }
        schemas += tools.map { ToolSchemas.schema(.served($0), rules: rules) }
    }

    mutating func stop(_ ending: RunOutcome.Ending, _ detail: String) -> Progress {
        phase = .stopped
        return .ended(RunOutcome(ending, detail), summary: detail)
    }
}
