import AuraConfinement
import AuraModel
import AuraSystem
import Crypto
import Glibc

/// Turns a run's request into a cage: what runs, what it sees, for how long.
///
/// Paths come from the run's definition and from the daemon's own directories, never from the
/// request.
struct StepPlans {
    let workspaces: Workspaces
    let credentials: Credentials

    /// What is run and how it is bounded.
    struct Plan {
        var cage: CagePlan
        var timeout: Milliseconds
        var output: OutputTail
        var limits = ResourceLimits()
        /// Of the tree that the cage may fill.
        var disk: DiskMeter?
        /// What its programs may ask the cage's proxy for; empty where it has none.
        var proxied: [FetchGrant] = []
        /// Whether others that differ in their last argument alone are likely to follow.
        var isOneOfMany = false
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
                GitScripts.collect, run, binds: [], tree: workspaces.path(owner, .tree),
                writable: false,
                ["AURA_PATHS": paths.joined(separator: "\n")], output: .document)
        default: break
        }
        guard let workspace = definition.workspace else {
            throw SystemError("workspace", code: 2, subject: "the definition names none")
        }
        switch request {
        // Planned above, or by whoever keeps the servers: they need no repository.
        case .run, .collect, .tools: throw SystemError("plan", code: 22, subject: request.title)
        case .survey:
            // Before any work is paid for.
            if definition.kind == .devLoop { try Self.requireWritable(workspace) }
            let tasks = definition.kind == .devLoop ? workspace.tasks : ""
            let isAlone = workspace.buildsOn?.isEmpty ?? true
            return git(
                GitScripts.survey, run, binds: [source(workspace)], tree: nil,
                [
                    "AURA_BASE": workspace.base, "AURA_TASKS": tasks,
                    "AURA_LAND": definition.landing.mode.rawValue,
                    "AURA_RESTACK": definition.kind == .devLoop && isAlone ? "yes" : "",
                    "AURA_LINES": lines(of: run, definition, workspace),
                ], output: .document)
        case .read(let commit, let paths):
            return git(
                GitScripts.read, run, binds: [source(workspace)], tree: nil,
                ["AURA_COMMIT": commit, "AURA_PATHS": paths.joined(separator: "\n")],
                output: .document)
        case .notes(let commit):
            return git(
                GitScripts.notes, run, binds: [source(workspace)], tree: nil,
                ["AURA_COMMIT": commit], output: .document)
        case .prepare(let base, let lane):
            try workspaces.ensure(owner, .store)
            try workspaces.renew(owner, .tree, lane: lane)
            return git(
                GitScripts.prepare, run, binds: [source(workspace), store(owner, writable: true)],
                tree: workspaces.path(owner, .tree, lane: lane), ["AURA_COMMIT": base])
        case .export(let base, let message, let overlay, let lane, let files):
            let message = Self.sealed(message, definition)
            try workspaces.provide(overlay, message: message, for: owner)
            return git(
                GitScripts.export, run, binds: exporting(owner),
                tree: workspaces.path(owner, .tree, lane: lane), writable: false,
                authored(run, workspace).merging([
                    "AURA_COMMIT": base, "AURA_FILES": Self.lines(files),
                    "AURA_PROTECTED": Self.lines(workspace.protected),
                    // A specification is handed in as the overlay alone.
                    "AURA_OVERLAY_COUNTS": definition.kind == .specGen ? "1" : "",
                ]) { $1 })
        case .rebase(let commit, let onto, let overlay):
            try workspaces.ensure(owner, .store)
            try workspaces.provide(overlay, message: "", for: owner)
            return git(
                GitScripts.rebase, run, binds: exporting(owner) + [source(workspace)], tree: nil,
                authored(run, workspace).merging(
                    ["AURA_COMMIT": commit, "AURA_PARENT": onto]) { $1 })
        case .checkout(let commit):
            try workspaces.renew(owner, .check)
            return git(
                GitScripts.checkout, run, binds: [store(owner, writable: false)],
                tree: workspaces.path(owner, .check), ["AURA_COMMIT": commit])
        case .checkoutTests(let base, let commit, let paths):
            try workspaces.renew(owner, .check)
            return git(
                GitScripts.checkoutTests, run, binds: [store(owner, writable: false)],
                tree: workspaces.path(owner, .check),
                ["AURA_COMMIT": commit, "AURA_PARENT": base, "AURA_TESTS": Self.lines(paths)])
        case .verify(let step):
            try workspaces.ensure(owner, .check)
            var cage = CagePlan.command(
                run: run.id.text, step.argv, workspace: workspaces.path(owner, .check))
            cage.binds += granted(definition)
            return limited(cage, step.timeout ?? definition.limits.command, definition)
        case .diff(let base, let commit):
            return git(
                GitScripts.diff, run, binds: [store(owner, writable: false)], tree: nil,
                ["AURA_COMMIT": commit, "AURA_PARENT": base], output: .document)
        case .land(let branch, let commit, let base, let replaces, _):
            return try land(
                branch, commit, base, run, owner, workspace,
                scope: "aura/\(definition.name.text)",
                target: definition.landing.mode == .mergeFF ? workspace.base : "//",
                replaces: replaces ?? "none")
        case .push(let branch, let commit, let url?, let replaces):
            return try push(branch, commit, to: url, replaces, run, owner, definition.landing)
        case .push(let branch, let commit, nil, _):
            guard let remote = definition.landing.remote else {
                throw SystemError("push", code: 2, subject: "the definition names no remote")
            }
            let target = CagePlan.Bind(
                CagePlan.canonicalPath(remote) ?? remote, at: "/remote", writable: true)
            return git(
                GitScripts.push, run, binds: [source(workspace), target], tree: nil,
                ["AURA_BRANCH": branch, "AURA_COMMIT": commit])
        case .salvage(let base, let message, let lane):
            try workspaces.ensure(owner, .tree, lane: lane)
            try workspaces.ensure(owner, .store)
            try workspaces.provide([], message: message, for: owner)
            return git(
                GitScripts.salvage, run, binds: exporting(owner),
                tree: workspaces.path(owner, .tree, lane: lane), writable: false,
                authored(run, workspace).merging([
                    "AURA_COMMIT": base, "AURA_EXPORT": GitScripts.export,
                ]) { $1 })
        case .keep(let branch, let commit, let base):
            return try land(
                branch, commit, base, run, owner, workspace,
                scope: "aura-failed/\(definition.name.text)", target: "//", replaces: "any")
        }
    }

    private func land(
        _ branch: String, _ commit: String, _ base: String, _ run: RunRow, _ owner: RunID,
        _ workspace: Definition.Workspace, scope: String, target: String, replaces: String
    ) throws(SystemError) -> Plan {
        try Self.requireWritable(workspace)
        let repository = CagePlan.Bind(
            CagePlan.canonicalPath(workspace.repository) ?? workspace.repository, at: "/repo",
            writable: true)
        return git(
            GitScripts.land, run, binds: [repository, store(owner, writable: false)], tree: nil,
            [
                "AURA_SCOPE": scope, "AURA_TARGET": target, "AURA_BRANCH": branch,
                "AURA_COMMIT": commit, "AURA_PARENT": base, "AURA_REPLACES": replaces,
            ])
    }

    /// What the service may not write to, it says itself, with the line that is missing in its unit.
    private static func requireWritable(_ workspace: Definition.Workspace) throws(SystemError) {
        let path = workspace.repository
        guard access(path, W_OK) != 0, errno == EROFS else { return }
        throw SystemError(
            "land", code: EROFS,
            subject: "\(path): `systemctl edit aurad`, there [Service] and ReadWritePaths=\(path)")
    }

    /// The cage of a push to another machine: the run's own objects, the credential, and the host's
    /// network.
    ///
    /// No configuration, hook or helper of any repository is read in it.
    private func push(
        _ branch: String, _ commit: String, to url: String, _ replaces: String?, _ run: RunRow,
        _ owner: RunID, _ landing: Definition.Landing
    ) throws(SystemError) -> Plan {
        guard let name = landing.credential, let file = credentials.file(name),
            let secret = CagePlan.canonicalPath(file)
        else {
            throw SystemError(
                "push", code: ENOENT,
                subject: "the credential '\(landing.credential ?? "")', or others can read it")
        }
        let authorities = landing.authorities ?? Self.authorities
        guard let vouching = CagePlan.canonicalPath(authorities) else {
            throw SystemError("push", code: ENOENT, subject: authorities)
        }
        try workspaces.ensure(owner, .store)
        var plan = git(
            GitScripts.pushOut, run,
            binds: [
                store(owner, writable: false), CagePlan.Bind(secret, at: "/secret"),
                CagePlan.Bind(vouching, at: "/net/authorities"),
            ], tree: nil,
            [
                "AURA_BRANCH": branch, "AURA_COMMIT": commit, "AURA_REMOTE": url,
                "AURA_REPLACES": replaces ?? "none", "AURA_HOST_KEY": landing.hostKey ?? "",
            ])
        plan.cage = plan.cage.withNetwork()
        return plan
    }

    /// Whom the host trusts to vouch for servers: Debian's ca-certificates.
    private static let authorities = "/etc/ssl/certs/ca-certificates.crt"

    /// The cage of a task-run's own command, over the tree that the commands share.
    private func command(
        _ step: StepDeclaration, of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> Plan {
        try workspaces.ensure(owner, .tree)
        var cage = CagePlan.command(
            run: run.id.text, step.argv, workspace: workspaces.path(owner, .tree),
            environment: RunInputs.environment(run.inputs ?? [:]))
        cage.binds += granted(definition)
        return limited(cage, step.timeout ?? definition.limits.command, definition)
    }

    /// The cage of a command that the model chose, over the agent's tree and without the broker.
    ///
    /// The model may ask for less time than the definition allows, never for more.
    func plan(
        _ call: ToolCall, of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> Plan {
        let tree = try tree(of: run, owner)
        let line = call.input["command"]?.stringValue ?? ""
        var cage = CagePlan.command(
            run: run.id.text, ["/bin/sh", "-c", line], workspace: tree)
        cage.binds += granted(definition)
        var timeout = definition.limits.command
        if let seconds = call.input["timeout_seconds"]?.integerValue, seconds > 0,
            seconds < timeout.count / 1000
        {
            timeout = .seconds(seconds)
        }
        var plan = limited(cage, timeout, definition)
        plan.isOneOfMany = true
        return plan
    }

    /// The cage of a tool server: a command's, over the tree that it may see.
    func plan(
        _ server: ServerDeclaration, of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> Plan {
        let tree = try server.tree == .none ? nil : tree(of: run, owner)
        var cage = CagePlan.command(
            run: run.id.text, server.argv, workspace: tree,
            writable: server.tree == .write && definition.letsWorkerWrite(role: run.task?.role))
        cage.binds += granted(definition)
        return limited(cage, server.timeout, definition, network: server.network)
    }

    /// Puts the definition's limits on a program that the operator or the model chose.
    private func limited(
        _ cage: CagePlan, _ timeout: Milliseconds, _ definition: Definition, network: Bool = true
    ) -> Plan {
        let limits = definition.limits.resources ?? ResourceLimits()
        var cage = cage
        cage.limits.memoryBytesMax = UInt64(limits.memory)
        cage.limits.processesMax = UInt64(limits.processes)
        cage.limits.processorShare = limits.processorShare
        cage.limits.fileBytesMax = min(cage.limits.fileBytesMax, UInt64(limits.disk))
        let tree = cage.binds.first { $0.target == CagePlan.workspaceTarget && $0.writable }
        let proxied = network ? definition.capabilities.fetch?.proxied ?? [] : []
        if !proxied.isEmpty {
            cage = cage.withProxy(authorities: CagePlan.canonicalPath(Self.authorities))
        }
        return Plan(
            cage: cage, timeout: timeout, output: .command, limits: limits,
            disk: tree.map { DiskMeter(path: $0.source, bytesMax: limits.disk) },
            proxied: proxied)
    }

    /// The cage of the run's worker.
    ///
    /// A coordinator touches no files and is given none; who has no tool to write with reads.
    func worker(
        of run: RunRow, owner: RunID, _ definition: Definition
    ) throws(SystemError) -> CagePlan {
        switch run.kind {
        case .devLoop: return CagePlan.worker(run: run.id.text, workspace: nil)
        case .taskRun, .chat, .specGen:
            return CagePlan.worker(
                run: run.id.text, workspace: try tree(of: run, owner),
                writable: definition.letsWorkerWrite(role: run.task?.role))
        }
    }

    /// Where the agent of `run` works.
    private func tree(of run: RunRow, _ owner: RunID) throws(SystemError) -> String {
        try workspaces.ensure(owner, .tree, lane: run.task?.lane)
        return workspaces.path(owner, .tree, lane: run.task?.lane)
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
        _ script: String, _ run: RunRow, binds: [CagePlan.Bind], tree: String?,
        writable: Bool = true, _ environment: [String: String], output: OutputTail = .command
    ) -> Plan {
        var cage = CagePlan.command(
            run: run.id.text, ["/bin/sh", "-c", script], workspace: tree, writable: writable,
            directory: "/tmp", environment: environment)
        cage.binds += binds
        return Plan(cage: cage, timeout: Self.gitTimeout, output: output)
    }

    /// The same run makes the same commit: a repeated export is the same export.
    private func authored(
        _ run: RunRow, _ workspace: Definition.Workspace
    ) -> [String: String] {
        let date = "@\(run.admittedAt.milliseconds / 1000) +0000"
        var environment = ["GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date]
        if let identity = workspace.identity, let open = identity.lastIndex(of: "<") {
            let name = identity[..<open].split(separator: " ").joined(separator: " ")
            let address = String(identity[open...].dropFirst().dropLast())
            for who in ["AUTHOR", "COMMITTER"] {
                environment["GIT_\(who)_NAME"] = name
                environment["GIT_\(who)_EMAIL"] = address
            }
        }
        return environment
    }

    /// The message with the hash of what the daemon proves before it lands: the declared steps.
    private static func sealed(_ message: String, _ definition: Definition) -> String {
        guard !definition.verify.isEmpty, let steps = try? JSON.encode(definition.verify) else {
            return message
        }
        let hash = SHA256.hash(data: steps).prefix(8).map { String(byte: $0) }.joined()
        return message + "Aura-Verify: \(hash)\n"
    }

    private static func lines(_ texts: [String]?) -> String {
        (texts ?? []).joined(separator: "\n")
    }

    private func exporting(_ owner: RunID) -> [CagePlan.Bind] {
        [
            store(owner, writable: true), CagePlan.Bind(workspaces.path(owner, .input), at: "/in"),
        ]
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
