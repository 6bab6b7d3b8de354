import AuraConfiguration
import AuraModel
import Testing

@Suite struct DefinitionReaderTests {
    @Test("every key of a dev-loop arrives in the definition") func devLoop() throws {
        let (definition, diagnostics) = DefinitionReader.read(file: "a.yaml", text: Self.devLoop)
        #expect(diagnostics == [])
        let schedule = Schedule.cron(try CronExpression("0 2 * * *"))
        let expected = Definition(
            name: try #require(AutomatonName("nightly-fixer")), kind: .devLoop,
            description: "Fixes what is open.", enabled: false, schedule: schedule,
            zone: "Europe/Berlin", reasoner: "main", prompt: "Be brief.\n",
            budget: .init(
                run: .init(
                    tokens: 500_000, microDollars: 2_500_000, calls: 100, wall: .minutes(30)),
                day: .init(microDollars: 10_000_000), task: .init(tokens: 1_000)),
            workspace: .init(repository: "/srv/app.git", base: "feature/x", tasks: "doc/tasks.md"),
            verify: [
                .shell("make test"), .shell("./lint && true", name: "lint"),
                .init(name: "cd src", argv: ["/bin/sh", "-euc", "cd src\nmake\n"]),
                .init(name: "make 7", argv: ["make", "7", ""], timeout: .seconds(90)),
            ],
            limits: .init(
                turns: 12, attempts: 3, command: .minutes(5), answerTokens: 4_096),
            capabilities: .init(commands: false, read: ["/opt/toolchain", "/usr/local"]))
        #expect(definition == expected)
    }

    private static let devLoop = """
        automaton: nightly-fixer
        kind: dev-loop
        description: Fixes what is open.
        enabled: false
        schedule: {cron: "0 2 * * *", zone: Europe/Berlin}
        reasoner: main
        prompt: |
          Be brief.
        budget:
          run: {tokens: 500_000, usd: 2.50, calls: 100, wall: 30m}
          day: {usd: 10}
          task: {tokens: 1000}
        workspace: {repository: /srv/./app.git//, base: feature/x, tasks: ./doc//tasks.md}
        verify:
          - make test
          - {name: lint, run: ./lint && true}
          - |
            cd src
            make
          - run: [make, 7, ""]
            timeout: 1m30s
        limits: {turns: 12, attempts: 3, command: 5m, answer-tokens: 4_096}
        capabilities: {commands: false, read: [/opt/toolchain/, /usr/local]}
        """

    @Test("the least task-run has the defaults of the model") func leastTaskRun() throws {
        let (definition, diagnostics) = DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: once
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {tokens: 1}}
                """)
        #expect(diagnostics == [])
        let expected = Definition(
            name: try #require(AutomatonName("once")), kind: .taskRun, reasoner: "main",
            prompt: "Fix it.", budget: .init(run: .init(tokens: 1)))
        #expect(definition == expected)
    }

    @Test("a schedule is an interval, or none with a zone for the day's budget")
    func schedules() throws {
        let head = "automaton: a\nkind: task-run\nreasoner: r\nprompt: p\nbudget: {run: {usd: 1}}\n"
        let every = DefinitionReader.read(file: "a", text: head + "schedule: {every: 10m}").0
        #expect(every?.schedule == .every(try Interval("10m")))
        let manual = DefinitionReader.read(file: "a", text: head + "schedule: {zone: UTC}").0
        #expect(manual?.schedule == .manual)
        #expect(manual?.zone == "UTC")
    }

    @Test(
        "a schedule is of one of four kinds, with what is said about how to read it",
        arguments: [
            (
                #"{cron: "0 0 */2 * mon", dialect: vixie}"#,
                #"{"cron":"0 0 *\/2 * mon","dialect":"vixie"}"#
            ),
            (
                #"{cron: "0 2 * * *", gap: skip, overlap: both}"#,
                #"{"cron":"0 2 * * *","gap":"skip","overlap":"both"}"#
            ),
            (#"{cron: "@reboot"}"#, #"{"cron":"@reboot"}"#),
            (
                "{calendar: Mon..Fri 02:00, gap: run-after}",
                #"{"calendar":"Mon..Fri 02:00","gap":"run-after"}"#
            ),
            (#"{at: "2026-12-24T18:00:00+01:00"}"#, #"{"at":["2026-12-24T18:00:00+01:00"]}"#),
            (
                "{at: [2026-12-24T18:00:00Z, 2026-12-25T18:00:00Z]}",
                #"{"at":["2026-12-24T18:00:00Z","2026-12-25T18:00:00Z"]}"#
            ),
        ])
    func scheduleKinds(yaml: String, json: String) throws {
        let head = "automaton: a\nkind: task-run\nreasoner: r\nprompt: p\nbudget: {run: {usd: 1}}\n"
        let (definition, diagnostics) = DefinitionReader.read(
            file: "a", text: head + "schedule: \(yaml)")
        #expect(diagnostics == [])
        let expected = try JSON.decode(Schedule.self, from: Array(json.utf8))
        #expect(definition?.schedule == expected)
    }

    @Test(
        "names that git refuses for a branch are refused",
        arguments: [
            "-x", ".x", "x.", "x..y", "x/", "/x", "x//y", "x y", "x~1", "x^", "x:y", "x?", "x*",
            "x[",
            "x\\\\y", "@", "x@{1}", "x.lock", "x/.y", "HEAD", "",
        ])
    func branches(_ name: String) {
        let text = """
            automaton: a
            kind: task-run
            reasoner: r
            prompt: p
            budget: {run: {usd: 1}}
            workspace: {repository: /r, base: "\(name)"}
            """
        let (definition, diagnostics) = DefinitionReader.read(file: "a", text: text)
        #expect(definition == nil)
        #expect(diagnostics.map(\.line) == [6])
    }
}

@Suite struct DefinitionDirectoryTests {
    @Test("a broken file stops nothing but itself, and a name belongs to the first file")
    func directory() {
        func text(_ name: String, _ prompt: String) -> String {
            "automaton: \(name)\nkind: task-run\nreasoner: r\nprompt: \(prompt)\n"
                + "budget: {run: {usd: 1}}\n"
        }
        let (definitions, diagnostics) = DefinitionDirectory.read([
            (file: "d/z.yaml", text: text("alpha", "z")), (file: "d/c.yaml", text: "kind: 7\n\t"),
            (file: "d/b.yaml", text: "# mine\n" + text("same", "first")),
            (file: "d/d.yaml", text: text("same", "second")),
        ])
        #expect(definitions.map(\.definition.name.text) == ["alpha", "same"])
        #expect(definitions.map(\.definition.prompt) == ["z", "first"])
        #expect(definitions.map(\.file) == ["d/z.yaml", "d/b.yaml"])
        #expect(diagnostics.map(\.file) == ["d/c.yaml", "d/d.yaml"])
        #expect(
            diagnostics.last?.description == """
                d/d.yaml:1:12: error: `automaton`: a second automaton called `same`, the first is \
                in d/b.yaml, line 2
                  hint: give one of the two another name
                """)
    }
}
