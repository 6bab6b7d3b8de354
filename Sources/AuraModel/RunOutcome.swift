/// How a run ended.
///
/// A closed set: only `done` is success, and each ending has an exit status of its own.
package struct RunOutcome: Hashable, Sendable, Codable {
    /// The endings that are told apart.
    package enum Ending: String, Sendable, Codable, CaseIterable {
        /// The work is done, and its declared proof was seen by the daemon.
        case done
        /// The agent itself reported that it could not do the work.
        case failed
        /// dev-loop: at least one task was not landed.
        case tasksFailed = "tasks-failed"
        /// dev-loop: it burned without landing and stopped itself.
        case breaker = "breaker-open"
        /// A declared verify step failed on the result.
        case failedVerify = "failed-verify"
        /// Verify fails on the untouched base: nothing built on it could be judged.
        case baselineRed = "baseline-red"
        /// The workspace could not be prepared, or the result could not be landed.
        case workspaceFailed = "workspace-failed"
        /// The model repeats itself, or talks without acting.
        case stalled
        /// The cap on model turns was reached.
        case turns
        /// A budget was used up, at the level that the detail names.
        case budget
        /// The agent kept asking for what its definition does not grant.
        case denied
        /// A question to the operator was not answered in time.
        case unanswered
        /// The provider refused the credential.
        case auth
        /// The provider could not be reached or did not answer in time, after retries.
        case providerUnavailable = "provider-unavailable"
        /// The provider refused the request for good, or answered outside its protocol.
        case providerRejected = "provider-rejected"
        /// The conversation no longer fits the model.
        case contextOverflow = "context-overflow"
        /// An operator or a stop of its automaton ended it.
        case cancelled
        /// The worker died again and again without progress.
        case crashed
        /// The worker broke the protocol, or was not confined as planned.
        case protocolViolation = "protocol-violation"
        /// The cage could not be built; the detail names the missing feature.
        case confinement
        /// It is not known whether an effect happened, and it may not be repeated.
        case indeterminate
    }

    package var ending: Ending
    /// One line that tells an operator why, and what to do where there is something to do.
    package var detail: String

    /// An outcome.
    package init(_ ending: Ending, _ detail: String) {
        self.ending = ending
        self.detail = detail
    }

    /// Whether the run did what it was for.
    package var isSuccess: Bool { ending == .done }
}
