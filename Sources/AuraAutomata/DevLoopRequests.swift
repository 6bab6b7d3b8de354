import AuraModel

/// What each stage of a dev loop asks for.
extension DevLoop {
    func request(_ stage: Stage) -> StepRequest {
        switch stage {
        case .survey: .survey
        case .receipt(let survey): .read(commit: survey.base, paths: specPaths)
        case .prepare(let attempt):
            .prepare(base: attempt.commit ?? attempt.base, lane: lane(attempt.task))
        case .checkoutBase(let attempt): .checkout(commit: attempt.base)
        case .baseline(_, let index): .verify(step: definition.verify[index])
        case .export(let attempt):
            // The commit carries the task's own tick, in the list as it stands in the base.
            .export(
                base: attempt.base, message: attempt.message(run: run, definition),
                overlay: attempt.overlay(attempt.list, definition), lane: lane(attempt.task),
                files: attempt.task.files.isEmpty ? nil : attempt.task.files)
        case .rebase(let attempt):
            .rebase(
                commit: attempt.commit ?? "", onto: tip, overlay: attempt.overlay(list, definition))
        case .checkoutTests(let attempt):
            .checkoutTests(
                base: attempt.base, commit: attempt.commit ?? "", paths: attempt.task.tests)
        case .red(let attempt, let index): .verify(step: attempt.proofs(definition)[index])
        case .checkout(let attempt): .checkout(commit: attempt.commit ?? "")
        case .verify(let attempt, let index): .verify(step: attempt.checks(definition)[index])
        case .diff(let attempt): .diff(base: attempt.base, commit: attempt.commit ?? "")
        case .land(let attempt):
            .land(
                branch: branch(attempt.task), commit: attempt.commit ?? "", base: attempt.base,
                replaces: attempt.replaces, carried: attempt.isRestacked ? true : nil)
        case .push(let attempt):
            .push(
                branch: branch(attempt.task), commit: attempt.commit ?? "",
                remote: definition.landing.networkRemote, replaces: attempt.replaces)
        case .salvage(let attempt, let reason):
            .salvage(
                base: attempt.base, message: attempt.obituary(reason, run: run, definition),
                lane: lane(attempt.task))
        case .keep(let attempt, let commit, _):
            .keep(
                branch: definition.failedBranch(attempt.task.id), commit: commit,
                base: attempt.base)
        }
    }

    /// The other files of the specification that the task list is part of.
    var specPaths: [String] {
        let list = definition.workspace?.tasks ?? ""
        let directory = list.lastIndex(of: "/").map { list[...$0] } ?? ""
        return ["spec.md", "plan.md", "trace.json"].map { directory + $0 }
    }

    /// Where the task lands.
    func branch(_ task: TaskList.Task) -> String {
        if definition.landing.mode == .mergeFF, let base = definition.workspace?.base {
            return base
        }
        return "aura/\(definition.name.text)/\(task.id)"
    }

    /// The clone that the task is worked on in: one for all, unless several are at work.
    func lane(_ task: TaskList.Task) -> String? {
        definition.limits.parallel ?? 1 > 1 ? task.id : nil
    }
}
