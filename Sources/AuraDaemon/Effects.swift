import AuraConfinement
import AuraModel
import AuraRecord
import AuraSupervision
import AuraSystem

/// Carries out what the kernel asked for, after it is durable.
///
/// What fails at once comes back as events.
final class Effects {
    private let reader: RecordReader
    private let plans: StepPlans
    private let cages: CageRunner
    private let attempts: AttemptKeeper
    private let calls: ModelCalls
    private let fetches: Fetches
    private let proxies: Proxies
    private let servers: ToolServers
    private let changes: ChangeWatches
    private let looks = TreeLooks()
    private var toRelease: Set<RunID> = []
    /// Transactions of runs that have been launched by this process.
    private var histories: [RunID: [Transaction]] = [:]

    /// Effects over the daemon's adapters.
    init(
        reader: RecordReader, workspaces: Workspaces, credentials: Credentials, cages: CageRunner,
        attempts: AttemptKeeper, calls: ModelCalls, fetches: Fetches, proxies: Proxies,
        servers: ToolServers, changes: ChangeWatches
    ) {
        self.reader = reader
        plans = StepPlans(workspaces: workspaces, credentials: credentials)
        self.cages = cages
        self.attempts = attempts
        self.calls = calls
        self.fetches = fetches
        self.proxies = proxies
        self.servers = servers
        self.changes = changes
    }

    /// Takes note of what was decided, before the actions that follow from it.
    func note(_ entries: [Entry]) {
        for entry in entries {
            guard let run = entry.run else { continue }
            switch entry.fact {
            case .transacted(let index, let transaction):
                // What was told to a worker before its commit is noted twice.
                guard histories[run]?.count == index - 1 else { continue }
                histories[run]?.append(transaction)
            // It may be for days; its servers are started anew when they are called.
            case .runParked: servers.end(run)
            case .runFinished:
                histories[run] = nil
                looks.forget(run)
            default: break
            }
        }
    }

    /// Takes note of what is durable: nobody will ask for these outcomes again.
    func settle(_ entries: [Entry]) {
        for entry in entries {
            guard let run = entry.run, case .transacted(_, let transaction) = entry.fact,
                let command = transaction.settledCommand
            else { continue }
            cages.settle(.init(run: run, command: command))
        }
    }

    /// Notes what an earlier daemon has handed over, and what it had let begin.
    func receive(
        _ cages: [KeptCage], begun: [RunID: Set<CommandID>]?
    ) throws -> Handover.Found {
        var found = Handover.Found()
        found.begun = begun
        for cage in cages {
            if let (key, process) = try self.cages.receive(cage) {
                found.commands[key.run, default: [:]][key.command] = process
            } else if let (key, process) = try attempts.receive(cage) {
                found.attempts[key.run] = .init(generation: key.generation, process: process)
            }
        }
        return found
    }

    /// Ends what was handed over and no run wants.
    func endUnclaimed() throws {
        try cages.endUnclaimed()
        try attempts.endUnclaimed()
    }

    /// Performs one action.
    ///
    /// Replies to operators and checkpoints are the turn loop's own.
    func perform(_ action: Action, _ state: State) throws -> [Event] {
        switch action {
        case .launch(let run, let generation): return launch(run, generation, state)
        case .takeOver(let run, let generation):
            return launch(run, generation, state, isTakingOver: true)
        case .takeOverCommand(let run, let command, let plan):
            return takeOver(plan, command, of: run, state)
        case .deliver(let run, let generation, let basis):
            let news = Array(try history(of: run).dropFirst(basis))
            return attempts.send(
                .deliver(
                    basis: basis, recorded: state.runs[run]?.commands ?? 0, transactions: news),
                to: .init(run: run, generation: generation))
        case .perform(let run, let generation, let commands):
            return attempts.send(
                .perform(commands: commands), to: .init(run: run, generation: generation))
        case .endAttempt(let run, let generation):
            try attempts.end(.init(run: run, generation: generation))
            return []
        case .reason(let run, let command, let reasoner, let request):
            return calls.start(
                .init(run: run, command: command), reasoner: reasoner, request,
                lineage: state.lineage(of: run))
        case .abandonCall(let run, let command):
            calls.abandon(.init(run: run, command: command))
            return []
        case .tool(let run, let command, let call):
            return try runTool(call, command, of: run, state)
        case .step(let run, let command, let request):
            return runStep(request, command, of: run, state)
        case .request(let run, let request, let refusal):
            guard request.way == .redirect else {
                return proxies.decide(run, request, refusal: refusal)
            }
            return fetches.proceed(
                .init(run: run, command: request.command), request, refusal: refusal?.reason)
        case .cancelEffects(let run):
            calls.cancel(run)
            fetches.cancel(run)
            servers.end(run)
            try cages.cancel(run)
            return []
        case .releaseWorkspace(let run):
            toRelease.insert(run)
            return []
        case .watch(let name, let watch):
            changes.set(name, watch)
            return []
        case .reply, .checkpoint: return []
        }
    }

    /// Kills everything that runs.
    ///
    /// True once it is gone.
    func endAll() throws -> Bool {
        try cages.endAll()
        try attempts.endAll()
        try servers.endAll()
        return cages.isIdle && attempts.isIdle && servers.isIdle
    }

    /// When the workers' cages that are built ahead are to be looked at, in monotonic milliseconds.
    var nextLook: Int? { attempts.nextLook }

    /// Looks at them; after a turn, when what it asked for is done.
    func lookAtSpares() throws { try attempts.lookAtSpares() }

    /// Whether files wait for the last process of their run to go.
    var isReleasing: Bool { !toRelease.isEmpty }

    /// Whether a process of `run` lives.
    func serves(_ run: RunID) -> Bool {
        cages.serves(run) || attempts.serves(run) || servers.serves(run)
    }

    /// Removes the files of runs that are over and of which nothing lives any more.
    func releaseWorkspaces() {
        for run in toRelease where !serves(run) {
            toRelease.remove(run)
            plans.workspaces.discard(run)
        }
    }

    /// A run's first attempt: nothing of it is under way yet, which another worker would take up.
    private static let firstGeneration: Generation = 1

    /// Lets the worker of a new run begin in the cage that waits for one, while the turn that starts the
    /// run goes to the disk.
    ///
    /// It attests itself, thinks, and proposes; nothing of that is acted on before this turn and the one
    /// that takes its answer are durable. If this process ends before, it ends too: no record knows it.
    /// Only for one: a turn that starts many is not held up for all of them.
    func anticipate(_ turn: Kernel.Turn, _ state: State) {
        let launches = turn.actions.compactMap { action -> (RunID, Generation)? in
            guard case .launch(let run, let generation) = action else { return nil }
            return (run, generation)
        }
        guard launches.count == 1, let (run, generation) = launches.first,
            generation == Self.firstGeneration
        else { return }
        do {
            // Known from here on, as of the record: the turn is not in it yet.
            _ = try history(of: run)
            note(turn.entries.filter { $0.run == run })
            guard let (assignment, plan) = try employment(of: run, generation, state) else {
                return
            }
            attempts.anticipate(
                .init(run: run, generation: generation), try plan(), assignment)
        } catch {
            // It is launched when the turn is durable; what is in the way is said then.
        }
    }

    private func launch(
        _ run: RunID, _ generation: Generation, _ state: State, isTakingOver: Bool = false
    ) -> [Event] {
        do {
            guard let (assignment, plan) = try employment(of: run, generation, state) else {
                return []
            }
            let key = AttemptKeeper.Key(run: run, generation: generation)
            guard !isTakingOver else { return attempts.takeOver(key, assignment) }
            return attempts.launch(key, try plan(), assignment)
        } catch {
            return [
                .attemptEnded(run, generation, .refused(feature: "\(error)"), detail: "\(error)")
            ]
        }
    }

    /// What the worker of a run is told, and what its cage is to be like.
    private func employment(
        of run: RunID, _ generation: Generation, _ state: State
    ) throws -> (Assignment, plan: () throws -> CagePlan)? {
        guard let row = state.runs[run], let definition = state.definitions[row.definition],
            let owner = state.lineage(of: run).last
        else { return nil }
        let tools = row.pending.compactMap { pending -> Assignment.PendingTool? in
            guard case .tool(let call) = pending.intent.plan, call.tool.place == .worker
            else { return nil }
            return .init(command: pending.intent.command, call: call)
        }
        let assignment = Assignment(
            run: run, generation: generation, definition: definition, task: row.task,
            history: try history(of: run), pendingTools: tools,
            rules: row.rules ?? KernelRules.first,
            edits: row.edits ?? .exact)
        return (assignment, { [plans] in try plans.worker(of: row, owner: owner, definition) })
    }

    /// Every transaction of a run, read from the record once and then kept up to date.
    private func history(of run: RunID) throws -> [Transaction] {
        if let known = histories[run] { return known }
        let read = try reader.transactions(of: run)
        histories[run] = read
        return read
    }

    /// What the end of a command means to its run.
    private func conclusion(
        _ plan: Intent.Plan, _ command: CommandID, of run: RunID, _ state: State
    ) -> (StepResult) -> [Event] {
        if case .step = plan { return { [.stepEnded(run, command, $0)] } }
        let tree = repositoryTree(of: run, state)
        return { [looks] result in
            let changed = tree.flatMap { looks.look(at: $0, of: run) }
            return [.toolEnded(run, command, ToolResult(ofCommand: result, treeChanged: changed))]
        }
    }

    private func takeOver(
        _ plan: Intent.Plan, _ command: CommandID, of run: RunID, _ state: State
    ) -> [Event] {
        guard let row = state.runs[run], let definition = state.definitions[row.definition],
            let owner = state.lineage(of: run).last
        else { return [] }
        return cages.takeOver(
            .init(run: run, command: command),
            proxied: definition.capabilities.fetch?.proxied ?? [],
            after: row.proxied?.total ?? 0,
            again: { [plans] in
                switch plan {
                case .step(let request):
                    try plans.plan(request, of: row, owner: owner, definition)
                case .tool(let call): try plans.plan(call, of: row, owner: owner, definition)
                case .reason, .spawn, .ask, .wait, .finish:
                    preconditionFailure("it was never run in a cage")
                }
            },
            conclude: conclusion(plan, command, of: run, state))
    }

    private func runStep(
        _ request: StepRequest, _ command: CommandID, of run: RunID, _ state: State
    ) -> [Event] {
        if case .tools = request { return listTools(command, of: run, state) }
        let conclude = conclusion(.step(request: request), command, of: run, state)
        return start(run, command, state, conclude) { row, owner, definition in
            try plans.plan(request, of: row, owner: owner, definition)
        }
    }

    /// Ten minutes: what a model is offered; a worker that was taken over could ask for anything.
    private static let waitSecondsMax = 600

    private static func waitSeconds(_ call: ToolCall) -> Int {
        min(max(0, call.input["wait_seconds"]?.integerValue ?? 0), waitSecondsMax)
    }

    private func runTool(
        _ call: ToolCall, _ command: CommandID, of run: RunID, _ state: State
    ) throws -> [Event] {
        let job = CageRunner.Key(run: run, command: call.input["command"]?.integerValue ?? 0)
        switch call.tool {
        case .commandOutput:
            return cages.follow(
                job, for: command, from: call.input["offset"]?.integerValue ?? 0,
                wait: .seconds(Self.waitSeconds(call)))
        case .killCommand: return try cages.kill(job, for: command)
        case .fetch:
            let definition = state.runs[run].flatMap { state.definitions[$0.definition] }
            return fetches.start(
                .init(run: run, command: command), call,
                granted: definition?.capabilities.fetch ?? [])
        case .serverTool: return callServer(call, command, of: run, state)
        case .runCommand: break
        case .readFile, .listFiles, .search, .editFile, .writeFile, .applyPatch: return []
        }
        let conclude = conclusion(.tool(call: call), command, of: run, state)
        let isBackground = call.isBackground
        return start(run, command, state, inBackground: isBackground, conclude) {
            row, owner, definition in
            try plans.plan(call, of: row, owner: owner, definition)
        }
    }

    private func listTools(_ command: CommandID, of run: RunID, _ state: State) -> [Event] {
        guard let row = state.runs[run], let definition = state.definitions[row.definition],
            let owner = state.lineage(of: run).last
        else { return [] }
        return servers.list(.init(run: run, command: command), definition.servers ?? []) {
            [plans] server in try plans.plan(server, of: row, owner: owner, definition)
        }
    }

    private func callServer(
        _ call: ToolCall, _ command: CommandID, of run: RunID, _ state: State
    ) -> [Event] {
        guard let row = state.runs[run], let definition = state.definitions[row.definition],
            let owner = state.lineage(of: run).last,
            let server = definition.servers?.first(where: { $0.name == call.served?.server })
        else { return [] }
        return servers.call(.init(run: run, command: command), call, server) { [plans] server in
            try plans.plan(server, of: row, owner: owner, definition)
        }
    }

    /// Where an agent works on a repository; nil for one that has none.
    private func repositoryTree(of run: RunID, _ state: State) -> String? {
        guard let row = state.runs[run], let owner = state.lineage(of: run).last,
            state.definitions[row.definition]?.workspace != nil
        else { return nil }
        return plans.workspaces.path(owner, .tree, lane: row.task?.lane)
    }

    private func start(
        _ run: RunID, _ command: CommandID, _ state: State, inBackground: Bool = false,
        _ conclude: @escaping (StepResult) -> [Event],
        plan: (RunRow, RunID, Definition) throws -> StepPlans.Plan
    ) -> [Event] {
        guard let row = state.runs[run], let definition = state.definitions[row.definition],
            let owner = state.lineage(of: run).last
        else { return [] }
        do {
            let plan = try plan(row, owner, definition)
            return cages.run(
                .init(run: run, command: command), plan, inBackground: inBackground,
                conclude: conclude)
        } catch {
            return conclude(
                StepResult(exit: .refused(feature: "\(error)"), output: "", duration: .zero))
        }
    }
}

extension ToolResult {
    /// What the model reads of a command that it chose.
    init(ofCommand result: StepResult, treeChanged: Bool?) {
        let status = result.isSuccess ? "" : "[\(result.exit.text)]\n"
        self.init(
            output: status + result.output, isError: !result.isSuccess, place: .siblingCage,
            treeChanged: treeChanged)
    }
}
