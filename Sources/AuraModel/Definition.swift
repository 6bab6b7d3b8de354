/// The kinds of automaton that exist.
///
/// Each is a state machine of its own in AuraAutomata.
package enum AutomatonKind: String, Sendable, Codable, CaseIterable {
    case taskRun = "task-run"
    case devLoop = "dev-loop"
    case chat
    case specGen = "spec-gen"
}

/// What an operator declares: one YAML file, checked whole before any of it is in force.
package struct Definition: Hashable, Sendable, Codable {
    package var name: AutomatonName
    package var kind: AutomatonKind
    package var description: String
    /// Whether the schedule is in force when the daemon first sees this definition.
    package var enabled: Bool
    package var schedule: Schedule
    /// What becomes of its firings, where that differs from `FiringPolicy.standard`.
    @Indirect package var firing: FiringPolicy?
    /// The IANA name of the zone in which the schedule and the day's budget are counted.
    package var zone: String
    /// The name of a reasoner in `aurad.yaml`.
    package var reasoner: String
    /// task-run: the task.
    ///
    /// dev-loop: what every task is told besides its own text.
    package var prompt: String
    package var budget: Budget
    @Indirect package var workspace: Workspace?
    package var verify: [StepDeclaration]
    package var limits: Limits
    package var capabilities: Capabilities
    /// How a verified result is handed over; nil: on a branch of its own.
    @Indirect package var land: Landing?
    /// dev-loop: who reads a verified result before it lands; nil: nobody.
    @Indirect package var review: Review?
    /// dev-loop: when the loop stops itself; nil: as `Breaker.standard` says.
    @Indirect package var breaker: Breaker?
    /// dev-loop: reasoners for the second attempt at a task, the third and so on; the last one stays.
    package var escalate: [String]?
    /// dev-loop: further reasoners that a task may name; nil: none.
    package var models: [String]?
    /// task-run: commands that are its work, in order, instead of a model's.
    package var run: [StepDeclaration]?
    /// task-run: what whoever starts it can give it; nil: nothing.
    package var inputs: [InputDeclaration]?
    /// task-run: files that it has to leave in its workspace, which are kept in the record.
    package var outputs: [OutputDeclaration]?
    /// spec-gen: what the specification is made of, and where it stands.
    @Indirect package var spec: SpecSource?
    /// What follows when a run ends; nil: as `Supervision.standard` says.
    @Indirect package var supervision: Supervision?
    /// Programs whose tools its agents may call; nil: none.
    package var servers: [ServerDeclaration]?

    /// A definition with every part stated.
    package init(
        name: AutomatonName, kind: AutomatonKind, description: String = "", enabled: Bool = true,
        schedule: Schedule = .manual, firing: FiringPolicy? = nil, zone: String = "UTC",
        reasoner: String, prompt: String = "",
        budget: Budget = Budget(), workspace: Workspace? = nil, verify: [StepDeclaration] = [],
        limits: Limits = Limits(), capabilities: Capabilities = Capabilities(),
        run: [StepDeclaration]? = nil, outputs: [OutputDeclaration]? = nil,
        spec: SpecSource? = nil, land: Landing? = nil, review: Review? = nil,
        breaker: Breaker? = nil, escalate: [String]? = nil, models: [String]? = nil,
        inputs: [InputDeclaration]? = nil, supervision: Supervision? = nil,
        servers: [ServerDeclaration]? = nil
    ) {
        self.name = name
        self.kind = kind
        self.description = description
        self.enabled = enabled
        self.schedule = schedule
        self.firing = firing
        self.zone = zone
        self.reasoner = reasoner
        self.prompt = prompt
        self.budget = budget
        self.workspace = workspace
        self.verify = verify
        self.limits = limits
        self.capabilities = capabilities
        self.land = land
        self.review = review
        self.breaker = breaker
        self.escalate = escalate
        self.inputs = inputs
        self.models = models
        self.run = run
        self.outputs = outputs
        self.spec = spec
        self.supervision = supervision
        self.servers = servers
    }

    /// What the automaton may consume: in one run, and in one civil day of its zone.
    package struct Budget: Hashable, Sendable, Codable {
        package var run: BudgetLimits
        package var day: BudgetLimits
        /// dev-loop: what one task may consume, carved out of the run's.
        package var task: BudgetLimits

        /// Budgets; unbounded unless given.
        package init(
            run: BudgetLimits = .none, day: BudgetLimits = .none, task: BudgetLimits = .none
        ) {
            self.run = run
            self.day = day
            self.task = task
        }
    }

    /// The git repository that runs work on, through disposable clones.
    package struct Workspace: Hashable, Sendable, Codable {
        /// Absolute path of a repository, bare or not; only its references are ever written.
        package var repository: String
        /// The branch that work starts from.
        package var base: String
        /// dev-loop: the task list's path inside the repository.
        package var tasks: String
        /// Globs of paths that no run may change; nil: none.
        package var protected: [String]?
        /// Who the commits are by, as `Name <address>`; nil: aura itself.
        package var identity: String?
        /// Further automatons on whose landed commits work goes on, beside its own.
        package var buildsOn: [AutomatonName]?
        /// dev-loop: whether the task list has to stand beside a specification whose lint receipt
        /// fits it.
        package var isLinted: Bool?

        /// A workspace; work starts from `main` and tasks stand in `tasks.md` unless given.
        package init(
            repository: String, base: String = "main", tasks: String = "tasks.md",
            protected: [String]? = nil, identity: String? = nil,
            buildsOn: [AutomatonName]? = nil, isLinted: Bool? = nil
        ) {
            self.repository = repository
            self.base = base
            self.tasks = tasks
            self.protected = protected
            self.identity = identity
            self.buildsOn = buildsOn
            self.isLinted = isLinted
        }
    }

    /// What a spec-gen works from and towards: paths inside the repository.
    package struct SpecSource: Hashable, Sendable, Codable {
        /// A file, or a directory all of whose files count; nil: the prompt is the requirements.
        package var requirements: String?
        /// `specs/NNN-slug`: the directory of `spec.md`, `plan.md`, `tasks.md` and `trace.json`.
        package var directory: String

        /// A specification in `directory`.
        package init(requirements: String?, directory: String) {
            self.requirements = requirements
            self.directory = directory
        }
    }

    /// Bounds on how a run goes, beside its budget.
    ///
    /// Each has a default that suits a small task.
    package struct Limits: Hashable, Sendable, Codable {
        /// Model turns of one agent; the run ends as `turns` beyond it.
        package var turns: Int
        /// dev-loop: attempts at one task, each with a fresh context.
        package var attempts: Int
        /// Wall time of one command or step, unless the step says otherwise.
        package var command: Milliseconds
        /// Most tokens the model may answer in one turn.
        package var answerTokens: Int
        /// dev-loop: tasks at work at the same time, of those marked `[P]`; nil: one.
        package var parallel: Int?
        /// What a command may use; nil: as `ResourceLimits()` says.
        @Indirect package var resources: ResourceLimits?
        /// Commands of one answer that run at the same time; nil: one.
        package var parallelCommands: Int?

        /// Limits: 40 turns, 2 attempts, 10 minutes a command, 8192 tokens an answer unless given.
        package init(
            turns: Int = 40, attempts: Int = 2, command: Milliseconds = .minutes(10),
            answerTokens: Int = 8192, parallel: Int? = nil, resources: ResourceLimits? = nil,
            parallelCommands: Int? = nil
        ) {
            self.turns = turns
            self.attempts = attempts
            self.command = command
            self.answerTokens = answerTokens
            self.parallel = parallel
            self.resources = resources
            self.parallelCommands = parallelCommands
        }
    }

    /// What the run may touch beside its workspace: deny by absence.
    package struct Capabilities: Hashable, Sendable, Codable {
        /// Whether the model may choose commands; each runs in a cage of its own, without network.
        package var commands: Bool
        /// chat: whether the model may change files, which then land on the thread's own branch.
        package var edits: Bool?
        /// Absolute host directories bound read-only into every cage of the run (tool chains,
        /// caches).
        package var read: [String]
        /// Origins to which the model may have aurad make requests; nil: none.
        package var fetch: [FetchGrant]?

        /// Capabilities; commands are allowed and nothing more is readable unless given.
        package init(
            commands: Bool = true, edits: Bool? = nil, read: [String] = [],
            fetch: [FetchGrant]? = nil
        ) {
            self.commands = commands
            self.edits = edits
            self.read = read
            self.fetch = fetch
        }
    }
}

/// A file that a task-run has to leave.
package struct OutputDeclaration: Hashable, Sendable, Codable {
    /// Relative to the workspace.
    package var path: String
    /// What its JSON has to fit, by `JSONSchema`; nil: it may hold anything.
    package var schema: JSONValue?

    /// An output.
    package init(path: String, schema: JSONValue? = nil) {
        self.path = path
        self.schema = schema
    }
}

/// One operator-declared command: run by aurad in a fresh confinement, never by the agent.
package struct StepDeclaration: Hashable, Sendable, Codable {
    package var name: String
    /// The program and its arguments; a shell line in the file becomes `/bin/sh -euc LINE`.
    package var argv: [String]
    package var timeout: Milliseconds?

    /// A declared step.
    package init(name: String, argv: [String], timeout: Milliseconds? = nil) {
        self.name = name
        self.argv = argv
        self.timeout = timeout
    }

    /// A step that runs one line of shell, named after it.
    package static func shell(_ line: String, name: String? = nil) -> Self {
        Self(name: name ?? line, argv: ["/bin/sh", "-euc", line])
    }
}
