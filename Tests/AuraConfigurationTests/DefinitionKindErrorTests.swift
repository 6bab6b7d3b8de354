import AuraConfiguration
import Testing

/// What a user is told about the parts that the kinds need: whole texts.
@Suite struct DefinitionKindErrorTests {
    @Test("a wrong part says what was found and expected, and where", arguments: broken)
    func says(_ broken: Broken) {
        let (value, diagnostics) = DefinitionReader.read(file: "a.yaml", text: broken.text)
        #expect(value == nil)
        broken.check(diagnostics)
    }

    private static let broken = [
        Broken(
            "a dev-loop needs a workspace and verify",
            text: """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget: {run: {usd: 1}}
                """,
            says: """
                a.yaml:2:7: error: `workspace` is missing, expected the repository that a \
                dev-loop works on
                a.yaml:2:7: error: `verify` is missing, expected the steps that must pass \
                before a dev-loop lands a task
                  hint: verify: [make test]
                """),
        Broken(
            "of a misspelled kind nothing is held against the rest",
            text: """
                automaton: report
                kind: taskrun
                run: [make report]
                budget: {run: {wall: 1m}}
                """,
            says: """
                a.yaml:2:7: error: `kind`: found `taskrun`, expected one of `task-run`, \
                `dev-loop`, `chat`, `spec-gen`
                  hint: did you mean `task-run`?
                """),
        Broken(
            "verify needs a step",
            text: """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget: {run: {usd: 1}}
                workspace: {repository: /srv/a.git}
                verify: []
                """,
            says: """
                a.yaml:6:9: error: `verify`: found an empty list, expected a list of steps, \
                such as `[make test]`
                """),
        Broken(
            "verify is a list",
            text: """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget: {run: {usd: 1}}
                workspace: {repository: /srv/a.git}
                verify: make test
                """,
            says: """
                a.yaml:6:9: error: `verify`: found `make test`, expected a list of steps, such \
                as `[make test]`
                  hint: begin each step with `- `
                """),
        Broken(
            "steps are checked one by one",
            text: """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget: {run: {usd: 1}}
                workspace: {repository: /srv/a.git}
                verify:
                  - make test
                  - {name: lint, command: ./lint}
                  - {run: []}
                  - {run: ["", x], timeout: 5}
                  - make test
                """,
            says: """
                a.yaml:8:5: error: `verify[1].run` is missing, expected a shell line or a list
                a.yaml:8:18: error: unknown key `command` in `verify[1]`, expected one of \
                `name`, `run`, `timeout`
                a.yaml:9:11: error: `verify[2].run`: found an empty list, expected a program \
                and its arguments, such as `[make, test]`
                a.yaml:10:12: error: `verify[3].run[0]`: found an empty text, expected a program
                a.yaml:10:30: error: `verify[3].timeout`: found the end, expected a unit (d, h, \
                m, s, ms)
                a.yaml:11:5: error: `verify[4]`: a second step called `make test`, the first is \
                on line 7
                  hint: give each a `name` of its own
                """),
        Broken(
            "paths are absolute, and lead nowhere else",
            text: """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget: {run: {usd: 1}}
                workspace: {repository: srv/a.git, tasks: ../tasks.md}
                verify: [make]
                capabilities: {read: [/opt/../etc, /, opt]}
                """,
            says: """
                a.yaml:5:25: error: `workspace.repository`: found `srv/a.git`, expected an \
                absolute path without `..`, at most 4095 bytes
                a.yaml:5:43: error: `workspace.tasks`: found `../tasks.md`, expected a path \
                inside the repository, without `..` and not in `.git`
                a.yaml:7:23: error: `capabilities.read[0]`: found `/opt/../etc`, expected an \
                absolute path without `..`, at most 4095 bytes
                a.yaml:7:36: error: `capabilities.read[1]`: found `/`, expected a path below `/`
                a.yaml:7:39: error: `capabilities.read[2]`: found `opt`, expected an absolute \
                path without `..`, at most 4095 bytes
                """),
        Broken(
            "a branch is one that git allows",
            text: """
                automaton: fixer
                kind: dev-loop
                reasoner: main
                budget: {run: {usd: 1}}
                workspace: {repository: /srv/a.git, base: feature..x}
                verify: [make]
                """,
            says: """
                a.yaml:5:43: error: `workspace.base`: found `feature..x`, expected a branch \
                name such as `main`
                  hint: see git-check-ref-format(1)
                """),
        Broken(
            "what means nothing to a task-run is refused",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}, task: {usd: 1}}
                limits: {attempts: 3}
                verify: [make]
                """,
            says: """
                a.yaml:2:7: error: `workspace` is missing, expected the repository whose result \
                `verify` is to prove
                a.yaml:5:25: error: `budget.task` means nothing to a task-run, only to a dev-loop
                  hint: remove it
                a.yaml:6:10: error: `limits.attempts` means nothing to a task-run, only to a \
                dev-loop
                  hint: remove it
                """),
        Broken(
            "a chat has no schedule, and edits only in a repository",
            text: """
                automaton: talker
                kind: chat
                reasoner: main
                schedule: {every: 1h}
                budget: {run: {usd: 1}}
                capabilities: {edits: true}
                """,
            says: """
                a.yaml:2:7: error: `workspace` is missing, expected the repository in which the \
                chat may edit
                a.yaml:4:11: error: `schedule` means nothing to a chat
                  hint: remove it
                """),
        Broken(
            "a spec-gen says where its specification stands, by a number and a slug",
            text: """
                automaton: writer
                kind: spec-gen
                reasoner: main
                budget: {run: {usd: 1}}
                workspace: {repository: /srv/a.git, linted: true}
                spec: {requirements: ../r.md, directory: specs/calculator}
                """,
            says: """
                a.yaml:5:37: error: `workspace.linted` means nothing to a spec-gen, only to a \
                dev-loop
                  hint: remove it
                a.yaml:6:22: error: `spec.requirements`: found `../r.md`, expected a path inside \
                the repository, without `..` and not in `.git`
                a.yaml:6:42: error: `spec.directory`: found `specs/calculator`, expected a path \
                whose last part is a number and a slug, such as `specs/001-calculator`
                """),
        Broken(
            "commands need no model, but a schema that can be checked",
            text: """
                automaton: report
                kind: task-run
                prompt: Fix it.
                run: [make]
                budget: {run: {wall: 5m}}
                outputs: [{path: r.json, schema: {pattern: x}}]
                """,
            says: """
                a.yaml:3:9: error: both `prompt` and `run`, expected one of them
                  hint: make two automatons of it, the second with `schedule: {after: ...}`
                a.yaml:6:34: error: `outputs[0].schema`: `pattern` is not checked; known are \
                additionalProperties, const, default, description, enum, examples, \
                exclusiveMaximum, exclusiveMinimum, items, maxItems, maxLength, maximum, minItems, \
                minLength, minimum, properties, required, title, type
                """),
        Broken(
            "yes is not true",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                enabled: yes
                """,
            says: """
                a.yaml:6:10: error: `enabled`: found `yes`, expected `true` or `false`
                """),
        Broken(
            "nothing is not a text",
            text: """
                automaton: fixer
                kind: task-run
                reasoner:
                prompt: ~
                budget: {run: {usd: 1}}
                """,
            says: """
                a.yaml:3:10: error: `reasoner`: found nothing, expected a lower-case letter, \
                then lower-case letters, digits or hyphens, at most 63 in all
                a.yaml:4:9: error: `prompt`: found `~`, expected the task
                """),
    ]
}
