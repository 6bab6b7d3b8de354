import AuraModel
import Testing

/// How each ending is told: to a script, to an operator, and to the rules that count successes.
@Suite struct EndingTableTests {
    private struct Row {
        var ending: RunOutcome.Ending
        /// Of `aura-ctl run --wait`.
        var status: Int32
        var isSuccess = false
        var level = EntryText.Level.error
        /// As the audit line names it.
        var word: String
    }

    private static let table = [
        Row(ending: .done, status: 0, isSuccess: true, level: .notice, word: "done"),
        Row(ending: .failed, status: 1, word: "failed"),
        Row(ending: .tasksFailed, status: 10, word: "tasks-failed"),
        Row(ending: .failedVerify, status: 11, word: "failed-verify"),
        Row(ending: .baselineRed, status: 12, word: "baseline-red"),
        Row(ending: .workspaceFailed, status: 13, word: "workspace-failed"),
        Row(ending: .stalled, status: 14, word: "stalled"),
        Row(ending: .turns, status: 15, word: "turns"),
        Row(ending: .budget, status: 16, word: "budget"),
        Row(ending: .denied, status: 17, word: "denied"),
        Row(ending: .unanswered, status: 18, word: "unanswered"),
        Row(ending: .auth, status: 19, word: "auth"),
        Row(ending: .providerUnavailable, status: 20, word: "provider-unavailable"),
        Row(ending: .providerRejected, status: 21, word: "provider-rejected"),
        Row(ending: .contextOverflow, status: 22, word: "context-overflow"),
        // Somebody wanted it: a warning, and no failure that a chain acts on.
        Row(ending: .cancelled, status: 23, level: .warning, word: "cancelled"),
        Row(ending: .crashed, status: 24, word: "crashed"),
        Row(ending: .protocolViolation, status: 25, word: "protocol-violation"),
        Row(ending: .confinement, status: 26, word: "confinement"),
        Row(ending: .indeterminate, status: 27, word: "indeterminate"),
        Row(ending: .breaker, status: 28, word: "breaker-open"),
    ]

    @Test("every ending is in the table, once, and is told as the table says")
    func table() throws {
        #expect(Set(Self.table.map(\.ending)) == Set(RunOutcome.Ending.allCases))
        #expect(Self.table.count == RunOutcome.Ending.allCases.count)
        let upstream: AutomatonName = try #require(AutomatonName("nightly"))
        for row in Self.table {
            let outcome = RunOutcome(row.ending, "why it ended")
            #expect(row.ending.rawValue == row.word)
            #expect(row.ending.exitStatus == row.status, "\(row.word)")
            #expect(outcome.isSuccess == row.isSuccess, "\(row.word)")
            func fires(on condition: FiringPolicy.Chain.Condition) -> Bool {
                FiringPolicy.Chain(automaton: upstream, on: condition).isMet(by: outcome)
            }
            #expect(fires(on: .success) == row.isSuccess, "\(row.word)")
            #expect(fires(on: .failure) == (row.level == .error), "\(row.word)")
            let entry = try entry(outcome)
            let text = EntryText(entry)
            #expect(text.level == row.level, "\(row.word)")
            #expect(text.message == "finished after 3m12s: \(row.word): why it ended")
            let warning =
                switch row.level {
                case .detail, .note, .notice: ""
                case .warning: "warning: "
                case .error: "error: "
                }
            #expect(
                text.line(for: entry, time: "02:00:00")
                    == "02:00:00 #12 nightly 000007 \(warning)\(text.message)")
        }
    }

    @Test("no ending but done is zero for a script, or reads as a success")
    func honest() throws {
        for ending in RunOutcome.Ending.allCases where ending != .done {
            let outcome = RunOutcome(ending, "done: all went well")
            #expect(!outcome.isSuccess, "\(ending)")
            #expect(ending.exitStatus != 0, "\(ending)")
            let text = EntryText(try entry(outcome))
            #expect(text.level >= .warning, "\(ending)")
            #expect(text.message.hasPrefix("finished after 3m12s: \(ending.rawValue)"), "\(ending)")
            for word in ["done", "success", "ok"] {
                #expect(!ending.rawValue.contains(word), "\(ending)")
            }
        }
    }

    @Test("R2: every ending has an exit status of its own, and shares none with another failure")
    func apart() {
        let statuses = RunOutcome.Ending.allCases.map(\.exitStatus)
        #expect(Set(statuses).count == statuses.count)
        let others = AuraExit.allCases.map(\.rawValue).filter { $0 != 0 }
        #expect(Set(others).isDisjoint(with: statuses))
    }

    private func entry(_ outcome: RunOutcome) throws -> Entry {
        let automaton: AutomatonName = try #require(AutomatonName("nightly"))
        return Entry(
            sequence: 12, at: Instant(milliseconds: 1_000), principal: .daemon,
            automaton: automaton, automatonSequence: 12,
            run: RunID(at: Instant(milliseconds: 1_000), sequence: 7), parent: nil, generation: 1,
            fact: .runFinished(outcome: outcome, report: "done", wall: .seconds(192)),
            previous: Entry.genesis)
    }
}
