import AuraModel

/// What the outcome of each step means to a dev loop.
extension DevLoop {
    mutating func stepped(_ stage: Stage, _ result: StepResult) -> [Command] {
        if case .refused(let feature) = result.exit {
            return finish(.confinement, "\(request(stage).title): \(feature)")
        }
        switch stage {
        case .survey: return surveyed(result)
        case .receipt(let survey): return checked(survey, result)
        case .prepare(let attempt):
            guard result.isSuccess else { return broken(stage, result) }
            let isJudged =
                attempt.number > 1 || attempt.commit != nil
                || definition.verify.isEmpty || green.contains(attempt.base)
            return isJudged ? delegate(attempt) : then(.checkoutBase(attempt))
        case .checkoutBase(let attempt):
            guard result.isSuccess else { return broken(stage, result) }
            return then(.baseline(attempt, index: 0))
        case .baseline(let attempt, let index): return judged(attempt, index, result)
        case .export(let attempt): return exported(attempt, result)
        case .rebase(let attempt): return rebased(attempt, result)
        case .checkoutTests(let attempt):
            guard result.exit != .exited(code: StepReading.statusUnchanged) else {
                let globs = attempt.task.tests.joined(separator: " ")
                return tryAgain(attempt, "it adds no test: nothing changed in \(globs)")
            }
            guard result.isSuccess else { return broken(stage, result) }
            return then(.red(attempt, index: 0))
        case .red(let attempt, let index):
            guard result.isSuccess else { return then(.checkout(attempt)) }
            guard index + 1 < attempt.proofs(definition).count else {
                return tryAgain(
                    attempt, "its tests pass on the base without its change: they prove nothing")
            }
            return then(.red(attempt, index: index + 1))
        case .checkout(let attempt):
            guard result.isSuccess else { return broken(stage, result) }
            return verify(attempt, from: 0)
        case .verify(let attempt, let index):
            guard result.isSuccess else {
                let step = attempt.checks(definition)[index]
                return tryAgain(attempt, red(step, result), result.output)
            }
            return verify(attempt, from: index + 1)
        case .diff(let attempt):
            guard result.isSuccess else { return broken(stage, result) }
            return askReviewer(attempt, diff: result.output)
        case .land(let attempt): return landed(attempt, result)
        case .push(let attempt):
            if !result.isSuccess {
                story.unpushed.append(
                    .init(id: attempt.task.id, reason: StepReading.failure("push", result)))
            }
            return []
        case .salvage(let attempt, let reason):
            guard let commit = StepReading.commit(result.output), result.isSuccess else {
                return gone(attempt, reason, branch: nil)
            }
            return then(.keep(attempt, commit: commit, reason: reason))
        case .keep(let attempt, _, let reason):
            let branch = definition.failedBranch(attempt.task.id)
            return gone(attempt, reason, branch: result.isSuccess ? branch : nil)
        }
    }

    /// The stage comes next, before anything else that waits: what was proven in the fresh tree is
    /// still there.
    mutating func then(_ stage: Stage) -> [Command] {
        next.insert(stage, at: 0)
        return []
    }

    mutating func surveyed(_ result: StepResult) -> [Command] {
        guard result.isSuccess else { return broken(.survey, result) }
        switch StepReading.survey(result.output) {
        case .unreadable(let why): return finish(.workspaceFailed, why)
        case .read(let survey):
            guard definition.workspace?.isLinted == true else { return take(survey) }
            return then(.receipt(survey))
        }
    }

    /// Nothing is built by a specification that the lint has not seen as it is.
    mutating func checked(_ survey: StepReading.Survey, _ result: StepResult) -> [Command] {
        guard result.isSuccess, let files = StepDocuments.read(result.output) else {
            return broken(.receipt(survey), result)
        }
        let texts = specPaths.map { files[$0] ?? "" }
        let refusal = SpecTrace.refusal(
            spec: texts[0], plan: texts[1], tasks: survey.list, trace: texts[2])
        guard let refusal else { return take(survey) }
        return finish(
            .workspaceFailed, "workspace.linted: \(refusal); let its spec-gen write it anew")
    }

    private func read(_ text: String) -> TaskList {
        TaskList(text).held(to: definition.taskReasoners)
    }

    mutating func take(_ survey: StepReading.Survey) -> [Command] {
        tip = survey.base
        if list.text != survey.list { list = read(survey.list) }
        isSurveyDue = false
        restacks = survey.stale.filter { !tried.contains($0.commit) }
        for entry in survey.stale { stale[entry.task] = entry.commit }
        return []
    }

    /// Landed work that is to be put on the new base; nil when it is merged already, or what it waits
    /// for could not be put there.
    mutating func restacked(_ entry: StepReading.Stale) -> TaskAttempt? {
        let order = TaskOrder(list, landed: [])
        guard story.isOpen, let task = order.task(entry.task),
            !working.values.contains(where: { $0.attempt.task.id == task.id })
        else { return nil }
        var attempt = TaskAttempt(task: task, base: tip, list: list, replaces: entry.commit)
        attempt.commit = entry.commit
        attempt.isRestacked = true
        return attempt
    }

    /// Nothing can be judged on a base that fails its own checks, unless the task is to repair it.
    mutating func judged(
        _ attempt: TaskAttempt, _ index: Int, _ result: StepResult
    ) -> [Command] {
        guard result.isSuccess else {
            guard attempt.task.tags.contains("fix") else {
                return finish(
                    .baselineRed,
                    "before \(attempt.task.id), on the untouched base \(attempt.base.prefix(12)): "
                        + red(definition.verify[index], result))
            }
            return delegate(attempt)
        }
        guard index + 1 < definition.verify.count else {
            green.insert(attempt.base)
            return delegate(attempt)
        }
        return then(.baseline(attempt, index: index + 1))
    }

    mutating func exported(_ attempt: TaskAttempt, _ result: StepResult) -> [Command] {
        switch result.exit {
        case .exited(0):
            guard let commit = StepReading.commit(result.output) else {
                return broken(.export(attempt), result)
            }
            var attempt = attempt
            attempt.commit = commit
            return then(attempt.task.tests.isEmpty ? .checkout(attempt) : .checkoutTests(attempt))
        case .exited(StepReading.statusUnchanged):
            return tryAgain(attempt, "the agent said done, and nothing had changed")
        case .exited(StepReading.statusGate): return tryAgain(attempt, StepReading.gate(result))
        case .exited, .signalled, .timedOut, .refused:
            // What the agent left may be the cause; a broken host shows itself at the next prepare.
            return tryAgain(attempt, StepReading.failure("export", result))
        }
    }

    mutating func rebased(_ attempt: TaskAttempt, _ result: StepResult) -> [Command] {
        if result.isSuccess, let commit = StepReading.commit(result.output) {
            var attempt = attempt
            attempt.commit = commit
            attempt.base = tip
            attempt.moves += 1
            return then(.checkout(attempt))
        }
        guard !attempt.isRestacked else {
            if result.exit != .exited(code: StepReading.statusUnchanged) {
                story.unstacked.append(attempt.task.id)
            }
            return []
        }
        let why =
            "it does not fit on what landed meanwhile (\(StepReading.failure("rebase", result)))"
        guard attempt.moves < TaskAttempt.movesMax else { return giveUp(attempt, why) }
        return then(.prepare(attempt.again(on: tip, list, why)))
    }

    mutating func verify(_ attempt: TaskAttempt, from index: Int) -> [Command] {
        if index < attempt.checks(definition).count {
            return then(.verify(attempt, index: index))
        }
        if attempt.isRestacked { return then(.land(attempt)) }
        if definition.review != nil, !attempt.isReviewed { return then(.diff(attempt)) }
        return close(attempt)
    }

    /// Lands verified work, or puts it on the tip first, when that has moved.
    mutating func close(_ attempt: TaskAttempt) -> [Command] {
        guard attempt.base != tip else { return then(.land(attempt)) }
        guard attempt.moves < TaskAttempt.movesMax else {
            return giveUp(attempt, "the base moved \(attempt.moves) times while it was verified")
        }
        return then(.rebase(attempt))
    }

    mutating func landed(_ attempt: TaskAttempt, _ result: StepResult) -> [Command] {
        guard let commit = attempt.commit else { return [] }
        isSurveyDue = true
        guard result.exit != .exited(code: StepReading.statusMoved) else {
            if attempt.isRestacked {
                story.unstacked.append(attempt.task.id)
                return []
            }
            guard definition.landing.mode == .mergeFF, attempt.moves < TaskAttempt.movesMax else {
                return giveUp(
                    attempt, "\(branch(attempt.task)) was moved by someone else meanwhile")
            }
            next.insert(contentsOf: [.survey, .rebase(attempt)], at: 0)
            return []
        }
        guard result.isSuccess else { return broken(.land(attempt), result) }
        story.land(
            DevLoopStory.Landed(
                id: attempt.task.id, title: attempt.task.title, commit: commit,
                branch: branch(attempt.task), attempts: attempt.number,
                isRestacked: attempt.isRestacked))
        tip = commit
        list = read(list.ticking(attempt.task.id))
        green.insert(commit)
        return definition.landing.mode == .push ? then(.push(attempt)) : []
    }

    func red(_ step: StepDeclaration, _ result: StepResult) -> String {
        StepReading.failure("verify step \(step.name) failed", result)
    }
}
