package import AuraModel

/// Reads one `automata/*.yaml` file: strict keys, every error at once, each with its place.
///
/// The form, of which a dev-loop needs `workspace` and `verify`, a task-run `prompt`, a spec-gen
/// `workspace` and `spec`; a chat has no schedule:
///
///     automaton: nightly-fixer
///     kind: dev-loop                     # or task-run, chat, spec-gen
///     description: One line or more.
///     enabled: true
///     schedule: {cron: "0 2 * * *", zone: Europe/Berlin}   # or every: 10m, calendar: Mon..Fri 02:00,
///                                    # at: 2026-12-24T18:00:00Z; absent: by hand only. Beside cron and
///                                    # calendar gap: run-after or skip, overlap: first, last or both;
///                                    # beside cron dialect: vixie, robfig or supercronic. And what
///                                    # becomes of firings: see FiringPolicyFields. Or no time at
///                                    # all but on-change or webhook: see TriggerFields
///     reasoner: main
///     prompt: What every task is told.
///     budget:                            # run: at least tokens or usd
///       run: {tokens: 500_000, usd: 2.50, calls: 100, wall: 30m}
///       day: {usd: 10}
///       task: {usd: 1}                   # dev-loop only
///     workspace: {repository: /srv/app.git, base: main, tasks: tasks.md}   # and builds-on: [NAME],
///                                    # further automatons whose landed work counts; dev-loop:
///                                    # linted: true, only with a specification's lint receipt;
///                                    # protected: [ci/**], identity: Aura <aura@example.org>
///     spec: {requirements: docs/requirements.md, directory: specs/001-name}   # spec-gen only
///     land: branch                       # dev-loop: or merge-ff, or {mode: push, remote: /srv/x.git}
///     review: {reasoner: other, prompt: What to look for., rounds: 2}         # dev-loop
///     breaker: {failures: 3, spend-factor: 3, cool-down: 30m}                 # or operator
///     escalate: [stronger]               # dev-loop
///     models: [other]                    # dev-loop: what a task's `model:` may name besides
///     verify:                            # shell lines, or mappings of name, run and timeout
///       - make test
///       - {name: lint, run: [./lint, --strict], timeout: 2m}
///     run: [./report > report.json]      # task-run: commands instead of a prompt, and no model
///     inputs:                            # task-run: what whoever starts it gives, see InputFields
///       rows: {type: integer, minimum: 1, default: 100}
///     outputs:                           # task-run: files that must be there, kept in the record
///       - {path: report.json, schema: {type: object, required: [rows]}}
///     limits: {turns: 40, attempts: 2, command: 10m, answer-tokens: 8192, parallel: 1}   # and what a
///                                    # command may use: see ResourceFields
///     capabilities: {commands: true, read: [/opt/toolchain]}   # chat: and edits: true
///                                    # and `fetch`, origins that agents may ask: see FetchFields
///     servers: [{name: docs, run: [/opt/docs], tools: [lookup]}]   # see ServerFields
///     supervision: {restart: on-failure}   # what follows when a run ends: see SupervisionFields
package enum DefinitionReader {
    /// The definition in `text`, or every reason why there is none; `file` names it in the
    /// diagnostics.
    package static func read(file: String, text: String) -> (Definition?, [Diagnostic]) {
        var report = Report(file)
        let placed = read(text, &report)
        return (report.isEmpty ? placed?.definition : nil, report.sorted)
    }

    /// The definition in `text` and where its name stands; it may be used only if `report` is
    /// empty.
    static func read(
        _ text: String, _ report: inout Report
    ) -> (definition: Definition, namePlace: Place)? {
        guard let root = YAMLTree.read(text, &report),
            let fields = Fields(
                Field(path: "", node: root), keys: keys,
                expected: "a mapping that begins with `automaton: NAME`", &report)
        else { return nil }
        let nameField = fields.required("automaton", expected: "the automaton's name", &report)
        let name = nameField?.name(&report)
        let kindField = fields.required(
            "kind", expected: "`task-run`, `dev-loop`, `spec-gen` or `chat`", &report)
        let kind = kindField?.word(of: AutomatonKind.allCases, &report)
        // Commands need no model; what is not asked needs no bound on tokens.
        // Of a misspelled kind nothing is held against the rest.
        let isModelFree = fields["run"] != nil && (kind ?? .taskRun) == .taskRun
        let reasoner =
            isModelFree && fields["reasoner"] == nil
            ? nil
            : fields.required(
                "reasoner", expected: "the name of a reasoner in aurad.yaml", &report)?.name(
                    &report)
        let workspace = fields["workspace"].flatMap { readWorkspace($0, &report) }
        let schedule = fields["schedule"].flatMap {
            ScheduleFields.read($0, repository: workspace?.repository, &report)
        }
        let budget = fields.required(
            "budget", expected: BudgetFields.expectation, hint: BudgetFields.hint, &report
        ).flatMap { BudgetFields.read($0, isModelFree: isModelFree, &report) }
        let description = fields["description"]?.text(
            max: descriptionLengthMax, expected: "a description", &report)
        let prompt = fields["prompt"]?.text(max: promptLengthMax, expected: "the task", &report)
        let verify = fields["verify"].flatMap { StepFields.read($0, &report) }
        let run = fields["run"].flatMap { StepFields.read($0, &report) }
        let inputs = fields["inputs"].flatMap { InputFields.read($0, &report) }
        let outputs = fields["outputs"].flatMap { OutputFields.read($0, &report) }
        let spec = fields["spec"].flatMap { SpecFields.read($0, &report) }
        let limits = fields["limits"].flatMap { readLimits($0, &report) }
        let capabilities = fields["capabilities"].flatMap { readCapabilities($0, kind, &report) }
        let enabled = fields["enabled"]?.truth(&report)
        let supervision = fields["supervision"].flatMap { SupervisionFields.read($0, &report) }
        let servers = fields["servers"].flatMap { ServerFields.read($0, &report) }
        let land = fields["land"].flatMap { LoopFields.landing($0, &report) }
        let review = fields["review"].flatMap { LoopFields.review($0, &report) }
        let breaker = fields["breaker"].flatMap { LoopFields.breaker($0, &report) }
        let escalate = fields["escalate"].flatMap { LoopFields.escalation($0, &report) }
        if let kind, let kindField {
            KindRules.check(fields, kind, at: kindField.node.place, &report)
            TriggerInputs.check(fields, inputs ?? [], schedule?.firing?.trigger, &report)
        }
        guard let nameField, let name, let kind, reasoner != nil || isModelFree, let budget
        else { return nil }
        let definition = Definition(
            name: name, kind: kind, description: description ?? "", enabled: enabled ?? true,
            schedule: schedule?.schedule ?? .manual, firing: schedule?.firing,
            zone: schedule?.zone ?? "UTC",
            reasoner: reasoner?.text ?? "", prompt: prompt ?? "", budget: budget,
            workspace: workspace,
            verify: verify ?? [], limits: limits ?? .init(),
            capabilities: capabilities ?? standardCapabilities(kind), run: run,
            outputs: outputs, spec: spec, land: land, review: review, breaker: breaker,
            escalate: escalate, models: fields["models"].flatMap { LoopFields.models($0, &report) },
            inputs: inputs, supervision: supervision, servers: servers)
        return (definition, nameField.node.place)
    }

    private static let keys = [
        "automaton", "kind", "description", "enabled", "schedule", "reasoner", "prompt", "budget",
        "workspace", "verify", "limits", "capabilities", "spec", "run", "outputs", "land", "review",
        "breaker", "escalate", "models", "inputs", "supervision", "servers",
    ]

    /// 1,000 characters: a description is shown in tables and in `status`.
    private static let descriptionLengthMax = 1_000

    /// 100,000 characters: about a sixth of a large model's context.
    private static let promptLengthMax = 100_000

    private static func readWorkspace(
        _ field: Field, _ report: inout Report
    ) -> Definition.Workspace? {
        guard
            let fields = Fields(
                field,
                keys: [
                    "repository", "base", "tasks", "builds-on", "linted", "protected", "identity",
                ],
                expected: "a mapping such as `{repository: /srv/app.git, base: main}`", &report),
            let repository = fields.required(
                "repository", expected: "the absolute path of a git repository", &report)
        else { return nil }
        let standard = Definition.Workspace(repository: "/")
        return Definition.Workspace(
            repository: repository.absolutePath(&report) ?? "/",
            base: fields["base"]?.branch(&report) ?? standard.base,
            tasks: fields["tasks"]?.relativePath(&report) ?? standard.tasks,
            protected: fields["protected"].flatMap { LoopFields.globs($0, &report) },
            identity: fields["identity"].flatMap { LoopFields.identity($0, &report) },
            buildsOn: fields["builds-on"].flatMap { names($0, &report) },
            isLinted: fields["linted"]?.truth(&report))
    }

    /// 16 automatons: each is looked at for landed commits at every survey.
    private static let buildsOnMax = 16

    private static func names(_ field: Field, _ report: inout Report) -> [AutomatonName]? {
        field.items(
            max: buildsOnMax, expected: "a list of automatons, such as `[spec-writer]`", &report
        )?.compactMap { $0.name(&report) }
    }

    /// Bounds of `limits`: what is beyond them is a slip of the pen, not a plan.
    private static let turnsRange = 1...1_000
    private static let attemptsRange = 1...10
    /// Each has a clone of its own, and a worker.
    private static let parallelRange = 1...16
    /// Each has a cage of its own over the same tree.
    private static let parallelCommandsRange = 1...8
    /// No model known answers more than 128 Ki tokens in one turn.
    private static let answerTokensRange = 1...131_072

    private static func readLimits(_ field: Field, _ report: inout Report) -> Definition.Limits? {
        guard
            let fields = Fields(
                field,
                keys: [
                    "turns", "attempts", "command", "answer-tokens", "parallel",
                    "parallel-commands",
                ]
                    + ResourceFields.keys,
                expected: "a mapping such as `{turns: 40, command: 10m}`", &report)
        else { return nil }
        let standard = Definition.Limits()
        return Definition.Limits(
            turns: fields["turns"]?.whole(turnsRange, &report) ?? standard.turns,
            attempts: fields["attempts"]?.whole(attemptsRange, &report) ?? standard.attempts,
            command: fields["command"]?.duration(StepFields.timeoutRange, &report)
                ?? standard.command,
            answerTokens: fields["answer-tokens"]?.whole(answerTokensRange, &report)
                ?? standard.answerTokens,
            parallel: fields["parallel"]?.whole(parallelRange, &report),
            resources: ResourceFields.read(fields, &report),
            parallelCommands: fields["parallel-commands"]?.whole(parallelCommandsRange, &report))
    }

    /// 64 directories: each is a mount in every cage of the run.
    private static let readCountMax = 64

    private static func readCapabilities(
        _ field: Field, _ kind: AutomatonKind?, _ report: inout Report
    ) -> Definition.Capabilities? {
        guard
            let fields = Fields(
                field, keys: ["commands", "edits", "read", "fetch"],
                expected: "a mapping such as `{commands: true, read: [/opt/toolchain]}`", &report)
        else { return nil }
        var capabilities = standardCapabilities(kind)
        capabilities.edits = fields["edits"]?.truth(&report)
        capabilities.commands = fields["commands"]?.truth(&report) ?? capabilities.commands
        let directories = fields["read"]?.items(
            max: readCountMax, expected: "a list of directories, such as `[/opt/toolchain]`",
            &report)
        for directory in directories ?? [] {
            guard let path = directory.absolutePath(&report) else { continue }
            capabilities.read.append(path)
        }
        capabilities.fetch = fields["fetch"].flatMap { FetchFields.read($0, &report) }
        return capabilities
    }

    /// Whoever talks only reads, unless more is granted.
    private static func standardCapabilities(_ kind: AutomatonKind?) -> Definition.Capabilities {
        Definition.Capabilities(commands: kind != .chat && kind != .specGen)
    }
}
