import AuraConfinement
import AuraModel
import AuraSystem

/// Turns a run's request into a cage: what runs, what it sees, for how long.
///
/// Paths come from the run's definition and from the daemon's own directories, never from the
/// request.
struct StepPlans {
    let workspaces: Workspaces

    /// What is run and how it is bounded.
    struct Plan {
        var cage: CagePlan
        var timeout: Milliseconds
        var output: OutputTail
        var limits = ResourceLimits()
        /// Of the tree that the cage may fill.
        var disk: DiskMeter?
    }

    /// Ten minutes: git steps copy a repository; one that takes longer is stuck.
    static let gitTimeout = Milliseconds.minutes(10)

    /// The cage of a step of `run`, whose files belong to the top-level run `owner`.
    func plan(
        _ request: StepRequest, of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> Plan {
        switch request {
        case .run(let step): return try command(step, of: run, owner: owner, definition)
        case .collect(let paths):
            try workspaces.ensure(owner, .tree)
            return git(
                GitScripts.collect, run, binds: [], tree: .tree, owner: owner, writable: false,
                ["AURA_PATHS": paths.joined(separator: "\n")], output: .document)
        default: break
        }
        guard let workspace = definition.workspace else {
            throw SystemError("workspace", code: 2, subject: "the definition names none")
        }
        switch request {
        // Planned above: they need no repository.
        case .run, .collect: throw SystemError("plan", code: 22, subject: request.title)
        case .survey:
            let tasks = definition.kind == .devLoop ? workspace.tasks : ""
            return git(
                GitScripts.survey, run, binds: [source(workspace)], tree: nil,
                [
                    "AURA_BASE": workspace.base, "AURA_TASKS": tasks,
                    "AURA_LINES": lines(of: run, definition, workspace),
                ], output: .document)
        case .read(let commit, let paths):
            return git(
                GitScripts.read, run, binds: [source(workspace)], tree: nil,
                ["AURA_COMMIT": commit, "AURA_PATHS": paths.joined(separator: "\n")],
                output: .document)
        case .prepare(let base):
            try workspaces.renew(owner, .store)
            try workspaces.renew(owner, .tree)
            return git(
                GitScripts.prepare, run, binds: [source(workspace), store(owner, writable: true)],
                tree: .tree, owner: owner, ["AURA_COMMIT": base])
        case .export(let base, let message, let overlay):
            try workspaces.provide(overlay, message: message, for: owner)
            let input = CagePlan.Bind(workspaces.path(owner, .input), at: "/in")
            return git(
                GitScripts.export, run, binds: [store(owner, writable: true), input], tree: .tree,
                owner: owner, writable: false,
                dated(run).merging([
                    "AURA_COMMIT": base,
                    // A specification is handed in as the overlay alone.
                    "AURA_OVERLAY_COUNTS": definition.kind == .specGen ? "1" : "",
                ]) { $1 })
        case .checkout(let commit):
            try workspaces.renew(owner, .check)
            return git(
                GitScripts.checkout, run, binds: [store(owner, writable: false)], tree: .check,
                owner: owner, ["AURA_COMMIT": commit])
        case .verify(let step):
            try workspaces.ensure(owner, .check)
            var cage = CagePlan.command(
                run: run.id.text, step.argv, workspace: workspaces.path(owner, .check))
            cage.binds += granted(definition)
            return limited(cage, step.timeout ?? definition.limits.command, definition)
        case .land(let branch, let commit, let base):
            let target = CagePlan.Bind(
                CagePlan.canonicalPath(workspace.repository) ?? workspace.repository, at: "/repo",
                writable: true)
            return git(
                GitScripts.land, run, binds: [target, store(owner, writable: false)], tree: nil,
                [
                    "AURA_AUTOMATON": definition.name.text, "AURA_BRANCH": branch,
                    "AURA_COMMIT": commit, "AURA_PARENT": base,
                ])
        }
    }

    /// The cage of a task-run's own command, over the tree that the commands share.
    private func command(
        _ step: StepDeclaration, of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> Plan {
        try workspaces.ensure(owner, .tree)
        var cage = CagePlan.command(
            run: run.id.text, step.argv, workspace: workspaces.path(owner, .tree))
        cage.binds += granted(definition)
        return Plan(
            cage: cage, timeout: step.timeout ?? definition.limits.command, output: .command)
    }

    /// The cage of a command that the model chose, over the agent's tree and without the broker.
    ///
    /// The model may ask for less time than the definition allows, never for more.
    func plan(
        _ call: ToolCall, of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> Plan {
        try workspaces.ensure(owner, .tree)
        let line = call.input["command"]?.stringValue ?? ""
        var cage = CagePlan.command(
            run: run.id.text, ["/bin/sh", "-c", line], workspace: workspaces.path(owner, .tree))
        cage.binds += granted(definition)
        var timeout = definition.limits.command
        if let seconds = call.input["timeout_seconds"]?.integerValue, seconds > 0,
            seconds < timeout.count / 1000
        {
            timeout = .seconds(seconds)
        }
        return limited(cage, timeout, definition)
    }

    /// Puts the definition's limits on a program that the operator or the model chose.
    private func limited(
        _ cage: CagePlan, _ timeout: Milliseconds, _ definition: Definition
    ) -> Plan {
        let limits = definition.limits.resources ?? ResourceLimits()
        var cage = cage
        cage.limits.memoryBytesMax = UInt64(limits.memory)
        cage.limits.processesMax = UInt64(limits.processes)
        cage.limits.processorShare = limits.processorShare
        cage.limits.fileBytesMax = min(cage.limits.fileBytesMax, UInt64(limits.disk))
        let tree = cage.binds.first { $0.target == CagePlan.workspaceTarget && $0.writable }
        return Plan(
            cage: cage, timeout: timeout, output: .command, limits: limits,
            disk: tree.map { DiskMeter(path: $0.source, bytesMax: limits.disk) })
    }

    /// The cage of the run's worker.
    ///
    /// A coordinator touches no files and is given none.
    func worker(of run: RunRow, owner: RunID) throws(SystemError) -> CagePlan {
        switch run.kind {
        case .devLoop: return CagePlan.worker(run: run.id.text, workspace: nil)
        case .taskRun, .chat, .specGen:
            try workspaces.ensure(owner, .tree)
            return CagePlan.worker(
                run: run.id.text, workspace: workspaces.path(owner, .tree))
        }
    }

    /// The references whose commits work may go on from, a pattern a word: see
    /// git-for-each-ref(1).
    ///
    /// A thread of a chat goes on from its own branch only.
    private func lines(
        of run: RunRow, _ definition: Definition, _ workspace: Definition.Workspace
    ) -> String {
        if case .message(let thread, _, _) = run.trigger {
            return "refs/heads/aura/\(definition.name)/\(thread)"
        }
        let names = [definition.name] + (workspace.buildsOn ?? [])
        return names.map { "refs/heads/aura/\($0)/" }.joined(separator: " ")
    }

    private func git(
        _ script: String, _ run: RunRow, binds: [CagePlan.Bind], tree: Workspaces.Room?,
        owner: RunID? = nil, writable: Bool = true, _ environment: [String: String],
        output: OutputTail = .command
    ) -> Plan {
        let workspace = tree.map { workspaces.path(owner ?? run.id, $0) }
        var cage = CagePlan.command(
            run: run.id.text, ["/bin/sh", "-c", script], workspace: workspace, writable: writable,
            directory: "/tmp", environment: environment)
        cage.binds += binds
        return Plan(cage: cage, timeout: Self.gitTimeout, output: output)
    }

    /// The same run makes the same commit: a repeated export is the same export.
    private func dated(_ run: RunRow) -> [String: String] {
        let date = "@\(run.admittedAt.milliseconds / 1000) +0000"
        return ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date]
    }

    private func source(_ workspace: Definition.Workspace) -> CagePlan.Bind {
        CagePlan.Bind(
            CagePlan.canonicalPath(workspace.repository) ?? workspace.repository, at: "/src")
    }

    private func store(_ owner: RunID, writable: Bool) -> CagePlan.Bind {
        CagePlan.Bind(workspaces.path(owner, .store), at: "/store", writable: writable)
    }

    private func granted(_ definition: Definition) -> [CagePlan.Bind] {
        definition.capabilities.read.map {
            CagePlan.Bind(CagePlan.canonicalPath($0) ?? $0, at: $0)
        }
    }
}
