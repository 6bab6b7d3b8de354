/// A command as the record keeps it before it is carried out.
package struct Intent: Hashable, Sendable, Codable {
    /// What will be carried out, with every choice already made.
    package enum Plan: Hashable, Sendable, Codable {
        /// The request itself is what a fold of the transactions makes; here stand its digest and
        /// size.
        ///
        /// `prompt`: the SHA-256 of its system prompt and tools, which stay the same from turn to
        /// turn; nil in records from before it was noted.
        case reason(
            digest: String, bytes: Int, messages: Int, answerTokensMax: Int, prompt: String? = nil)
        case tool(call: ToolCall)
        case step(request: StepRequest)
        case spawn(request: SpawnRequest, run: RunID)
        case ask(question: String, until: Instant)
        case wait(until: Instant, reason: String)
        case finish(outcome: RunOutcome)
    }

    package var command: CommandID
    package var plan: Plan

    /// The intent to carry out `command`.
    package init(command: CommandID, plan: Plan) {
        self.command = command
        self.plan = plan
    }
}
