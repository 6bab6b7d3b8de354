import AuraModel
import Testing

/// What an entry says in one line.
struct EntryTextTests {
    @Test("an outcome is told with what its intent was for, and what it cost")
    func outcomeWithSubject() throws {
        var teller = EntryTeller()
        let call = ToolCall(
            use: "u", tool: .editFile, input: .object(["path": .string("calc.sh")]))
        let step = StepRequest.verify(step: .shell("make test", name: "tests"))
        let land = StepRequest.land(
            branch: "aura/nightly/T001", commit: "1a2b3c4d5e6f708192a3", base: "0")
        let answer = ModelAnswer(
            content: [
                .toolUse(id: "a", name: "edit_file", input: .null),
                .toolUse(id: "b", name: "search", input: .null),
            ], stop: .toolUse, usage: TokenUsage(input: 1000, output: 280), model: "m")
        func exited(_ code: Int) -> StepResult {
            StepResult(exit: .exited(code: code), output: "", duration: Milliseconds(430))
        }
        let facts: [Fact] = [
            .commanded(
                basis: 1,
                intents: [
                    Intent(
                        command: 1,
                        plan: .reason(digest: "", bytes: 12_300, messages: 4, answerTokensMax: 8192)
                    )
                ]),
            .settled(
                command: 1, amount: Amount(tokens: 1280, microDollars: 10_000, calls: 1),
                estimated: false),
            .transacted(index: 2, transaction: .modelAnswered(command: 1, answer: answer)),
            .commanded(basis: 2, intents: [Intent(command: 2, plan: .tool(call: call))]),
            .transacted(
                index: 3,
                transaction: .toolFinished(
                    command: 2, result: ToolResult(output: "edited", place: .worker))),
            .commanded(basis: 3, intents: [Intent(command: 3, plan: .step(request: step))]),
            .transacted(index: 4, transaction: .stepFinished(command: 3, result: exited(1))),
            .commanded(basis: 4, intents: [Intent(command: 4, plan: .step(request: land))]),
            .transacted(index: 5, transaction: .stepFinished(command: 4, result: exited(0))),
            .transacted(index: 6, transaction: .stepFinished(command: 9, result: exited(0))),
        ]
        let texts = try facts.enumerated().map { teller.tell(try entry($0.offset + 1, $0.element)) }
        #expect(
            texts.map(\.message) == [
                "asks the model: 4 messages, 12 KB, answer of at most 8,192 tokens",
                "command 1 used 1,280 tokens, $0.01",
                "model answered: 2 tool calls, 1,280 tokens, $0.01",
                "edit_file calc.sh …", "edit_file calc.sh",
                "step verify: tests …", "step verify: tests -> status 1 in 0.4s",
                "step land 1a2b3c4d5e6f on aura/nightly/T001 …",
                "landed 1a2b3c4d5e6f on aura/nightly/T001",
                "command 9 -> status 0 in 0.4s",
            ])
        #expect(
            texts.map(\.level) == [
                .detail, .detail, .note, .detail, .note, .note, .warning, .note, .notice, .note,
            ])
    }

    @Test("a line has time, sequence, automaton, short run and text; a warning says so in a word")
    func wholeLine() throws {
        let entry = try entry(12, .stopRequested(reason: "ordered by eve"))
        #expect(
            EntryText(entry).line(for: entry, time: "02:00:00")
                == "02:00:00 #12 nightly 000007 stop requested: ordered by eve")
        let lost = try self.entry(13, .attemptEnded(exit: .orphaned, detail: ""))
        #expect(
            EntryText(lost).line(for: lost, time: "t").hasSuffix(
                "warning: worker lost with the daemon that ran it"))
    }

    @Test("what a model wrote cannot move the cursor, hide or reorder text")
    func terminalSafe() throws {
        let evil = "a\u{1b}[2J\r\nb\u{9b}1m\u{202e}c\u{2028}\u{200b}\u{7f}\u{e0041}"
        #expect(
            SafeText.line(evil)
                == "a\\x1b[2J\\r\\nb\\x9b1m\\u{202e}c\\u{2028}\\u{200b}\\x7f\\u{e0041}")
        let call = ToolCall(
            use: evil, tool: .runCommand, input: .object(["command": .string(evil)]))
        let step = StepDeclaration(name: evil, argv: [evil])
        let principal = Principal(evil)
        let run = RunID(at: Instant(milliseconds: 0), sequence: 7)
        let brief = TaskBrief(id: evil, text: evil)
        let outcome = RunOutcome(.done, evil)
        let facts: [Fact] = [
            .daemonStopped(reason: evil),
            .definitionRefused(
                file: evil,
                diagnostics: [Diagnostic(file: evil, line: 1, column: 1, message: evil)]),
            .automatonStarted, .automatonStopped, .automatonPaused, .automatonResumed,
            .clockStepped(by: Milliseconds(.min), asleep: Milliseconds(.max)),
            .successOverdue(since: Instant(milliseconds: .min), expect: Milliseconds(.max)),
            .firingsMissed(
                from: Instant(milliseconds: .min), through: Instant(milliseconds: .max),
                reason: evil),
            .messageReceived(
                thread: .main, number: 1, message: ChatMessage(id: evil, text: evil)),
            .occurrenceDecided(nominal: Instant(milliseconds: 0), decision: .queued(reason: evil)),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 0), decision: .cancelled(reason: evil)),
            .occurrenceDecided(
                nominal: Instant(milliseconds: .max), decision: .skipped(reason: evil)),
            .occurrenceDecided(
                nominal: Instant(milliseconds: .min), decision: .missed(reason: evil)),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 0), decision: .missed(reason: evil),
                cause: .change(what: evil, mark: evil)),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 0), decision: .missed(reason: evil),
                cause: .delivery(HookDelivery(id: evil, digest: evil))),
            .changeMarked(mark: evil, reason: evil),
            .runAdmitted(
                RunAdmitted(
                    trigger: .delivery(nominal: Instant(milliseconds: 0), id: evil),
                    kind: .taskRun, definition: evil, task: brief, budget: .none, day: evil,
                    inputs: [evil: .string(evil)])),
            .runAdmitted(
                RunAdmitted(
                    trigger: .order(by: principal), kind: .taskRun, definition: evil, task: brief,
                    budget: .none, day: evil)),
            .attemptEnded(exit: .refused(feature: evil), detail: evil),
            .commanded(
                basis: 0,
                intents: [
                    Intent(command: 1, plan: .tool(call: call)),
                    Intent(command: 2, plan: .step(request: .verify(step: step))),
                    Intent(
                        command: 3,
                        plan: .spawn(request: SpawnRequest(task: brief, budget: .none), run: run)),
                    Intent(command: 4, plan: .ask(question: evil, until: Instant(milliseconds: 0))),
                    Intent(command: 5, plan: .wait(until: Instant(milliseconds: 0), reason: evil)),
                    Intent(command: 6, plan: .finish(outcome: outcome)),
                    Intent(
                        command: 7,
                        plan: .step(request: .land(branch: evil, commit: evil, base: evil))),
                ]),
            .transacted(
                index: 1,
                transaction: .modelFailed(
                    command: 8, failure: ModelFailure(cause: .network, message: evil))),
            .transacted(
                index: 1,
                transaction: .toolFinished(
                    command: 1,
                    result: ToolResult(output: evil, isError: true, place: .siblingCage))),
            .transacted(
                index: 1,
                transaction: .stepFinished(
                    command: 7,
                    result: StepResult(exit: .exited(code: 0), output: evil, duration: .zero))),
            .transacted(
                index: 1,
                transaction: .stepFinished(
                    command: 2,
                    result: StepResult(exit: .refused(feature: evil), output: "", duration: .zero))),
            .transacted(
                index: 1,
                transaction: .childFinished(command: 3, run: run, outcome: outcome, report: evil)),
            .transacted(index: 1, transaction: .operatorAnswered(command: 4, text: evil)),
            .transacted(index: 1, transaction: .interrupted(command: 5, reason: evil)),
            .transacted(index: 1, transaction: .wrapUp(reason: evil)),
            .stopRequested(reason: evil),
            .runFinished(outcome: outcome, report: evil, wall: Milliseconds(.min)),
        ]
        var teller = EntryTeller()
        for fact in facts {
            var entry = try entry(1, fact)
            entry.principal = principal
            let line = teller.tell(entry).line(for: entry, time: "t")
            #expect(
                line.unicodeScalars.allSatisfy { SafeText.line(String($0)) == String($0) },
                "\(fact.kind): \(SafeText.line(line))")
        }
    }

    @Test("text is cut with an ellipsis, at characters and never inside one")
    func cut() {
        #expect(SafeText.brief("abcdef", max: 6) == "abcdef")
        #expect(SafeText.brief("abcdefg", max: 6) == "abcde…")
        #expect(SafeText.firstLine("\n\n one\ntwo") == " one")
        #expect(SafeText.brief(String(repeating: "e\u{301}", count: 9), max: 3).count == 3)
        #expect(SafeText.lines("a\r\nb\t\nc") == ["a", "b\\t", "c"])
    }

    @Test(
        "a span has at most two units and says no more than has passed",
        arguments: [
            (0, "0.0s"), (430, "0.4s"), (9_999, "9.9s"), (12_900, "12s"), (192_000, "3m12s"),
            (7_500_000, "2h05m"), (273_600_000, "3d4h"), (-430, "-0.4s"),
        ])
    func span(milliseconds: Int, text: String) {
        #expect(HumanText.span(Milliseconds(milliseconds)) == text)
    }

    @Test(
        "numbers are grouped by thousands",
        arguments: [(0, "0"), (999, "999"), (1280, "1,280"), (-1_234_567, "-1,234,567")])
    func count(number: Int, text: String) { #expect(HumanText.count(number) == text) }

    private func entry(_ sequence: Int, _ fact: Fact) throws -> Entry {
        let automaton: AutomatonName = try #require(AutomatonName("nightly"))
        return Entry(
            sequence: sequence, at: Instant(milliseconds: 1_000), principal: .daemon,
            automaton: automaton, automatonSequence: sequence,
            run: RunID(at: Instant(milliseconds: 1_000), sequence: 7), parent: nil, generation: 1,
            fact: fact, previous: Entry.genesis)
    }
}
