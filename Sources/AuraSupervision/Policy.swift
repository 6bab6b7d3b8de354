import AuraModel

/// What a run may ask for, judged by its definition and by what the daemon has seen itself.
///
/// A worker's kernel proposes; a worker that was taken over could propose anything. So nothing
/// lands but a commit that the daemon exported, checked out afresh and saw every declared step pass
/// on.
enum Policy {
    /// Why `request` is refused to `run`; nil when it is granted.
    static func refusal(
        of request: StepRequest, to run: RunRow, under definition: Definition
    ) -> String? {
        switch request {
        case .run(let step):
            return definition.run?.contains(step) == true ? nil : "a command that is not declared"
        case .collect(let paths):
            let declared = definition.outputs?.map(\.path)
            return declared == paths ? nil : "to collect what is not declared"
        case .tools(let servers):
            return definition.servers?.map(\.name) == servers
                ? nil : "for servers that are not declared"
        default: break
        }
        guard definition.workspace != nil else { return "a step without a workspace" }
        switch request {
        case .survey, .read, .notes, .tools, .prepare, .run, .collect, .export, .checkout, .rebase,
            .diff, .salvage, .checkoutTests:
            return nil
        case .verify(let step):
            let isDeclared = definition.verify.contains(step)
            // A coordinator reads further steps from the task list of the untouched base.
            return isDeclared || run.kind == .devLoop ? nil : "a step that is not declared"
        case .land(let branch, let commit, _, _, _):
            let isTarget =
                definition.landing.mode == .mergeFF && branch == definition.workspace?.base
            guard branch.hasPrefix("aura/\(definition.name)/") || isTarget else {
                return "to land on \(branch), which is not the automaton's own"
            }
            guard definition.kind != .chat || definition.capabilities.edits == true else {
                return "to land, which a chat without leave to edit does not"
            }
            guard let passed = run.proof.passed(on: commit) else {
                return "to land a commit that was not exported and checked out by this run"
            }
            let missing = definition.verify.first { !passed.contains($0) }
            return missing.map { "to land without the proof of '\($0.name)'" }
        case .push(let branch, let commit, let remote, let replaces):
            guard definition.landing.mode == .push, branch.hasPrefix("aura/\(definition.name)/"),
                remote == definition.landing.networkRemote
            else { return "to push \(branch), which its definition does not declare" }
            guard run.proof.landed == commit, replaces == nil || replaces == run.proof.replaced
            else { return "to push a commit that did not land" }
            return nil
        case .keep(let branch, let commit, _):
            guard branch.hasPrefix(definition.failedBranch("")) else {
                return "to keep failed work on \(branch)"
            }
            return run.proof.salvaged == commit ? nil : "to keep a commit that was not salvaged"
        }
    }

    /// What the model is told of a request that is not made; nil when it is granted.
    ///
    /// `run` counts it already. A malformed one is a mistake, one that is not granted a denial.
    static func refusal(
        of call: ToolCall, of run: RunRow, granted: [FetchGrant]
    ) -> ToolResult? {
        func refused(_ text: String, isDenied: Bool = false) -> ToolResult {
            ToolResult(
                output: "Refused: \(text)", isError: true, isDenied: isDenied, place: .aurad)
        }
        if let refusal = run.fetches?.refusal { return refused(refusal) }
        do throws(FetchURL.Flaw) {
            let request = try FetchRequest(input: call.input)
            return granted.refusal(of: request.method, at: request.url).map {
                refused($0, isDenied: true)
            }
        } catch {
            return refused(error.text)
        }
    }

    /// What the model is told of a server's tool that is not granted; nil for one that is.
    static func refusal(
        ofServed call: ToolCall, to run: RunRow, under definition: Definition?
    ) -> ToolResult? {
        let server = definition?.servers?.first { $0.name == call.served?.server }
        // A reviewer only reads, and a server is a stranger.
        guard run.task?.role != .review, let tool = call.served?.tool,
            server?.tools.contains(tool) == true
        else {
            return ToolResult(
                output: "Refused: this automaton's definition does not grant that tool.",
                isError: true, isDenied: true, place: .siblingCage)
        }
        return nil
    }

    /// Why `request` is refused to a run of `definition`; nil when it is granted.
    static func refusal(of request: SpawnRequest, under definition: Definition) -> String? {
        guard let reasoner = request.reasoner, !definition.reasoners.contains(reasoner) else {
            return nil
        }
        return "for the reasoner '\(reasoner)', which its definition does not name"
    }
}

extension RunRow.Proof {
    /// Takes note of a step that ended.
    ///
    /// A failed one proves nothing; a new tree needs new proofs.
    mutating func take(_ request: StepRequest, _ result: StepResult) {
        switch request {
        case .export, .rebase:
            exported = result.isSuccess ? Self.commit(in: result.output) : nil
            checkedOut = nil
            passed = []
        case .checkout(let commit):
            checkedOut = result.isSuccess ? commit : nil
            passed = []
            guard result.isSuccess, exported == commit || passed(on: commit) != nil else { return }
            prove(commit)
        case .checkoutTests:
            checkedOut = nil
            passed = []
        case .verify(let step):
            guard result.isSuccess, let checkedOut else { return }
            passed.append(step)
            if passed(on: checkedOut) != nil { prove(checkedOut) }
        case .salvage: salvaged = result.isSuccess ? Self.commit(in: result.output) : nil
        case .land(_, let commit, _, let replaces, _):
            guard result.isSuccess else { break }
            (landed, replaced) = (commit, replaces)
        case .survey, .read, .notes, .tools, .prepare, .run, .collect, .diff, .push, .keep: break
        }
    }

    /// Notes what has passed so far in the fresh tree of `commit`.
    private mutating func prove(_ commit: String) {
        var all = (proven ?? []).filter { $0.commit != commit }
        all.append(Proven(commit: commit, passed: passed))
        proven = all.suffix(Self.provenMax)
    }

    /// The commit in an export's output, which prints `commit COMMIT` on a line of its own.
    private static func commit(in output: String) -> String? {
        output.split(separator: "\n").lazy
            .compactMap { line in
                line.hasPrefix("commit ") ? String(line.dropFirst("commit ".count)) : nil
            }
            .first
    }
}
