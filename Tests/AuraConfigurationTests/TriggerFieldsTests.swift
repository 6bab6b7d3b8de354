import AuraConfiguration
import AuraModel
import Testing

@Suite struct TriggerFieldsTests {
    private static func read(_ schedule: String) -> (Definition?, [Diagnostic]) {
        DefinitionReader.read(
            file: "a.yaml",
            text: """
                automaton: builder
                kind: task-run
                run: [make]
                budget: {run: {wall: 1m}}
                workspace: {repository: /srv/app.git}
                inputs: {commit: {type: string}, rows: {type: integer, default: 1}}
                schedule: \(schedule)
                """)
    }

    @Test("a hook says who may call it, what has to hold and what its run is given")
    func webhook() {
        let (definition, diagnostics) = Self.read(
            """
            {webhook: {secret: github, when: {/ref: refs/heads/main, /n: [1, 2]}, \
            inputs: {commit: /after}}}
            """)
        #expect(diagnostics.isEmpty, "\(diagnostics)")
        let hook = WebhookTrigger(
            secret: "github", inputs: ["commit": "/after"],
            when: ["/ref": [.string("refs/heads/main")], "/n": [.integer(1), .integer(2)]])
        #expect(definition?.firing == FiringPolicy(overlap: .queueOne, trigger: .webhook(hook)))
    }

    @Test(
        "what a trigger cannot be is told with its place",
        arguments: [
            (
                "{on-change: {paths: [/srv/in]}}",
                "a.yaml:6:10: error: `inputs.commit` has no `default`, and `schedule.on-change` of "
                    + "line 7 gives it no value\n  hint: add a `default`, or leave `schedule` out: "
                    + "aura-ctl run NAME --set commit=VALUE"
            ),
            (
                "{webhook: {secret: s, inputs: {commit: /a, row: /b}}}",
                "a.yaml:7:12: error: `schedule.webhook.inputs.row`: there is no input of that name\n"
                    + "  hint: declare it: inputs: {row: {type: string}}"
            ),
            (
                "{webhook: {secret: s, inputs: {commit: a}}}",
                "a.yaml:7:50: error: `schedule.webhook.inputs.commit`: found `a`, expected a JSON "
                    + "pointer such as `/ref` or `/commits/0/id`"
            ),
            (
                "{webhook: {secret: s, inputs: {commit: /a}}, every: 5m}",
                "a.yaml:7:63: error: `schedule.every` stands beside `schedule.webhook`, which has no "
                    + "time of its own\n  hint: keep one of the two"
            ),
        ])
    func errors(schedule: String, says: String) {
        let (definition, diagnostics) = Self.read(schedule)
        #expect(definition == nil)
        #expect(diagnostics.map(\.description).joined(separator: "\n") == says)
    }

    @Test("paths, or a branch of the workspace's repository, are watched")
    func change() {
        func trigger(_ schedule: String) -> EventTrigger? {
            DefinitionReader.read(
                file: "a.yaml",
                text: """
                    automaton: builder
                    kind: task-run
                    run: [make]
                    budget: {run: {wall: 1m}}
                    workspace: {repository: /srv/app.git}
                    schedule: \(schedule)
                    """
            ).0?.firing?.trigger
        }
        #expect(
            trigger("{on-change: {paths: [/srv/in/, \"/srv/*.csv\"], settle: 5s}}")
                == .change(ChangeTrigger(.paths(["/srv/in", "/srv/*.csv"]), settle: .seconds(5))))
        #expect(
            trigger("{on-change: {branch: main}}")
                == .change(ChangeTrigger(.branch("main", repository: "/srv/app.git"))))
        #expect(trigger("{on-change: {paths: [\"/*.csv\"]}}") == nil)
        #expect(trigger("{on-change: {paths: [/a], branch: main}}") == nil)
    }

    @Test(
        "hooks are taken on a loopback address only",
        arguments: [
            ("127.0.0.1:9180", true), ("127.1.2.3:1", true), ("[::1]:9180", true),
            ("0.0.0.0:9180", false), ("10.0.0.1:9180", false), ("localhost:9180", false),
            ("127.0.0.1", false), ("127.0.0.1:0", false), ("127.0.0.1:65536", false),
        ])
    func listen(address: String, isGood: Bool) {
        let (settings, diagnostics) = SettingsReader.read(
            file: "aurad.yaml", text: "hooks: {listen: \"\(address)\"}")
        #expect((settings?.hooks != nil) == isGood, "\(diagnostics)")
        #expect(diagnostics.isEmpty == isGood)
    }
}
