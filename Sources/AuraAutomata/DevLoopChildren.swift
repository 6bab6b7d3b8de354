import AuraModel

/// A dev loop's agents and reviewers: what they are given, and what their ends mean.
extension DevLoop {
    mutating func delegate(_ attempt: TaskAttempt) -> [Command] {
        spawn(
            attempt, text: attempt.brief, notes: attempt.notes, role: nil,
            reasoner: attempt.reasoner(definition))
    }

    mutating func askReviewer(_ attempt: TaskAttempt, diff: String) -> [Command] {
        let diff = Excerpt.headAndTail(diff, bytesMax: Excerpt.diffBytesMax)
        return spawn(
            attempt, text: attempt.reviewBrief(diff: diff, definition), notes: [], role: .review,
            reasoner: definition.review?.reasoner)
    }

    mutating func spawn(
        _ attempt: TaskAttempt, text: String, notes: [String], role: TaskBrief.Role?,
        reasoner: String?
    ) -> [Command] {
        let brief = TaskBrief(
            id: attempt.task.id, text: text, notes: notes, lane: lane(attempt.task), role: role,
            notesOf: rules > KernelRules.first ? attempt.base : nil)
        let command = counter.issue(
            .spawn(
                request: SpawnRequest(
                    task: brief, budget: attempt.budget(definition), reasoner: reasoner)))
        working[command.id] = Work(attempt: attempt, isReview: role == .review)
        return [command]
    }

    /// What the end of a child means: its work is taken, tried again or given up, or the whole run
    /// ends.
    mutating func returned(
        _ attempt: TaskAttempt, isReview: Bool, _ outcome: RunOutcome, _ report: String
    ) -> [Command] {
        let who = isReview ? "reviewer" : "agent"
        let why = "the \(who) ended as \(outcome.ending.rawValue): \(Excerpt.line(outcome.detail))"
        switch outcome.ending {
        case .done:
            if isReview { return reviewed(attempt, report) }
            var worked = attempt
            worked.summary = report
            return then(.export(worked))
        case .failed, .stalled, .turns, .denied, .contextOverflow, .crashed, .protocolViolation,
            .tasksFailed, .failedVerify, .baselineRed, .workspaceFailed, .breaker:
            return isReview ? reviewed(attempt, why) : tryAgain(attempt, why, report)
        case .budget, .cancelled, .unanswered, .indeterminate:
            // Another attempt would cost, ask or risk the same again.
            return giveUp(attempt, why)
        case .auth, .providerRejected, .providerUnavailable, .confinement:
            // The next task would end in the same way.
            story.fatal = RunOutcome(
                outcome.ending, "at \(attempt.task.id): \(Excerpt.line(outcome.detail))")
            return giveUp(attempt, why)
        }
    }

    /// What a reviewer's report means; without a clear verdict nothing is accepted.
    mutating func reviewed(_ attempt: TaskAttempt, _ report: String) -> [Command] {
        var attempt = attempt
        guard let verdict = ReviewVerdict(report, accept: attempt.task.accept) else {
            attempt.vagueReviews += 1
            guard attempt.vagueReviews < Self.vagueReviewsMax else {
                return giveUp(
                    attempt,
                    "no verdict after \(attempt.vagueReviews) reviews: "
                        + Excerpt.line(report))
            }
            return then(.diff(attempt))
        }
        if verdict.isAccepted {
            attempt.isReviewed = true
            // Other work may have been on the bench meanwhile; what was proven of the commit stays.
            return close(attempt)
        }
        attempt.rounds += 1
        attempt.findings = verdict.findings.joined(separator: "\n")
        guard attempt.rounds <= definition.review?.rounds ?? 0, story.isOpen else {
            return giveUp(
                attempt,
                "the review sent it back \(attempt.rounds) times: "
                    + Excerpt.line(verdict.findings.joined(separator: "; ")))
        }
        return then(.prepare(attempt))
    }

    /// 2: a reviewer that gives no verdict twice will not give one the third time.
    private static let vagueReviewsMax = 2

    /// Begins the next attempt, which is told how this one failed, or gives the task up.
    mutating func tryAgain(
        _ attempt: TaskAttempt, _ reason: String, _ output: String = ""
    ) -> [Command] {
        if attempt.isRestacked {
            story.unstacked.append(attempt.task.id)
            return []
        }
        story.judgeSpending(definition.breaker ?? .standard)
        guard attempt.number < definition.limits.attempts, story.isOpen else {
            return giveUp(attempt, reason)
        }
        return then(.prepare(attempt.next(on: tip, list, reason, output)))
    }

    /// The task is failed: what is left of it is kept, and those that do not wait for it go on.
    mutating func giveUp(_ attempt: TaskAttempt, _ reason: String) -> [Command] {
        then(.salvage(attempt, reason: reason))
    }

    mutating func gone(
        _ attempt: TaskAttempt, _ reason: String, branch: String?
    ) -> [Command] {
        let attempts = attempt.number == 1 ? "" : "after \(attempt.number) attempts: "
        story.fail(
            DevLoopStory.Failed(id: attempt.task.id, reason: attempts + reason, branch: branch),
            definition.breaker ?? .standard)
        isSurveyDue = true
        return []
    }
}
