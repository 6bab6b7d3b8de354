import AuraModel
import AuraRecord
import Glibc
import Testing

/// A directory that is gone when the test is over.
struct Scratch: ~Copyable {
    let path: String

    init() throws {
        var template = Array("/tmp/aura-record-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { Self.remove(path) }

    /// The record's own directory: the store is to make it.
    var record: String { path + "/record" }
    var dataFile: String { record + "/data.mdb" }

    static func remove(_ path: String) {
        if rmdir(path) == 0 || unlink(path) == 0 { return }
        guard let directory = opendir(path) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { remove(path + "/" + name) }
        }
        closedir(directory)
        rmdir(path)
    }
}

enum Samples {
    static func name(_ text: String) throws -> AutomatonName {
        try #require(AutomatonName(text))
    }

    static let run = RunID(at: Instant(milliseconds: 1_700_000_000_000), sequence: 3)
    static let child = RunID(at: Instant(milliseconds: 1_700_000_001_000), sequence: 9)

    /// An entry of `automaton` and `run`; its hash is the store's business.
    static func entry(
        _ sequence: Int, _ fact: Fact = .attemptStarted, automaton: AutomatonName? = nil,
        number: Int? = nil, run: RunID? = nil, parent: RunID? = nil
    ) -> Entry {
        Entry(
            sequence: sequence, at: Instant(milliseconds: 1_700_000_000_000 + sequence),
            principal: .daemon, automaton: automaton, automatonSequence: number, run: run,
            parent: parent, generation: run == nil ? nil : 1, fact: fact, previous: "")
    }

    /// Entries `first...last` of one automaton's run, each with a text that stands in no other.
    static func entries(_ range: ClosedRange<Int>, padding: Int = 0) throws -> [Entry] {
        let name = try name("nightly-fixer")
        return range.map { sequence in
            let text = marker(sequence) + String(repeating: "x", count: padding)
            return entry(
                sequence, .stopRequested(reason: text), automaton: name, number: sequence, run: run)
        }
    }

    static func marker(_ sequence: Int) -> String { "needle-\(sequence)-end" }

    /// A fact of every kind, with text that needs escaping and every nesting that the model has.
    static func facts() throws -> [Fact] {
        let awkward = "a \"quoted\" \\ back\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f} / é 日本 \u{2028} 🌀"
        let input: JSONValue = .object([
            "z": .null, "a": .array([.integer(-1), .number(0.5), .number(1e100), .bool(true)]),
            "é": .string(awkward), "e": .object([:]), "A b": .array([]), "10": .integer(.max),
        ])
        let request = WebRequest(
            command: 3, number: 1, way: .proxy, method: "GET", url: "http://a.test/\(awkward)")
        let call = ToolCall(
            use: "use-1", tool: .editFile, input: input,
            images: [FileImage(path: "a/b.txt", before: nil, after: "00ff")])
        let amount = Amount(tokens: 1, microDollars: 2, calls: 3, wall: .seconds(4))
        let definition = Definition(
            name: try name("nightly-fixer"), kind: .devLoop, description: awkward,
            reasoner: "scripted", budget: .init(run: BudgetLimits(tokens: 5, wall: .minutes(1))),
            workspace: .init(repository: "/srv/repo"), verify: [.shell("make test")])
        let answer = ModelAnswer(
            content: [.text(awkward), .toolUse(id: "use-1", name: "edit_file", input: input)],
            stop: .toolUse, usage: TokenUsage(input: 1, output: 2), model: "m")
        let admitted = RunAdmitted(
            trigger: .parent(run: run, command: 4), kind: .taskRun, definition: "ab12",
            task: TaskBrief(id: "T001", text: awkward, notes: ["one", "two"]),
            budget: BudgetLimits(calls: 9), day: "2026-11-21")
        return [
            .daemonStarted(
                DaemonStarted(epoch: 1, version: "0.1", boot: "b", weaknesses: [awkward])),
            .daemonStopped(reason: awkward),
            .definitionLoaded(digest: "ab12", definition: definition), .definitionRemoved,
            .definitionRefused(
                file: "x.yaml",
                diagnostics: [Diagnostic(file: "x.yaml", line: 1, column: 2, message: "m")]),
            .automatonStarted, .automatonStopped, .automatonPaused, .automatonResumed,
            .breakerOpened(reason: awkward, until: Instant(milliseconds: 3)),
            .runsHeld(
                RunsHeld(
                    until: Instant(milliseconds: 9), failures: 2, since: Instant(milliseconds: 1),
                    restarts: true, inputs: ["a": .string(awkward)], reason: awkward)),
            .quarantined(
                Quarantine(
                    reason: awkward,
                    failures: [
                        RunFailure(
                            run: run, at: Instant(milliseconds: 4),
                            outcome: RunOutcome(.crashed, awkward),
                            deaths: [
                                WorkerDeath(
                                    exit: .overdue(phase: .firstFrame, after: .seconds(1)),
                                    detail: awkward, sequence: 7)
                            ])
                    ], subject: awkward)),
            .clockStepped(by: Milliseconds(-5), asleep: Milliseconds(7)),
            .successOverdue(since: Instant(milliseconds: 1), expect: .minutes(2)),
            .firingsMissed(
                from: Instant(milliseconds: 1), through: Instant(milliseconds: 2), reason: "down"),
            .messageReceived(
                thread: .main, number: 1, message: ChatMessage(id: "m", text: awkward)),
            .threadForked(
                thread: .main, from: .main, through: 1,
                earlier: [ChatExchange(number: 1, text: awkward, answer: nil)], omitted: 2),
            .occurrenceDecided(nominal: Instant(milliseconds: 3), decision: .queued(reason: "q")),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 3), decision: .cancelled(reason: "c")),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 5), decision: .skipped(reason: "busy")),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 6), decision: .queued(reason: "q"),
                cause: .delivery(
                    HookDelivery(id: "1", digest: "d", inputs: ["a": .string(awkward)]))),
            .occurrenceDecided(
                nominal: Instant(milliseconds: 7), decision: .queued(reason: "q"),
                cause: .change(what: awkward, mark: "m")),
            .changeMarked(mark: "m", reason: awkward),
            .runAdmitted(admitted), .attemptStarted,
            .attemptReady(
                attestation: Attestation(
                    noNewPrivileges: true, seccompMode: 2, seccompFilters: 1, capabilities: 0,
                    namespaces: ["user": 4_026_531_837, "mnt": 1, "net": 2])),
            .attemptEnded(exit: .signalled(number: 9), detail: ""),
            .takenOver(TakenOver(command: 2, process: 4711)),
            .transacted(index: 1, transaction: .modelAnswered(command: 2, answer: answer)),
            .commanded(
                basis: 2,
                intents: [
                    Intent(command: 3, plan: .tool(call: call)),
                    Intent(
                        command: 4,
                        plan: .step(
                            request: .export(
                                base: "c0ffee", message: "m",
                                overlay: [OverlayFile(path: "p", content: awkward)]))),
                ]),
            .reserved(command: 3, amount: amount),
            .settled(command: 3, amount: amount, estimated: true),
            .callHeld(
                CallHold(
                    command: 3, tries: 2, triesHere: 1, until: Instant(milliseconds: 9),
                    reasoner: "main", reason: "overloaded")),
            .callPlaced(CallPlacement(command: 3, reasoner: "main", answerTokensMax: 100)),
            .runParked(until: Instant(milliseconds: 9), reason: "rate", rests: true),
            .runUnparked,
            .routeOpened(route: "a/m", until: Instant(milliseconds: 9), reason: "5 failures"),
            .routeClosed(route: "a/m"),
            .requestMade(request),
            .requestRefused(request, reason: awkward),
            .requestEnded(
                WebRequestEnd(
                    command: 3, number: 1, status: 200, failure: awkward, sent: 1, received: 2,
                    took: .seconds(3))),
            .stopRequested(reason: "enough"),
            .runFinished(outcome: RunOutcome(.done, "ok"), report: awkward, wall: .seconds(9)),
            .checkpoint(
                Checkpoint(
                    note: awkward,
                    keys: [KeyEpoch(epoch: 2, key: "00ff", endorsement: "ab")])),
            .recordPruned(
                RecordPruned(through: 9, entries: 8, runs: 2, occurrences: 1, base: "00ff")),
        ]
    }
}
