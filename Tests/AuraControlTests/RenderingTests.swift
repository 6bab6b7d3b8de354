import AuraModel
import Testing

@testable import aura_ctl

/// What aura-ctl prints, as pure functions.
struct RenderingTests {
    private let plain = Style(isColoured: false)
    private let times = TimeText(now: Instant(milliseconds: 90_000_000), offset: { _ in 3600 })

    @Test("a table is never cut in a pipe, and fits a terminal by its flexible column")
    func table() {
        var table = Table(columns: [
            .init(title: "A"), .init(title: "N", isRight: true),
            .init(title: "TEXT", isFlexible: true),
        ])
        let long = String(repeating: "x", count: 100)
        table.rows = [["ab", "1", .init(long)], ["c", "234", "y"]]
        #expect(
            table.lines(width: nil, plain) == ["A     N  TEXT", "ab    1  \(long)", "c   234  y"])
        let narrow = table.lines(width: 40, plain)
        #expect(narrow.allSatisfy { TextWidth.of($0) <= 40 })
        #expect(narrow[1].hasSuffix("x…"))
    }

    @Test("a cell cannot carry a control sequence, and colour does not move a column")
    func cells() {
        var table = Table(columns: [.init(title: "A"), .init(title: "B")])
        table.rows = [[.init("a\u{1b}[2Jb", .red), "z"]]
        let row = table.lines(width: nil, Style(isColoured: true))[1]
        #expect(row == "\u{1b}[31ma\\x1b[2Jb\u{1b}[0m  z")
    }

    @Test(
        "width counts columns, not characters",
        arguments: [("abc", 3), ("日本", 4), ("e\u{301}", 1), ("✔ ok", 4), ("", 0)])
    func width(text: String, columns: Int) {
        #expect(TextWidth.of(text) == columns)
        #expect(TextWidth.of(TextWidth.cut(text + "日日日日", to: 5)) <= 5)
    }

    @Test("a caret stands under the column of an error, behind tabs and at the end of a line")
    func caret() {
        let source = "name: a\n\tbuget: 3\n"
        func lines(_ line: Int, _ column: Int) -> [String] {
            let diagnostic = Diagnostic(
                file: "a.yaml", line: line, column: column, message: "unknown key", hint: "try")
            return DiagnosticText.lines(of: diagnostic, source: source, plain)
        }
        #expect(
            lines(2, 2) == [
                "a.yaml:2:2: error: unknown key", "      buget: 3", "      ^", "  hint: try",
            ])
        #expect(lines(1, 8)[2] == "         ^")
        let warning = Diagnostic(
            file: "a.yaml", line: 1, column: 1, message: "no such file", isWarning: true)
        #expect(
            DiagnosticText.lines(of: warning, source: nil, plain)
                == ["a.yaml:1:1: warning: no such file"])
        #expect(lines(0, 0) == ["a.yaml: error: unknown key", "  hint: try"])
        #expect(lines(99, 1) == ["a.yaml:99:1: error: unknown key", "  hint: try"])
    }

    @Test("times are absolute in the local zone and relative to now")
    func time() {
        #expect(times.both(Instant(milliseconds: 0)) == "1970-01-01 01:00:00 +01:00 (1d1h ago)")
        #expect(times.relative(Instant(milliseconds: 90_065_000)) == "in 1m05s")
        let today = Instant(milliseconds: 89_000_000)
        #expect(times.cell(today, isCompact: true) == "01:43 (16m ago)")
        #expect(times.cell(today, isCompact: false) == "1970-01-02 01:43:20 +01:00 (16m40s ago)")
    }

    @Test("progress fits its terminal, indents children, and says every state in a word")
    func progress() throws {
        var run = try row(.devLoop, trigger: .order(by: Principal("eve")), sequence: 1)
        run.phase = .running
        run.activity = String(repeating: "long ", count: 40)
        run.budget = BudgetLimits(tokens: 100_000)
        run.spent = Amount(tokens: 1280, microDollars: 12_500, calls: 1)
        var child = try row(.taskRun, trigger: .parent(run: run.id, command: 1), sequence: 2)
        child.task = TaskBrief(id: "T001", text: "add")
        child.phase = .finished(outcome: RunOutcome(.stalled, "repeats itself"))
        child.finishedAt = times.now
        let detail = RunDetail(run: run, children: [child])
        let lines = ProgressText.lines(of: detail, frame: 3, width: 60, plain, times)
        #expect(lines.allSatisfy { TextWidth.of($0) < 60 })
        #expect(
            lines == [
                "⠸ nightly (run 000001): running, 10s",
                "  long long long long long long long long long long long l…",
                "  1,280 of 100,000 tokens, $0.0125, 0.0s",
                "  ✖ task T001 (run 000002): stalled, 10s", "    repeats itself",
            ])
        #expect(
            ProgressText.result(of: child, plain, times)
                == "✖ stalled: repeats itself (run \(child.id), 10s, 0 tokens, $0.00)")
    }

    @Test("a short form names the one run that ends in it")
    func shortForm() throws {
        let ids = [1, 2, 33].map { RunID(at: Instant(milliseconds: 5), sequence: $0) }
        #expect(try Target.choose("2", among: ids) == ids[1])
        #expect(throws: Failure.self) { try Target.choose("7", among: ids) }
        // 1 and 33 (`11` in base 32) both end in 1.
        #expect(throws: Failure.self) { try Target.choose("1", among: ids) }
    }

    @Test("no two statuses mean the same, and only success is zero")
    func exitStatuses() {
        let rows = ExitStatus.rows
        #expect(Set(rows.map(\.status)).count == rows.count)
        #expect(rows.first?.status == 0 && rows.first?.name == "success")
    }

    @Test("an error is one line and a hint, whatever it says")
    func failure() {
        let failure = Failure(APIError(.denied, "no\n\u{1b}[1m", hint: "ask\nroot"))
        #expect(failure.lines == ["aura-ctl: no\\n\\x1b[1m", "hint: ask\\nroot"])
        #expect(failure.status == 77)
    }

    private func row(_ kind: AutomatonKind, trigger: Trigger, sequence: Int) throws -> RunRow {
        let begun = Instant(milliseconds: times.now.milliseconds - 10_000)
        return RunRow(
            id: RunID(at: begun, sequence: sequence),
            automaton: try #require(AutomatonName("nightly")),
            admitted: RunAdmitted(
                trigger: trigger, kind: kind, definition: "d", task: nil, budget: .none,
                day: "1970-01-02"), at: begun)
    }
}
