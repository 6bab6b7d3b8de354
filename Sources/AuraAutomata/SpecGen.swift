package import AuraModel

/// Requirements to a specification that a dev-loop builds by: `spec.md`, `plan.md`, `tasks.md` and
/// `trace.json`, in one commit or not at all.
///
///     idle -> survey -> read the spec -> read the requirements -> prepare -> drafting
///                                                                     |  ^     |  ^
///                                             questions to the operator --+     |  +-- what the
///                                                                               v      lint says
///                                     finished <- land <- verify... <- checkout <- export
///
/// The model reads the repository and hands in a draft; merging it by id, the lint, the trace and
/// its receipt are code. Requirements that were specified before end the run at once.
package struct SpecGen: Hashable, Sendable, Encodable {
    /// 4 drafts that do not hold together: a fifth seldom does.
    static let flawedMax = 4
    /// 3 rounds of questions: by then the requirements are to be written anew.
    static let roundsMax = 3
    /// 256 KiB, some sixty thousand tokens of requirements.
    static let requirementsBytesMax = 256 << 10

    /// What the draft is made of.
    private struct Material: Hashable, Sendable, Encodable {
        var base: String
        var old = SpecFiles()
        var requirements = ""

        var digest: String { ContentDigest.of([requirements]) }
    }

    private enum State: Hashable, Sendable, Encodable {
        case idle
        case surveying(OutstandingStep)
        case readingSpec(Material, head: String, OutstandingStep)
        case readingRequirements(Material, OutstandingStep)
        case preparing(Material, OutstandingStep)
        case readingNotes(Material, OutstandingStep)
        case drafting(Material)
        /// The first of the questions is being asked.
        case asking(Material, [SpecDocument.Item], CommandID)
        case landing(Material, Landing)
        case finished
    }

    private let run: RunID
    @Given private var definition: Definition
    private let rules: Int
    private var state = State.idle
    private var agent: AgentLoop
    private var counter = CommandCounter()
    private var flawed = 0
    private var rounds = 0
    /// What the operator answered in this run.
    private var answers: [SpecDocument.Clarification] = []
    private var report = ""

    /// The machine for an assignment, before its first transaction.
    package init(assignment: Assignment) {
        let definition = assignment.definition
        run = assignment.run
        self.definition = definition
        agent = AgentLoop(
            system: SpecPrompt.system(definition), offered: AgentTool.ofSpecGen,
            limits: definition.limits, rules: assignment.rules)
        rules = assignment.rules
    }

    /// Takes in one transaction and returns what is to be done about it.
    package mutating func step(_ transaction: Transaction) -> [Command] {
        switch (state, transaction) {
        case (.idle, .started):
            let step = OutstandingStep(.survey, issuing: &counter)
            state = .surveying(step)
            return step.commands
        case (.idle, _), (.finished, _): return []
        case (_, .wrapUp), (_, .told):
            _ = agent.step(transaction, issuing: &counter)
            return []
        case (.surveying(var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .surveying(step)
            return absorb(reading) { $0.surveyed($1) }
        case (.readingSpec(let material, let head, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .readingSpec(material, head: head, step)
            return absorb(reading) { $0.readSpec(material, head, $1) }
        case (.readingRequirements(let material, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .readingRequirements(material, step)
            return absorb(reading) { $0.readRequirements(material, $1) }
        case (.preparing(let material, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .preparing(material, step)
            return absorb(reading) { $0.prepared(material, $1) }
        case (.readingNotes(let material, var step), _):
            let reading = step.take(transaction, issuing: &counter)
            state = .readingNotes(material, step)
            return absorb(reading) { $0.draft(material, StepReading.notes($1)) }
        case (.drafting(let material), _):
            return absorb(agent.step(transaction, issuing: &counter), material)
        case (.asking(let material, let questions, let command), _):
            return answered(transaction, material, questions, command)
        case (.landing(let material, var landing), _):
            let progress = landing.take(transaction, issuing: &counter)
            state = .landing(material, landing)
            return absorb(progress)
        }
    }

    private mutating func finish(_ ending: RunOutcome.Ending, _ detail: String) -> [Command] {
        finish(RunOutcome(ending, detail))
    }

    private mutating func finish(_ outcome: RunOutcome) -> [Command] {
        state = .finished
        let text = report.isEmpty ? outcome.detail : "\(outcome.detail)\n\n\(report)"
        return [counter.issue(.finish(outcome: outcome, report: text))]
    }
}

// MARK: What there is

extension SpecGen {
    private var directory: String { definition.spec?.directory ?? "specs" }

    private func path(_ name: String) -> String { "\(directory)/\(name)" }

    private mutating func absorb(
        _ reading: OutstandingStep.Reading, _ finished: (inout Self, StepResult) -> [Command]
    ) -> [Command] {
        switch reading {
        case .elsewhere: []
        case .again(let commands): commands
        case .impossible(let outcome): finish(outcome)
        case .finished(let result): finished(&self, result)
        }
    }

    private mutating func surveyed(_ result: StepResult) -> [Command] {
        guard result.isSuccess, case .read(let survey) = StepReading.survey(result.output),
            let head = StepReading.head(result.output)
        else {
            return finish(.workspaceFailed, StepReading.failure("survey the repository", result))
        }
        let paths = SpecFiles.names.map { path($0) }
        let step = OutstandingStep(.read(commit: survey.base, paths: paths), issuing: &counter)
        state = .readingSpec(Material(base: survey.base), head: head, step)
        return step.commands
    }

    private mutating func readSpec(
        _ material: Material, _ head: String, _ result: StepResult
    ) -> [Command] {
        guard result.isSuccess, let files = StepDocuments.read(result.output) else {
            return finish(.workspaceFailed, StepReading.failure("read \(directory)", result))
        }
        var material = material
        material.old.spec = files[path("spec.md")] ?? ""
        material.old.plan = files[path("plan.md")] ?? ""
        material.old.tasks = files[path("tasks.md")] ?? ""
        material.old.trace = files[path("trace.json")] ?? ""
        guard let requirements = definition.spec?.requirements else {
            material.requirements = definition.prompt
            return weigh(material)
        }
        // From the branch itself, where people write, not from what was landed beside it.
        let step = OutstandingStep(.read(commit: head, paths: [requirements]), issuing: &counter)
        state = .readingRequirements(material, step)
        return step.commands
    }

    private mutating func readRequirements(
        _ material: Material, _ result: StepResult
    ) -> [Command] {
        let place = definition.spec?.requirements ?? ""
        guard result.isSuccess, let files = StepDocuments.read(result.output) else {
            return finish(.workspaceFailed, StepReading.failure("read \(place)", result))
        }
        guard !files.isEmpty else {
            let branch = definition.workspace?.base ?? ""
            return finish(
                .workspaceFailed,
                "there is no \(place) on \(branch): write the requirements there, or name them "
                    + "in spec.requirements")
        }
        var material = material
        material.requirements = files.sorted { $0.key < $1.key }.map { path, text in
            files.count == 1 ? text : "\(path):\n\(text)"
        }.joined(separator: "\n\n")
        return weigh(material)
    }

    private mutating func weigh(_ material: Material) -> [Command] {
        let (bytes, most) = (material.requirements.utf8.count, Self.requirementsBytesMax)
        guard bytes <= most else {
            return finish(
                .workspaceFailed, "the requirements have \(bytes) bytes, more than \(most)")
        }
        let old = material.old
        if SpecTrace.receipt(in: old.trace)?.requirements == material.digest,
            SpecTrace.refusal(spec: old.spec, plan: old.plan, tasks: old.tasks, trace: old.trace)
                == nil
        {
            return finish(.done, "the requirements are those that \(directory) was made of")
        }
        let step = OutstandingStep(.prepare(base: material.base), issuing: &counter)
        state = .preparing(material, step)
        return step.commands
    }
}

// MARK: Drafting

extension SpecGen {
    private mutating func prepared(_ material: Material, _ result: StepResult) -> [Command] {
        guard result.isSuccess else {
            return finish(.workspaceFailed, StepReading.failure("prepare a clone", result))
        }
        guard rules > KernelRules.first else { return draft(material, []) }
        let step = OutstandingStep(.notes(commit: material.base), issuing: &counter)
        state = .readingNotes(material, step)
        return step.commands
    }

    private mutating func draft(_ material: Material, _ project: [ProjectNote]) -> [Command] {
        state = .drafting(material)
        let task = SpecPrompt.task(requirements: material.requirements, old: material.old)
        return absorb(agent.begin(task, project: project, issuing: &counter), material)
    }

    private mutating func absorb(
        _ progress: AgentLoop.Progress, _ material: Material
    ) -> [Command] {
        switch progress {
        case .commands(let commands): return commands
        case .submitted(let value):
            switch SpecDraft.read(value) {
            case .flawed(let flaws): return revise(material, flaws)
            case .draft(let draft): return judge(draft, material)
            }
        case .ended(let outcome, _):
            guard outcome.isSuccess else { return finish(outcome) }
            return goOn(material, SpecPrompt.handIn)
        }
    }

    private mutating func judge(_ draft: SpecDraft, _ material: Material) -> [Command] {
        if !draft.questions.isEmpty {
            guard rounds < Self.roundsMax else {
                return goOn(material, SpecPrompt.noMoreQuestions)
            }
            rounds += 1
            return ask(draft.questions, material)
        }
        switch SpecMerge.merge(draft, into: material.old, answers: answers) {
        case .flawed(let flaws): return revise(material, flaws)
        case .files(let files): return land(files, material)
        }
    }

    private mutating func revise(_ material: Material, _ flaws: [String]) -> [Command] {
        flawed += 1
        guard flawed < Self.flawedMax else {
            report = flaws.joined(separator: "\n")
            return finish(
                .failed,
                "\(flawed) drafts did not hold together; the last: "
                    + Excerpt.line(flaws.first ?? ""))
        }
        return goOn(material, SpecPrompt.flaws(flaws))
    }

    private mutating func goOn(_ material: Material, _ message: String) -> [Command] {
        state = .drafting(material)
        return absorb(agent.goOn(message, issuing: &counter), material)
    }

    private mutating func ask(
        _ questions: [SpecDocument.Item], _ material: Material
    ) -> [Command] {
        guard let first = questions.first else {
            return goOn(material, SpecPrompt.answers(answers))
        }
        let command = counter.issue(
            .ask(question: first.text, deadline: AgentLoop.questionDeadline))
        state = .asking(material, questions, command.id)
        return [command]
    }

    private mutating func answered(
        _ transaction: Transaction, _ material: Material, _ questions: [SpecDocument.Item],
        _ command: CommandID
    ) -> [Command] {
        switch transaction {
        case .operatorAnswered(command, let text):
            guard let question = questions.first else { return [] }
            guard let text else {
                return finish(.unanswered, "nobody answered: \(Excerpt.line(question.text))")
            }
            let number = SpecDocument(material.old.spec).clarifications.count + answers.count + 1
            answers.append(.init(id: "Q\(number)", question: question.text, answer: text))
            return ask(Array(questions.dropFirst()), material)
        case .interrupted(command, _): return ask(questions, material)
        default: return []
        }
    }
}

// MARK: Landing

extension SpecGen {
    private mutating func land(_ files: SpecFiles, _ material: Material) -> [Command] {
        var files = files
        do {
            files.trace = try SpecTrace.text(
                spec: files.spec, plan: files.plan, tasks: files.tasks,
                requirements: material.digest)
        } catch {
            return finish(.failed, "trace.json cannot be written: \(error)")
        }
        let document = SpecDocument(files.spec)
        let tasks = SpecTasks(files.tasks).list.tasks
        report =
            "\(document.requirements.count) requirements, \(document.acceptance.count) acceptance "
            + "criteria, \(tasks.count) tasks of which \(tasks.count { $0.isDone }) are done, "
            + "\(document.removed.count) ids given up"
        let texts = [files.spec, files.plan, files.tasks, files.trace]
        let plan = Landing.Plan(
            base: material.base, branch: branch,
            message: CommitMessage.text(
                subject: "\(directory): \(document.title)", body: report, run: run, task: nil,
                automaton: definition.name),
            overlay: zip(SpecFiles.names, texts).map {
                OverlayFile(path: path($0), content: $1)
            }, verify: definition.verify)
        let landing = Landing(plan, issuing: &counter)
        state = .landing(material, landing)
        return landing.commands
    }

    private var branch: String {
        "aura/\(definition.name.text)/\(directory.split(separator: "/").last ?? "spec")"
    }

    private mutating func absorb(_ progress: Landing.Progress) -> [Command] {
        switch progress {
        case .commands(let commands): commands
        case .unchanged: finish(.done, "\(directory) is what it was")
        case .landed(let commit):
            finish(.done, "landed \(directory) as \(commit.prefix(12)) on \(branch)")
        case .red(let step, let result):
            finish(
                .failedVerify, StepReading.failure("verify step \(step.name) failed", result))
        case .ended(let outcome): finish(outcome)
        }
    }
}
