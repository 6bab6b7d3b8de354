import AuraModel

/// From a tree to a branch: export, a fresh checkout, every declared step, the branch moved.
///
///     export -> checkout -> verify... -> land
struct Landing: Hashable, Sendable, Encodable {
    /// What is landed where.
    struct Plan: Hashable, Sendable, Encodable {
        var base: String
        var branch: String
        var message: String
        var overlay: [OverlayFile] = []
        var verify: [StepDeclaration]
    }

    /// How far it came.
    enum Progress: Hashable, Sendable {
        case commands([Command])
        case landed(commit: String)
        /// There was nothing to land.
        case unchanged
        /// A declared step failed on the result.
        case red(StepDeclaration, StepResult)
        case ended(RunOutcome)
    }

    private enum Stage: Hashable, Sendable, Encodable {
        case export
        case checkout(commit: String)
        case verify(commit: String, index: Int)
        case land(commit: String)
    }

    let plan: Plan
    private var stage = Stage.export
    private var step: OutstandingStep

    /// Begins with the export.
    init(_ plan: Plan, issuing counter: inout CommandCounter) {
        self.plan = plan
        let request = StepRequest.export(
            base: plan.base, message: plan.message, overlay: plan.overlay)
        step = OutstandingStep(request, issuing: &counter)
    }

    /// The commands with which it begins.
    var commands: [Command] { step.commands }

    /// Takes in a transaction; one that is not for the outstanding step changes nothing.
    mutating func take(
        _ transaction: Transaction, issuing counter: inout CommandCounter
    ) -> Progress {
        switch step.take(transaction, issuing: &counter) {
        case .elsewhere: .commands([])
        case .again(let commands): .commands(commands)
        case .impossible(let outcome): .ended(outcome)
        case .finished(let result): finished(result, issuing: &counter)
        }
    }

    private mutating func finished(
        _ result: StepResult, issuing counter: inout CommandCounter
    ) -> Progress {
        switch stage {
        case .export: return exported(result, issuing: &counter)
        case .checkout(let commit):
            guard result.isSuccess else { return broken(result) }
            return verify(commit, from: 0, issuing: &counter)
        case .verify(let commit, let index):
            guard result.isSuccess else { return .red(plan.verify[index], result) }
            return verify(commit, from: index + 1, issuing: &counter)
        case .land(let commit):
            guard result.exit != .exited(code: StepReading.statusMoved) else {
                return .ended(
                    RunOutcome(
                        .workspaceFailed, "\(plan.branch) was moved by someone else meanwhile"))
            }
            return result.isSuccess ? .landed(commit: commit) : broken(result)
        }
    }

    private mutating func exported(
        _ result: StepResult, issuing counter: inout CommandCounter
    ) -> Progress {
        switch result.exit {
        case .exited(0):
            guard let commit = StepReading.commit(result.output) else { return broken(result) }
            return perform(.checkout(commit: commit), .checkout(commit: commit), &counter)
        case .exited(StepReading.statusUnchanged): return .unchanged
        case .exited(StepReading.statusGate):
            return .ended(RunOutcome(.denied, StepReading.gate(result)))
        case .exited, .signalled, .timedOut, .refused: return broken(result)
        }
    }

    private mutating func verify(
        _ commit: String, from index: Int, issuing counter: inout CommandCounter
    ) -> Progress {
        if index < plan.verify.count {
            return perform(
                .verify(commit: commit, index: index), .verify(step: plan.verify[index]),
                &counter)
        }
        return perform(
            .land(commit: commit),
            .land(branch: plan.branch, commit: commit, base: plan.base), &counter)
    }

    private mutating func perform(
        _ stage: Stage, _ request: StepRequest, _ counter: inout CommandCounter
    ) -> Progress {
        self.stage = stage
        step = OutstandingStep(request, issuing: &counter)
        return .commands(step.commands)
    }

    private func broken(_ result: StepResult) -> Progress {
        .ended(
            RunOutcome(.workspaceFailed, StepReading.failure(step.request.title, result)))
    }
}
