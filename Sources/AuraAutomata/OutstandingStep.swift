import AuraModel

/// A step that is under way, and run again when it was interrupted: each begins by clearing what it
/// left.
struct OutstandingStep: Hashable, Sendable, Encodable {
    private(set) var request: StepRequest
    private var command: CommandID
    private var interruptions = 0

    /// What a transaction means to the step.
    enum Reading: Hashable, Sendable {
        /// It is for another command.
        case elsewhere
        case again([Command])
        case finished(StepResult)
        /// It cannot be had: the run ends so.
        case impossible(RunOutcome)
    }

    /// Asks for `request`.
    init(_ request: StepRequest, issuing counter: inout CommandCounter) {
        self.request = request
        command = counter.issue(.step(request: request)).id
    }

    /// The command that asks for the step.
    var commands: [Command] { [Command(id: command, act: .step(request: request))] }

    /// Takes in a transaction.
    mutating func take(
        _ transaction: Transaction, issuing counter: inout CommandCounter
    ) -> Reading {
        switch transaction {
        case .stepFinished(command, let result):
            guard case .refused(let feature) = result.exit else { return .finished(result) }
            return .impossible(RunOutcome(.confinement, "\(request.title): \(feature)"))
        case .interrupted(command, let reason):
            interruptions += 1
            guard interruptions <= StepReading.interruptionsMax else {
                return .impossible(
                    RunOutcome(
                        .workspaceFailed,
                        "\(request.title): interrupted \(interruptions) times in a row: "
                            + Excerpt.line(reason)))
            }
            command = counter.issue(.step(request: request)).id
            return .again(commands)
        case .started, .messaged, .modelAnswered, .modelFailed, .toolFinished, .stepFinished,
            .childFinished, .operatorAnswered, .waited, .interrupted, .wrapUp, .told:
            return .elsewhere
        }
    }
}
