import AuraConfiguration
import Testing

/// What a user is told about the values of a definition: whole texts.
@Suite struct DefinitionErrorTests {
    @Test("a wrong value says what was found and expected, and where", arguments: broken)
    func says(_ broken: Broken) {
        let (value, diagnostics) = DefinitionReader.read(file: "a.yaml", text: broken.text)
        #expect(value == nil)
        broken.check(diagnostics)
    }

    private static let broken = [
        Broken(
            "a mistyped key names the nearest one",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budgte: {run: {usd: 1}}
                """,
            says: """
                a.yaml:5:1: error: unknown key `budgte`, expected one of `automaton`, `kind`, \
                `description`, `enabled`, `schedule`, `reasoner`, `prompt`, `budget`, \
                `workspace`, `verify`, `limits`, `capabilities`, `spec`, `run`, `outputs`, \
                `land`, `review`, `breaker`, `escalate`, `models`, `inputs`, `supervision`, \
                `servers`
                  hint: did you mean `budget`?
                """),
        Broken(
            "a key that resembles none lists them all",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                colour: blue
                """,
            says: """
                a.yaml:6:1: error: unknown key `colour`, expected one of `automaton`, `kind`, \
                `description`, `enabled`, `schedule`, `reasoner`, `prompt`, `budget`, \
                `workspace`, `verify`, `limits`, `capabilities`, `spec`, `run`, `outputs`, \
                `land`, `review`, `breaker`, `escalate`, `models`, `inputs`, `supervision`, \
                `servers`
                """),
        Broken(
            "everything missing is told at once",
            text: """
                description: nothing else
                """,
            says: """
                a.yaml:1:1: error: `automaton` is missing, expected the automaton's name
                a.yaml:1:1: error: `kind` is missing, expected `task-run`, `dev-loop`, `spec-gen` \
                or `chat`
                a.yaml:1:1: error: `reasoner` is missing, expected the name of a reasoner in \
                aurad.yaml
                a.yaml:1:1: error: `budget` is missing, expected what a run may consume at most
                  hint: budget: {run: {usd: 2.50, wall: 30m}}
                """),
        Broken(
            "a mistyped kind names the nearest one",
            text: """
                automaton: fixer
                kind: devloop
                reasoner: main
                budget: {run: {usd: 1}}
                """,
            says: """
                a.yaml:2:7: error: `kind`: found `devloop`, expected one of `task-run`, \
                `dev-loop`, `chat`, `spec-gen`
                  hint: did you mean `dev-loop`?
                """),
        Broken(
            "a name must be fit for a path",
            text: """
                automaton: Night Fixer
                kind: task-run
                reasoner: main
                prompt: x
                budget: {run: {usd: 1}}
                """,
            says: """
                a.yaml:1:12: error: `automaton`: found `Night Fixer`, expected a lower-case \
                letter, then lower-case letters, digits or hyphens, at most 63 in all
                """),
        Broken(
            "a run without a bound on tokens or money is refused",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget:
                  run: {calls: 10, wall: 5m}
                """,
            says: """
                a.yaml:6:8: error: `budget.run` has neither `tokens` nor `usd`, expected at \
                least one of them
                  hint: budget: {run: {usd: 2.50, wall: 30m}}
                """),
        Broken(
            "a mistyped bound does not leave a run unbudgeted",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget:
                  run: {token: 500000}
                """,
            says: """
                a.yaml:6:9: error: unknown key `token` in `budget.run`, expected one of \
                `tokens`, `usd`, `calls`, `wall`
                  hint: did you mean `tokens`?
                """),
        Broken(
            "money is written without a sign",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: $2.50}}
                """,
            says: """
                a.yaml:5:21: error: `budget.run.usd`: found `$2.50`, expected dollars from \
                0.000001 to 100000.00, such as `2.50`
                """),
        Broken(
            "numbers are whole, positive and bounded",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {tokens: 0, usd: 1}, day: {calls: 1e6, tokens: 5_00_}}
                limits: {turns: -3, answer-tokens: 999999}
                """,
            says: """
                a.yaml:5:24: error: `budget.run.tokens`: found `0`, expected a whole number, 1 \
                to 1_000_000_000
                a.yaml:5:49: error: `budget.day.calls`: found `1e6`, expected a whole number, 1 \
                to 1_000_000
                a.yaml:5:62: error: `budget.day.tokens`: found `5_00_`, expected a whole \
                number, 1 to 1_000_000_000
                a.yaml:6:17: error: `limits.turns`: found `-3`, expected a whole number, 1 to \
                1_000
                a.yaml:6:36: error: `limits.answer-tokens`: found `999999`, expected a whole \
                number, 1 to 131_072
                """),
        Broken(
            "a duration is wrong at its very character",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1, wall: 10min}}
                """,
            says: """
                a.yaml:5:32: error: `budget.run.wall`: found `min`, expected a unit (d, h, m, \
                s, ms)
                """),
        Broken(
            "a duration has bounds",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                limits: {command: 40d}
                """,
            says: """
                a.yaml:6:19: error: `limits.command`: found `40d`, expected a duration of 1s to 1d
                """),
        Broken(
            "a cron error points into the quoted text",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {cron: "0 25 * * *"}
                """,
            says: """
                a.yaml:6:21: error: `schedule.cron`: found `25`, expected an hour, 0 to 23
                  hint: try it with: aura-ctl calendar '0 25 * * *'
                """),
        Broken(
            "a cron error points into the plain text",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule:
                  cron: 0 2 31 feb *
                """,
            says: """
                a.yaml:7:13: error: `schedule.cron`: found `31`, expected a day that one of the \
                months has; this one comes in none of the calendar's 400 years
                  hint: try it with: aura-ctl calendar '0 2 31 feb *'
                """),
        Broken(
            "a cron error in an escaped text points at the text",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {cron: "\\x30 25 * * *"}
                """,
            says: """
                a.yaml:6:18: error: `schedule.cron`: found `25`, expected an hour, 0 to 23
                  hint: try it with: aura-ctl calendar '0 25 * * *'
                """),
        Broken(
            "a cron error names the command that reads the same, in its dialect and quoted",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {cron: "0 2 * * o'clock", dialect: vixie}
                """,
            says: """
                a.yaml:6:27: error: `schedule.cron`: found `o`, expected a weekday, 0 to 7 or sun to sat
                  hint: try it with: aura-ctl calendar --dialect vixie '0 2 * * o'\\''clock'
                """),
        Broken(
            "a schedule is one of two things",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule:
                  every: 10m
                  cron: 0 2 * * *
                """,
            says: """
                a.yaml:8:9: error: `schedule.cron` stands beside `schedule.every` of line 7, \
                expected one of the two
                  hint: keep one; two automata may share a prompt
                """),
        Broken(
            "an interval has bounds",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {every: 500ms}
                """,
            says: """
                a.yaml:6:19: error: `schedule.every`: found `500ms`, expected an interval of 1s \
                to 366d
                  hint: try it with: aura-ctl calendar --every '500ms'
                """),
        Broken(
            "a calendar error points at the character",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {calendar: Mon..Fri 25:00}
                """,
            says: """
                a.yaml:6:31: error: `schedule.calendar`: found `25`, expected an hour, 0 to 23
                  hint: try it with: aura-ctl calendar --systemd 'Mon..Fri 25:00'
                """),
        Broken(
            "each of several instants is looked at",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {at: [2026-12-24T18:00:00, 2026-02-30T18:00:00Z]}
                """,
            says: """
                a.yaml:6:36: error: `schedule.at[0]`: found the end, expected `Z` or an offset such as \
                `+01:00`
                a.yaml:6:38: error: `schedule.at[1]`: found `2026`, expected a day that its month has
                """),
        Broken(
            "an instant that is listed twice is named",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {at: [2026-12-24T18:00:00Z, 2026-12-24T19:00:00+01:00]}
                """,
            says: """
                a.yaml:6:39: error: `schedule.at[1]`: found `2026`, expected an instant that is not \
                listed already
                """),
        Broken(
            "a rule for the clocks says nothing about an interval",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {every: 1h, overlap: first}
                """,
            says: """
                a.yaml:6:32: error: `schedule.overlap` says nothing here, expected it beside `cron` or \
                `calendar`
                  hint: what happens while a run is still going on is `overlap-policy`
                """),
        Broken(
            "a dialect is one of those that are known",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {cron: "0 2 * * *", dialect: vixi}
                """,
            says: """
                a.yaml:6:40: error: `schedule.dialect`: found `vixi`, expected one of `ocps`, `vixie`, \
                `robfig`, `supercronic`
                  hint: did you mean `vixie`?
                """),
        Broken(
            "the word manual is explained",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: manual
                """,
            says: """
                a.yaml:6:11: error: `schedule`: found `manual`, expected a mapping such as \
                `{cron: "0 2 * * *"}` or `{every: 10m}`
                  hint: leave `schedule` out for an automaton that only operators start
                """),
        Broken(
            "a zone cannot lead out of the zone directory",
            text: """
                automaton: fixer
                kind: task-run
                reasoner: main
                prompt: Fix it.
                budget: {run: {usd: 1}}
                schedule: {every: 1h, zone: Europe/../../etc/passwd}
                """,
            says: """
                a.yaml:6:29: error: `schedule.zone`: found `Europe/../../etc/passwd`, expected \
                a zone such as `Europe/Berlin` or `UTC`
                  hint: `timedatectl list-timezones` lists the names
                """),
    ]
}
